"""Repeats of one patient: arrival, worst, trend, and how mild a level may become."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.inference.triage.conftest import BODY, Endpoint

WELL: dict[str, Any] = {
    "age": {"value": 40, "unit": "a"},
    "pregnancy": False,
    "vital_signs": {
        "respiratory_rate": 14,
        "oxygen_saturation": 98,
        "oxygen_given": False,
        "systolic_blood_pressure": 125,
        "heart_rate": 70,
        "body_temperature": 36.8,
        "acvpu": "A",
        "pain": 0,
        "glasgow_coma_scale": 15,
    },
}


def earlier(*levels: int, arrest: bool = False) -> list[dict[str, Any]]:
    """Assessments a minute apart; the first is the arrival."""
    found: list[dict[str, Any]] = [
        {"level": level, "at": f"2026-11-22T09:{minute:02}:00+09:00"} for minute, level in enumerate(levels)
    ]
    found[0]["cardiac_arrest"] = arrest
    return found


def answer(endpoint: Endpoint, body: dict[str, Any], before: Any = None) -> Any:
    response = endpoint({**body, "earlier": before})
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def test_a_first_assessment_has_no_course(endpoint: Endpoint) -> None:
    assert answer(endpoint, BODY)["course"] is None
    assert answer(endpoint, BODY, [])["course"] is None


@pytest.mark.parametrize("arrival", [1, 2, 3, 4, 5])
def test_a_level_is_never_more_than_two_below_that_of_arrival(endpoint: Endpoint, arrival: int) -> None:
    alone = answer(endpoint, WELL)["level"]["number"]
    assert alone >= 4
    found = answer(endpoint, WELL, earlier(arrival))
    assert found["level"]["number"] == min(alone, arrival + 2)
    assert found["range"]["best"] <= arrival + 2
    rules = [reason["rule"] for reason in found["reasons"]]
    assert ("course.two_below_arrival" in rules) is (alone > arrival + 2)


def test_an_arrest_on_arrival_stays_level_1(endpoint: Endpoint) -> None:
    found = answer(endpoint, WELL, earlier(1, 2, arrest=True))
    assert (found["level"]["number"], found["range"]) == (1, {"best": 1, "worst": 1})
    assert found["reasons"][0]["rule"] == "course.arrest_on_arrival"
    assert "Ontario" in found["reasons"][0]["source"]["citation"]


def test_the_arrival_is_the_earliest_whatever_the_order_they_come_in(endpoint: Endpoint) -> None:
    before = earlier(1, 5)
    assert answer(endpoint, WELL, before)["level"] == answer(endpoint, WELL, before[::-1])["level"]
    assert answer(endpoint, WELL, before[::-1])["course"]["arrival_level"] == 1


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_a_course_never_makes_a_level_milder(endpoint: Endpoint, level: int) -> None:
    assert answer(endpoint, BODY, earlier(level))["level"]["number"] <= answer(endpoint, BODY)["level"]["number"]


@pytest.mark.parametrize(
    ("before", "trend", "worst"), [((3, 3), "worsening", 2), ((3, 2), "steady", 2), ((3, 1), "improving", 1)]
)
def test_trend_and_worst(endpoint: Endpoint, before: tuple[int, ...], trend: str, worst: int) -> None:
    course = answer(endpoint, BODY, earlier(*before))["course"]
    assert course["trend"]["code"] == trend
    assert (course["arrival_level"], course["worst_level"], course["assessments"]) == (3, worst, 3)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        [3],
        [{"level": 3}],
        [{"level": 0, "at": "2026-11-22T09:00:00+09:00"}],
        [{"level": True, "at": "2026-11-22T09:00:00+09:00"}],
        [{"level": 3, "at": "2026-11-22T09:00:00"}],
        [{"level": 3, "at": "2026-11-22T09:00:00+09:00", "cardiac_arrest": "no"}],
        [{"level": 3, "at": "2026-11-22T09:00:00+09:00"}] * 51,
    ],
)
def test_what_is_no_earlier_assessment_is_named(endpoint: Endpoint, bad: Any) -> None:
    response = endpoint({**BODY, "earlier": bad})
    assert response.status_code == 422
    assert [error["field"] for error in json.loads(response.content)["errors"]] == ["earlier"]
