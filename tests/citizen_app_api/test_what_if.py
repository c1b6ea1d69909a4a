"""What a formula would say of other values: of what may be supposed, of one's own results alone, stored nowhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from health_platform.fhir.access.session import open_session
from health_platform.fhir.repository import Repository
from inference.ageing.families import FAMILIES
from inference.ageing.what_if import CHANGEABLE
from inference.models import InferenceRun
from inference.services import results_for
from tests.builders import OPERATOR, Caller
from tests.citizen_app_api.conftest import City, answer, post
from tests.citizen_app_api.test_risks import dementia_answers, recorded, risks
from tests.inference.people import check_up, in_care

MODEL = "prevent-base-10y"
# Never offered and never taken: hazards "treatment", "diagnosis", "history", "drinking".
NEVER = (
    "antihypertensive",
    "antihypertensive_ever",
    "statin",
    "diabetes",
    "stroke",
    "heart_failure",
    "kidney_disease",
    "depression",
    "low_to_moderate_alcohol",
    "parent_dementia",
    "diabetes_family_history",
    "apoe_e4_carrier",
    "age",
    "male",
    "female",
    "lightheaded_medicine",
    "sleep_mood_medicine",
)


def ask(caller: Caller, model: str = MODEL, **supposed: Any) -> Any:
    values = [
        {"feature": name, "value": given[0], "unit": given[1]}
        if isinstance(given, tuple)
        else {"feature": name, "value": given}
        for name, given in supposed.items()
    ]
    return post(caller, f"/me/risks/{model}/what-if", {"supposed": values})


def test_a_lower_blood_pressure_lowers_the_number_and_says_that_it_is_the_formulas(city: City) -> None:
    recorded(city, *check_up(), *in_care())
    found = answer(ask(city.citizen, systolic=110))
    told = next(one for one in results_for(Repository(OPERATOR), city.patient) if one.model == MODEL)
    assert found["before"] == pytest.approx(next(output.value for output in told.outputs if output.lead), abs=1e-8)
    assert found["after"] < found["before"]
    assert f"{100 * found['after']:.1f} %" in found["sentence"]
    assert "difference in the formula" in found["caution"]
    assert "Never change or stop a medicine" in found["caution"]
    assert found["notice"]


def test_it_is_korean_first(city: City) -> None:
    recorded(city, *check_up(), *in_care())
    found = answer(ask(replace(city.citizen, language="ko"), systolic=110))
    assert "약을 바꾸거나 끊지 말고" in found["caution"]


def test_units_are_converted(city: City) -> None:
    recorded(city, *check_up(), *in_care())
    in_mg, in_mmol = (
        answer(ask(city.citizen, total_cholesterol=given))["after"] for given in ((193.325, "mg/dL"), (5.0, "mmol/L"))
    )
    assert in_mg == pytest.approx(in_mmol, rel=1e-12)


@pytest.mark.parametrize("feature", NEVER)
def test_what_is_not_a_persons_to_change_is_refused(city: City, feature: str) -> None:
    recorded(city, *check_up(), *in_care())
    supposed: dict[str, Any] = {feature: 0}
    response = ask(city.citizen, **supposed)
    assert response.status_code == 400
    assert "cannot be supposed" in response.json()["detail"]


def test_nothing_of_that_kind_can_be_supposed_of_any_model() -> None:
    assert not CHANGEABLE & set(NEVER)


@pytest.mark.parametrize(
    ("supposed", "words"),
    [
        ({"systolic": (120, "kg")}, "no unit"),
        ({"systolic": 5}, "no possible value"),
        ({"smoking": 0.5}, "no possible value"),
        ({"grip": 30}, "does not use"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(city: City, supposed: dict[str, Any], words: str) -> None:
    recorded(city, *check_up(), *in_care())
    response = ask(city.citizen, **supposed)
    assert response.status_code == 400
    assert words in response.json()["detail"]


def test_beyond_the_models_range_there_is_no_number(city: City) -> None:
    recorded(city, *check_up(), *in_care())
    found = answer(ask(city.citizen, systolic=290))
    assert found["after"] is None
    assert "beyond what the formula was made for" in found["sentence"]


def test_nothing_is_stored(city: City) -> None:
    recorded(city, *check_up(), *in_care())
    with open_session(OPERATOR):
        before = InferenceRun.objects.count()
    told = risks(city.citizen)
    answer(ask(city.citizen, systolic=110))
    with open_session(OPERATOR):
        assert InferenceRun.objects.count() == before
    assert risks(city.citizen) == told


def test_a_result_that_waits_for_a_talk_cannot_be_asked_about(city: City) -> None:
    recorded(city, *check_up(), *in_care(), *dementia_answers())
    dementia = [one.model for family in FAMILIES if family.code == "dementia" for one in family.candidates]
    for model in dementia:
        response = ask(city.citizen, model=model, smoking=0)
        assert response.status_code == 404
        assert "%" not in response.json()["detail"]


def test_others_get_nothing(city: City) -> None:
    recorded(city, *check_up(), *in_care())
    assert ask(city.stranger, systolic=110).status_code == 404
    for caller in (city.clinician, city.other_clinician):
        assert ask(caller, systolic=110).status_code == 403
