"""Programmes and fall risk at every limit; what is missing is not assessed; the weaker programme wins."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.rehabilitation.recommend import (
    FallRisk,
    Function,
    Programme,
    fall_risk,
    programme_by_gait,
    programme_by_sppb,
    recommend,
)

FIT = Function(
    sppb=12, gait_speed=1.2, tug=8, falls=0, fall_with_injury=False, worried_or_unsteady=False, dementia=False
)


@pytest.mark.parametrize(
    ("points", "programme"),
    [(0, "A"), (3, "A"), (4, "B"), (6, "B"), (7, "C"), (9, "C"), (10, "D"), (12, "D")],
)
def test_programme_by_sppb(points: int, programme: str) -> None:
    assert programme_by_sppb(points) == programme


@pytest.mark.parametrize("points", [-1, 13])
def test_impossible_points_are_refused(points: int) -> None:
    with pytest.raises(ValueError, match="0 to 12"):
        programme_by_sppb(points)


@pytest.mark.parametrize(
    ("speed", "programme"),
    [(0, "A"), (0.49, "A"), (0.5, "B"), (0.8, "B"), (0.81, "C"), (0.85, "C"), (0.9, "C"), (1.0, "C"), (1.01, "D")],
)
def test_programme_by_walking_speed(speed: float, programme: str) -> None:
    assert programme_by_gait(speed) == programme


@pytest.mark.parametrize("speed", [-0.1, float("nan")])
def test_an_impossible_speed_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="walking speed"):
        programme_by_gait(speed)


@given(st.integers(0, 12), st.floats(0, 2))
def test_the_weaker_programme_wins(points: int, speed: float) -> None:
    found = recommend(replace(FIT, sppb=points, gait_speed=speed))
    assert found.programme == min(programme_by_sppb(points), programme_by_gait(speed))
    assert found.missing == ()


def test_one_measurement_alone_only_bounds_the_programme() -> None:
    found = recommend(replace(FIT, gait_speed=None))
    assert (found.programme, found.at_most, found.name) == (None, Programme.D, "")
    assert "gait_speed" in found.missing
    assert recommend(replace(FIT, sppb=None)).at_most is Programme.D


def test_the_weakest_programme_cannot_become_weaker() -> None:
    assert recommend(Function(sppb=2)).programme is Programme.A


def test_without_any_measurement_nothing_is_said() -> None:
    found = recommend(Function())
    assert (found.programme, found.at_most, found.plus) == (None, None, None)


@pytest.mark.parametrize(
    ("change", "plus"),
    [
        ({"tug": 19.9}, False),
        ({"tug": 20}, True),
        ({"gait_speed": 0.8}, False),
        ({"gait_speed": 0.79}, True),
        ({"dementia": True}, True),
        ({"falls": 1}, False),
        ({"falls": 2}, True),
        ({"falls": 1, "fall_with_injury": True}, True),
        ({"tug": None}, None),
        ({"tug": None, "dementia": True}, True),
        ({"dementia": None}, None),
        ({"falls": None}, None),
        ({"falls": 1, "fall_with_injury": None}, None),
        ({"falls": 0, "fall_with_injury": None}, False),
    ],
)
def test_the_variant_with_more_balance(change: dict[str, object], plus: bool | None) -> None:
    found = recommend(replace(FIT, **change))  # type: ignore[arg-type]
    assert found.plus is plus
    assert (found.missing == ()) is (plus is not None)


def test_the_name_carries_the_variant() -> None:
    assert recommend(replace(FIT, sppb=5, tug=25)).name == "B+"
    assert recommend(replace(FIT, sppb=5)).name == "B"


ONE_FALL = replace(FIT, falls=1, fall_with_injury=False, fall_unable_to_rise=False, fall_with_faint=False)


@pytest.mark.parametrize(
    ("function", "risk"),
    [
        (FIT, FallRisk.LOW),
        (replace(FIT, worried_or_unsteady=True), FallRisk.LOW),
        (replace(FIT, worried_or_unsteady=True, gait_speed=0.8), FallRisk.INTERMEDIATE),
        (replace(FIT, worried_or_unsteady=True, gait_speed=0.81), FallRisk.LOW),
        (ONE_FALL, FallRisk.LOW),
        (replace(ONE_FALL, tug=15), FallRisk.LOW),
        (replace(ONE_FALL, tug=15.1), FallRisk.INTERMEDIATE),
        (replace(ONE_FALL, gait_speed=None), FallRisk.LOW),
        (replace(ONE_FALL, gait_speed=None, tug=None), None),
        (replace(ONE_FALL, falls=2), FallRisk.HIGH),
        (replace(ONE_FALL, fall_with_injury=True), FallRisk.HIGH),
        (replace(ONE_FALL, fall_unable_to_rise=True), FallRisk.HIGH),
        (replace(ONE_FALL, fall_with_faint=True), FallRisk.HIGH),
        (replace(ONE_FALL, fall_with_injury=None), None),
        (replace(ONE_FALL, fall_with_injury=None, fall_with_faint=True), FallRisk.HIGH),
        (replace(FIT, falls=None), None),
        (replace(FIT, worried_or_unsteady=None), None),
    ],
)
def test_fall_risk(function: Function, risk: FallRisk | None) -> None:
    found = fall_risk(function)
    assert found.risk is risk
    assert (found.missing == ()) is (risk is not None)
