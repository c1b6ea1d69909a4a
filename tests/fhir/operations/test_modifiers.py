"""`:in`, `:not-in`, `:above` and `:below` of token parameters."""

from __future__ import annotations

from typing import Any

import pytest

from tests import builders
from tests.builders import FHIR
from tests.fhir.conftest import City
from tests.fhir.operations.test_terminology import ANIMALS, BIRDS

SYSTEM = ANIMALS["url"]
LOINC_SET = "http://loinc.org/vs"
GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"


@pytest.fixture
def sightings(city: City) -> City:
    """Conditions of one patient, coded with a duck, a mallard, a cat; and the terminology to tell them apart."""
    for resource in (ANIMALS, BIRDS, *(condition(city.patient, code) for code in ("duck", "mallard", "cat"))):
        assert city.system.post(f"{FHIR}/{resource['resourceType']}", resource).status_code == 201
    return city


def condition(patient: str, code: str) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "code": {"coding": [{"system": SYSTEM, "code": code}]},
        "subject": {"reference": f"Patient/{patient}"},
    }


def found(city: City, query: str) -> list[str]:
    answer = city.citizen.get(f"{FHIR}/Condition?{query}")
    assert answer.status_code == 200, answer.content
    return sorted(entry["resource"]["code"]["coding"][0]["code"] for entry in answer.json().get("entry", []))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"code:in={BIRDS['url']}", ["duck", "mallard"]),
        (f"code:not-in={BIRDS['url']}", ["cat"]),
        (f"code:in={SYSTEM}?fhir_vs", ["cat", "duck", "mallard"]),
        (f"code:below={SYSTEM}|bird", ["duck", "mallard"]),
        (f"code:below={SYSTEM}|mallard", ["mallard"]),
        (f"code:above={SYSTEM}|mallard", ["duck", "mallard"]),
        (f"code:below={SYSTEM}|duck,{SYSTEM}|cat", ["cat", "duck", "mallard"]),
        (f"code:in={BIRDS['url']}&code={SYSTEM}|duck", ["duck"]),
    ],
)
def test_the_hierarchy_and_value_sets_select(sightings: City, query: str, expected: list[str]) -> None:
    assert found(sightings, query) == expected


def test_a_plain_code_has_the_system_of_its_binding(city: City) -> None:
    assert len(city.system.get(f"{FHIR}/Patient?gender:in={GENDERS}").json()["entry"]) == 1
    assert "entry" not in city.system.get(f"{FHIR}/Patient?gender:not-in={GENDERS}").json()


def test_the_value_set_of_a_whole_system_needs_no_content(city: City) -> None:
    city.system.post(f"{FHIR}/Observation", builders.observation(city.patient))
    assert len(city.citizen.get(f"{FHIR}/Observation?code:in={LOINC_SET}").json()["entry"]) == 1


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("code:in=https://example.org/none", "https://example.org/none"),
        (f"code:below={SYSTEM}|dragon", "dragon"),
        ("code:below=duck", "system|code"),
        ("onset-date:in=x", "modifier"),
        ("code:like=x", ":below"),
    ],
)
def test_what_cannot_be_resolved_is_refused(sightings: City, query: str, word: str) -> None:
    refused = sightings.citizen.get(f"{FHIR}/Condition?{query}")
    assert refused.status_code == 400
    assert word in refused.json()["issue"][0]["details"]["text"]


def test_what_is_out_of_reach_is_not_found_by_them(sightings: City) -> None:
    answer = sightings.stranger.get(f"{FHIR}/Condition?code:in={BIRDS['url']}")
    assert answer.status_code == 200
    assert "entry" not in answer.json()
