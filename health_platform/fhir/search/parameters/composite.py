"""Composite parameters (hl7.org/fhir/R4/search.html#composite): parts that must be met by one and the same element.

An element is a row: the hashes of all parts, each marked with its place, and the ranges and texts of those that have
them. `key` is the parameter with the code of the first part, so that a row is found by it. A composite whose element is
the resource itself needs no rows: its parts are then criteria of the resource.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from typing import Any, Final

from health_platform.fhir.fhirpath.compile import Branch, Part, compile_composite
from health_platform.fhir.outcome import BadRequest, IssueType
from health_platform.fhir.search.parameters import date, number, quantity, reference, string, token
from health_platform.fhir.search.parameters.criteria import (
    And,
    Box,
    CompositeAlternative,
    CompositeCriterion,
    Criterion,
    Or,
    PartRange,
)
from health_platform.fhir.search.parameters.keys import hash64, parameter_mask
from health_platform.fhir.search.parameters.values import alternatives, split
from health_platform.fhir.search.registry import SearchParameter, SearchType, parameter

Json = Mapping[str, Any]
Row = tuple[int, tuple[int, ...], tuple[float | None, ...], tuple[float | None, ...], tuple[str | None, ...] | None]

NONE: Final = hash64("composite without a code")
_QUANTITIES: Final = frozenset({"Quantity", "Age", "Duration", "Money", "Range", "SampledData"})
_DATES: Final = frozenset({"date", "dateTime", "instant", "Period", "Timing"})
_NUMBERS: Final = frozenset({"decimal", "integer", "positiveInt", "unsignedInt"})
_STRINGS: Final = frozenset({"string", "markdown"})
_COMBINED: Final = {
    "combo-code-value-quantity": ("code-value-quantity", "component-code-value-quantity"),
    "combo-code-value-concept": ("code-value-concept", "component-code-value-concept"),
}
"""Composites of the resource and of its components alike: they are met by either."""


def component_parameter(found: SearchParameter, place: int) -> SearchParameter:
    """The parameter that types a part. Raises KeyError where the type has none of that code."""
    component = parameter(found.resource_type, found.components[place].code)
    if component is None:
        raise KeyError(found.components[place].code)
    return component


def has_rows(found: SearchParameter) -> bool:
    """Whether elements of the parameter stand in the index."""
    return found.code not in _COMBINED and not _of_resource(found)


@cache
def _of_resource(found: SearchParameter) -> bool:
    return all(branch.json == "" for branch, _ in compiled(found))


@cache
def compiled(found: SearchParameter) -> tuple[tuple[Branch, tuple[tuple[Part, ...], ...]], ...]:
    """compile_composite of a parameter."""
    parts = tuple(component.expression for component in found.components)
    return compile_composite(found.expression, parts, found.resource_type)


@cache
def _mark(place: int) -> int:
    return hash64(f"composite part {place}")


# ---- rows


@dataclass(slots=True)
class _Values:
    """What the parts of one element hold: hashes of all, and per part the ranges and texts."""

    keys: dict[int, None]
    leads: dict[int, None]
    ranges: list[list[tuple[float, float, float, float]]]
    texts: list[list[str]]
    met: list[bool]


def rows_of(found: SearchParameter, resource: Json) -> Iterable[Row]:
    """The index rows of the elements that have a value in every part."""
    for branch, parts in compiled(found):
        start = resource if branch.key is None else resource.get(branch.key)
        if start is None:
            continue
        for element in branch.values(start, resource):
            yield from _rows(found, parts, element, resource)


def _rows(found: SearchParameter, parts: tuple[tuple[Part, ...], ...], element: Json, resource: Json) -> Iterable[Row]:
    count = len(parts)
    values = _Values({}, {}, [[] for _ in parts], [[] for _ in parts], [False] * count)
    for place, ways in enumerate(parts):
        for way in ways:
            origin = resource if way.of_resource else element
            start = origin if way.branch.key is None else origin.get(way.branch.key)
            if start is not None:
                for value in way.branch.values(start, resource):
                    _take(values, place, way.branch.type, value)
    if not all(values.met):
        return
    mask = parameter_mask(found.id)
    spans = product(*[one or [(math.nan,) * 4] for one in values.ranges])
    texts: list[tuple[str | None, ...]] = list(product(*[list[str | None](one) or [None] for one in values.texts]))
    for span in spans:
        lows = tuple(_or_none(one[0]) for one in span) + tuple(_or_none(one[2]) for one in span)
        highs = tuple(_or_none(one[1]) for one in span) + tuple(_or_none(one[3]) for one in span)
        for text in texts:
            for lead in values.leads or {NONE: None}:
                yield lead ^ mask, tuple(values.keys), lows, highs, text if any(text) else None


def _or_none(bound: float) -> float | None:
    return None if math.isnan(bound) else bound


def _take(values: _Values, place: int, kind: str, value: Any) -> None:
    mark = _mark(place)
    if kind in token.ADDERS and kind not in _STRINGS:
        hashes: list[int] = []
        token.ADDERS[kind]([value], 0, hashes)
        values.keys.update((one ^ mark, None) for one in hashes)
        values.met[place] |= bool(hashes)
        if place == 0:
            values.leads.update((one, None) for one in token.lead_hashes(kind, value))
    elif kind == "Reference":
        found: list[int] = []
        reference.adders("")["Reference"]([value], 0, found)
        values.keys.update((one ^ mark, None) for one in found)
        values.met[place] |= bool(found)
    elif kind in _QUANTITIES:
        _take_quantity(values, place, kind, value)
    elif kind in _STRINGS:
        text = string.normalise(value)
        values.texts[place] += [text] if text else []
        values.met[place] |= bool(text)
    else:
        _take_range(values, place, kind, value)


def _take_quantity(values: _Values, place: int, kind: str, value: Any) -> None:
    rows: list[quantity.Row] = []
    quantity.ADDERS[kind]([value], 0, rows)
    if not rows:
        return
    mask = parameter_mask(0)
    values.keys.update((row[1] ^ mask ^ _mark(place), None) for row in rows)
    (_, _, low, high), (_, _, base_low, base_high) = rows[0], rows[-1]
    values.ranges[place].append((low, high, base_low, base_high))
    values.met[place] = True


def _take_range(values: _Values, place: int, kind: str, value: Any) -> None:
    rows: list[Any] = []
    adders: Mapping[str, Any] = date.ADDERS if kind in _DATES else number.ADDERS
    adders.get(kind, number.ADDERS["integer"])([value], 0, rows)
    for _, low, high in rows:
        first, last = _open_ended(low), _open_ended(high)
        values.ranges[place].append((first, last, first, last))
        values.met[place] = True


def _open_ended(bound: float) -> float:
    return -math.inf if bound == date.EARLIEST else math.inf if bound == date.LATEST else float(bound)


# ---- criteria


def parse(value: str, found: SearchParameter, now: Any = None, base: str = "") -> Criterion:
    """The criterion of `code$value`, or several with commas. Raises BadRequest."""
    if found.code in _COMBINED:
        parts = (parameter(found.resource_type, code) for code in _COMBINED[found.code])
        return Or(tuple(parse(value, part, now, base) for part in parts if part is not None))
    texts = [_split(one, found) for one in alternatives(found.code, value)]
    if _of_resource(found):
        return Or(tuple(And(_as_criteria(one, found, now, base)) for one in texts))
    return CompositeCriterion(found, tuple(_alternative(one, found, now, base) for one in texts))


def _split(text: str, found: SearchParameter) -> list[str]:
    pieces = split(text, "$")
    if len(pieces) != len(found.components) or not all(pieces):
        raise BadRequest(
            "The search parameter %(parameter)s cannot take '%(value)s'. Write %(form)s.",
            code=IssueType.INVALID,
            expression=(found.code,),
            parameter=found.code,
            value=text,
            form="$".join(component.code for component in found.components),
        )
    return pieces


def _as_criteria(pieces: list[str], found: SearchParameter, now: Any, base: str) -> tuple[Criterion, ...]:
    return tuple(_criterion(piece, component_parameter(found, place), now, base) for place, piece in enumerate(pieces))


def _criterion(piece: str, component: SearchParameter, now: Any, base: str) -> Criterion:
    text = piece.replace(",", "\\,") if "," in piece and "\\," not in piece else piece
    match component.type:
        case SearchType.TOKEN:
            return token.parse(text, component)
        case SearchType.QUANTITY:
            return quantity.parse(text, component)
        case SearchType.NUMBER:
            return number.parse(text, component)
        case SearchType.DATE:
            return date.parse(text, component, "", now)
        case SearchType.REFERENCE:
            return reference.parse(text, component, "", base)
        case _:
            return string.parse(text, component)


def _alternative(pieces: list[str], found: SearchParameter, now: Any, base: str) -> CompositeAlternative:
    leads: tuple[int, ...] = ()
    groups: list[tuple[int, ...]] = []
    ranges: list[PartRange] = []
    texts: list[tuple[int, tuple[str, ...]]] = []
    for place, piece in enumerate(pieces):
        component = component_parameter(found, place)
        kinds = _kinds(found, place)
        names = {kind for kind, _ in kinds}
        if names <= {"Reference"}:
            typed = reference.parse(piece, _any_target(component), "", base)
            mask = parameter_mask(component.id)
            groups.append(tuple(one ^ mask ^ _mark(place) for one in typed.keys))
        elif names & _QUANTITIES and not names & {"CodeableConcept", "code"}:
            ranges.append(_quantity(piece, component, place))
        elif names & _DATES:
            boxes = date.parse(piece, component, "", now).boxes
            ranges.append(PartRange(place, tuple((None, _widened(box)) for box in boxes)))
        elif names & _NUMBERS:
            boxes = number.parse(piece, component).boxes
            ranges.append(PartRange(place, tuple((None, box) for box in boxes)))
        elif names <= _STRINGS:
            texts.append((place, string.parse(piece, component).values))
        else:
            hashes, lead = token.part_hashes(piece, component, kinds)
            groups.append(tuple(one ^ _mark(place) for one in hashes))
            if place == 0:
                mask = parameter_mask(found.id)
                leads = tuple(one ^ mask for one in lead)
    return CompositeAlternative(leads, tuple(groups), tuple(ranges), tuple(texts))


def _any_target(component: SearchParameter) -> SearchParameter:
    if component.type is SearchType.REFERENCE and component.targets:
        return component
    return SearchParameter(
        component.id, component.resource_type, component.code, SearchType.REFERENCE, component.expression, ("Resource",)
    )


def _quantity(piece: str, component: SearchParameter, place: int) -> PartRange:
    mask = parameter_mask(component.id)
    typed = quantity.parse(piece, component).alternatives
    in_base_units = quantity.is_in_system(piece)
    boxes = tuple((unit ^ mask ^ _mark(place), box) for unit, box in typed)
    return PartRange(place, boxes, in_base_units)


def _widened(box: Box) -> Box:
    return Box(*[None if bound is None else float(bound) for bound in (box.low_from, box.low_to)],
               *[None if bound is None else float(bound) for bound in (box.high_from, box.high_to)])  # fmt: skip


@lru_cache(maxsize=512)
def _kinds(found: SearchParameter, place: int) -> frozenset[tuple[str, str]]:
    ways = [way for _, parts in compiled(found) for way in parts[place]]
    return frozenset((way.branch.type, way.branch.value_set) for way in ways)
