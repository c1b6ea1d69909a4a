"""The server rules of KR Core 2.0.0: its CapabilityStatement for servers and its general requirements."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests import builders
from tests.builders import FHIR, Caller
from tests.fhir.conftest import City

CATEGORY = "http://www.hl7korea.or.kr/fhir/krcore/CodeSystem/krcore-condition-category-types"
KCD = "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-8"
FORM = "application/x-www-form-urlencoded"


def condition(patient: str, *codings: dict[str, str], **members: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "category": [{"coding": [{"system": CATEGORY, "code": "진단"}]}],
        "code": {"coding": list(codings) or [{"system": KCD, "code": "E11.9"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "recordedDate": "2026-05-01T09:30:15+09:00",
    } | members


def count(caller: Caller, query: str, kind: str = "Condition") -> int:
    answer = caller.get(f"{FHIR}/{kind}?{query}")
    assert answer.status_code == 200, answer.content
    return len(answer.json().get("entry", []))


def add(city: City, resource: dict[str, Any]) -> str:
    answer = city.system.post(f"{FHIR}/{resource['resourceType']}", resource)
    assert answer.status_code == 201, answer.content
    id: str = answer.json()["id"]
    return id


@pytest.mark.parametrize(
    ("value", "found"),
    [("E11.9", 2), ("|E11.9", 1), (f"{KCD}|E11.9", 1), (f"{KCD}|", 1), (f"{KCD}|E11", 0), ("https://x|E11.9", 0)],
)
def test_token_search_in_its_four_forms(city: City, value: str, found: int) -> None:
    add(city, condition(city.patient))
    add(city, condition(city.patient, {"code": "E11.9"}))
    assert count(city.system, urlencode({"code": value})) == found


@pytest.mark.parametrize("value", ["진단", f"{CATEGORY}|진단", f"{CATEGORY}|"])
def test_search_by_hangul_codes(city: City, value: str) -> None:
    add(city, condition(city.patient))
    assert count(city.system, urlencode({"category": value})) == 1
    assert count(city.system, urlencode({"category": "주호소"})) == 0


def test_search_by_get_and_by_post(city: City) -> None:
    add(city, condition(city.patient))
    form = urlencode({"patient": city.patient, "category": "진단"}).encode()
    posted = city.system.send("POST", f"{FHIR}/Condition/_search", form, Content_Type=FORM)
    assert posted.status_code == 200
    assert len(posted.json()["entry"]) == 1


def test_reference_search_by_id_and_by_type_and_id(city: City) -> None:
    add(city, condition(city.patient))
    for value in (city.patient, f"Patient/{city.patient}"):
        assert count(city.system, f"patient={value}") == 1
    assert count(city.system, "patient=nobody") == 0


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2026-05-01T09:30:15+09:00", 1),
        ("2026-05-01T00:30:15Z", 1),
        ("2026-05-01T09:30:15Z", 0),
        ("2026-05-01T09:30:16+09:00", 0),
        ("2026-05-01", 1),
        ("2026-05", 1),
        ("gt2026-05-01T09:30:14+09:00", 1),
        ("lt2026-05-01T09:30:15+09:00", 0),
    ],
)
def test_dates_are_found_to_the_second_with_their_offset(city: City, value: str, found: int) -> None:
    add(city, condition(city.patient))
    assert count(city.system, f"recorded-date={quote(value)}") == found


def test_birth_dates_are_found_to_the_day(city: City) -> None:
    assert count(city.system, "birthdate=1950-03-01", "Patient") == 1
    assert count(city.system, "birthdate=1950-03-02", "Patient") == 0


def test_a_patient_sees_of_what_was_entered_in_error_id_and_status_alone(city: City) -> None:
    id = add(city, builders.observation(city.patient) | {"status": "entered-in-error"})
    allowed = {"resourceType": "Observation", "id": id, "status": "entered-in-error"}
    assert city.citizen.get(f"{FHIR}/Observation/{id}").json() == allowed
    assert city.citizen.get(f"{FHIR}/Observation/{id}/_history/1").json() == allowed
    history = city.citizen.get(f"{FHIR}/Observation/{id}/_history").json()
    assert [entry["resource"] for entry in history["entry"]] == [allowed]
    found = city.citizen.get(f"{FHIR}/Observation?status=entered-in-error").json()
    assert [entry["resource"] for entry in found["entry"]] == [allowed]
    assert city.clinician.get(f"{FHIR}/Observation/{id}").json()["valueQuantity"]["value"] == 72
    assert city.system.get(f"{FHIR}/Observation?status=entered-in-error").json()["entry"][0]["resource"]["code"]


def test_the_same_for_a_status_that_is_a_concept_and_for_what_is_included(city: City) -> None:
    status = {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "entered-in-error"}]
    }
    id = add(city, condition(city.patient, verificationStatus=status))
    seen = city.citizen.get(f"{FHIR}/Condition/{id}").json()
    assert seen == {"resourceType": "Condition", "id": id, "verificationStatus": status}
    encounter = {
        "resourceType": "Encounter",
        "status": "entered-in-error",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": f"Patient/{city.patient}"},
    }
    visit = add(city, encounter)
    add(city, condition(city.patient, encounter={"reference": f"Encounter/{visit}"}))
    answer = city.citizen.get(f"{FHIR}/Condition?_include=Condition:encounter").json()
    included = [entry["resource"] for entry in answer["entry"] if entry["search"]["mode"] == "include"]
    assert included == [{"resourceType": "Encounter", "id": visit, "status": "entered-in-error"}]


def test_a_word_in_a_text_hides_nothing(city: City) -> None:
    id = add(city, builders.observation(city.patient) | {"note": [{"text": "not entered-in-error"}]})
    assert "valueQuantity" in city.citizen.get(f"{FHIR}/Observation/{id}").json()


def test_the_answers_to_what_is_wrong(city: City) -> None:
    assert city.system.get(f"{FHIR}/Condition?colour=red").status_code == 400
    assert Caller().get(f"{FHIR}/Condition").status_code == 401
    reader = builders.clinic_client("reader", city.clinic, scopes="system/Patient.rs")
    assert reader.get(f"{FHIR}/Condition").status_code == 403
    assert city.system.get(f"{FHIR}/Condition/none").status_code == 404


def test_the_capability_statement_has_what_shall_be_searched(city: City) -> None:
    shall = {
        "Patient": {"_id", "identifier", "name"},
        "Practitioner": {"identifier", "name"},
        "PractitionerRole": {"practitioner"},
        "Organization": {"identifier"},
        "Encounter": {"patient"},
        "Condition": {"patient", "code"},
        "AllergyIntolerance": {"patient"},
        "Immunization": {"patient", "vaccine-code"},
        "Medication": {"code"},
        "MedicationRequest": {"patient"},
        "Observation": {"patient"},
        "DiagnosticReport": {"patient", "code"},
        "Procedure": {"patient"},
        "ImagingStudy": {"patient"},
        "Specimen": {"patient"},
    }
    statement = Caller().get(f"{FHIR}/metadata").json()
    offered = {entry["type"]: entry for entry in statement["rest"][0]["resource"]}
    for kind, names in shall.items():
        assert names <= {parameter["name"] for parameter in offered[kind]["searchParam"]}, kind
        assert {"read", "search-type", "vread", "history-instance"} <= {i["code"] for i in offered[kind]["interaction"]}
