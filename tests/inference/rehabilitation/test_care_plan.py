"""Plans: drafted from a record, refused behind the gate, active only when a clinician has signed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from inference.features.vector import features
from inference.rehabilitation.care_plan import Draft, care_plan, sign
from inference.rehabilitation.contraindications import Decision
from inference.rehabilitation.plan import draft
from tests.inference.people import AT, answered, condition, in_care, measured, patient, record

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
OWN = "urn:bitgoeul:CodeSystem/observation"


def function_measurements(
    sppb: float = 5, gait: float = 0.7, tug: float = 16, when: str = "2026-11-01"
) -> list[dict[str, Any]]:
    return [
        measured("sppb", sppb, "{score}", when, OWN),
        measured("83172-7", gait, "m/s", when),
        measured("tug", tug, "s", when, OWN),
        answered("falls-12-months", 0, when),
        measured("83174-3", 16, "kg", when),
    ]


def drafted(*resources: dict[str, Any], born: str = "1950-01-01") -> Draft | None:
    return draft("p1", features(record(*resources, person=patient(born=born)), AT))


def certain(*resources: dict[str, Any]) -> Draft:
    found = drafted(*resources)
    assert found is not None
    return found


def extension(resource: dict[str, Any], name: str) -> list[Any]:
    return [
        next(value for key, value in item.items() if key != "url")
        for item in resource["extension"]
        if item["url"].endswith("/" + name)
    ]


def test_a_draft_says_what_it_stands_on() -> None:
    made = function_measurements()
    plan = care_plan(certain(*made, *in_care()), NOW)
    assert (plan["status"], plan["intent"]) == ("draft", "plan")
    assert extension(plan, "plan-programme")[0]["code"] == "B+"
    assert {item["reference"] for item in plan["supportingInfo"]} == {f"Observation/{item['id']}" for item in made}
    assert extension(plan, "plan-gate") == ["measure"]
    assert set(extension(plan, "plan-barrier")) == {
        "systolic", "diastolic", "heart_rate", "oxygen_saturation", "temperature",
    }  # fmt: skip
    weak = extension(plan, "plan-weak-grip")[0]
    assert weak == [{"url": "weak", "valueBoolean": True}, {"url": "edition", "valueString": "AWGS 2019"}]
    balance = next(
        item["detail"] for item in plan["activity"] if item["detail"]["code"]["coding"][0]["code"] == "balance"
    )
    assert balance["scheduledTiming"]["repeat"]["frequency"] == 5


def test_a_blood_pressure_that_forbids_exercise_makes_no_plan() -> None:
    found = certain(*function_measurements(), measured("8480-6", 185, "mm[Hg]", "2026-11-20"), *in_care())
    assert found.gate.decision is Decision.STOP
    with pytest.raises(ValueError, match="the no-exercise gate says stop"):
        care_plan(found, NOW)


def test_an_alarm_of_long_ago_does_not_forbid_but_asks_to_measure() -> None:
    found = certain(*function_measurements(), measured("8480-6", 185, "mm[Hg]", "2026-01-20"), *in_care())
    assert found.gate.decision is Decision.MEASURE


def test_without_a_settled_programme_there_is_no_plan() -> None:
    found = certain(function_measurements()[0], *in_care())
    with pytest.raises(ValueError, match="gait_speed"):
        care_plan(found, NOW)


def test_old_tests_and_young_people_get_no_draft() -> None:
    assert drafted(*function_measurements(when="2025-01-01")) is None
    assert drafted(*function_measurements(), born="1980-01-01") is None
    assert drafted() is None


def test_sppb_comes_from_its_parts_with_the_length_of_the_course() -> None:
    parts = [
        measured("sppb-balance", 3, "{score}", system=OWN),
        measured("gait-time", 4.7, "s", system=OWN),
        measured("chair-stands", 14.0, "s", system=OWN),
        measured("83172-7", 0.7, "m/s"),
    ]
    assert certain(*parts).function.sppb is None
    four = certain(*parts, measured("gait-course", 4, "m", system=OWN))
    three = certain(*parts, measured("gait-course", 3, "m", system=OWN))
    assert (four.function.sppb, three.function.sppb) == (3 + 4 + 2, 3 + 2 + 2)


def test_dementia_asks_for_the_plus_variant_and_an_assumed_absence_is_named() -> None:
    fit = function_measurements(12, 1.2, 8)
    assert certain(*fit, condition("F00"), *in_care()).programme.name == "D+"
    found = certain(*fit, *in_care())
    assert found.programme.name == "D"
    assert [item.name for item in found.assumed] == ["dementia"]
    assert certain(*fit).programme.plus is None


def test_only_a_draft_can_be_signed_and_the_signature_stays() -> None:
    plan = care_plan(certain(*function_measurements(), *in_care()), NOW)
    signed = sign(plan, "Practitioner/7", NOW)
    assert (signed["status"], signed["author"]) == ("active", {"reference": "Practitioner/7"})
    assert signed["period"] == {"start": "2026-11-22", "end": "2027-02-14"}
    assert {"url": "clinician", "valueReference": {"reference": "Practitioner/7"}} in extension(
        signed, "plan-signature"
    )[0]
    assert plan["status"] == "draft"
    with pytest.raises(ValueError, match="only a draft"):
        sign(signed, "Practitioner/8", NOW)


def test_the_same_measurements_make_the_same_plan() -> None:
    made = [*function_measurements(), *in_care()]
    assert certain(*made).key == certain(*made).key
    assert certain(*made).key != certain(*made, measured("8480-6", 165, "mm[Hg]", "2026-11-22")).key
