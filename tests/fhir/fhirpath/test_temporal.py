from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health_platform.fhir.fhirpath.temporal import (
    Date,
    DateTime,
    Temporal,
    Time,
    add_days,
    add_months,
    add_seconds,
    compare,
    equivalent,
    parse_date,
    parse_date_time,
    parse_time,
)

ZONES = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=ZONES)


def of(moment: datetime) -> DateTime:
    found = parse_date_time(moment.isoformat())
    assert found is not None
    return found


@given(MOMENTS, MOMENTS)
def test_moments_are_ordered_as_instants(one: datetime, other: datetime) -> None:
    assert compare(of(one), of(other)) == (one > other) - (one < other)


@given(MOMENTS)
def test_a_moment_reads_as_it_is_written(moment: datetime) -> None:
    assert parse_date_time(str(of(moment))) == of(moment)


@given(MOMENTS, st.integers(-(10**8), 10**8))
def test_seconds_are_added_as_on_a_clock(moment: datetime, seconds: int) -> None:
    moved = add_seconds(of(moment), Decimal(seconds))
    assert isinstance(moved, DateTime)
    assert compare(moved, of(moment + timedelta(seconds=seconds))) == 0


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [
        (Date((2024,)), Date((2025, 1)), -1),
        (Date((2024,)), Date((2024, 1)), None),
        (Date((2024, 5, 1)), DateTime((2024, 5, 1, 10, 0)), None),
        (Date((2024, 5, 1)), DateTime((2024, 5, 3, 10, 0), offset=540), -1),
        (Date((2024, 5, 1)), DateTime((2024, 5, 2, 10, 0), offset=840), None),
        (DateTime((2024, 5, 1, 10, 0), Decimal(0)), DateTime((2024, 5, 1, 10, 0), Decimal("0.0")), 0),
        (DateTime((2024, 5, 1, 10, 0), Decimal(0), 0), DateTime((2024, 5, 1, 10, 0), Decimal(0)), None),
        (DateTime((2024, 5, 1, 10, 0), Decimal(0), 0), DateTime((2024, 5, 2, 10, 0), Decimal(0)), -1),
        (Time((10,)), Time((10, 30)), None),
        (Time((10, 30)), Time((10, 31)), -1),
    ],
)
def test_what_precision_or_a_missing_offset_leaves_open_is_unknown(
    one: Temporal, other: Temporal, order: int | None
) -> None:
    assert compare(one, other) == order
    assert compare(other, one) == (None if order is None else -order)


def test_equivalence_asks_for_the_same_precision() -> None:
    assert equivalent(Date((2024, 5)), Date((2024, 5)))
    assert not equivalent(Date((2024, 5)), Date((2024, 5, 1)))


def test_the_end_of_a_month_holds_the_day() -> None:
    assert add_months(Date((2024, 1, 31)), 1) == Date((2024, 2, 29))
    assert add_months(Date((2024, 3, 31)), -13) == Date((2023, 2, 28))
    assert add_months(Date((2024,)), 25) == Date((2026,))
    assert add_days(Date((2024, 1)), 45) == Date((2024, 2))
    assert add_days(Date((9999, 12, 31)), 1) is None
    assert add_months(Date((1, 1, 1)), -1) is None


@pytest.mark.parametrize(
    "text", ["2024-13", "2023-02-29", "0000", "24", "2024-1-1", "2024-01-01T25", "2024T10:00", "2024-05T10"]
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_date(text) is None
    assert parse_date_time(text) is None


@pytest.mark.parametrize("text", ["24:00", "10:60", "1:00", "10:00:61", ""])
def test_what_is_no_time_is_none(text: str) -> None:
    assert parse_time(text) is None


def test_a_time_of_day_goes_round_the_clock() -> None:
    assert add_seconds(Time((23, 30)), Decimal(3600)) == Time((0, 30))
    assert add_seconds(of(datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC)), Decimal(1)) == of(
        datetime(2025, 1, 1, tzinfo=UTC)
    )
