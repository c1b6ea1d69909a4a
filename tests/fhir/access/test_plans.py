"""Row-level security leaves the plans their indexes: what stands behind the reach is found by key, not by reading all.

Operators that are not leakproof (LIKE, trigrams) may not be used as conditions of an index on a table with policies;
they work on fhir_string, which has none, and the resource that they lead to is locked.
"""

from __future__ import annotations

from typing import Any

import pytest

from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.access.session import Session, open_session
from health_platform.fhir.keys import patient_key
from health_platform.fhir.repository import Repository
from tests import builders
from tests.builders import OPERATOR, observation
from tests.fhir.conftest import City


@pytest.fixture
def filled(city: City) -> City:
    """Enough rows that reading all of them would cost more than a probe."""
    repository = Repository(OPERATOR)
    entries: list[dict[str, Any]] = []
    for number in range(40):
        patient = builders.patient(city.other_clinic, number=f"N-{number}", name=[{"text": f"이름{number:03d}"}])
        entries += [observation(patient, 60 + one) for one in range(20)]
    for start in range(0, len(entries), 400):
        chosen = entries[start : start + 400]
        bundle = [{"resource": one, "request": {"method": "POST", "url": "Observation"}} for one in chosen]
        repository.transaction({"resourceType": "Bundle", "type": "transaction", "entry": bundle})
    repository.create(observation(city.patient))
    return city


def plan(session: Session, statement: str, **values: Any) -> str:
    reach, parameters = session.reach("r")
    session.cursor.execute("SET LOCAL enable_seqscan = on")
    session.cursor.execute(f"EXPLAIN (COSTS off) {statement} AND {reach}", {**parameters, **values})
    return "\n".join(row[0] for row in session.cursor.fetchall())


def clinic(city: City) -> AccessContext:
    return AccessContext("Device/x", Role.SYSTEM, city.clinic, scopes=frozenset({"system/*.rs"}))


def test_patient_and_code_are_looked_up_by_their_index(filled: City) -> None:
    with open_session(clinic(filled)) as session:
        found = plan(
            session,
            "SELECT r.body FROM fhir_token t JOIN fhir_resource r ON r.rid = t.rid"
            " WHERE t.compartment = %(place)s AND t.key = %(key)s",
            place=patient_key(filled.patient),
            key=1,
        )
    assert "fhir_token_compartment" in found or "fhir_token_key" in found
    assert "Seq Scan on fhir_resource" not in found and "Seq Scan on fhir_token" not in found


@pytest.mark.parametrize("pattern", ["이름00%", "%름00%"])
def test_like_and_trigrams_keep_their_index(filled: City, pattern: str) -> None:
    with open_session(clinic(filled)) as session:
        session.cursor.execute("SET LOCAL enable_seqscan = off")
        reach, parameters = session.reach("r")
        session.cursor.execute(
            "EXPLAIN (COSTS off) SELECT r.body FROM fhir_string x JOIN fhir_resource r ON r.rid = x.rid"
            f" WHERE x.value LIKE %(pattern)s AND {reach}",
            {**parameters, "pattern": pattern},
        )
        found = "\n".join(row[0] for row in session.cursor.fetchall())
    assert "Index Cond: (value ~~" in found
    assert "fhir_string_trigram" in found


def test_a_resource_is_found_by_its_id_and_only_resources_are_locked(filled: City) -> None:
    with open_session(clinic(filled)) as session:
        found = plan(session, "SELECT r.body FROM fhir_resource r WHERE r.id = %(id)s AND r.type = 1", id="x")
        session.cursor.execute(
            "SELECT relname, relrowsecurity FROM pg_class"
            " WHERE relname IN ('fhir_string', 'fhir_token', 'fhir_resource')"
        )
        locked: dict[str, bool] = dict(session.cursor.fetchall())
    assert "fhir_resource_id" in found
    assert locked == {"fhir_resource": True, "fhir_string": False, "fhir_token": False}
