"""Reference parameters (hl7.org/fhir/R4/search.html#reference).

A literal reference to a resource of this server is indexed as `Type/id`, another one as its URL without version, a
canonical with and without version, a logical reference by its identifier. References into `contained` are not indexed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES, TYPE_NUMBER
from health_platform.fhir.fhirpath.references import parse_reference
from health_platform.fhir.outcome import BadRequest, IssueType
from health_platform.fhir.search.parameters.criteria import ReferenceCriterion
from health_platform.fhir.search.parameters.keys import hash64, key, own_hash
from health_platform.fhir.search.parameters.uri import add_canonicals, add_uris
from health_platform.fhir.search.parameters.values import alternatives, split, unescape
from health_platform.fhir.search.registry import SearchParameter

Adder = Callable[[Iterable[Any], int, list[int]], None]


def _identifier_hash(system: str, value: str) -> int:
    return hash64(f"identifier\n{system}\n{value.casefold()}")


@lru_cache(maxsize=16_384)
def _literal_hash(text: str, base: str) -> int | None:
    if not text or text[0] == "#":
        return None
    literal = parse_reference(text.removeprefix(base))
    if literal is None:
        return hash64(text.removeprefix(base))
    return hash64(literal.base + literal.local) if literal.base else own_hash(literal.type, literal.id)


def _adder_of_references(base: str) -> Adder:
    def add(values: Iterable[Any], mask: int, rows: list[int]) -> None:
        for value in values:
            text = value.get("reference")
            if text is not None:
                found = _literal_hash(text, base)
                if found is not None:
                    rows.append(found ^ mask)
            identifier = value.get("identifier")
            if identifier is not None and identifier.get("value"):
                rows.append(_identifier_hash(identifier.get("system", ""), identifier["value"]) ^ mask)

    return add


def _add_resources(values: Iterable[Any], mask: int, rows: list[int]) -> None:
    """Resources that stand inline (the Composition or MessageHeader of a Bundle), by their type and id."""
    for value in values:
        if "id" in value:
            rows.append(own_hash(value["resourceType"], value["id"]) ^ mask)


def _add_attachments(values: Iterable[Any], mask: int, rows: list[int]) -> None:
    add_uris((value["url"] for value in values if "url" in value), mask, rows)


def adders(base: str) -> Mapping[str, Adder]:
    """By FHIR type: adds the keys (hash XOR the parameter's mask) of values. `base` as in `parse`."""
    return {
        "Reference": _adder_of_references(base),
        "Resource": _add_resources,
        "Attachment": _add_attachments,
        "canonical": add_canonicals,
        "uri": add_uris,
    }


def target_types(parameter: SearchParameter) -> tuple[str, ...]:
    """The resource types that the parameter's references may point to."""
    return RESOURCE_TYPES if parameter.targets == ("Resource",) else parameter.targets


def target_key(parameter: SearchParameter, resource_type: str, identifier: str) -> int:
    """The key under which a reference to `resource_type/identifier` stands (for `_revinclude` and chains)."""
    return key(parameter.id, own_hash(resource_type, identifier))


def is_modifier(modifier: str, parameter: SearchParameter) -> bool:
    """Whether the modifier is none, `identifier` or one of the target types."""
    return modifier in ("", "identifier") or modifier in target_types(parameter)


def parse(value: str, parameter: SearchParameter, modifier: str = "", base: str = "") -> ReferenceCriterion:
    """The criterion of an id, `Type/id`, a URL, or with `:identifier` a token; several with commas.

    `base` is this server's address with a closing slash: a URL below it is one of its own resources. Raises BadRequest.
    """
    parts = alternatives(parameter.code, value)
    if modifier == "identifier":
        return ReferenceCriterion(parameter, tuple(_identifier_key(part, parameter) for part in parts))
    keys: list[int] = []
    targets: list[tuple[str, str]] = []
    for part in parts:
        text = unescape(part)
        named = _targets(text.removeprefix(base), parameter, modifier)
        targets += named
        keys += [target_key(parameter, *target) for target in named] or [key(parameter.id, hash64(_url(text)))]
    return ReferenceCriterion(parameter, tuple(dict.fromkeys(keys)), tuple(dict.fromkeys(targets)))


def _url(text: str) -> str:
    literal = parse_reference(text)
    return text if literal is None else literal.base + literal.local


def _targets(text: str, parameter: SearchParameter, modifier: str) -> list[tuple[str, str]]:
    literal = parse_reference(text)
    if literal is not None and not literal.base:
        if modifier and literal.type != modifier:
            raise _bad(parameter, text)
        return [(literal.type, literal.id)]
    if ":" in text or "|" in text:
        return []
    if "/" in text:
        raise _bad(parameter, text)
    types = (modifier,) if modifier in TYPE_NUMBER else target_types(parameter)
    return [(name, text) for name in types]


def _bad(parameter: SearchParameter, text: str) -> BadRequest:
    return BadRequest(
        "The search parameter %(parameter)s cannot take '%(value)s'. Write an id, Type/id with a type of %(types)s, or "
        "an absolute URL.",
        code=IssueType.INVALID,
        expression=(parameter.code,),
        parameter=parameter.code,
        value=text,
        types=", ".join(parameter.targets),
    )


def _identifier_key(part: str, parameter: SearchParameter) -> int:
    pieces = [unescape(piece) for piece in split(part, "|")]
    if len(pieces) != 2 or not pieces[1]:
        raise BadRequest(
            "The search parameter %(parameter)s:identifier cannot take '%(value)s'. Write system|value, or |value for "
            "an identifier without a system.",
            code=IssueType.INVALID,
            expression=(parameter.code,),
            parameter=parameter.code,
            value=part,
        )
    return key(parameter.id, _identifier_hash(pieces[0], pieces[1]))
