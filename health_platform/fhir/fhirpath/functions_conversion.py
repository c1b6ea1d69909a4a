"""Conversion between System types (FHIRPath N1, section 5.5): `toX()` gives a value or none, `convertsToX()` tells."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from health_platform.fhir.fhirpath import temporal
from health_platform.fhir.fhirpath.elements import Collection, system
from health_platform.fhir.fhirpath.equality import is_number
from health_platform.fhir.fhirpath.quantity import CALENDAR_UNITS, Quantity
from health_platform.fhir.fhirpath.state import Function, State, single

_TRUE: Final = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_FALSE: Final = frozenset({"false", "f", "no", "n", "0", "0.0"})
_INTEGER: Final = re.compile(r"[+-]?\d{1,10}")
_DECIMAL: Final = re.compile(r"[+-]?\d{1,64}(\.\d{1,64})?")
_QUANTITY: Final = re.compile(r"(?P<value>[+-]?\d{1,64}(\.\d{1,64})?)\s*('(?P<unit>[^']+)'|(?P<word>[a-zA-Z]+))?")


def to_boolean(value: Any) -> bool | None:
    """A Boolean of 1 and 0, or of the words for yes and no."""
    if value.__class__ is bool:
        return bool(value)
    if is_number(value):
        return {1: True, 0: False}.get(value)
    if isinstance(value, str):
        word = value.lower()
        return True if word in _TRUE else False if word in _FALSE else None
    return None


def to_integer(value: Any) -> int | None:
    """An Integer of one, of a Boolean, or of digits."""
    if value.__class__ is int or value.__class__ is bool:
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value) and -(2**31) <= int(value) < 2**31:
        return int(value)
    return None


def to_decimal(value: Any) -> Decimal | None:
    """A Decimal of a number, of a Boolean, or of digits."""
    if is_number(value) or value.__class__ is bool:
        return Decimal(value)
    return Decimal(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else None


def to_string(value: Any) -> str | None:
    """The text of any System value."""
    if isinstance(value, str):
        return value
    if value.__class__ is bool:
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int | Quantity | temporal.Date | temporal.DateTime | temporal.Time):
        return str(value)
    return None


def to_date(value: Any) -> temporal.Date | None:
    """A Date of one, of a DateTime's day, or of a text."""
    if isinstance(value, temporal.Date):
        return value
    if isinstance(value, temporal.DateTime):
        return temporal.Date(value.parts[:3])
    if not isinstance(value, str):
        return None
    found = temporal.parse_date_time(value)
    return None if found is None else temporal.Date(found.parts[:3])


def to_date_time(value: Any) -> temporal.DateTime | None:
    """A DateTime of one, of a Date, or of a text."""
    if isinstance(value, temporal.DateTime):
        return value
    if isinstance(value, temporal.Date):
        return temporal.DateTime(value.parts)
    return temporal.parse_date_time(value) if isinstance(value, str) else None


def to_time(value: Any) -> temporal.Time | None:
    """A Time of one or of a text."""
    if isinstance(value, temporal.Time):
        return value
    return temporal.parse_time(value.removeprefix("T")) if isinstance(value, str) else None


def to_quantity(value: Any) -> Quantity | None:
    """A Quantity of one, of a number or Boolean (unit 1), or of a text such as `4 days` or `1.5 'mg'`."""
    if isinstance(value, Quantity):
        return value
    if is_number(value) or value.__class__ is bool:
        return Quantity(Decimal(value), "1")
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None or (match["word"] and match["word"] not in CALENDAR_UNITS):
        return None
    amount = Decimal(match["value"])
    if match["word"]:
        return Quantity(amount, CALENDAR_UNITS[match["word"]], calendar=True)
    return Quantity(amount, match["unit"] or "1")


_CONVERSIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "Boolean": to_boolean,
    "Integer": to_integer,
    "Decimal": to_decimal,
    "String": to_string,
    "Date": to_date,
    "DateTime": to_date_time,
    "Time": to_time,
    "Quantity": to_quantity,
}


def _to(name: str, convert: Callable[[Any], Any]) -> Function:
    def run(items: Collection, arguments: list[Collection], _: State) -> Collection:
        value = system(single(items, f"to{name}()"))
        found = None if value is None else convert(value)
        return [] if found is None else [found]

    return Function(0, 1 if name == "Quantity" else 0, run)


def _converts(name: str, convert: Callable[[Any], Any]) -> Function:
    def run(items: Collection, _: list[Collection], __: State) -> Collection:
        value = system(single(items, f"convertsTo{name}()"))
        return [] if value is None else [convert(value) is not None]

    return Function(0, 1 if name == "Quantity" else 0, run)


FUNCTIONS: Final[Mapping[str, Function]] = {
    **{f"to{name}": _to(name, convert) for name, convert in _CONVERSIONS.items()},
    **{f"convertsTo{name}": _converts(name, convert) for name, convert in _CONVERSIONS.items()},
}
