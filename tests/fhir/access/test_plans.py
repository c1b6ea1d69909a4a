"""Row-level security leaves the plans their indexes: what is asked for is a condition of an index, not a filter.

Operators that are not leakproof (LIKE, trigrams) may not be conditions of an index on a table with policies. They work
on fhir_string, which has none, and the resource that they lead to is locked. Reading a whole table or index is switched
off, so the plan tells what is possible and not what the planner thinks of a small table.
"""

from __future__ import annotations

import re

import pytest

from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.access.session import open_session
from tests.fhir.conftest import City


def plan(city: City, statement: str) -> str:
    """The plan of ``statement`` for a clinic, with its reach on `r`."""
    access = AccessContext("Device/x", Role.SYSTEM, city.clinic, scopes=frozenset({"system/*.rs"}))
    with open_session(access) as session:
        reach, parameters = session.reach("r")
        for way in ("seqscan", "indexscan", "indexonlyscan"):
            session.cursor.execute(f"SET LOCAL enable_{way} = off")
        text = statement.replace("{reach}", reach).replace("'%이름00%'", "'%%이름00%%'")
        session.cursor.execute(f"EXPLAIN (COSTS off) {text}", parameters)
        return "\n".join(row[0] for row in session.cursor.fetchall())


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        ("r.id = 'x'", r"Index Cond: \(id = 'x'::text\)"),
        ("r.rid = 5", r"Index Cond: \(rid = 5\)"),
        ("r.compartment = 5 AND r.moment < 7", r"Index Cond: .*(compartment = 5|moment < 7)"),
    ],
)
def test_resources_are_found_by_their_indexes_behind_both_locks(city: City, asked: str, condition: str) -> None:
    assert re.search(condition, plan(city, f"SELECT r.body FROM fhir_resource r WHERE {asked} AND {{reach}}"))


def test_a_code_is_a_condition_of_an_index(city: City) -> None:
    found = plan(
        city,
        "SELECT r.body FROM fhir_token t JOIN fhir_resource r ON r.rid = t.rid"
        " WHERE t.compartment = 5 AND t.key = 7 AND {reach}",
    )
    assert re.search(r"Index Cond: .*key = 7", found)


def test_like_and_trigrams_are_conditions_of_their_index(city: City) -> None:
    found = plan(
        city,
        "SELECT r.body FROM fhir_resource r WHERE r.rid IN"
        " (SELECT x.rid FROM fhir_string x WHERE x.value LIKE '%이름00%' OFFSET 0) AND {reach}",
    )
    assert "Index Cond: (value ~~ '%이름00%'::text)" in found
