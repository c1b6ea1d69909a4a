from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from health_platform.fhir.repository import Repository
from tests.builders import OPERATOR, Caller, observation
from tests.citizen_app_api import records as records_of
from tests.citizen_app_api.conftest import API, City, answer, store, stored
from tests.citizen_app_api.records import of_category

VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


def condition(city: City, *given: str, **members: Any) -> str:
    return store(records_of.condition(city.patient, *given, **members))


def prescription(city: City, when: str, **members: Any) -> str:
    return store(records_of.prescription(city.patient, when, **members))


def pressure(city: City, upper: int, lower: int, when: str) -> str:
    return store(records_of.pressure(city.patient, upper, lower, when))


def subject(city: City) -> dict[str, str]:
    return {"reference": f"Patient/{city.patient}"}


def me(caller: Caller) -> Any:
    return answer(caller.get(f"{API}/me"))


def test_an_empty_record_says_unknown_and_invents_nothing(city: City) -> None:
    summary = me(city.citizen)
    assert summary["person"]["name"] == "김영희"
    assert summary["person"]["sex_text"] == "woman"
    for section in ("conditions", "medicines", "allergies"):
        assert summary[section]["state"] == "not-recorded"
        assert summary[section]["items"] == []
        assert "does not mean that there is none" in summary[section]["note"]
    lines = summary["vital_signs"] + summary["laboratory"]
    assert len(lines) == 9
    assert {line["value"] for line in lines} == {None}
    assert {line["note"] for line in lines} == {"Not in your record."}


def test_the_age_is_unknown_when_the_birth_date_is_not_exact(city: City) -> None:
    own = Repository(OPERATOR).read("Patient", city.patient).resource()
    Repository(OPERATOR).update({**own, "birthDate": "1950"})
    person = me(city.citizen)["person"]
    assert (person["age"], person["birth_date"]) == (None, "1950")


def test_ongoing_illnesses_stand_once_in_plain_words_and_past_ones_do_not(city: City) -> None:
    condition(city, "I10", "본태성(원발성) 고혈압", "2020-01-05")
    condition(city, "I10", "본태성(원발성) 고혈압", "2024-06-01")
    condition(city, "J06.9", "상세불명의 급성 상기도감염", "2024-01-01", status="resolved")
    condition(city, "E11.9", "2형 당뇨병", "2024-02-01",
              verificationStatus={"coding": [{"system": VERIFICATION, "code": "refuted"}]})  # fmt: skip
    section = me(city.citizen)["conditions"]
    assert section["state"] == "listed"
    assert [(item["title"], item["recorded_as"], item["date"]) for item in section["items"]] == [
        ("High blood pressure", "본태성(원발성) 고혈압", "2024-06-01")
    ]


def test_a_disease_that_is_over_by_its_newest_entry_is_not_listed(city: City) -> None:
    condition(city, "I10", "고혈압", "2020-01-05")
    condition(city, "I10", "고혈압", "2024-06-01", status="resolved")
    assert me(city.citizen)["conditions"]["items"] == []


def test_a_reviewed_empty_list_means_none_known(city: City) -> None:
    reviewed = {
        "resourceType": "List",
        "status": "current",
        "mode": "snapshot",
        "code": {"coding": [{"system": "http://loinc.org", "code": "11450-4"}]},
        "subject": subject(city),
        "date": "2025-01-01T09:00:00+09:00",
        "emptyReason": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/list-empty-reason", "code": "nilknown"}]
        },
    }
    store(reviewed)
    summary = me(city.citizen)
    assert summary["conditions"]["state"] == "none-known"
    assert summary["medicines"]["state"] == "not-recorded"


def test_no_known_allergy_is_said_as_such_and_an_allergy_is_listed(city: City) -> None:
    allergy = {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}
            ]
        },
        "patient": subject(city),
        "recordedDate": "2024-01-01",
    }
    none_known = {"coding": [{"system": "http://snomed.info/sct", "code": "716186003", "display": "No known allergy"}]}
    store({**allergy, "code": none_known})
    assert me(city.citizen)["allergies"]["state"] == "none-known"
    store({**allergy, "code": {"text": "페니실린"}, "criticality": "high"})
    section = me(city.citizen)["allergies"]
    assert [(item["title"], item["value"]) for item in section["items"]] == [("페니실린", "high: can be dangerous")]


def test_medicines_in_use_say_how_to_take_them_and_when_the_supply_is_used_up(city: City) -> None:
    prescription(city, "2020-01-05", status="completed")
    prescription(city, "2024-01-05")
    section = me(city.citizen)["medicines"]
    assert len(section["items"]) == 1
    item = section["items"][0]
    assert (item["title"], item["value"]) == ("amlodipine", "in use")
    assert {detail["label"]: detail["text"] for detail in item["details"]} == {
        "How to take it": "하루 1번, 한 번에 1정",
        "Usually for": "blood pressure",
        "Supply for": "90 days",
        "Supply until": "2024-04-04",
    }
    assert "Ask your clinic whether you still take it" in item["value_note"]
    assert "Do not stop one without asking" in section["note"]


def test_the_newest_values_stand_with_unit_date_and_place(city: City) -> None:
    pressure(city, 150, 90, "2024-01-01")
    pressure(city, 128, 76, "2025-03-02T23:30:00Z")
    performer = [{"reference": f"Organization/{city.clinic}"}]
    store({**observation(city.patient, 71, when="2025-03-02"), **of_category("vital-signs"), "performer": performer})
    lines = {line["title"]: line for line in me(city.citizen)["vital_signs"]}
    assert lines["Blood pressure"]["value"] == "128 / 76 mmHg"
    assert lines["Blood pressure"]["date"] == "2025-03-03"
    assert (lines["Pulse"]["value"], lines["Pulse"]["place"]) == ("71 per minute", "북구보건소")
    assert lines["Weight"]["value"] is None


def test_a_value_that_was_not_measured_never_hides_the_last_one_that_was(city: City) -> None:
    store({**observation(city.patient, 71, when="2025-03-02"), **of_category("vital-signs")})
    missing = observation(city.patient, when="2025-04-02")
    del missing["valueQuantity"]
    reason = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
    store(
        {
            **missing,
            **of_category("vital-signs"),
            "dataAbsentReason": {"coding": [{"system": reason, "code": "not-performed"}]},
        }
    )
    pulse = next(line for line in me(city.citizen)["vital_signs"] if line["title"] == "Pulse")
    assert (pulse["value"], pulse["date"]) == ("71 per minute", "2025-03-02")


def test_a_rare_measurement_is_found_behind_many_frequent_ones(city: City) -> None:
    weight = observation(city.patient, 61.5, code="29463-7", when="2015-01-01")
    weight["valueQuantity"] |= {"unit": "kg", "code": "kg"}
    store({**weight, **of_category("vital-signs")})
    for day in range(1, 29):
        for month in range(1, 9):
            store({**observation(city.patient, 70, when=f"2025-{month:02d}-{day:02d}"), **of_category("vital-signs")})
    lines = {line["title"]: line for line in me(city.citizen)["vital_signs"]}
    assert (lines["Weight"]["value"], lines["Weight"]["date"]) == ("61.5 kg", "2015-01-01")


def test_korean_is_what_a_citizen_reads_unless_she_asks_for_english(city: City) -> None:
    pressure(city, 128, 76, "2025-03-02")
    summary = me(Caller(city.citizen.token, language=""))
    assert summary["vital_signs"][0]["title"] == "혈압"
    assert summary["conditions"]["note"] == "여기에 적힌 기록이 없습니다. 실제로 없다는 뜻은 아닙니다."


# ---- records by kind


def records(caller: Caller, **query: str) -> Any:
    return answer(caller.send("GET", f"{API}/me/records?" + "&".join(f"{k}={v}" for k, v in query.items())))


def test_records_come_newest_first_in_pages_that_do_not_repeat(city: City) -> None:
    for day in range(1, 8):
        store({**observation(city.patient, 60 + day, when=f"2025-03-0{day}"), **of_category("vital-signs")})
    seen, cursor = [], ""
    for _ in range(5):
        page = records(city.citizen, kind="vitals", limit="3", **({"cursor": cursor} if cursor else {}))
        seen += [item["date"] for item in page["items"]]
        if page["next"] is None:
            break
        store({**observation(city.patient, 99, when="2025-12-01"), **of_category("vital-signs")})
        cursor = page["next"]
    assert seen == [f"2025-03-0{day}" for day in range(7, 0, -1)]


def test_every_kind_answers_and_holds_only_its_own(city: City) -> None:
    condition(city, "I10", "고혈압", "2020-01-05")
    prescription(city, "2024-01-05")
    pressure(city, 128, 76, "2025-03-02")
    store({"resourceType": "Encounter", "status": "finished", "subject": subject(city),
           "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
           "serviceProvider": {"reference": f"Organization/{city.clinic}"},
           "period": {"start": "2025-03-02T09:00:00+09:00"}})  # fmt: skip
    store({"resourceType": "Immunization", "status": "completed", "vaccineCode": {"text": "독감"},
           "patient": subject(city), "occurrenceDateTime": "2025-10-01"})  # fmt: skip
    kinds = ["visits", "diagnoses", "prescriptions", "labs", "vitals", "tests", "immunisations", "allergies",
             "procedures", "documents"]  # fmt: skip
    found = {kind: [item["title"] for item in records(city.citizen, kind=kind)["items"]] for kind in kinds}
    assert found == {
        "visits": ["Visit to a clinic"],
        "diagnoses": ["High blood pressure"],
        "prescriptions": ["amlodipine"],
        "labs": [],
        "vitals": ["Blood pressure"],
        "tests": [],
        "immunisations": ["독감"],
        "allergies": [],
        "procedures": [],
        "documents": [],
    }
    assert records(city.citizen, kind="visits")["items"][0]["place"] == "북구보건소"


def test_entries_recorded_by_mistake_are_left_out(city: City) -> None:
    store({**observation(city.patient), **of_category("vital-signs"), "status": "entered-in-error"})
    assert records(city.citizen, kind="vitals")["items"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [("kind=everything", "kind"), ("", "kind"), ("kind=labs&limit=0", "limit"), ("kind=labs&limit=101", "limit"),
     ("kind=labs&cursor=nonsense", "cursor")],
)  # fmt: skip
def test_a_wrong_query_is_named_by_its_field(city: City, query: str, field: str) -> None:
    problem = answer(city.citizen.get(f"{API}/me/records?{query}"), 400)
    assert [error["field"] for error in problem["errors"]] == [field]
    assert problem["errors"][0]["message"]


# ---- who may


PATHS = ["/me", "/me/records?kind=labs", "/me/plans", "/me/consents", "/me/questions", "/me/access-log", "/me/data",
         "/me/clinics", "/me/risks"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_without_a_token_there_is_a_challenge_and_with_a_clinicians_token_a_refusal(city: City, path: str) -> None:
    nobody = Caller().get(f"{API}{path}")
    assert nobody.status_code == 401
    assert nobody.headers["WWW-Authenticate"].startswith("Bearer")
    assert nobody.headers["Content-Type"] == "application/problem+json"
    for clinician in (city.clinician, city.other_clinician):
        problem = answer(clinician.get(f"{API}{path}"), 403)
        assert problem["title"] == "This address is for citizens and their own record."


@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_reads_nothing_of_mine(city: City, path: str) -> None:
    condition(city, "I10", "고혈압-of-mine", "2020-01-05")
    pressure(city, 128, 76, "2025-03-02")
    response = city.stranger.get(f"{API}{path}")
    assert response.status_code == 200
    body = response.getvalue().decode()
    assert city.patient not in body
    assert "고혈압-of-mine" not in body and "128" not in body


@pytest.mark.parametrize(
    ("path", "most"),
    [("/me", 24), ("/me/records?kind=vitals", 7), ("/me/plans", 26), ("/me/consents", 7), ("/me/questions", 8),
     ("/me/access-log", 13), ("/me/clinics", 13), ("/me/risks", 12)],
)  # fmt: skip
def test_a_request_costs_the_same_number_of_queries_however_long_the_record(city: City, path: str, most: int) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert city.citizen.get(f"{API}{path}").status_code == 200
        return len(queries)

    fill(city, 1)
    cost()  # statements are prepared, and who is signed in is known
    short = cost()
    for day in range(2, 20):
        fill(city, day)
    assert cost() == short <= most


def fill(city: City, day: int) -> None:
    """One of each kind."""
    pressure(city, 120 + day, 76, f"2025-03-{day:02d}")
    condition(city, f"I{10 + day}", "x", f"2025-03-{day:02d}")
    store(records_of.care_plan(city.patient))
    city.clinician.get(f"/fhir/R4/Patient/{city.patient}")


def test_my_clinics_are_named_with_a_phone_the_home_clinic_first(city: City) -> None:
    items = answer(city.citizen.get(f"{API}/me/clinics"))["items"]
    assert items == [
        {
            "id": city.clinic,
            "name": "북구보건소",
            "phone": "062-000-0001",
            "address": "광주광역시 북구 어딘가로 1",
            "home": True,
        }
    ]


def test_nothing_is_written_by_reading(city: City) -> None:
    before = len(stored("Observation", patient=city.patient))
    for path in PATHS:
        city.citizen.get(f"{API}{path}").getvalue()
    assert len(stored("Observation", patient=city.patient)) == before
