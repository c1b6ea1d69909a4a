"""The search parameters of FHIR R4 by resource type and code (hl7.org/fhir/R4/searchparameter-registry.html).

Loaded from the facts of `definitions/search_parameters.json`. The number of a parameter belongs to one pair of resource
type and code, fits a 16-bit integer and never changes: the store's index rows carry it. Numbers from 16,384 on are free
for parameters that a city defines itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from health_platform.fhir.definitions.resource_types import TYPE_NUMBER

FIRST_CITY_NUMBER: Final = 16_384
_COMMON_BASES: Final = ("Resource", "DomainResource")
_URL: Final = "http://hl7.org/fhir/SearchParameter/"


class SearchType(StrEnum):
    """http://hl7.org/fhir/search-param-type, R4."""

    NUMBER = "number"
    DATE = "date"
    STRING = "string"
    TOKEN = "token"  # noqa: S105
    REFERENCE = "reference"
    COMPOSITE = "composite"
    QUANTITY = "quantity"
    URI = "uri"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a composite parameter: the code of the parameter that types it, and its expression from the parent."""

    code: str
    expression: str


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """A search parameter of one resource type.

    `id` is the stable number of the pair (resource type, code). `expression` holds only the branches of this type; it
    is empty for parameters that no element answers (`_text`, `_content`, `_query`). `targets` are the resource types
    that a reference may point to, `("Resource",)` for any. What a city defined is `ready` once all that was written
    before has its index rows.
    """

    id: int
    resource_type: str
    code: str
    type: SearchType
    expression: str
    targets: tuple[str, ...] = ()
    components: tuple[Component, ...] = ()
    url: str = ""
    ready: bool = True

    @property
    def indexed(self) -> bool:
        """Whether the index carries values of it."""
        return bool(self.expression) and self.type not in (SearchType.COMPOSITE, SearchType.SPECIAL)


def parameters(resource_type: str) -> Mapping[str, SearchParameter]:
    """All parameters of a resource type by code, the common ones (`_id`, `_lastUpdated` ...) included.

    Raises KeyError for a name that is no resource type of R4.
    """
    return _with_custom(resource_type, _custom[0])


def generation() -> int:
    """Another number whenever other parameters are in force in this process."""
    return _custom[0]


def define(found: Sequence[SearchParameter], number: int) -> None:
    """Put the parameters in force that a city defined, as of the generation `number`; those before are forgotten."""
    by_type: dict[str, dict[str, SearchParameter]] = {}
    for one in found:
        by_type.setdefault(one.resource_type, {})[one.code] = one
    _defined[number] = by_type
    _custom[0] = number
    for old in [known for known in _defined if known not in (number, 0)]:
        _defined.pop(old, None)


_custom: list[int] = [0]
_defined: dict[int, dict[str, dict[str, SearchParameter]]] = {0: {}}


@lru_cache(maxsize=512)
def _with_custom(resource_type: str, number: int) -> Mapping[str, SearchParameter]:
    known = _by_type(resource_type)
    own = _defined.get(number, {}).get(resource_type)
    # HL7's own parameters stand: a city adds, it does not redefine.
    return known if not own else MappingProxyType({**own, **known})


def parameter(resource_type: str, code: str) -> SearchParameter | None:
    """The parameter of this code, None where the type has none."""
    return parameters(resource_type).get(code)


@lru_cache(maxsize=1)
def parameters_by_id() -> Mapping[int, SearchParameter]:
    """Every parameter of every type by its number."""
    return MappingProxyType({found.id: found for name in TYPE_NUMBER for found in _by_type(name).values()})


@lru_cache(maxsize=256)
def patient_compartment(resource_type: str) -> tuple[SearchParameter, ...]:
    """The reference parameters that put a resource of this type into a patient's compartment; empty for none.

    hl7.org/fhir/R4/compartmentdefinition-patient.html. A Patient itself is in its own compartment by its id.
    """
    known = _by_type(resource_type)
    return tuple(known[code] for code in _facts()["patient_compartment"].get(resource_type, ()))


@lru_cache(maxsize=1)
def _facts() -> dict[str, Any]:
    text = files("health_platform.fhir.definitions").joinpath("search_parameters.json").read_text(encoding="utf-8")
    facts: dict[str, Any] = json.loads(text)
    return facts


@lru_cache(maxsize=1)
def _rows_by_base() -> dict[str, list[tuple[int, dict[str, Any]]]]:
    rows: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for fact in _facts()["parameters"]:
        for base, number in zip(fact["base"], fact["number"], strict=True):
            rows.setdefault(base, []).append((number, fact))
    return rows


@lru_cache(maxsize=256)
def _by_type(resource_type: str) -> Mapping[str, SearchParameter]:
    place = TYPE_NUMBER[resource_type]
    rows = _rows_by_base()
    common = [(number + place, fact) for base in _COMMON_BASES for number, fact in rows[base]]
    own = rows.get(resource_type, [])
    return MappingProxyType({fact["code"]: _parameter(number, resource_type, fact) for number, fact in common + own})


def _parameter(number: int, resource_type: str, fact: dict[str, Any]) -> SearchParameter:
    return SearchParameter(
        id=number,
        resource_type=resource_type,
        code=fact["code"],
        type=SearchType(fact["type"]),
        expression=_own_branches(fact.get("expression", ""), fact["base"], resource_type),
        targets=tuple(fact.get("target", ())),
        components=tuple(Component(*component) for component in fact.get("component", ())),
        url=_URL + fact["id"],
    )


def _own_branches(expression: str, bases: list[str], resource_type: str) -> str:
    """The branches of a union that start at this type; the expression as it is where it has one base."""
    if len(bases) == 1:
        return expression
    return " | ".join(branch for branch in _branches(expression) if _root(branch) == resource_type)


def _branches(expression: str) -> Iterator[str]:
    depth = start = 0
    for place, character in enumerate(expression):
        depth += (character == "(") - (character == ")")
        if character == "|" and depth == 0:
            yield expression[start:place].strip()
            start = place + 1
    yield expression[start:].strip()


def _root(branch: str) -> str:
    return branch.lstrip("( ").partition(".")[0]
