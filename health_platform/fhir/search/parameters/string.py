"""String parameters (hl7.org/fhir/R4/search.html#string): start of a text, case and accents ignored."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from health_platform.fhir.outcome import BadRequest, IssueType
from health_platform.fhir.search.parameters.criteria import StringCriterion, StringMatch
from health_platform.fhir.search.parameters.values import alternatives, unescape
from health_platform.fhir.search.registry import SearchParameter

MAX_LENGTH: Final = 512
"""Characters of a text that are indexed: PostgreSQL's b-tree takes 2,704 bytes, a character takes up to 4."""

MODIFIERS: Final = {"": StringMatch.STARTS, "contains": StringMatch.CONTAINS, "exact": StringMatch.EXACT}

Row = tuple[int, str]
Adder = Callable[[Iterable[Any], int, list[Row]], None]

_NAME_PARTS: Final = ("text", "family", "given", "prefix", "suffix")
_ADDRESS_PARTS: Final = ("text", "line", "city", "district", "state", "postalCode", "country")


@lru_cache(maxsize=8_192)
def normalise(text: str) -> str:
    """NFKC, case folded, accents stripped, Hangul composed, runs of white space as one space, cut at MAX_LENGTH."""
    if text.isascii():
        return " ".join(text.lower().split())[:MAX_LENGTH]
    folded = unicodedata.normalize("NFKC", text).casefold()
    stripped = "".join(one for one in unicodedata.normalize("NFD", folded) if unicodedata.category(one) != "Mn")
    return " ".join(unicodedata.normalize("NFC", stripped).split())[:MAX_LENGTH]


def _add_text(values: Iterable[Any], parameter_id: int, rows: list[Row]) -> None:
    for value in values:
        if text := normalise(value):
            rows.append((parameter_id, text))


def _adder_of_parts(names: tuple[str, ...]) -> Adder:
    def add(values: Iterable[Any], parameter_id: int, rows: list[Row]) -> None:
        for value in values:
            for name in names:
                part = value.get(name)
                if part is not None:
                    _add_text(_texts(part), parameter_id, rows)

    return add


def _texts(part: Any) -> Iterable[str]:
    return (part,) if isinstance(part, str) else [text for text in part if text is not None]


ADDERS: Final[Mapping[str, Adder]] = {
    "HumanName": _adder_of_parts(_NAME_PARTS),
    "Address": _adder_of_parts(_ADDRESS_PARTS),
    "string": _add_text,
    "markdown": _add_text,
}
"""By FHIR type: adds (parameter number, normalised text) rows for values."""


def parts_of(kind: str) -> tuple[str, ...]:
    """The elements of a FHIR type whose texts are indexed; an empty name is the value itself."""
    return {"HumanName": _NAME_PARTS, "Address": _ADDRESS_PARTS}.get(kind, ("",))


def parse(value: str, parameter: SearchParameter, modifier: str = "") -> StringCriterion:
    """The criterion of a value such as `Kim` or `Kim,Lee`. Raises BadRequest. `modifier` is a key of MODIFIERS."""
    exact = tuple(unescape(part) for part in alternatives(parameter.code, value))
    values = tuple(normalise(text) for text in exact)
    if not all(values):
        raise BadRequest(
            "The search parameter %(parameter)s has no letters to search for in '%(value)s'. Give at least one.",
            code=IssueType.INVALID,
            expression=(parameter.code,),
            parameter=parameter.code,
            value=value,
        )
    return StringCriterion(parameter, MODIFIERS[modifier], values, exact)
