"""`_include` and `_revinclude`: what is added, once, within reach, and no more than an answer holds."""

from __future__ import annotations

from typing import Any

import pytest

from health_platform.fhir.search.sql import include
from tests import builders
from tests.builders import FHIR, Caller
from tests.fhir.conftest import City
from tests.fhir.search.test_chains import Ward, stored, ward

__all__ = ["ward"]


def answer(caller: Caller, query: str) -> dict[str, Any]:
    sent = caller.get(f"{FHIR}/{query}")
    assert sent.status_code == 200, sent.content
    found: dict[str, Any] = sent.json()
    return found


def modes(caller: Caller, query: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"match": [], "include": []}
    for entry in answer(caller, query).get("entry", []):
        resource = entry["resource"]
        found.setdefault(entry["search"]["mode"], []).append(f"{resource['resourceType']}/{resource.get('id', '')}")
    return {mode: sorted(names) for mode, names in found.items()}


def test_each_kind_of_include_adds_what_it_names(ward: Ward) -> None:
    city = ward.city
    patient, encounter = f"Patient/{city.patient}", f"Encounter/{ward.encounter}"
    doctor, clinic = f"Practitioner/{ward.doctor}", f"Organization/{city.clinic}"
    pulse, weight, report = f"Observation/{ward.pulse}", f"Observation/{ward.weight}", f"DiagnosticReport/{ward.report}"
    one = f"Observation?_id={ward.pulse}"
    cases = {
        f"{one}&_include=Observation:encounter": [encounter],
        f"{one}&_include=Observation:subject:Patient": [patient],
        f"{one}&_include=Observation:subject:Group": [],
        f"{one}&_include=Observation:encounter&_include=Encounter:participant": [encounter],
        f"{one}&_include=Observation:encounter&_include:iterate=Encounter:participant": [encounter, doctor],
        f"{one}&_include=Observation:*": [encounter, patient, doctor],
        f"{one}&_include=*": [encounter, patient, doctor],
        f"{one}&_include:iterate=*": [encounter, patient, doctor, clinic],
        f"{one}&_revinclude=DiagnosticReport:result": [report],
        f"{one}&_revinclude=DiagnosticReport:result:Observation": [report],
        f"{one}&_revinclude=DiagnosticReport:result:Patient": [],
        f"{one}&_revinclude=*": [report],
        f"Patient?_id={city.patient}&_revinclude=Observation:patient": [pulse, weight],
        f"Patient?_id={city.patient}&_revinclude=Encounter:patient&_revinclude:iterate=Observation:encounter": [
            encounter,
            pulse,
        ],
        f"Patient?_id={city.patient}&_revinclude=*": [encounter, pulse, report, weight],
        f"Encounter?_id={ward.encounter}&_revinclude=Observation:encounter&_include:iterate=Observation:subject": [
            patient,
            pulse,
        ],
    }
    for query, expected in cases.items():
        for caller in (city.system, city.clinician):
            assert modes(caller, query)["include"] == sorted(expected), query


def test_nothing_beyond_reach_is_included(ward: Ward) -> None:
    asked = f"Practitioner?_id={ward.doctor}&_revinclude=*&_revinclude=Observation:performer"
    assert f"Observation/{ward.pulse}" in modes(ward.city.system, asked)["include"]
    for caller in (ward.city.other_system, ward.city.stranger, ward.city.other_clinician):
        assert modes(caller, asked) == {"match": [f"Practitioner/{ward.doctor}"], "include": []}


def test_what_the_scopes_do_not_let_read_is_not_included(ward: Ward) -> None:
    narrow = builders.clinic_client("narrow", ward.city.clinic, "system/Observation.rs")
    assert modes(narrow, f"Observation?_id={ward.pulse}&_include=*")["include"] == []


def test_more_than_an_answer_holds_is_told(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in range(5):
        stored(city.system, builders.observation(city.patient, value))
    monkeypatch.setattr(include, "MOST", 3)
    asked = f"Patient?_id={city.patient}&_revinclude=Observation:patient"
    found = answer(city.system, asked)["entry"]
    assert [entry["search"]["mode"] for entry in found] == ["match", "include", "include", "include", "outcome"]
    assert "3" in found[-1]["resource"]["issue"][0]["diagnostics"]
