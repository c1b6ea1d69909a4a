"""The geometry of charts: every value inside the frame, true to scale, and readable without colour."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinics.console.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart_of
from clinics.console.record import Line, Point, Series, When

Value = tuple[date, Decimal]


def series(values: list[Value], low: Decimal | None = None, high: Decimal | None = None) -> Series:
    ordered = sorted(values)
    points = tuple(Point(When(day.isoformat(), day), value, "", low, high, False) for day, value in ordered)
    return Series("k", "Total cholesterol", "mg/dL", "laboratory", (Line("Total cholesterol", "mg/dL", points),))


VALUES = st.lists(
    st.tuples(
        st.dates(date(2000, 1, 1), date(2030, 1, 1)),
        st.decimals(Decimal("-1e6"), Decimal("1e6"), places=3, allow_nan=False),
    ),
    min_size=2,
    max_size=30,
    unique_by=lambda value: value[0],
)
# How fast examples are made says something about the machine, nothing about charts.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
BOUND = st.none() | st.decimals(Decimal("-1e6"), Decimal("1e6"), places=2, allow_nan=False)


@UNTIMED
@given(VALUES, BOUND, BOUND)
def test_every_value_and_the_range_lie_inside_the_frame(
    values: list[Value], low: Decimal | None, high: Decimal | None
) -> None:
    chart = chart_of(series(values, low, high))

    marks = chart.traces[0].marks
    assert len(marks) == len(values)
    assert all(LEFT <= mark.x <= WIDTH - RIGHT and TOP - 0.1 <= mark.y <= HEIGHT - BOTTOM + 0.1 for mark in marks)
    assert chart.band is None or (
        chart.band.top >= TOP - 0.1 and chart.band.top + chart.band.height <= HEIGHT - BOTTOM + 0.1
    )
    assert 2 <= len(chart.rows) <= 8
    assert len(chart.columns) <= 6


@UNTIMED
@given(VALUES)
def test_a_greater_value_never_stands_lower_and_a_later_one_never_further_left(values: list[Value]) -> None:
    marks = chart_of(series(values)).traces[0].marks

    by_value = sorted(marks, key=lambda mark: mark.point.value)
    assert all(first.y >= second.y for first, second in itertools.pairwise(by_value))
    assert all(first.x <= second.x for first, second in itertools.pairwise(marks))


def test_a_value_outside_its_range_has_another_shape_not_only_another_colour() -> None:
    values = [(date(2020, 1, 1), Decimal(50)), (date(2021, 1, 1), Decimal(100)), (date(2022, 1, 1), Decimal(210))]
    marks = chart_of(series(values, Decimal(60), Decimal(200))).traces[0].marks

    assert [mark.shape for mark in marks] == ["down", "circle", "up"]


def test_the_band_is_the_range_of_the_newest_value() -> None:
    values = [(date(2020, 1, 1), Decimal(0)), (date(2021, 1, 1), Decimal(100))]
    chart = chart_of(series(values, None, Decimal(50)))

    assert chart.band is not None
    middle = TOP + (HEIGHT - TOP - BOTTOM) / 2
    assert abs(chart.band.top - middle) < 0.1
    assert abs(chart.band.height - (HEIGHT - BOTTOM - middle)) < 0.1


def test_one_date_alone_is_not_drawn() -> None:
    assert chart_of(series([(date(2020, 1, 1), Decimal(5))])).traces == ()


def test_a_value_without_a_date_is_counted_and_not_drawn() -> None:
    undated = Point(When("", None), Decimal(5), "", None, None, False)
    line = Line("x", "", (undated,))

    chart = chart_of(Series("k", "x", "", "laboratory", (line,)))

    assert (chart.traces, chart.undated) == ((), 1)
