"""Random records and random queries give what a brute-force evaluation gives: all matches, in order, over all pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.repository import Repository
from health_platform.fhir.search.sql import drive, find
from tests.builders import OPERATOR
from tests.fhir.search.brute_force import World, is_ordered, matches

Draw = Any
Resource = dict[str, Any]

DAYS = [f"2024-0{month}-{day}" for month in (1, 2) for day in ("05", "20")]
NAMES = ["Kim", "Kimura", "Lee", "김철수", "김영"]
CITIES = ["Gwangju", "Seoul"]
CODES = ["a", "b", "C"]
NUMBERS = ["1", "2", "2.5", "10"]
WORDS = ["red", "Redder", "blue"]
CLINICS = ["clinic-1", "clinic-2"]


def some(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


@st.composite
def patients(draw: Draw, number: int) -> Resource:
    made: Resource = {
        "resourceType": "Patient",
        "id": f"p{number}",
        "name": [{"family": draw(some(NAMES)), "given": [draw(some(NAMES))]}],
        "generalPractitioner": [{"reference": f"Organization/{draw(some(CLINICS))}"}],
    }
    _maybe(draw, made, "gender", some(["male", "female"]))
    _maybe(draw, made, "birthDate", some(DAYS))
    _maybe(draw, made, "active", st.booleans())
    _maybe(draw, made, "address", some(CITIES).map(lambda city: [{"city": city}]))
    _maybe(draw, made, "identifier", some(["X1", "x2"]).map(lambda value: [{"system": "urn:x", "value": value}]))
    return made


def _maybe(draw: Draw, made: Resource, name: str, strategy: st.SearchStrategy[Any]) -> None:
    if draw(st.booleans()):
        made[name] = draw(strategy)


def coded(code: str) -> Resource:
    return {"coding": [{"system": "urn:codes", "code": code}]}


@st.composite
def encounters(draw: Draw, number: int, people: int) -> Resource:
    days = sorted([draw(some(DAYS)), draw(some(DAYS))])
    return {
        "resourceType": "Encounter",
        "id": f"e{number}",
        "status": draw(some(["planned", "finished"])),
        "class": {"code": draw(some(["AMB", "IMP"]))},
        "subject": {"reference": f"Patient/p{draw(st.integers(0, people - 1))}"},
        "period": {"start": days[0]} | ({"end": days[1]} if draw(st.booleans()) else {}),
    }


@st.composite
def observations(draw: Draw, number: int, people: int, visits: int) -> Resource:
    made: Resource = {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": draw(some(["final", "amended"])),
        "code": coded(draw(some(CODES))),
        "subject": {"reference": f"Patient/p{draw(st.integers(0, people - 1))}"},
        "effectiveDateTime": draw(some(DAYS)),
    }
    kind = draw(st.integers(0, 2))
    if kind == 1:
        made["valueQuantity"] = {"value": float(draw(some(NUMBERS)))}
    elif kind == 2:
        made["valueString"] = draw(some(WORDS))
    _maybe(draw, made, "method", some(CODES).map(coded))
    if visits and draw(st.booleans()):
        made["encounter"] = {"reference": f"Encounter/e{draw(st.integers(0, visits - 1))}"}
    return made


@st.composite
def records(draw: Draw) -> list[Resource]:
    people, visits = draw(st.integers(1, 4)), draw(st.integers(0, 3))
    made = [draw(patients(number)) for number in range(people)]
    made += [draw(encounters(number, people)) for number in range(visits)]
    made += [draw(observations(number, people, visits)) for number in range(draw(st.integers(0, 8)))]
    return made


PREFIXES = ["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"]
dates = st.builds(lambda prefix, day: prefix + day, some(PREFIXES), some(DAYS))
numbers = st.builds(lambda prefix, number: prefix + number, some(PREFIXES), some(NUMBERS))


def lists_of(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(strategy, min_size=1, max_size=3, unique=True).map(",".join)


def terms(name: str, modifiers: list[str], value: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, str]]:
    plain = st.tuples(some([name + one for one in modifiers]), lists_of(value))
    return st.one_of(plain, st.tuples(st.just(f"{name}:missing"), some(["true", "false"])))


TOKEN, TEXT = ["", ":not"], ["", ":contains", ":exact"]
OF_PATIENT = st.one_of(
    terms("name", TEXT, some([*NAMES, "K", "im"])),
    terms("family", TEXT, some([*NAMES, "le"])),
    terms("address-city", TEXT, some([*CITIES, "g"])),
    terms("gender", TOKEN, some(["male", "female"])),
    terms("active", TOKEN, some(["true", "false"])),
    terms("identifier", TOKEN, some(["x1", "X2"])),
    terms("birthdate", [""], dates),
)
OF_ENCOUNTER = st.one_of(
    terms("status", TOKEN, some(["planned", "finished"])),
    terms("class", TOKEN, some(["AMB", "IMP"])),
    terms("date", [""], dates),
    terms("subject", [""], some(["Patient/p0", "p1", "Patient/p2"])),
    OF_PATIENT.map(lambda term: (f"subject:Patient.{term[0]}", term[1])),
)
OF_OBSERVATION = st.one_of(
    terms("code", TOKEN, some([*CODES, "c"])),
    terms("status", TOKEN, some(["final", "amended"])),
    terms("method", TOKEN, some(CODES)),
    terms("date", [""], dates),
    terms("value-quantity", [""], numbers),
    terms("value-string", TEXT, some([*WORDS, "re"])),
    terms("patient", [""], some(["p0", "Patient/p1"])),
    terms("encounter", [""], some(["Encounter/e0", "e1"])),
    OF_PATIENT.map(lambda term: (f"patient.{term[0]}", term[1])),
    OF_PATIENT.map(lambda term: (f"subject:Patient.{term[0]}", term[1])),
    OF_ENCOUNTER.map(lambda term: (f"encounter.{term[0]}", term[1])),
)
REVERSE = st.one_of(
    OF_OBSERVATION.map(lambda term: (f"_has:Observation:patient:{term[0]}", term[1])),
    OF_ENCOUNTER.map(lambda term: (f"_has:Encounter:patient:{term[0]}", term[1])),
    OF_OBSERVATION.map(lambda term: (f"_has:Encounter:patient:_has:Observation:encounter:{term[0]}", term[1])),
)
QUERIES = {
    "Patient": st.one_of(OF_PATIENT, REVERSE),
    "Encounter": st.one_of(
        OF_ENCOUNTER, OF_OBSERVATION.map(lambda term: (f"_has:Observation:encounter:{term[0]}", term[1]))
    ),
    "Observation": OF_OBSERVATION,
}
SORTS = {
    "Patient": ["name", "family", "gender", "birthdate", "active", "identifier", "address-city"],
    "Encounter": ["status", "class", "date", "subject"],
    "Observation": ["code", "status", "date", "value-quantity", "value-string", "method", "encounter", "patient"],
}


@st.composite
def questions(draw: Draw) -> tuple[str, list[tuple[str, str]], list[tuple[str, bool]], int]:
    kind = draw(some(list(QUERIES)))
    criteria = draw(st.lists(QUERIES[kind], max_size=3))
    keys = draw(st.lists(some(SORTS[kind]), max_size=3, unique=True))
    return kind, criteria, [(key, draw(st.booleans())) for key in keys], draw(st.integers(1, 4))


def system_of(clinic: str) -> AccessContext:
    return AccessContext(actor="Device/x", role=Role.SYSTEM, organization=clinic, scopes=frozenset({"system/*.cruds"}))


def within(clinic: str, record: list[Resource]) -> World:
    """What an institution reaches: those whom it cares for, and what is about them."""
    own = {one["id"] for one in record if one.get("generalPractitioner", [{}])[0].get("reference", "").endswith(clinic)}

    def reached(one: Resource) -> bool:
        return (one["id"] if one["resourceType"] == "Patient" else one["subject"]["reference"][8:]) in own

    return World({(one["resourceType"], one["id"]): one for one in record if reached(one)})


def pages(repository: Repository, kind: str, query: list[tuple[str, str]]) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = repository.search(kind, [*query, *([("_cursor", cursor)] if cursor else [])])
        found += [match.stored.id for match in page.matches]
        if page.next is None:
            return found
        assert page.matches, "a page that goes on holds something"
        cursor = page.next


def written(sort: list[tuple[str, bool]]) -> list[tuple[str, str]]:
    keys = ",".join(("-" if descending else "") + code for code, descending in sort)
    return [("_sort", keys)] if keys else []


@pytest.mark.parametrize(("few", "merged"), [(0, find.MOST_MERGED_AT_ONCE), (drive.FEW, 0)])
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(record=records(), asked=st.lists(questions(), min_size=1, max_size=8))
def test_a_search_finds_what_a_look_at_every_resource_finds(
    db: None, monkeypatch: pytest.MonkeyPatch, few: int, merged: int, record: list[Resource], asked: list[Any]
) -> None:
    monkeypatch.setattr(drive, "FEW", few)
    monkeypatch.setattr(find, "MOST_MERGED_AT_ONCE", merged)
    with transaction.atomic():
        operator = Repository(OPERATOR)
        for resource in record:
            operator.update(resource)
        for kind, criteria, sort, count in asked:
            for access, world in (
                (OPERATOR, World({(one["resourceType"], one["id"]): one for one in record})),
                (system_of("clinic-1"), within("clinic-1", record)),
            ):
                query = [*criteria, *written(sort), ("_count", str(count)), ("_total", "accurate")]
                found = pages(Repository(access), kind, query)
                expected = matches(world, kind, criteria)
                assert sorted(found) == sorted(expected), query
                assert is_ordered(world, kind, found, sort), (query, found)
                first = Repository(access).search(kind, [*criteria, ("_total", "accurate"), ("_count", "0")])
                assert first.total == len(expected)
        transaction.set_rollback(True)
