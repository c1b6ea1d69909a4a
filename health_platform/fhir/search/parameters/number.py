"""Number parameters (hl7.org/fhir/R4/search.html#number)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from health_platform.fhir.outcome import BadRequest, IssueType
from health_platform.fhir.search.parameters.criteria import Box, NumberCriterion
from health_platform.fhir.search.parameters.values import alternatives, decimal_range, number_boxes, prefixed
from health_platform.fhir.search.registry import SearchParameter

MODIFIERS: Final = ("",)

Row = tuple[int, float, float]
Adder = Callable[[Iterable[Any], int, list[Row]], None]


def _add_numbers(values: Iterable[Any], parameter_id: int, rows: list[Row]) -> None:
    for value in values:
        number = float(value)
        rows.append((parameter_id, number, number))


def _add_ranges(values: Iterable[Any], parameter_id: int, rows: list[Row]) -> None:
    for value in values:
        rows.append((parameter_id, *_ends(value)))


def _ends(value: Mapping[str, Any]) -> tuple[float, float]:
    """Low and high of a Range; an open end is infinite."""
    low, high = value.get("low", {}).get("value"), value.get("high", {}).get("value")
    return -math.inf if low is None else float(low), math.inf if high is None else float(high)


ADDERS: Final[Mapping[str, Adder]] = {"decimal": _add_numbers, "integer": _add_numbers, "Range": _add_ranges}
"""By FHIR type: adds (parameter number, low, high) rows for values."""


def parse(value: str, parameter: SearchParameter, modifier: str = "") -> NumberCriterion:
    """The criterion of a number with an optional prefix, or several with commas. Raises BadRequest."""
    parts = alternatives(parameter.code, value)
    return NumberCriterion(parameter, tuple(box for part in parts for box in _boxes(part, parameter)))


def _boxes(part: str, parameter: SearchParameter) -> tuple[Box, ...]:
    prefix, text = prefixed(part)
    found = decimal_range(text)
    if found is None:
        raise BadRequest(
            "The search parameter %(parameter)s cannot take '%(value)s'. Write a number such as 5.4 or 1e2, with a "
            "prefix eq, ne, gt, lt, ge, le, sa, eb or ap where wanted.",
            code=IssueType.INVALID,
            expression=(parameter.code,),
            parameter=parameter.code,
            value=part,
        )
    return number_boxes(prefix, *found)
