"""The Quantity of FHIRPath: a decimal with a unit, UCUM or a calendar duration."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

CALENDAR_UNITS: Final[dict[str, str]] = {
    "year": "year",
    "years": "year",
    "month": "month",
    "months": "month",
    "week": "week",
    "weeks": "week",
    "day": "day",
    "days": "day",
    "hour": "hour",
    "hours": "hour",
    "minute": "minute",
    "minutes": "minute",
    "second": "second",
    "seconds": "second",
    "millisecond": "millisecond",
    "milliseconds": "millisecond",
}
"""The words of calendar durations, singular and plural, and the word each stands for."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with its unit: a UCUM code, or with `calendar` a word such as `day` (FHIRPath N1, 2.6.8)."""

    value: Decimal
    unit: str
    calendar: bool = False

    def __str__(self) -> str:
        return f"{self.value} {self.unit}" if self.calendar else f"{self.value} '{self.unit}'"
