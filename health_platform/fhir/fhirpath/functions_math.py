"""Functions on numbers (FHIRPath N1, section 5.7) and the ends of what a value's precision leaves open (2.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any, Final

from health_platform.fhir.fhirpath import temporal
from health_platform.fhir.fhirpath.arithmetic import DECIMALS, number
from health_platform.fhir.fhirpath.elements import Collection, system
from health_platform.fhir.fhirpath.equality import COSTLY, is_number, quantity_order
from health_platform.fhir.fhirpath.errors import FhirPathExecutionError
from health_platform.fhir.fhirpath.quantity import Quantity
from health_platform.fhir.fhirpath.state import Function, State, single
from health_platform.fhir.terminology import ucum

_MOST_PLACES: Final = 31
_DEFAULT_PLACES: Final = 8
_DATE_DIGITS: Final = (4, 6, 8, 10, 12, 17)
_TIME_DIGITS: Final = (2, 4, 9)
_EAST, _WEST = temporal.EASTERNMOST, temporal.WESTERNMOST


def _number(items: Collection, name: str) -> Any:
    found = system(single(items, name))
    if found is not None and not is_number(found):
        raise FhirPathExecutionError(f"{name} takes a number.")
    return found


def _of_numbers(name: str, count: int, compute: Callable[..., Any], cost: int = 1) -> Function:
    """A function of the input and `count` numbers; empty where any of them is, or where there is no result."""
    label = f"{name}()"

    def run(items: Collection, arguments: list[Collection], state: State) -> Collection:
        state.spend(cost)
        values = [_number(found, label) for found in (items, *arguments)]
        if any(value is None for value in values):
            return []
        result = compute(*values)
        result = None if result is None else number(result)
        return [] if result is None else [result]

    return Function(count, count, run)


def _abs(items: Collection, _: list[Collection], __: State) -> Collection:
    found = system(single(items, "abs()"))
    if isinstance(found, Quantity):
        return [Quantity(abs(found.value), found.unit, found.calendar)]
    value = _number(items, "abs()")
    return [] if value is None else [abs(value)]


def _whole(value: Any, rounding: str) -> int | None:
    if value.__class__ is int:
        return int(value)
    return int(value.to_integral_value(rounding)) if abs(value) < 2**40 else None


def _round(items: Collection, arguments: list[Collection], _: State) -> Collection:
    value = _number(items, "round()")
    places = _number(arguments[0], "round()") if arguments else 0
    if value is None or places is None:
        return []
    if places.__class__ is not int or not 0 <= places <= _MOST_PLACES:
        raise FhirPathExecutionError(f"round() takes 0 to {_MOST_PLACES} places.")
    if value.__class__ is int:
        return [value]
    rounded = _quantized(value, places)
    return [] if rounded is None else [rounded]


def _quantized(value: Decimal, places: int, rounding: str = ROUND_HALF_UP) -> Decimal | None:
    found = value.quantize(Decimal(1).scaleb(-places), rounding, DECIMALS)
    return found if found.is_finite() else None


def _power(base: Any, exponent: Any) -> Any:
    found = DECIMALS.power(Decimal(base), Decimal(exponent))
    if not found.is_finite():
        return None
    if base.__class__ is exponent.__class__ is int and exponent >= 0 and found < 2**31:
        return int(found)
    return found


def _logarithm(value: Any, base: Any) -> Any:
    if value <= 0 or base <= 0 or base == 1:
        return None
    quotient = DECIMALS.divide(DECIMALS.ln(Decimal(value)), DECIMALS.ln(Decimal(base)))
    nearest = quotient.to_integral_value()
    return nearest if abs(quotient - nearest) < Decimal("1e-30") else quotient


def _precision(items: Collection, _: list[Collection], __: State) -> Collection:
    found = system(single(items, "precision()"))
    if found is None:
        return []
    if is_number(found):
        return [_places(Decimal(found))]
    if isinstance(found, temporal.Time):
        return [_TIME_DIGITS[temporal.precision_rank(found) - 1] if found.second is None else _second_digits(found)]
    if isinstance(found, temporal.DateTime):
        rank = temporal.precision_rank(found)
        return [_DATE_DIGITS[rank - 1] if found.second is None else _second_digits(found)]
    if isinstance(found, temporal.Date):
        return [_DATE_DIGITS[len(found.parts) - 1]]
    raise FhirPathExecutionError("precision() takes a Decimal, a date or a time.")


def _second_digits(value: temporal.DateTime | temporal.Time) -> int:
    base = 6 if isinstance(value, temporal.Time) else 14
    return base if value.second is None else base + min(3, _places(value.second))


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _boundary(low: bool) -> Function:
    name = "lowBoundary()" if low else "highBoundary()"

    def run(items: Collection, arguments: list[Collection], _: State) -> Collection:
        found = system(single(items, name))
        wanted = _number(arguments[0], name) if arguments else None
        if found is None or (wanted is not None and wanted.__class__ is not int):
            return []
        result = _edge(found, wanted, low, name)
        return [] if result is None else [result]

    return Function(0, 1, run)


def _edge(value: Any, wanted: int | None, low: bool, name: str) -> Any:
    if is_number(value):
        return _decimal_edge(Decimal(value), wanted, low)
    if isinstance(value, Quantity):
        amount = _decimal_edge(value.value, wanted, low)
        return None if amount is None else Quantity(amount, value.unit, value.calendar)
    if isinstance(value, temporal.Time):
        return _time_edge(value, 9 if wanted is None else wanted, low)
    if isinstance(value, temporal.Date | temporal.DateTime):
        default = 8 if isinstance(value, temporal.Date) else 17
        return _date_edge(value, default if wanted is None else wanted, low)
    raise FhirPathExecutionError(f"{name} takes a number, a quantity, a date or a time.")


def _decimal_edge(value: Decimal, wanted: int | None, low: bool) -> Decimal | None:
    """Half a unit of the last digit away, cut outwards to the places wanted; a value that shows none of its digits at
    them stays zero (as HL7's cases have it)."""
    places = _DEFAULT_PLACES if wanted is None else wanted
    if not 0 <= places <= _MOST_PLACES:
        return None
    shown = _quantized(value, places)
    if shown is not None and not shown and value:
        return shown
    half = Decimal(5).scaleb(-_places(value) - 1)
    return _quantized(value - half if low else value + half, places, ROUND_FLOOR if low else ROUND_CEILING)


def _date_edge(value: temporal.Date | temporal.DateTime, digits: int, low: bool) -> Any:
    if digits not in _DATE_DIGITS:
        return None
    first = (1, 1, 1, 0, 0)
    last = (9999, 12, 31, 23, 59)
    rank = _DATE_DIGITS.index(digits) + 1
    filling = first if low else last
    parts = value.parts + filling[len(value.parts) :]
    if not low and len(value.parts) < 3:
        parts = (*parts[:2], temporal.days_in_month(parts[0], parts[1]), *parts[3:])
    if not low and len(value.parts) == 4:
        parts = (*parts[:4], 0)
    if rank <= 3:
        return temporal.Date(parts[:rank])
    second, offset = _clock_edge(value, low)
    return temporal.DateTime(parts[: min(rank, 5)], second if rank == 6 else None, offset)


def _clock_edge(value: temporal.Date | temporal.DateTime, low: bool) -> tuple[Decimal, int]:
    known = value if isinstance(value, temporal.DateTime) else temporal.DateTime(value.parts)
    offset = known.offset if known.offset is not None else (_EAST if low else _WEST)
    return _second_edge(known.second, low), offset


def _second_edge(second: Decimal | None, low: bool) -> Decimal:
    if second is None:
        return Decimal("0.000") if low else Decimal("59.999")
    if _places(second):
        return second
    return second + (Decimal("0.000") if low else Decimal("0.999"))


def _time_edge(value: temporal.Time, digits: int, low: bool) -> temporal.Time | None:
    if digits not in _TIME_DIGITS:
        return None
    parts = value.parts + ((0, 0) if low else (23, 59))[len(value.parts) :]
    if digits == 9:
        return temporal.Time(parts, _second_edge(value.second, low))
    return temporal.Time(parts[: _TIME_DIGITS.index(digits) + 1])


def _comparable(items: Collection, arguments: list[Collection], state: State) -> Collection:
    state.spend(COSTLY)
    left, right = (system(single(found, "comparable()")) for found in (items, arguments[0]))
    if left is None or right is None:
        return []
    if not isinstance(left, Quantity) or not isinstance(right, Quantity):
        raise FhirPathExecutionError("comparable() takes quantities.")
    if left.calendar or right.calendar:
        return [quantity_order(left, right) is not None]
    return [ucum.comparable(left.unit, right.unit)]


FUNCTIONS: Final[Mapping[str, Function]] = {
    "abs": Function(0, 0, _abs),
    "ceiling": _of_numbers("ceiling", 0, lambda value: _whole(value, ROUND_CEILING)),
    "floor": _of_numbers("floor", 0, lambda value: _whole(value, ROUND_FLOOR)),
    "truncate": _of_numbers("truncate", 0, lambda value: _whole(value, ROUND_FLOOR if value > 0 else ROUND_CEILING)),
    "round": Function(0, 1, _round),
    "exp": _of_numbers("exp", 0, lambda value: DECIMALS.exp(Decimal(value)), 5 * COSTLY),
    "ln": _of_numbers("ln", 0, lambda value: DECIMALS.ln(Decimal(value)) if value > 0 else None, 5 * COSTLY),
    "log": _of_numbers("log", 1, _logarithm, 5 * COSTLY),
    "power": _of_numbers("power", 1, _power, 5 * COSTLY),
    "sqrt": _of_numbers("sqrt", 0, lambda value: DECIMALS.sqrt(Decimal(value)) if value >= 0 else None, COSTLY),
    "precision": Function(0, 0, _precision),
    "lowBoundary": _boundary(low=True),
    "highBoundary": _boundary(low=False),
    "comparable": Function(1, 1, _comparable),
}
