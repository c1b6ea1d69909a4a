"""Partial dates, date-times and times, exact at every precision.

FHIRPath N1, section "Literals" (Date, DateTime, Time) and "Date/Time Comparison". A value stands for the interval that
its precision leaves open; seconds and fractions are one precision. A DateTime without an offset could lie anywhere
between UTC+14:00 and UTC-12:00, so a comparison that depends on the offset is unknown (None).
"""

import re
from dataclasses import dataclass
from datetime import date as calendar_date
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

Instant = tuple[int, Decimal]
"""Whole minutes since 0001-01-01T00:00 UTC, and the seconds within the minute."""

EASTERNMOST: Final = 14 * 60
WESTERNMOST: Final = -12 * 60
_LAST_SECOND: Final = Decimal("59.999999999999999999")
_ZERO: Final = Decimal(0)

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_TIME = r"(\d{2})(?::(\d{2})(?::(\d{2}(?:\.\d+)?))?)?"
_TIME_ONLY = re.compile(_TIME)
_DATE_TIME = re.compile(rf"(\d{{4}})(?:-(\d{{2}})(?:-(\d{{2}}))?)?(?:T(?:{_TIME}(Z|[+-]\d{{2}}:\d{{2}})?)?)?")


def days_in_month(year: int, month: int) -> int:
    """The number of days of a month of the Gregorian calendar."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@dataclass(frozen=True, slots=True)
class Date:
    """A calendar date of year, month or day precision: `parts` holds one to three numbers."""

    parts: tuple[int, ...]

    def __str__(self) -> str:
        return "-".join(f"{part:0{4 if index == 0 else 2}d}" for index, part in enumerate(self.parts))


@dataclass(frozen=True, slots=True)
class DateTime:
    """A date with time: `parts` is year to minute as known, `second` needs all five, `offset` is minutes from UTC."""

    parts: tuple[int, ...]
    second: Decimal | None = None
    offset: int | None = None

    def __str__(self) -> str:
        text = str(Date(self.parts[:3])) + "T"
        if len(self.parts) > 3:
            text += _time_text(self.parts[3:], self.second)
        return text.removesuffix("T") + _offset_text(self.offset)


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day: `parts` holds the hour and, where known, the minute."""

    parts: tuple[int, ...]
    second: Decimal | None = None

    def __str__(self) -> str:
        return _time_text(self.parts, self.second)


Temporal = Date | DateTime | Time


def _time_text(parts: tuple[int, ...], second: Decimal | None) -> str:
    text = ":".join(f"{part:02d}" for part in parts)
    if second is None:
        return text
    whole, _, fraction = str(second).partition(".")
    return f"{text}:{int(whole):02d}" + (f".{fraction}" if fraction else "")


def _offset_text(offset: int | None) -> str:
    if offset is None:
        return ""
    if offset == 0:
        return "Z"
    hours, minutes = divmod(abs(offset), 60)
    return f"{'-' if offset < 0 else '+'}{hours:02d}:{minutes:02d}"


def _valid_date(parts: tuple[int, ...]) -> bool:
    if parts[0] < 1 or (len(parts) > 1 and not 1 <= parts[1] <= 12):
        return False
    return len(parts) < 3 or 1 <= parts[2] <= days_in_month(parts[0], parts[1])


def _valid_time(parts: tuple[int, ...], second: Decimal | None) -> bool:
    if parts and parts[0] > 23:
        return False
    return (len(parts) < 2 or parts[1] < 60) and (second is None or second < 61)


@lru_cache(maxsize=8192)
def parse_date(text: str) -> Date | None:
    """A Date of `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; None where the text is not one."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    parts = tuple(int(part) for part in match.groups() if part is not None)
    return Date(parts) if _valid_date(parts) else None


@lru_cache(maxsize=8192)
def parse_date_time(text: str) -> DateTime | None:
    """A DateTime of any precision, with or without the letter T when only the date is known; None if it is not one."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return None
    *numbers, second_text, offset_text = match.groups()
    parts = tuple(int(part) for part in numbers if part is not None)
    if numbers[len(parts) :].count(None) != 5 - len(parts):
        return None
    second = Decimal(second_text) if second_text else None
    if not _valid_date(parts[:3]) or not _valid_time(parts[3:], second):
        return None
    return DateTime(parts, second, _parse_offset(offset_text))


@lru_cache(maxsize=1024)
def parse_time(text: str) -> Time | None:
    """A Time of `hh`, `hh:mm`, `hh:mm:ss` or with a fraction; None if it is not one."""
    match = _TIME_ONLY.fullmatch(text)
    if match is None:
        return None
    hour, minute, second_text = match.groups()
    parts = (int(hour),) if minute is None else (int(hour), int(minute))
    second = Decimal(second_text) if second_text else None
    return Time(parts, second) if _valid_time(parts, second) else None


def _parse_offset(text: str | None) -> int | None:
    if text is None:
        return None
    if text == "Z":
        return 0
    minutes = int(text[1:3]) * 60 + int(text[4:6])
    return -minutes if text[0] == "-" else minutes


def _instant(parts: tuple[int, ...], second: Decimal, offset: int) -> Instant:
    days = calendar_date(parts[0], parts[1], parts[2]).toordinal()
    return days * 1440 + parts[3] * 60 + parts[4] - offset, second


@lru_cache(maxsize=8192)
def interval(value: Temporal) -> tuple[Instant, Instant]:
    """The first and the last instant that the value can stand for; without an offset, as if at UTC."""
    if isinstance(value, Time):
        hour = value.parts[0]
        if len(value.parts) == 1:
            return (hour * 60, _ZERO), (hour * 60 + 59, _LAST_SECOND)
        minute = hour * 60 + value.parts[1]
        return (minute, value.second or _ZERO), (minute, _LAST_SECOND if value.second is None else value.second)
    second = value.second if isinstance(value, DateTime) else None
    offset = (value.offset or 0) if isinstance(value, DateTime) else 0
    low = value.parts + (1, 1, 1, 0, 0)[len(value.parts) :]
    high = value.parts + (1, 12, 31, 23, 59)[len(value.parts) :]
    if len(value.parts) < 3:
        high = (*high[:2], days_in_month(high[0], high[1]), *high[3:])
    last = _LAST_SECOND if second is None else second
    return _instant(low, second or _ZERO, offset), _instant(high, last, offset)


def _has_offset(value: Temporal) -> bool:
    return isinstance(value, DateTime) and value.offset is not None


def _bounds(left: Temporal, right: Temporal) -> tuple[Instant, Instant, Instant, Instant]:
    low_left, high_left = interval(left)
    low_right, high_right = interval(right)
    if _has_offset(left) != _has_offset(right):
        if _has_offset(left):
            low_right, high_right = _widen(low_right, high_right)
        else:
            low_left, high_left = _widen(low_left, high_left)
    return low_left, high_left, low_right, high_right


def _widen(low: Instant, high: Instant) -> tuple[Instant, Instant]:
    return (low[0] - EASTERNMOST, low[1]), (high[0] - WESTERNMOST, high[1])


def precision_rank(value: Temporal) -> int:
    """How many components are known: 3 for a day, 6 for a DateTime with seconds, 2 for a Time with minutes."""
    if isinstance(value, Date) or value.second is None:
        return len(value.parts)
    return len(value.parts) + 1


def same_kind(left: Temporal, right: Temporal) -> bool:
    """Whether the two can be compared: times only with times."""
    return isinstance(left, Time) == isinstance(right, Time)


def compare(left: Temporal, right: Temporal) -> int | None:
    """-1, 0 or 1; None when the precision or a missing offset leaves it open. Both must be of the same kind."""
    low_left, high_left, low_right, high_right = _bounds(left, right)
    if high_left < low_right:
        return -1
    if low_left > high_right:
        return 1
    if precision_rank(left) != precision_rank(right) or _has_offset(left) != _has_offset(right):
        return None
    if low_left == low_right and high_left == high_right:
        return 0
    return None


def equivalent(left: Temporal, right: Temporal) -> bool:
    """Equal at the same precision; different precisions are not equivalent."""
    return precision_rank(left) == precision_rank(right) and compare(left, right) == 0


def add_months(value: Date | DateTime, months: int) -> Date | DateTime | None:
    """The value moved by whole months, the day held within the month; None when outside the years 1 to 9999."""
    if len(value.parts) == 1:
        whole_years = int(months / 12)
        return _replaced(value, (value.parts[0] + whole_years,))
    total = value.parts[0] * 12 + value.parts[1] - 1 + months
    year, month = divmod(total, 12)
    if not 1 <= year <= 9999:
        return None
    if len(value.parts) == 2:
        return _replaced(value, (year, month + 1))
    day = min(value.parts[2], days_in_month(year, month + 1))
    return _replaced(value, (year, month + 1, day, *value.parts[3:]))


def add_days(value: Date | DateTime, days: int) -> Date | DateTime | None:
    """The value moved by whole days; a value of month or year precision moves by months of 30 and years of 365 days."""
    if len(value.parts) == 1:
        return _replaced(value, (value.parts[0] + int(days / 365),))
    if len(value.parts) == 2:
        return add_months(value, int(days / 30))
    return _moved_day(value, days)


def _moved_day(value: Date | DateTime, days: int) -> Date | DateTime | None:
    try:
        moved = calendar_date(*value.parts[:3]) + timedelta(days=days)
    except (OverflowError, ValueError):
        return None
    return _replaced(value, (moved.year, moved.month, moved.day, *value.parts[3:]))


def _replaced(value: Date | DateTime, parts: tuple[int, ...]) -> Date | DateTime | None:
    if not 1 <= parts[0] <= 9999:
        return None
    return Date(parts) if isinstance(value, Date) else DateTime(parts, value.second, value.offset)


def add_seconds(value: DateTime | Date | Time, seconds: Decimal) -> Temporal | None:
    """The value moved by seconds; what its precision cannot show is cut off. A time of day goes round the clock."""
    if isinstance(value, Time):
        return _moved_time(value, seconds)
    if isinstance(value, Date) or len(value.parts) <= 3:
        return add_days(value, int(seconds / 86400))
    if len(value.parts) == 4:
        seconds = Decimal(int(seconds / 3600) * 3600)
    hour, minute, rest = _clock(value.parts[3:], value.second, seconds)
    days, hour = divmod(hour, 24)
    kept = (*value.parts[:3], hour, minute)[: len(value.parts)]
    return _moved_day(DateTime(kept, None if value.second is None else rest, value.offset), days)


def _moved_time(value: Time, seconds: Decimal) -> Time:
    hour, minute, rest = _clock(value.parts, value.second, seconds)
    return Time((hour % 24, minute)[: len(value.parts)], None if value.second is None else rest)


def _clock(parts: tuple[int, ...], second: Decimal | None, seconds: Decimal) -> tuple[int, int, Decimal]:
    """Hour (may pass 23 or fall below 0), minute and second after the move."""
    minute = parts[1] if len(parts) > 1 else 0
    total = (_ZERO if second is None else second) + Decimal(parts[0] * 3600 + minute * 60) + seconds
    minutes = int(total // 60)
    rest = total - minutes * 60
    if rest < 0:
        minutes, rest = minutes - 1, rest + 60
    hour, minute = divmod(minutes, 60)
    return hour, minute, rest
