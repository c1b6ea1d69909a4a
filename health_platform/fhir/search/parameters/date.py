"""Date parameters (hl7.org/fhir/R4/search.html#date): every value is the span of time that its precision leaves open.

Spans are whole microseconds since 1970-01-01T00:00Z, both ends included. A value without an offset is local time: the
city lies in Korea, at UTC+09:00 without daylight saving.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, Final

from health_platform.fhir.fhirpath.temporal import days_in_month
from health_platform.fhir.outcome import BadRequest, IssueType
from health_platform.fhir.search.parameters.criteria import Box, DateCriterion
from health_platform.fhir.search.parameters.values import Prefix, alternatives, prefixed
from health_platform.fhir.search.registry import SearchParameter

MODIFIERS: Final = ("",)
EARLIEST: Final = -(2**63)
LATEST: Final = 2**63 - 1
"""The open ends of a Period."""

LOCAL: Final = timezone(timedelta(hours=9))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = 86_400_000_000
_PARTIAL: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?"
)

Span = tuple[int, int]
Row = tuple[int, int, int]
Adder = Callable[[Iterable[Any], int, list[Row]], None]


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z of an aware datetime."""
    delta = moment - _EPOCH
    return delta.days * _DAY + delta.seconds * 1_000_000 + delta.microseconds


@lru_cache(maxsize=8_192)
def span(text: str) -> Span | None:
    """First and last microsecond of a date, dateTime or instant, partial or not; None for any other text."""
    match = _PARTIAL.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, _, second, fraction, offset = match.groups()
    try:
        if hour is None:
            return _date_span(*[int(part) for part in (year, month, day) if part])
        return _time_span(text[:16], second, fraction, offset)
    except (ValueError, OverflowError):
        return None


def _date_span(year: int, month: int | None = None, day: int | None = None) -> Span:
    first = datetime(year, month or 1, day or 1, tzinfo=LOCAL)
    last_month = month or 12
    last = datetime(year, last_month, day or days_in_month(year, last_month), tzinfo=LOCAL)
    return microseconds(first), microseconds(last) + _DAY - 1


def _time_span(to_the_minute: str, second: str | None, fraction: str | None, offset: str | None) -> Span:
    moment = datetime.fromisoformat(to_the_minute + (offset or "+09:00"))
    start = microseconds(moment)
    if second is None:
        return start, start + 59_999_999
    if int(second) > 60:
        raise ValueError(second)
    start += int(second) * 1_000_000
    if fraction is None:
        return start, start + 999_999
    digits = fraction[:6]
    width: int = 10 ** (6 - len(digits))
    start += int(digits) * width
    return start, start + width - 1


def _add_dates(values: Iterable[Any], parameter_id: int, rows: list[Row]) -> None:
    for value in values:
        found = span(value)
        if found is not None:
            rows.append((parameter_id, *found))


def _period_span(value: Mapping[str, Any]) -> Span | None:
    start, end = span(value.get("start", "")), span(value.get("end", ""))
    if start is None and end is None:
        return None
    return start[0] if start else EARLIEST, end[1] if end else LATEST


def _add_periods(values: Iterable[Any], parameter_id: int, rows: list[Row]) -> None:
    for value in values:
        found = _period_span(value)
        if found is not None:
            rows.append((parameter_id, *found))


def _add_timings(values: Iterable[Any], parameter_id: int, rows: list[Row]) -> None:
    """The outer limits: from the first to the last event or bound (search.html#date)."""
    for value in values:
        spans = [span(event) for event in value.get("event", ()) if event is not None]
        bounds = value.get("repeat", {}).get("boundsPeriod")
        spans.append(_period_span(bounds) if bounds else None)
        known = [one for one in spans if one is not None]
        if known:
            rows.append((parameter_id, min(low for low, _ in known), max(high for _, high in known)))


def _add_nothing(values: Iterable[Any], parameter_id: int, rows: list[Row]) -> None:
    """An Age, a Range or a text of a choice element lies at no date."""


ADDERS: Final[Mapping[str, Adder]] = {
    "date": _add_dates,
    "dateTime": _add_dates,
    "instant": _add_dates,
    "Period": _add_periods,
    "Timing": _add_timings,
    "Age": _add_nothing,
    "Range": _add_nothing,
    "string": _add_nothing,
}
"""By FHIR type: adds (parameter number, low, high) rows for values."""


def parse(value: str, parameter: SearchParameter, modifier: str = "", now: datetime | None = None) -> DateCriterion:
    """The criterion of `2024-05`, `ge2024-05-01T08:00+09:00` and so on, or several with commas.

    `now` is needed by the prefix `ap` alone: "approximately" is a tenth of the time between now and the value. Raises
    BadRequest.
    """
    parts = alternatives(parameter.code, value)
    return DateCriterion(parameter, tuple(box for part in parts for box in _boxes(part, parameter, now)))


def _boxes(part: str, parameter: SearchParameter, now: datetime | None) -> tuple[Box, ...]:
    prefix, text = prefixed(part.replace(" ", "+"))
    found = span(text)
    if found is None:
        raise BadRequest(
            "The search parameter %(parameter)s cannot take '%(value)s'. Write a date such as 2024, 2024-05, "
            "2024-05-31 or 2024-05-31T08:30:00+09:00 (the plus sign as %%2B), with a prefix eq, ne, gt, lt, ge, le, "
            "sa, eb or ap where wanted.",
            code=IssueType.INVALID,
            expression=(parameter.code,),
            parameter=parameter.code,
            value=part,
        )
    low, high = found
    if prefix is Prefix.AP:
        margin = abs((microseconds(now) if now else low) - low) // 10
        return (Box(low_to=high + margin, high_from=low - margin),)
    return date_boxes(prefix, low, high)


def date_boxes(prefix: Prefix, low: int, high: int) -> tuple[Box, ...]:
    """The boxes of a comparison with a span, as search.html#prefix defines each; not for `ap`."""
    inside, before, after = Box(low_from=low, high_to=high), Box(low_to=low - 1), Box(high_from=high + 1)
    boxes = {
        Prefix.EQ: (inside,),
        Prefix.NE: (before, after),
        Prefix.GT: (after,),
        Prefix.LT: (before,),
        Prefix.GE: (after, inside),
        Prefix.LE: (before, inside),
        Prefix.SA: (Box(low_from=high + 1),),
        Prefix.EB: (Box(high_to=low - 1),),
    }
    return boxes[prefix]
