"""Ages by full years, and never older than a date without a day allows."""

from __future__ import annotations

from datetime import date

import pytest

from health_platform.fhir.access.ages import birthday, is_younger


@pytest.mark.parametrize(
    ("born", "age", "expected"),
    [
        ("2012-05-05", 14, date(2026, 5, 5)),
        ("2012-02-29", 14, date(2026, 3, 1)),
        ("2012-02-29", 16, date(2028, 2, 29)),
        ("2012-06", 14, date(2026, 6, 30)),
        ("2012", 14, date(2026, 12, 31)),
        ("", 14, None),
        ("2012-13-01", 14, None),
    ],
)
def test_the_day_on_which_somebody_reaches_an_age(born: str, age: int, expected: date | None) -> None:
    assert birthday(born, age) == expected


def test_somebody_is_younger_until_the_day_itself() -> None:
    assert is_younger("2012-05-05", 14, date(2026, 5, 4))
    assert not is_younger("2012-05-05", 14, date(2026, 5, 5))
    assert not is_younger("", 14, date(2026, 5, 4))
