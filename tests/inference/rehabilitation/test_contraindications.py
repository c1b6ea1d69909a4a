"""The no-exercise gate at every limit: the strictest value wins, and what was not measured is not normal."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from inference.rehabilitation.contraindications import CONDITIONS, Decision, Measured, State, gate, highest_heart_rate

TODAY = date(2026, 11, 22)
NORMAL = {"systolic": 125.0, "diastolic": 78.0, "heart_rate": 70.0, "oxygen_saturation": 97.0, "temperature": 36.5}
WELL = State(
    today=TODAY,
    vital_signs={name: Measured(value, TODAY) for name, value in NORMAL.items()},
    conditions=dict.fromkeys(CONDITIONS, False),
    heart_disease=False,
)


def with_sign(name: str, value: float, when: date = TODAY) -> State:
    return replace(WELL, vital_signs={**WELL.vital_signs, name: Measured(value, when)})


def test_normal_values_of_today_allow_a_session() -> None:
    assert gate(WELL).decision is Decision.ALLOWED
    assert gate(WELL).barriers == ()


@pytest.mark.parametrize(
    ("name", "value", "decision"),
    [
        ("systolic", 159.9, Decision.ALLOWED),
        ("systolic", 160, Decision.CLEARANCE),
        ("systolic", 180, Decision.CLEARANCE),
        ("systolic", 180.1, Decision.STOP),
        ("diastolic", 99.9, Decision.ALLOWED),
        ("diastolic", 100, Decision.CLEARANCE),
        ("diastolic", 100.1, Decision.STOP),
        ("heart_rate", 99.9, Decision.ALLOWED),
        ("heart_rate", 100, Decision.CLEARANCE),
        ("heart_rate", 120, Decision.CLEARANCE),
        ("heart_rate", 120.1, Decision.STOP),
        ("oxygen_saturation", 88, Decision.ALLOWED),
        ("oxygen_saturation", 87.9, Decision.STOP),
        ("temperature", 38, Decision.ALLOWED),
        ("temperature", 38.1, Decision.POSTPONE),
        ("glucose", 70, Decision.ALLOWED),
        ("glucose", 69.9, Decision.POSTPONE),
        ("glucose", 250, Decision.ALLOWED),
        ("glucose", 250.1, Decision.POSTPONE),
    ],
)
def test_limits(name: str, value: float, decision: Decision) -> None:
    assert gate(with_sign(name, value)).decision is decision


@pytest.mark.parametrize("heart_disease", [True, None])
def test_a_pulse_above_100_stops_those_who_have_or_may_have_heart_disease(heart_disease: bool | None) -> None:
    assert gate(replace(with_sign("heart_rate", 101), heart_disease=heart_disease)).decision is Decision.STOP


@pytest.mark.parametrize("name", NORMAL)
def test_a_vital_sign_that_is_missing_or_of_yesterday_has_to_be_measured(name: str) -> None:
    without = {key: value for key, value in WELL.vital_signs.items() if key != name}
    missing = gate(replace(WELL, vital_signs=without))
    yesterday = gate(with_sign(name, NORMAL[name], TODAY - timedelta(days=1)))
    for found in (missing, yesterday):
        assert found.decision is Decision.MEASURE
        assert [barrier.name for barrier in found.barriers] == [name]
        assert found.plan_possible


def test_nothing_measured_is_unknown_and_never_allowed() -> None:
    found = gate(State(today=TODAY))
    assert found.decision is Decision.MEASURE
    assert {barrier.name for barrier in found.barriers} == set(NORMAL)


@pytest.mark.parametrize("name", CONDITIONS)
def test_each_condition_stands_against_a_session(name: str) -> None:
    found = gate(replace(WELL, conditions={**WELL.conditions, name: True}))
    assert found.decision is CONDITIONS[name][0]
    assert not found.plan_possible


def test_the_gravest_barrier_decides_and_all_are_named() -> None:
    state = with_sign("systolic", 170)
    found = gate(replace(state, conditions={**state.conditions, "fainting": True, "acute_infection": True}))
    assert found.decision is Decision.REFER
    assert [barrier.name for barrier in found.barriers] == ["fainting", "acute_infection", "systolic"]


def test_every_barrier_names_its_source() -> None:
    state = replace(with_sign("systolic", 200), conditions=dict.fromkeys(CONDITIONS, True))
    assert all(barrier.source for barrier in gate(state).barriers)


@pytest.mark.parametrize(("age", "beats"), [(60, 171), (70, 164), (85, 154)])
def test_the_pulse_at_which_a_session_ends(age: int, beats: int) -> None:
    assert highest_heart_rate(age) == beats
