"""How a search value is written: prefixes, commas, bars, escapes (hl7.org/fhir/R4/search.html#escaping, #prefix)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final

from health_platform.fhir.outcome import BadRequest, IssueType
from health_platform.fhir.search.parameters.criteria import Box

_PREFIXED: Final = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)", re.DOTALL)
_NUMBER: Final = re.compile(r"[+-]?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?")
_TENTH: Final = Decimal("0.1")


class Prefix(StrEnum):
    """The comparison prefixes of numbers, dates and quantities."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    LT = "lt"
    GE = "ge"
    LE = "le"
    SA = "sa"
    EB = "eb"
    AP = "ap"


def split(text: str, separator: str) -> list[str]:
    """The parts between separators that no backslash escapes; the escapes stay."""
    if "\\" not in text:
        return text.split(separator)
    parts = [""]
    characters = iter(text)
    for character in characters:
        if character == separator:
            parts.append("")
        elif character == "\\":
            parts[-1] += character + next(characters, "")
        else:
            parts[-1] += character
    return parts


def unescape(text: str) -> str:
    r"""The text without its escapes `\,`, `\|`, `\$` and `\\`."""
    return re.sub(r"\\([,|$\\])", r"\1", text) if "\\" in text else text


def alternatives(code: str, text: str) -> list[str]:
    """The values between the commas. Raises BadRequest where one is empty."""
    parts = [part.strip() for part in split(text, ",")]
    if not all(parts):
        raise BadRequest(
            "The search parameter %(parameter)s has an empty value in '%(value)s'. Give a value, or leave out the "
            "parameter or the extra comma; a comma that belongs to the value is written as \\,.",
            code=IssueType.INVALID,
            expression=(code,),
            parameter=code,
            value=text,
        )
    return parts


def prefixed(text: str) -> tuple[Prefix, str]:
    """The prefix, `eq` where there is none, and the rest."""
    match = _PREFIXED.fullmatch(text)
    prefix, rest = match.groups() if match else (None, text)
    return Prefix(prefix or "eq"), rest


def decimal_range(text: str) -> tuple[Decimal, Decimal, Decimal] | None:
    """The value, and the ends of the range that its digits leave open: 5.40 is 5.395 to 5.405, 100 is 99.5 to 100.5.

    hl7.org/fhir/R4/search.html#number. None for a text that is no number.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    _, fraction, exponent = match.groups()
    try:
        value = Decimal(text)
        half = Decimal(5).scaleb(int(exponent or 0) - len(fraction or "") - 1)
    except InvalidOperation:
        return None
    return value, value - half, value + half


def number_boxes(
    prefix: Prefix, value: Decimal, low: Decimal, high: Decimal, scale: Callable[[Decimal], float] = float
) -> tuple[Box, ...]:
    """The boxes of a comparison with a number whose implicit range is [low, high).

    Comparisons other than eq and ne take the number as exact (search.html#prefix, "implicit precision"). `scale` turns
    the ends into the numbers of the index.
    """
    point, first, exclusive = scale(value), scale(low), scale(high)
    margin = abs(value) * _TENTH
    boxes = {
        Prefix.EQ: (Box(low_from=first, high_to=_below(exclusive)),),
        Prefix.NE: (Box(low_to=_below(first)), Box(high_from=exclusive)),
        Prefix.GT: (Box(high_from=_above(point)),),
        Prefix.GE: (Box(high_from=point),),
        Prefix.LT: (Box(low_to=_below(point)),),
        Prefix.LE: (Box(low_to=point),),
        Prefix.SA: (Box(low_from=_above(point)),),
        Prefix.EB: (Box(high_to=_below(point)),),
        Prefix.AP: (Box(low_to=scale(value + margin), high_from=scale(value - margin)),),
    }
    return boxes[prefix]


def _above(number: float) -> float:
    return math.nextafter(number, math.inf)


def _below(number: float) -> float:
    return math.nextafter(number, -math.inf)
