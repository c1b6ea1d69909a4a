from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.repository import Repository
from inference import services
from tests.builders import OPERATOR, Caller
from tests.citizen_app_api.conftest import API, City, answer, post, store, stored
from tests.inference.people import LOINC, OWN, answered, check_up, coded, in_care, measured, observation

DISCLAIMER = "It is not a cleared medical device and no diagnosis."
PHQ_9 = ["44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"]


def recorded(city: City, *resources: dict[str, Any]) -> None:
    """Store resources about the citizen, and assess her as the platform's worker does."""
    for resource in resources:
        made = {key: value for key, value in resource.items() if key != "id"}
        if "class" in made:
            made["class"] = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", **made["class"]}
        store({**made, "subject": {"reference": f"Patient/{city.patient}"}})
    services.assess_now(Repository(OPERATOR), city.patient, timezone.now())


def clinician(city: City) -> Repository:
    return Repository(
        AccessContext(
            actor="Practitioner/kim", role=Role.CLINICIAN, organization=city.clinic, scopes=frozenset({"user/*.cruds"})
        )
    )


def risks(caller: Caller) -> Any:
    return answer(caller.get(f"{API}/me/risks"))


def risk(city: City, model: str, caller: Caller | None = None) -> Any:
    return next(item for item in risks(caller or city.citizen)["items"] if item["model"]["id"] == model)


def dementia_answers() -> list[dict[str, Any]]:
    known = {"parent-dementia": False, "lives-alone": True, "material-deprivation": False, "education-years": 9}
    return [answered(name, value) for name, value in known.items()]


def born(city: City, day: str) -> None:
    own = Repository(OPERATOR).read("Patient", city.patient).resource()
    Repository(OPERATOR).update({**own, "birthDate": day})


def function_measurements() -> list[dict[str, Any]]:
    return [
        measured("sppb", 5, "{score}", system=OWN),
        measured("83172-7", 0.7, "m/s"),
        measured("tug", 16, "s", system=OWN),
        answered("falls-12-months", 0),
    ]


@pytest.fixture
def assessed(city: City) -> City:
    born(city, "1964-05-10")
    recorded(city, *check_up(), *in_care())
    return city


def test_before_anything_is_calculated_nothing_is_said(city: City) -> None:
    found = risks(city.citizen)
    assert (found["items"], found["alerts"], found["assessed"]) == ([], [], None)
    assert DISCLAIMER in found["notice"]


def test_a_risk_is_calculated_not_yet_reviewed_and_says_what_it_stands_on(assessed: City) -> None:
    found = risk(assessed, "prevent-base-10y")
    assert (found["standing"], found["standing_text"]) == (
        "calculated",
        "calculated, not yet reviewed by a clinician",
    )
    assert found["leading"] is True
    assert found["value"]["unit"] == "%" and 0 < found["value"]["number"] < 100
    assert found["value"]["text"] == f"{found['value']['number']:.0f} out of 100 people"
    assert found["explanation"][0].startswith("Of 100 people like you where the formula was made")
    facts = found["model"]
    assert (facts["version"], facts["horizon_years"], facts["calibrated_for_korea"]) == ("1", 10, False)
    assert len(facts["checksum"]) == 64 and facts["population"] and "doi 10." in facts["source"]
    assert any("Not checked in Koreans" in note for note in found["notes"])
    used = {item["name"]: item for item in found["inputs"]}
    assert (used["blood pressure"]["value"], used["blood pressure"]["date"]) == ("150 mmHg", "2026-11-01")
    assert any(item["assumed"] for item in found["inputs"])
    assert DISCLAIMER in risks(assessed.citizen)["notice"]


def test_the_number_agrees_with_the_stored_risk_assessment(assessed: City) -> None:
    found = risk(assessed, "prevent-base-10y")
    kept = Repository(OPERATOR).read("RiskAssessment", found["id"]).resource()
    assert kept["status"] == "preliminary"
    assert found["value"]["number"] == pytest.approx(float(kept["prediction"][0]["probabilityDecimal"]), abs=0.005)


def test_a_result_without_a_number_says_why(assessed: City) -> None:
    no_region = risk(assessed, "score2-asia-pacific")
    assert (no_region["value"], no_region["standing"]) == (None, "without-number")
    assert "has not been read at the source yet" in no_region["why_no_value"]
    missing = risk(assessed, "findrisc")
    assert missing["value"] is None
    assert "waist is not in the record" in missing["why_no_value"]
    assert "waist" in missing["missing"]
    for item in risks(assessed.citizen)["items"]:
        assert bool(item["value"]) != bool(item["why_no_value"]), item["model"]


def test_what_a_clinician_decides_stands_beside_the_number(assessed: City) -> None:
    before = risk(assessed, "prevent-base-10y")
    services.override(
        clinician(assessed), before["id"], "Practitioner/kim", "override", "혈압은 긴장 때문", timezone.now()
    )
    after = risk(assessed, "prevent-base-10y")
    assert (after["standing"], after["value"]) == ("overridden", before["value"])
    assert [(one["decision"], one["reason"]) for one in after["reviews"]] == [("override", "혈압은 긴장 때문")]
    other = risk(assessed, "ckd-epi-2021")
    services.override(clinician(assessed), other["id"], "Practitioner/kim", "accept", "", timezone.now())
    assert risk(assessed, "ckd-epi-2021")["standing"] == "accepted"


def test_a_measured_result_reads_with_its_unit(assessed: City) -> None:
    value = risk(assessed, "ckd-epi-2021")["value"]
    assert value["unit"] == "mL/min/{1.73_m2}"
    assert value["text"] == f"{value['number']:.1f}".removesuffix(".0") + " mL/min/1.73m²"


def test_a_value_that_cannot_be_right_is_named_and_not_used(assessed: City) -> None:
    pressure = {"value": 1310, "unit": "mm[Hg]", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
    recorded(assessed, observation("8480-6", when="2026-11-20", valueQuantity=pressure))
    assert risks(assessed.citizen)["passed_over"] == ["blood pressure: 1310 mm[Hg] cannot be right and was not used"]
    used = {item["name"]: item["value"] for item in risk(assessed, "prevent-base-10y")["inputs"]}
    assert used["blood pressure"] == "150 mmHg"


def test_a_dementia_result_is_nowhere_before_its_release(city: City) -> None:
    without = risks(city.citizen)["withheld"]
    born(city, "1960-01-01")
    recorded(city, *dementia_answers(), *in_care())
    waiting = next(
        item for item in services.results_for(clinician(city), city.patient) if item.model == "ukb-drs" and item.id
    )
    assert waiting.release == "withheld"
    body = city.citizen.get(f"{API}/me/risks").content.decode()
    for trace in ("ukb-drs", "dementia", "Dementia", waiting.id):
        assert trace not in body
    assert risks(city.citizen)["withheld"] == without, "the notice would give away that there is one"
    assert waiting.id.encode() not in city.citizen.get(f"{API}/me/data").getvalue()
    assert waiting.id not in city.citizen.get(f"/fhir/R4/RiskAssessment?patient={city.patient}").content.decode()
    assert city.citizen.get(f"/fhir/R4/RiskAssessment/{waiting.id}").status_code == 404
    assert (
        post(city.citizen, "/me/questions", {"text": "?", "about": f"RiskAssessment/{waiting.id}"}).status_code == 400
    )
    services.release(clinician(city), waiting.id, "Practitioner/kim", timezone.now())
    released = risk(city, "ukb-drs")
    assert (released["id"], released["topic"]) == (waiting.id, "Memory")
    assert waiting.id.encode() in city.citizen.get(f"{API}/me/data").getvalue()


def test_an_answer_about_self_harm_is_met_at_once_with_the_crisis_line(city: City) -> None:
    answers = [observation(code, valueInteger=0) for code in PHQ_9[:-1]]
    ninth = observation(PHQ_9[-1], valueCodeableConcept=coded(LOINC, "LA6569-3"))
    recorded(city, *answers, ninth, *in_care())
    for path in ("/me", "/me/risks"):
        (alert,) = answer(city.citizen.get(f"{API}{path}"))["alerts"]
        assert "109" in alert
    assert answer(city.stranger.get(f"{API}/me"))["alerts"] == []
    assert not any(item["topic"] == "Mood" for item in risks(city.citizen)["items"])


def test_a_question_about_a_risk_names_it(assessed: City) -> None:
    found = risk(assessed, "prevent-base-10y")
    answer(post(assessed.citizen, "/me/questions", {"text": "?", "about": f"RiskAssessment/{found['id']}"}), 201)
    assert stored("Communication")[0]["about"] == [{"reference": f"RiskAssessment/{found['id']}"}]
    refused = post(assessed.stranger, "/me/questions", {"text": "?", "about": f"RiskAssessment/{found['id']}"})
    assert refused.status_code == 400
    assert len(stored("Communication")) == 1


def test_a_risk_reads_in_korean(assessed: City) -> None:
    found = risk(assessed, "prevent-base-10y", Caller(assessed.citizen.token, language="ko"))
    assert found["standing_text"] == "컴퓨터가 계산했고, 아직 의료진이 확인하지 않았습니다"
    assert found["value"]["text"].startswith("100명 가운데 ")


def test_a_drafted_plan_shows_once_the_clinician_has_signed_it_and_is_logged(city: City) -> None:
    recorded(city, *function_measurements(), *in_care())
    (draft,) = services.plans_for(clinician(city), city.patient)
    assert answer(city.citizen.get(f"{API}/me/plans"))["items"] == []
    assert draft["id"].encode() not in city.citizen.get(f"{API}/me/data").getvalue()
    assert city.citizen.get(f"/fhir/R4/CarePlan/{draft['id']}").status_code == 404
    services.sign_plan(clinician(city), draft["id"], f"Organization/{city.clinic}", timezone.now())
    (plan,) = answer(city.citizen.get(f"{API}/me/plans"))["items"]
    assert (plan["id"], plan["signed_by"]) == (draft["id"], "북구보건소")
    assert {one["id"] for one in plan["exercises"]} == {
        "leg-strength", "arm-strength", "balance", "walking", "stretching",
    }  # fmt: skip
    assert all(one["how_often"] for one in plan["exercises"])
    body = {"exercise": "walking", "done_on": timezone.localdate().isoformat(), "minutes": 20}
    answer(post(city.citizen, f"/me/plans/{plan['id']}/exercises", body), 201)
    (plan,) = answer(city.citizen.get(f"{API}/me/plans"))["items"]
    assert {one["id"]: one["done_recently"] for one in plan["exercises"]}["walking"] == 1


def test_what_speaks_against_exercise_now_stands_before_a_plan_that_was_signed(city: City) -> None:
    recorded(city, *function_measurements(), *in_care())
    (draft,) = services.plans_for(clinician(city), city.patient)
    services.sign_plan(clinician(city), draft["id"], "Practitioner/kim", timezone.now())
    assert answer(city.citizen.get(f"{API}/me/plans"))["caution"] is None
    pressure = {"value": 230, "unit": "mm[Hg]", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
    recorded(city, observation("8480-6", when=timezone.localdate().isoformat(), valueQuantity=pressure))
    plans = answer(city.citizen.get(f"{API}/me/plans"))
    assert len(plans["items"]) == 1
    assert plans["caution"] == "No exercise today. Measure again and ask a doctor."


def test_without_a_plan_it_is_said_what_has_to_be_measured(city: City) -> None:
    recorded(city, measured("83172-7", 0.7, "m/s"), *in_care())
    plans = answer(city.citizen.get(f"{API}/me/plans"))
    assert plans["items"] == [] and "SPPB points" in plans["missing"]
