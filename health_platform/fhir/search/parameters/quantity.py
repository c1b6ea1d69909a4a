"""Quantity parameters (hl7.org/fhir/R4/search.html#quantity): a number with a unit.

A value is indexed as the number it is, under three keys: its unit with system, its unit in any system (code and, where
it differs, the text of the unit), and no unit. A comparator (`<`, `>=` ...) opens the row towards that side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from health_platform.fhir.outcome import BadRequest, IssueType
from health_platform.fhir.search.parameters.criteria import Box, QuantityCriterion
from health_platform.fhir.search.parameters.keys import hash64, key, parameter_mask
from health_platform.fhir.search.parameters.number import range_ends
from health_platform.fhir.search.parameters.values import alternatives, decimal_range, number_boxes, prefixed, split
from health_platform.fhir.search.parameters.values import unescape as unescaped
from health_platform.fhir.search.registry import SearchParameter

MODIFIERS: Final = ("",)
CURRENCIES: Final = "urn:iso:std:iso:4217"

Row = tuple[int, int, float, float]
Adder = Callable[[Iterable[Any], int, list[Row]], None]

_NO_UNIT: Final = hash64("quantity")


def _unit_hash(system: str, code: str) -> int:
    return hash64(f"quantity\n{system}\n{code}")


@lru_cache(maxsize=16_384)
def unit_hashes(system: str | None, code: str | None, unit: str | None) -> tuple[int, ...]:
    """The hashes under which a quantity of this unit is indexed."""
    hashes = [_NO_UNIT]
    if system and code:
        hashes.append(_unit_hash(system, code))
    hashes += [_unit_hash("", name) for name in dict.fromkeys((code, unit)) if name]
    return tuple(hashes)


def _rows(ends: tuple[float, float], unit: Mapping[str, Any], parameter_id: int) -> Iterator[Row]:
    mask = parameter_mask(parameter_id)
    for found in unit_hashes(unit.get("system"), unit.get("code"), unit.get("unit")):
        yield parameter_id, found ^ mask, *ends


def _ends(value: Mapping[str, Any]) -> tuple[float, float]:
    number = float(value["value"])
    comparator = value.get("comparator", "")
    return -math.inf if "<" in comparator else number, math.inf if ">" in comparator else number


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
        rows.extend(_rows(range_ends(value), value.get("low") or value.get("high") or {}, parameter_id))


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
    unit = _NO_UNIT if len(pieces) == 1 else _unit_hash(pieces[1], pieces[2])
    return [(key(parameter.id, unit), box) for box in number_boxes(prefix, *found)]
