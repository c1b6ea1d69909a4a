"""SPPB points at every printed limit, and the trap of the course's length."""

import pytest

from inference.rehabilitation.function_tests import (
    Balance,
    balance_points,
    chair_points,
    sppb,
    walk_points,
    weak_grip,
)


@pytest.mark.parametrize(
    ("seconds", "points"),
    [(4.81, 4), (4.82, 3), (6.20, 3), (6.21, 2), (8.70, 2), (8.71, 1), (60.0, 1), (0.5, 4)],
)
def test_points_of_the_four_metre_walk(seconds: float, points: int) -> None:
    assert walk_points(seconds, 4.0) == points


@pytest.mark.parametrize(
    ("seconds", "points"),
    [(3.61, 4), (3.62, 3), (4.65, 3), (4.66, 2), (6.52, 2), (6.53, 1)],
)
def test_points_of_the_three_metre_walk(seconds: float, points: int) -> None:
    assert walk_points(seconds, 3.0) == points


def test_the_same_seconds_mean_other_points_on_another_course() -> None:
    assert (walk_points(4.7, 4.0), walk_points(4.7, 3.0)) == (4, 2)


def test_a_walk_over_another_length_or_without_a_time_is_not_assessed() -> None:
    assert walk_points(4.7, 6.0) is None
    assert walk_points(None, 4.0) is None
    assert walk_points(None, 4.0, unable=True) == 0


@pytest.mark.parametrize(
    ("seconds", "points"),
    [(11.19, 4), (11.20, 3), (13.69, 3), (13.70, 2), (16.69, 2), (16.70, 1), (60.0, 1), (60.01, 0), (None, None)],
)
def test_points_of_five_chair_stands(seconds: float | None, points: int | None) -> None:
    assert chair_points(seconds) == points
    assert chair_points(seconds, unable=True) == 0


@pytest.mark.parametrize(
    ("held", "points"),
    [
        (Balance(9.9, None, None), 0),
        (Balance(10, 9.99, None), 1),
        (Balance(10, 0, 10), 1),
        (Balance(10, 10, 2.99), 2),
        (Balance(10, 10, 3), 3),
        (Balance(10, 10, 9.99), 3),
        (Balance(10, 10, 10), 4),
        (Balance(None, 10, 10), None),
        (Balance(10, None, 10), None),
        (Balance(10, 10, None), None),
    ],
)
def test_points_of_balance(held: Balance, points: int | None) -> None:
    assert balance_points(held) == points


def test_a_sum_without_one_part_is_not_assessed() -> None:
    assert sppb(4, 4, 4) == 12
    assert sppb(None, 4, 4) is None
    assert sppb(4, None, 4) is None
    assert sppb(4, 4, None) is None


@pytest.mark.parametrize(("grip", "female", "weak"), [(27.9, False, True), (28, False, False), (17.9, True, True),
                                                      (18, True, False)])  # fmt: skip
def test_grip_limits_of_2019(grip: float, female: bool, weak: bool) -> None:
    assert weak_grip(grip, female) is weak
