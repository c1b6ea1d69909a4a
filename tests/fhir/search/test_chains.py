"""Chains and reverse chains (hl7.org/fhir/R4/search.html#chaining, #has), each step within reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from tests import builders
from tests.builders import FHIR, Caller
from tests.fhir.conftest import City

SAFE = "?&=:,.$|%/_*-"


@dataclass(frozen=True)
class Ward:
    """A patient of the city's first clinic with an encounter, two observations and a report on one of them."""

    city: City
    doctor: str
    encounter: str
    pulse: str
    weight: str
    report: str


def stored(caller: Caller, resource: dict[str, Any]) -> str:
    answer = caller.post(f"{FHIR}/{resource['resourceType']}", resource)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def found(caller: Caller, query: str) -> list[str]:
    answer = caller.get(f"{FHIR}/{quote(query, safe=SAFE)}")
    assert answer.status_code == 200, answer.content
    entries = answer.json().get("entry", [])
    return sorted(one["resource"]["id"] for one in entries if one["search"]["mode"] == "match")


@pytest.fixture
def ward(city: City) -> Ward:
    doctor = stored(city.system, {"resourceType": "Practitioner", "name": [{"family": "Park", "given": ["Jisu"]}]})
    subject = {"reference": f"Patient/{city.patient}"}
    encounter = stored(
        city.system,
        {
            "resourceType": "Encounter",
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "subject": subject,
            "serviceProvider": {"reference": f"Organization/{city.clinic}"},
            "participant": [{"individual": {"reference": f"Practitioner/{doctor}"}}],
        },
    )
    more = {
        "encounter": {"reference": f"Encounter/{encounter}"},
        "performer": [{"reference": f"Practitioner/{doctor}"}],
    }
    pulse = stored(city.system, builders.observation(city.patient) | more)
    weight = stored(city.system, builders.observation(city.patient, 60, "29463-7"))
    report = stored(
        city.system,
        {
            "resourceType": "DiagnosticReport",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "11502-2"}]},
            "subject": subject,
            "result": [{"reference": f"Observation/{pulse}"}],
        },
    )
    return Ward(city, doctor, encounter, pulse, weight, report)


def named(ward: Ward, text: str) -> str:
    places = {"doctor": ward.doctor, "encounter": ward.encounter, "pulse": ward.pulse, "weight": ward.weight}
    return places.get(text, ward.report if text == "report" else ward.city.patient)


CHAINS = [
    ("Observation?subject:Patient.name=김", ["pulse", "weight"]),
    ("Observation?subject.name=김", ["pulse", "weight"]),
    ("Observation?patient.birthdate=lt1960", ["pulse", "weight"]),
    ("Observation?patient.birthdate=lt1940", []),
    ("Observation?subject.name=김&code=8867-4", ["pulse"]),
    ("Observation?encounter.class=AMB", ["pulse"]),
    ("Observation?performer:Practitioner.family=park", ["pulse"]),
    ("Observation?performer.family=lee", []),
    ("Observation?encounter.participant:Practitioner.given=jisu", ["pulse"]),
    ("Observation?encounter.service-provider.name=빛고을", ["pulse"]),
    ("DiagnosticReport?result.encounter.participant:Practitioner.name=park", ["report"]),
    ("DiagnosticReport?result.subject:Patient.general-practitioner:Organization.name=빛고을", ["report"]),
    ("DiagnosticReport?result.code:not=8867-4", []),
    ("DiagnosticReport?result.value-quantity=gt70||/min", ["report"]),
    ("Patient?_has:Observation:patient:code=8867-4", ["patient"]),
    ("Patient?_has:Observation:patient:code=1-1", []),
    ("Patient?_has:Observation:patient:_has:DiagnosticReport:result:code=11502-2", ["patient"]),
    ("Patient?_has:Observation:patient:_has:DiagnosticReport:result:code=1-1", []),
    ("Patient?_has:Observation:patient:encounter.class=AMB", ["patient"]),
    ("Encounter?_has:Observation:encounter:code=8867-4", ["encounter"]),
    ("Encounter?_has:Observation:encounter:code=29463-7", []),
    ("Practitioner?_has:Observation:performer:patient.name=김", ["doctor"]),
    ("Observation?_has:DiagnosticReport:result:status=final&code=8867-4,29463-7", ["pulse"]),
    ("Observation?subject:Patient._has:Encounter:patient:class=AMB&code=29463-7", ["weight"]),
    ("Observation?subject:identifier=urn:x|1", []),
]


@pytest.mark.parametrize(("query", "expected"), CHAINS)
def test_a_chain_is_met_by_what_stands_behind_the_references(ward: Ward, query: str, expected: list[str]) -> None:
    everyone = [ward.city.system, ward.city.clinician]
    if not query.startswith("Practitioner"):
        everyone.append(ward.city.citizen)
    for caller in everyone:
        assert found(caller, query) == sorted(named(ward, one) for one in expected)


@pytest.mark.parametrize("query", [query for query, expected in CHAINS if expected])
def test_no_chain_reaches_a_record_of_others(ward: Ward, query: str) -> None:
    for caller in (ward.city.other_system, ward.city.other_clinician, ward.city.stranger):
        if query.startswith("Patient"):
            assert ward.city.patient not in found(caller, query)
        else:
            assert found(caller, query) == []


def test_what_is_beyond_reach_has_no_effect_on_a_match(ward: Ward) -> None:
    """A practitioner is public, an observation that names him is not: it must not be told by his being found."""
    asked = f"Practitioner?_id={ward.doctor}&_has:Observation:performer:code=8867-4"
    assert found(ward.city.system, asked) == [ward.doctor]
    assert found(ward.city.other_system, asked) == []
    assert found(ward.city.stranger, asked) == []


def test_a_chain_through_many_is_the_same_as_one_through_few(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    from health_platform.fhir.search.sql import drive

    monkeypatch.setattr(drive, "FEW", 0)
    for query, expected in CHAINS:
        assert found(ward.city.system, query) == sorted(named(ward, one) for one in expected), query
        if expected:
            others = found(ward.city.other_system, query)
            assert ward.city.patient not in others
            assert named(ward, expected[0]) not in others


def test_a_chain_needs_the_scope_for_the_type_behind_it(ward: Ward) -> None:
    narrow = builders.clinic_client("narrow", ward.city.clinic, "system/Observation.rs system/Practitioner.rs")
    assert found(narrow, "Observation?code=8867-4") == [ward.pulse]
    assert narrow.get(f"{FHIR}/Observation?subject:Patient.gender=female").status_code == 403
    assert narrow.get(f"{FHIR}/Practitioner?_has:Encounter:participant:status=finished").status_code == 403
    assert found(narrow, "Practitioner?_has:Observation:performer:code=8867-4") == [ward.doctor]


def test_a_chain_has_an_end(ward: Ward) -> None:
    answer = ward.city.system.get(f"{FHIR}/Encounter?{'part-of:Encounter.' * 9}status=finished")
    assert answer.status_code == 400
    assert "8" in answer.json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("Observation?subject:Patient.nmae=x", ["Patient", "nmae", "name"]),
        ("Observation?code.text=x", ["code", "reference"]),
        ("Patient?_has:Observation:patient:kode=x", ["kode", "code"]),
        ("Patient?_has:Observation=x", ["_has:Type:reference:parameter"]),
        ("Patient?_has:Observation:encounter:code=x", ["encounter", "Patient"]),
    ],
)
def test_a_chain_that_leads_nowhere_is_refused_by_name(ward: Ward, query: str, words: list[str]) -> None:
    answer = ward.city.system.get(f"{FHIR}/{query}")
    assert answer.status_code == 400
    text = str(answer.json()["issue"])
    assert [word for word in words if word not in text] == []


def test_a_deleted_resource_is_no_step_of_a_chain(ward: Ward) -> None:
    assert ward.city.system.delete(f"{FHIR}/Encounter/{ward.encounter}").status_code in (200, 204)
    assert found(ward.city.system, "Observation?encounter.class=AMB") == []
