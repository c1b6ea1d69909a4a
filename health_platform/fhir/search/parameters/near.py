"""`Location?near` (hl7.org/fhir/R4/location.html#positional): latitude|longitude|distance|units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from health_platform.fhir.outcome import BadRequest, IssueType
from health_platform.fhir.search.parameters.criteria import NearCriterion
from health_platform.fhir.search.parameters.keys import parameter_mask
from health_platform.fhir.search.parameters.values import alternatives, split
from health_platform.fhir.search.registry import SearchParameter

DEFAULT_METRES: Final = 50_000.0
"""The distance where none is given: the server's choice, as the definition leaves it; it covers the city."""

EARTH_METRES: Final = 6_371_008.8
"""Mean radius (IUGG)."""

_METRES: Final = {"": 1000.0, "km": 1000.0, "m": 1.0, "[mi_us]": 1609.347, "[mi_i]": 1609.344, "mi": 1609.344}


def rows_of(
    found: SearchParameter, resource: Mapping[str, Any]
) -> Iterable[tuple[int, tuple[int, ...], tuple[float, ...], tuple[float, ...], None]]:
    """The position as a row of the composite index."""
    position = resource.get("position", {})
    latitude, longitude = position.get("latitude"), position.get("longitude")
    if latitude is not None and longitude is not None:
        place = (float(latitude), float(longitude))
        yield parameter_mask(found.id), (), place, place, None


def parse(value: str, parameter: SearchParameter) -> NearCriterion:
    """The criterion of `35.16|126.85|2|km`. Raises BadRequest."""
    return NearCriterion(parameter, tuple(_place(part, parameter) for part in alternatives(parameter.code, value)))


def _place(part: str, parameter: SearchParameter) -> tuple[float, float, float]:
    pieces = [*split(part, "|"), "", ""]
    try:
        latitude, longitude = float(pieces[0]), float(pieces[1])
        unit = _METRES[pieces[3]] if len(pieces) <= 6 else None
        metres = float(pieces[2]) * unit if pieces[2] and unit is not None else DEFAULT_METRES
        possible = abs(latitude) <= 90 and abs(longitude) <= 180 and 0 <= metres < float("inf") and unit is not None
    except (ValueError, KeyError, IndexError):
        possible = False
    if not possible:
        raise BadRequest(
            "The search parameter %(parameter)s cannot take '%(value)s'. Write latitude|longitude|distance|units, such "
            "as 35.16|126.85|2|km; units are km, m or [mi_us].",
            code=IssueType.INVALID,
            expression=(parameter.code,),
            parameter=parameter.code,
            value=part,
        )
    return latitude, longitude, metres
