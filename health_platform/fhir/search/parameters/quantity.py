"""Quantity parameters (hl7.org/fhir/R4/search.html#quantity): a number with a unit.

A value is indexed under three keys: its unit with system, its unit in any system (code and, where it differs, the text
of the unit), and no unit. With a unit of UCUM the first holds the amount in base units, so that 5.4 g/L is found as 540
mg/dL; the others hold the number as it is. A comparator (`<`, `>=` ...) opens the row towards that side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, Final

from health_platform.fhir.outcome import BadRequest, IssueType
from health_platform.fhir.search.parameters.criteria import Box, QuantityCriterion
from health_platform.fhir.search.parameters.keys import hash64, key, parameter_mask
from health_platform.fhir.search.parameters.values import alternatives, decimal_range, number_boxes, prefixed, split
from health_platform.fhir.search.parameters.values import unescape as unescaped
from health_platform.fhir.search.registry import SearchParameter
from health_platform.fhir.terminology import ucum

MODIFIERS: Final = ("",)
UCUM: Final = "http://unitsofmeasure.org"
CURRENCIES: Final = "urn:iso:std:iso:4217"

Row = tuple[int, int, float, float]
Adder = Callable[[Iterable[Any], int, list[Row]], None]

NO_UNIT: Final = hash64("quantity")


def _unit_hash(system: str, code: str) -> int:
    return hash64(f"quantity\n{system}\n{code}")


@lru_cache(maxsize=16_384)
def _unit_hashes(code: str | None, unit: str | None) -> tuple[int, ...]:
    """The hashes under which the number itself is indexed."""
    return (NO_UNIT, *(_unit_hash("", name) for name in dict.fromkeys((code, unit)) if name))


@lru_cache(maxsize=16_384)
def _scale(system: str, code: str) -> tuple[int, Decimal, Decimal]:
    """The hash of a unit with system, and what makes a number its amount: (number + offset) * factor."""
    if system == UCUM:
        try:
            _, unit = ucum.canonical(Decimal(1), code)
        except ucum.UcumError:
            return _unit_hash(system, code), Decimal(1), Decimal(0)
        zero, one = (ucum.canonical(Decimal(number), code)[0] for number in (0, 1))
        factor = one - zero
        return _unit_hash(system, f"base {unit}"), factor, zero / factor
    return _unit_hash(system, code), Decimal(1), Decimal(0)


def _amount(number: Decimal, factor: Decimal, offset: Decimal) -> float:
    return float((number + offset) * factor)


def _amounts(ends: tuple[Any, Any], factor: Decimal, offset: Decimal) -> tuple[float, float]:
    first, last = ends
    low = -math.inf if first is None else _amount(Decimal(str(first)), factor, offset)
    if first is last:
        return low, low
    return low, math.inf if last is None else _amount(Decimal(str(last)), factor, offset)


def _rows(ends: tuple[Any, Any], unit: Mapping[str, Any], parameter_id: int) -> Iterator[Row]:
    """The rows of a value from the first to the second end; None is an open end."""
    mask = parameter_mask(parameter_id)
    system, code = unit.get("system"), unit.get("code")
    low, high = -math.inf if ends[0] is None else float(ends[0]), math.inf if ends[1] is None else float(ends[1])
    for found in _unit_hashes(code, unit.get("unit")):
        yield parameter_id, found ^ mask, low, high
    if system and code:
        found, factor, offset = _scale(system, code)
        if factor == 1 and not offset:
            yield parameter_id, found ^ mask, low, high
        else:
            yield parameter_id, found ^ mask, *_amounts(ends, factor, offset)


def _ends(value: Mapping[str, Any]) -> tuple[Any, Any]:
    number, comparator = value["value"], value.get("comparator", "")
    return None if "<" in comparator else number, None if ">" in comparator else number


def _add_quantities(values: Iterable[Any], parameter_id: int, rows: list[Row]) -> None:
    for value in values:
        if "value" in value:
            rows.extend(_rows(_ends(value), value, parameter_id))


def _add_money(values: Iterable[Any], parameter_id: int, rows: list[Row]) -> None:
    for value in values:
        if "value" in value:
            unit = {"system": CURRENCIES, "code": value.get("currency")}
            rows.extend(_rows(_ends(value), unit, parameter_id))


def _add_ranges(values: Iterable[Any], parameter_id: int, rows: list[Row]) -> None:
    for value in values:
        low, high = value.get("low", {}), value.get("high", {})
        rows.extend(_rows((low.get("value"), high.get("value")), low or high, parameter_id))


def _add_sampled_data(values: Iterable[Any], parameter_id: int, rows: list[Row]) -> None:
    """The range from the lowest to the highest sample: origin + factor * data (datatypes.html#SampledData)."""
    for value in values:
        samples = [float(one) for one in value.get("data", "").split() if one not in ("E", "U", "L")]
        if samples:
            origin, factor = value["origin"], float(value.get("factor", 1))
            ends = [float(origin.get("value", 0)) + factor * sample for sample in (min(samples), max(samples))]
            rows.extend(_rows((min(ends), max(ends)), origin, parameter_id))


ADDERS: Final[Mapping[str, Adder]] = {
    "Quantity": _add_quantities,
    "Age": _add_quantities,
    "Duration": _add_quantities,
    "Money": _add_money,
    "Range": _add_ranges,
    "SampledData": _add_sampled_data,
}
"""By FHIR type: adds (parameter number, key, low, high) rows for values."""


def parse(value: str, parameter: SearchParameter, modifier: str = "") -> QuantityCriterion:
    """The criterion of `number`, `number|system|code` or `number||code`, with a prefix. Raises BadRequest."""
    parts = alternatives(parameter.code, value)
    return QuantityCriterion(parameter, tuple(found for part in parts for found in _alternatives(part, parameter)))


def is_in_system(part: str) -> bool:
    """Whether a value names a unit with its system, so that the amount in base units is compared."""
    pieces = split(part, "|")
    return len(pieces) == 3 and bool(pieces[1])


def _alternatives(part: str, parameter: SearchParameter) -> list[tuple[int, Box]]:
    pieces = [unescaped(piece) for piece in split(part, "|")]
    prefix, text = prefixed(pieces[0])
    found = decimal_range(text)
    if found is None or len(pieces) not in (1, 3) or (len(pieces) == 3 and not pieces[2]):
        raise BadRequest(
            "The search parameter %(parameter)s cannot take '%(value)s'. Write a number such as 5.4, "
            "5.4|http://unitsofmeasure.org|mg or 5.4||mg, with a prefix eq, ne, gt, lt, ge, le, sa, eb or ap where "
            "wanted.",
            code=IssueType.INVALID,
            expression=(parameter.code,),
            parameter=parameter.code,
            value=part,
        )
    if len(pieces) == 1:
        return [(key(parameter.id, NO_UNIT), box) for box in number_boxes(prefix, *found)]
    if not pieces[1]:
        return [(key(parameter.id, _unit_hash("", pieces[2])), box) for box in number_boxes(prefix, *found)]
    unit, factor, offset = _scale(pieces[1], pieces[2])
    boxes = number_boxes(prefix, *found, scale=partial(_amount, factor=factor, offset=offset))
    return [(key(parameter.id, unit), box) for box in boxes]
