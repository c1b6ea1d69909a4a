"""Equality, equivalence and order (FHIRPath N1, sections 6.1 and 6.2)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from functools import lru_cache
from typing import Any, Final

from health_platform.fhir.fhirpath import temporal
from health_platform.fhir.fhirpath.elements import Collection, Element, TypeInfo, system
from health_platform.fhir.fhirpath.errors import FhirPathExecutionError
from health_platform.fhir.fhirpath.quantity import Quantity
from health_platform.fhir.terminology import ucum

COSTLY: Final = 40
"""Steps that a conversion of units counts as; a transcendental function counts as five of them."""

Spend = Callable[[int], None]
_DIGITS: Final = Context(prec=34, traps=[])

_TEMPORAL: Final = (temporal.Date, temporal.DateTime, temporal.Time)
_EXACT_CALENDAR: Final = {"week": "wk", "day": "d", "hour": "h", "minute": "min", "second": "s", "millisecond": "ms"}
"""Calendar durations that are the same length as a unit of UCUM; a year and a month are not."""

_ROUGH_CALENDAR: Final = {"year": "a", "month": "mo"}


def is_number(value: Any) -> bool:
    """An Integer or a Decimal; a Boolean is none."""
    return value.__class__ is int or value.__class__ is Decimal


def equal(left: Collection, right: Collection) -> bool | None:
    """`=`: None where a side is empty, or where precision or units leave it open."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    unknown = False
    for one, other in zip(left, right, strict=True):
        found = equal_items(one, other)
        if found is False:
            return False
        unknown = unknown or found is None
    return None if unknown else True


def equal_items(left: Any, right: Any) -> bool | None:
    """Whether two items are equal; None where precision or units leave it open."""
    one, other = system(left), system(right)
    if one.__class__ is other.__class__:
        return _equal_alike(one, other)
    if is_number(one) and is_number(other):
        return bool(one == other)
    if isinstance(one, _TEMPORAL) and isinstance(other, _TEMPORAL):
        return _equal_temporal(one, other)
    if isinstance(one, Quantity) and is_number(other):
        return quantity_order(one, Quantity(Decimal(other), "1")) == 0
    if isinstance(other, Quantity) and is_number(one):
        return quantity_order(Quantity(Decimal(one), "1"), other) == 0
    return False


def _equal_alike(one: Any, other: Any) -> bool | None:
    if isinstance(one, Quantity):
        order = quantity_order(one, other)
        return None if order is None else order == 0
    if isinstance(one, _TEMPORAL):
        return _equal_temporal(one, other)
    if one.__class__ is Element:
        return one is other or (one.table is not None and bool(one.value == other.value))
    if one.__class__ is TypeInfo:
        return (one.namespace, one.name) == (other.namespace, other.name)
    return one is not None and bool(one == other)


def _equal_temporal(one: temporal.Temporal, other: temporal.Temporal) -> bool | None:
    if not temporal.same_kind(one, other):
        return False
    order = temporal.compare(one, other)
    return None if order is None else order == 0


@lru_cache(maxsize=1024)
def _unit(value: Quantity) -> tuple[Decimal, str] | None:
    """Amount and expression in base units; a year or a month stays what it is; None for what is no unit of UCUM."""
    code = _EXACT_CALENDAR.get(value.unit) if value.calendar else value.unit
    if code is None:
        months = value.value * (12 if value.unit == "year" else 1)
        return months, "calendar month"
    try:
        return ucum.canonical(value.value, code)
    except ucum.UcumError:
        return None


def quantity_order(left: Quantity, right: Quantity) -> int | None:
    """-1, 0 or 1; None where the units cannot be compared."""
    if left.unit == right.unit and left.calendar == right.calendar:
        return _order(left.value, right.value)
    one, other = _unit(left), _unit(right)
    if one is None or other is None or one[1] != other[1]:
        return None
    return _order(one[0], other[0])


def _order(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def compare_items(left: Any, right: Any) -> int | None:
    """The order of two items; None where it is unknown. Raises FhirPathExecutionError for items of different kinds."""
    one, other = system(left), system(right)
    if is_number(one) and is_number(other):
        return _order(one, other)
    if one.__class__ is str and other.__class__ is str:
        return _order(one, other)
    if isinstance(one, _TEMPORAL) and isinstance(other, _TEMPORAL) and temporal.same_kind(one, other):
        return temporal.compare(one, other)
    if isinstance(one, Quantity) or isinstance(other, Quantity):
        found = _as_quantity(one), _as_quantity(other)
        if found[0] and found[1]:
            return quantity_order(found[0], found[1])
    raise FhirPathExecutionError(f"{_kind(left, one)} and {_kind(right, other)} cannot be compared.")


def _as_quantity(value: Any) -> Quantity | None:
    if isinstance(value, Quantity):
        return value
    return Quantity(Decimal(value), "1") if is_number(value) else None


def _kind(item: Any, value: Any) -> str:
    return item.type if item.__class__ is Element else type(value).__name__


def equivalent(left: Collection, right: Collection, spend: Spend) -> bool:
    """`~`: order does not matter, two empty collections are equivalent. Work is reported to `spend` as it is done."""
    if len(left) != len(right):
        return False
    rest = list(right)
    for one in left:
        match = next((place for place, other in enumerate(rest) if equivalent_items(one, other, spend)), None)
        if match is None:
            return False
        del rest[match]
    return True


def equivalent_items(left: Any, right: Any, spend: Spend) -> bool:
    """Whether two items are equivalent: case, white space, trailing digits and order do not matter."""
    spend(5)
    one, other = system(left), system(right)
    if is_number(one) and is_number(other):
        return _equal_rounded(Decimal(one), Decimal(other))
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        spend(COSTLY)
        return _equivalent_quantities(one, other)
    if isinstance(one, _TEMPORAL) and isinstance(other, _TEMPORAL):
        return temporal.same_kind(one, other) and temporal.equivalent(one, other)
    if one.__class__ is Element and other.__class__ is Element:
        return equivalence_key(one.value, spend) == equivalence_key(other.value, spend)
    if one.__class__ is not other.__class__:
        return False
    return _folded(one) == _folded(other) if isinstance(one, str) else equal_items(one, other) is True


def equivalence_key(value: Any, spend: Spend) -> str:
    """A text that is the same for JSON values equivalent as elements: ids, case, white space and order aside."""
    return json.dumps(_loose(value, spend), sort_keys=True, ensure_ascii=False)


def _loose(value: Any, spend: Spend) -> Any:
    spend(2)
    if isinstance(value, Mapping):
        return {key: _loose(one, spend) for key, one in value.items() if key != "id"}
    if isinstance(value, list):
        return sorted(equivalence_key(one, spend) for one in value)
    if isinstance(value, str):
        return _folded(value)
    return _plain(value) if isinstance(value, Decimal | float | int) and not isinstance(value, bool) else value


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _equal_rounded(left: Decimal, right: Decimal) -> bool:
    """Equal when rounded to the digits of the less precise one."""
    last = Decimal(1).scaleb(-min(_places(left), _places(right)))
    return _rounded(left, last) == _rounded(right, last)


def _rounded(value: Decimal, last: Decimal) -> Decimal:
    """A number of more digits than decimals have stays as it is."""
    found = value.quantize(last, context=_DIGITS)
    return found if found.is_finite() else value


def _equivalent_quantities(left: Quantity, right: Quantity) -> bool:
    code, other = _rough_unit(left), _rough_unit(right)
    if code == other:
        return _equal_rounded(left.value, right.value)
    try:
        return _equal_rounded(left.value, ucum.convert(right.value, other, code))
    except ucum.UcumError:
        return False


def _rough_unit(value: Quantity) -> str:
    if not value.calendar:
        return value.unit
    return _EXACT_CALENDAR.get(value.unit) or _ROUGH_CALENDAR[value.unit]


def identity(item: Any) -> Any:
    """A hashable value, the same for items that are equal: what `distinct`, `union` and `intersect` compare by."""
    value = system(item)
    if value is None:
        return "extension", id(item)
    if value.__class__ is Element:
        return "element", _ENCODER.encode(value.value)
    if isinstance(value, Quantity):
        return "quantity", _unit(value) or value
    if isinstance(value, _TEMPORAL):
        return "time", temporal.precision_rank(value), temporal.interval(value), getattr(value, "offset", None) is None
    if value.__class__ is TypeInfo:
        return "type", value.namespace, value.name
    return ("number", value) if is_number(value) else (value.__class__, value)


def _plain(value: Any) -> str:
    return str(Decimal(str(value)).normalize()) if isinstance(value, Decimal | float | int) else str(value)


_ENCODER: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=_plain)
