"""Arithmetic on System values (FHIRPath N1, section 6.6): decimals exact to 34 digits, never binary floats.

What overflows, divides by zero or has no unit gives None, the empty collection.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_DOWN, Context, Decimal
from typing import Any, Final

from health_platform.fhir.fhirpath import temporal
from health_platform.fhir.fhirpath.equality import is_number
from health_platform.fhir.fhirpath.errors import FhirPathExecutionError, FhirPathLimitError
from health_platform.fhir.fhirpath.quantity import CALENDAR_UNITS, Quantity
from health_platform.fhir.terminology import ucum

DECIMALS: Final = Context(prec=34, Emax=6144, Emin=-6143, traps=[])
"""The decimals of IEEE 754-2008, decimal128."""

MAX_TEXT: Final = 1_000_000
_SMALLEST, _LARGEST = -(2**31), 2**31 - 1
_TEMPORAL: Final = (temporal.Date, temporal.DateTime, temporal.Time)

_DURATIONS: Final = {"wk": "week", "d": "day", "h": "hour", "min": "minute", "s": "second", "ms": "millisecond"}
"""Units of UCUM that date arithmetic takes; a year and a month must be calendar durations."""

_SECONDS: Final = {"hour": 3600, "minute": 60, "second": 1}


def number(value: Any) -> Any:
    """The number if it can be represented, else None."""
    if value.__class__ is int:
        return value if _SMALLEST <= value <= _LARGEST else None
    return value if value.is_finite() else None


def bounded(text: str) -> str:
    """The text, unless it is longer than MAX_TEXT."""
    if len(text) > MAX_TEXT:
        raise FhirPathLimitError(f"A text of more than {MAX_TEXT} characters would result.")
    return text


def _wrong(operator: str, left: Any, right: Any) -> FhirPathExecutionError:
    return FhirPathExecutionError(f"'{operator}' does not take {type(left).__name__} and {type(right).__name__}.")


def add(left: Any, right: Any) -> Any:
    """`+` of numbers, texts, quantities, or of a date or time and a duration."""
    if is_number(left) and is_number(right):
        return number(left + right if left.__class__ is right.__class__ is int else DECIMALS.add(left, right))
    if isinstance(left, str) and isinstance(right, str):
        return bounded(left + right)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return _add_quantities(left, right, 1)
    if isinstance(left, _TEMPORAL) and isinstance(right, Quantity):
        return moved(left, right, 1)
    raise _wrong("+", left, right)


def subtract(left: Any, right: Any) -> Any:
    """`-` of numbers, quantities, or of a duration from a date or time."""
    if is_number(left) and is_number(right):
        return number(left - right if left.__class__ is right.__class__ is int else DECIMALS.subtract(left, right))
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return _add_quantities(left, right, -1)
    if isinstance(left, _TEMPORAL) and isinstance(right, Quantity):
        return moved(left, right, -1)
    raise _wrong("-", left, right)


def multiply(left: Any, right: Any) -> Any:
    """`*` of numbers and quantities."""
    if is_number(left) and is_number(right):
        return number(left * right if left.__class__ is right.__class__ is int else DECIMALS.multiply(left, right))
    one, other = _operands("*", left, right)
    unit = _product(one.unit, other.unit, ".")
    value = number(DECIMALS.multiply(one.value, other.value))
    return None if value is None else Quantity(value, unit, one.calendar and other.unit == "1")


def divide(left: Any, right: Any) -> Any:
    """`/` of numbers and quantities: a Decimal, or None where the divisor is zero."""
    if is_number(left) and is_number(right):
        return number(DECIMALS.divide(Decimal(left), Decimal(right))) if right else None
    one, other = _operands("/", left, right)
    if not other.value:
        return None
    value = number(DECIMALS.divide(one.value, other.value))
    unit = "1" if one.unit == other.unit else _product(one.unit, other.unit, "/")
    return None if value is None else Quantity(value, unit, one.calendar and other.unit == "1")


def whole_divide(left: Any, right: Any) -> Any:
    """`div`: the quotient cut to an integer."""
    if not is_number(left) or not is_number(right):
        raise _wrong("div", left, right)
    if not right:
        return None
    quotient = DECIMALS.divide(Decimal(left), Decimal(right))
    return number(int(quotient)) if quotient.is_finite() and abs(quotient) < 2**40 else None


def modulo(left: Any, right: Any) -> Any:
    """`mod`: the remainder of `div`, with the sign of the dividend."""
    if not is_number(left) or not is_number(right):
        raise _wrong("mod", left, right)
    if not right:
        return None
    rest = number(DECIMALS.remainder(Decimal(left), Decimal(right)))
    return int(rest) if rest is not None and left.__class__ is right.__class__ is int else rest


OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "div": whole_divide,
    "mod": modulo,
}


def negated(value: Any) -> Any:
    """`-value` of a number or quantity."""
    if isinstance(value, Quantity):
        return Quantity(-value.value, value.unit, value.calendar)
    if not is_number(value):
        raise FhirPathExecutionError(f"The sign '-' does not take {type(value).__name__}.")
    return number(-value)


def _operands(operator: str, left: Any, right: Any) -> tuple[Quantity, Quantity]:
    found = [
        one if isinstance(one, Quantity) else Quantity(Decimal(one), "1") if is_number(one) else None
        for one in (left, right)
    ]
    one, other = found
    if one is None or other is None:
        raise _wrong(operator, left, right)
    return one, other


def _product(left: str, right: str, operator: str) -> str:
    if right == "1":
        return left
    if left == "1" and operator == ".":
        return right
    if len(left) + len(right) > ucum.MAX_LENGTH:
        raise FhirPathLimitError(f"A unit of more than {ucum.MAX_LENGTH} characters would result.")
    return f"({left}){operator}({right})"


def _add_quantities(left: Quantity, right: Quantity, sign: int) -> Quantity | None:
    if left.unit == right.unit and left.calendar == right.calendar:
        amount = right.value
    else:
        try:
            amount = ucum.convert(right.value, _code(right), _code(left))
        except ucum.UcumError:
            return None
    value = number(DECIMALS.add(left.value, sign * amount))
    return None if value is None else Quantity(value, left.unit, left.calendar)


def _code(value: Quantity) -> str:
    if not value.calendar:
        return value.unit
    return next((code for code, name in _DURATIONS.items() if name == value.unit), value.unit)


def moved(value: temporal.Temporal, duration: Quantity, sign: int) -> temporal.Temporal | None:
    """A date or time moved by a duration; only whole units count, but of milliseconds in FHIRPath's calendar units."""
    unit = duration.unit if duration.calendar else _DURATIONS.get(duration.unit) or CALENDAR_UNITS.get(duration.unit)
    if unit is None:
        raise FhirPathExecutionError(f"'{duration.unit}' is no duration that a date or time can be moved by.")
    if not -(10**12) < duration.value < 10**12:
        return None
    amount = sign * int(duration.value.to_integral_value(ROUND_DOWN))
    if unit == "millisecond":
        return temporal.add_seconds(value, Decimal(amount).scaleb(-3))
    if unit in _SECONDS:
        return temporal.add_seconds(value, Decimal(amount * _SECONDS[unit]))
    if isinstance(value, temporal.Time):
        raise FhirPathExecutionError(f"A time of day cannot be moved by {unit}s.")
    if unit in ("year", "month"):
        return temporal.add_months(value, amount * (12 if unit == "year" else 1))
    return temporal.add_days(value, amount * (7 if unit == "week" else 1))
