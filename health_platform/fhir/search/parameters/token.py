"""Token parameters (hl7.org/fhir/R4/search.html#token): codes, identifiers, booleans; case is ignored.

A Coding or Identifier is indexed under three forms: `system|code`, the code in any system, and `system|` for any code.
A plain `code` is indexed by its code; the system that its required binding implies is resolved when a query names one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from health_platform.fhir.definitions import structures
from health_platform.fhir.fhirpath.compile import compile_search
from health_platform.fhir.outcome import BadRequest, IssueType
from health_platform.fhir.search.parameters.criteria import (
    ConceptCriterion,
    IdCriterion,
    OfTypeCriterion,
    TokenCriterion,
)
from health_platform.fhir.search.parameters.keys import hash64, parameter_mask
from health_platform.fhir.search.parameters.values import alternatives, split, unescape
from health_platform.fhir.search.registry import SearchParameter

MODIFIERS: Final = ("", "not")
CONCEPT_MODIFIERS: Final = ("in", "not-in", "above", "below")

Adder = Callable[[Iterable[Any], int, list[int]], None]

_SEPARATOR: Final = "\n"
_PUNCTUATION: Final = re.compile(r"[\s()-]+")
_SYSTEM_TYPES: Final = frozenset({"Coding", "CodeableConcept", "Identifier"})


def _pair(system: str, code: str) -> int:
    return hash64(f"{system}{_SEPARATOR}{code.casefold()}")


def _code(code: str) -> int:
    return hash64(code.casefold())


@lru_cache(maxsize=16_384)
def token_hashes(system: str | None, code: str | None) -> tuple[int, ...]:
    """The hashes under which a pair is indexed; system or code may be missing, or both."""
    hashes: list[int] = []
    if code:
        hashes += (_pair(system or "", code), _code(code))
    if system:
        hashes.append(_pair(system, ""))
    return tuple(hashes)


@lru_cache(maxsize=8_192)
def _code_hash(code: str) -> int:
    return _code(code)


@lru_cache(maxsize=8_192)
def _contact(value: str) -> str:
    """A telephone number or address of a ContactPoint without spaces, hyphens and brackets."""
    return _PUNCTUATION.sub("", value)


def _add_codings(values: Iterable[Any], mask: int, rows: list[int]) -> None:
    for coding in values:
        for found in token_hashes(coding.get("system"), coding.get("code")):
            rows.append(found ^ mask)


def _add_concepts(values: Iterable[Any], mask: int, rows: list[int]) -> None:
    for concept in values:
        _add_codings(concept.get("coding", ()), mask, rows)


def _add_identifiers(values: Iterable[Any], mask: int, rows: list[int]) -> None:
    for identifier in values:
        for found in token_hashes(identifier.get("system"), identifier.get("value")):
            rows.append(found ^ mask)


def _add_contact_points(values: Iterable[Any], mask: int, rows: list[int]) -> None:
    for contact in values:
        for found in token_hashes(contact.get("use"), _contact(contact.get("value", ""))):
            rows.append(found ^ mask)


def _add_booleans(values: Iterable[Any], mask: int, rows: list[int]) -> None:
    for value in values:
        rows.append(_code_hash("true" if value else "false") ^ mask)


def _add_codes(values: Iterable[Any], mask: int, rows: list[int]) -> None:
    for value in values:
        rows.append(_code_hash(value) ^ mask)


ADDERS: Final[Mapping[str, Adder]] = {
    "CodeableConcept": _add_concepts,
    "Coding": _add_codings,
    "Identifier": _add_identifiers,
    "ContactPoint": _add_contact_points,
    "boolean": _add_booleans,
    "code": _add_codes,
    "id": _add_codes,
    "string": _add_codes,
    "uri": _add_codes,
}
"""By FHIR type: adds the keys (hash XOR the parameter's mask) of values."""


def parse(value: str, parameter: SearchParameter, modifier: str = "") -> TokenCriterion | IdCriterion:
    """The criterion of `code`, `system|code`, `|code` or `system|`, or several with commas. Raises BadRequest."""
    parts = alternatives(parameter.code, value)
    negated = modifier == "not"
    if parameter.code == "_id":
        return IdCriterion(parameter, tuple(unescape(part) for part in parts), negated)
    mask = parameter_mask(parameter.id)
    hashes = [found ^ mask for part in parts for found in _query_hashes(part, parameter)]
    return TokenCriterion(parameter, tuple(dict.fromkeys(hashes)), negated)


def parse_concepts(value: str, parameter: SearchParameter, modifier: str) -> ConceptCriterion:
    """The criterion of `:in`, `:not-in` (value sets) or `:above`, `:below` (system|code). Raises BadRequest."""
    parts = [unescape(part) for part in alternatives(parameter.code, value)]
    for part in parts:
        system, _, code = part.partition("|")
        if modifier in ("above", "below") and not (system and code):
            raise BadRequest(
                "%(parameter)s:%(modifier)s cannot take '%(value)s'. Write system|code: a code alone has no place in a "
                "hierarchy.",
                code=IssueType.INVALID,
                expression=(f"{parameter.code}:{modifier}",),
                parameter=parameter.code,
                modifier=modifier,
                value=part,
            )
    return ConceptCriterion(parameter, modifier, tuple(parts))


def parse_of_type(value: str, parameter: SearchParameter) -> OfTypeCriterion:
    """The criterion of `:of-type`: `system|code|value` of an identifier's type and value. Raises BadRequest."""
    found: list[tuple[str, str, str]] = []
    for part in alternatives(parameter.code, value):
        pieces = [unescape(piece) for piece in split(part, "|")]
        if len(pieces) != 3 or not (pieces[1] and pieces[2]):
            raise BadRequest(
                "%(parameter)s:of-type cannot take '%(value)s'. Write system|code|value: the type of the identifier, "
                "and its value.",
                code=IssueType.INVALID,
                expression=(f"{parameter.code}:of-type",),
                parameter=parameter.code,
                value=part,
            )
        found.append((pieces[0], pieces[1], pieces[2]))
    mask = parameter_mask(parameter.id)
    return OfTypeCriterion(parameter, tuple(_code(value) ^ mask for _, _, value in found), tuple(found))


def coding_keys(parameter: SearchParameter, system: str, code: str) -> list[int]:
    """The keys under which a code of a system is indexed for a parameter; an empty code stands for any."""
    mask = parameter_mask(parameter.id)
    kinds = _kinds(parameter.expression, parameter.resource_type)
    return [found ^ mask for kind, value_set in kinds for found in _in_system(system, code, kind, value_set)]


def part_hashes(
    text: str, parameter: SearchParameter, kinds: frozenset[tuple[str, str]]
) -> tuple[list[int], list[int]]:
    """For a part of a composite whose values are of `kinds`: the hashes that it may have, and those of its code in any
    system (empty where the part gives a system alone)."""
    hashes = _query_hashes(text, parameter, kinds)
    pieces = [unescape(piece) for piece in split(text, "|")]
    code = pieces[-1]
    return hashes, list(dict.fromkeys((*_any_system(code, kinds), *_codes_of(hashes, kinds)))) if code else []


def _codes_of(hashes: list[int], kinds: frozenset[tuple[str, str]]) -> list[int]:
    return hashes if any(kind == "code" for kind, _ in kinds) else []


def lead_hashes(kind: str, value: Any) -> list[int]:
    """The hashes of the codes of a value in any system."""
    if kind == "CodeableConcept":
        return [_code(coding["code"]) for coding in value.get("coding", ()) if coding.get("code")]
    if kind in ("Coding", "Identifier"):
        code = value.get("code" if kind == "Coding" else "value")
        return [_code(code)] if code else []
    hashes: list[int] = []
    ADDERS[kind]([value], 0, hashes)
    return hashes


def _query_hashes(part: str, parameter: SearchParameter, kinds: frozenset[tuple[str, str]] | None = None) -> list[int]:
    pieces = [unescape(piece) for piece in split(part, "|")]
    kinds = _kinds(parameter.expression, parameter.resource_type) if kinds is None else kinds
    if len(pieces) == 1:
        return _any_system(pieces[0], kinds)
    if len(pieces) > 2 or not any(pieces):
        raise BadRequest(
            "The search parameter %(parameter)s cannot take '%(value)s'. Write code, system|code, |code for a code "
            "without a system, or system| for any code; a bar that belongs to the value is written as \\|.",
            code=IssueType.INVALID,
            expression=(parameter.code,),
            parameter=parameter.code,
            value=part,
        )
    system, code = pieces
    hashes = [found for kind, value_set in kinds for found in _in_system(system, code, kind, value_set)]
    return hashes


def _any_system(code: str, kinds: frozenset[tuple[str, str]]) -> list[int]:
    hashes = [_code(code)]
    if any(kind == "ContactPoint" for kind, _ in kinds):
        hashes.append(_code(_contact(code)))
    return hashes


def _in_system(system: str, code: str, kind: str, value_set: str) -> list[int]:
    if kind in _SYSTEM_TYPES:
        return [_pair(system, code)]
    if kind == "ContactPoint":
        return [_pair(system, _contact(code))]
    if kind == "code" and system:
        return _implied(system, code, value_set)
    return [_code(code)] if code else []


def _implied(system: str, code: str, value_set: str) -> list[int]:
    """The system of a plain code is that of its binding; where the binding's content is not known, any may be meant."""
    systems = structures.required_value_sets().get(value_set)
    if not systems:
        return [_code(code)] if code else []
    known = systems.get(system, frozenset())
    return [_code(one) for one in sorted(known) if not code or one.casefold() == code.casefold()]


@lru_cache(maxsize=4096)
def _kinds(expression: str, resource_type: str) -> frozenset[tuple[str, str]]:
    return frozenset((branch.type, branch.value_set) for branch in compile_search(expression, resource_type))
