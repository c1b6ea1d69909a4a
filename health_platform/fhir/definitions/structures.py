"""The types of FHIR R4 4.0.1: elements, types, cardinality, bindings, invariants (facts of compile_structures.py)."""

from __future__ import annotations

import json
import lzma
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
INLINE = ("BackboneElement", "Element")


@dataclass(frozen=True, slots=True)
class TypeReference:
    """A type that an element may have: `Reference` with its target types, `Quantity` with its profiles."""

    code: str
    targets: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Binding:
    strength: str
    value_set: str


@dataclass(frozen=True, slots=True)
class Element:
    """One element. `path` is full (`Patient.contact.name`), `name` has no `[x]`, `maximum` None is `*`."""

    path: str
    name: str
    minimum: int
    maximum: int | None
    types: tuple[TypeReference, ...]
    is_choice: bool
    content_reference: str
    binding: Binding | None
    is_modifier: bool
    is_summary: bool

    @property
    def is_list(self) -> bool:
        return self.maximum is None or self.maximum > 1


@dataclass(frozen=True, slots=True)
class Property:
    """A JSON property: an element with the one type that the property's name gives it.

    `node` is the path under which the children stand: a type's name, or a backbone element's path.
    """

    name: str
    element: Element
    type: TypeReference
    node: str
    is_primitive: bool


@dataclass(frozen=True, slots=True)
class Node:
    """What may stand in one JSON object: a type, or a backbone element by its path."""

    path: str
    elements: tuple[Element, ...]
    properties: Mapping[str, Property]


@dataclass(frozen=True, slots=True)
class Invariant:
    key: str
    severity: str
    expression: str
    contexts: tuple[str, ...]


def read_facts(name: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(lzma.decompress((HERE / name).read_bytes()))
    return facts


@cache
def _facts() -> dict[str, Any]:
    return read_facts("structures.json.xz")


def provenance() -> dict[str, str]:
    source: dict[str, str] = _facts()["provenance"]
    return source


@cache
def types() -> Mapping[str, str]:
    """Every type's kind by its name: `primitive`, `complex` or `resource`."""
    return {name: facts["kind"] for name, facts in _facts()["types"].items()}


@cache
def resource_types() -> frozenset[str]:
    """The names of the concrete resource types."""
    facts = _facts()["types"]
    return frozenset(name for name, kind in types().items() if kind == "resource" and not facts[name].get("abstract"))


@cache
def primitive_patterns() -> Mapping[str, str]:
    """The regular expression of each primitive type, as R4 states it; xhtml has none."""
    patterns: dict[str, str] = _facts()["primitives"]
    return patterns


@cache
def base_type(name: str) -> str | None:
    base: str | None = _facts()["types"][name].get("base")
    return base


@cache
def ancestors(name: str) -> tuple[str, ...]:
    """The type itself and the types that it specialises, nearest first."""
    chain = [name]
    while (base := base_type(chain[-1])) is not None:
        chain.append(base)
    return tuple(chain)


@cache
def is_primitive(name: str) -> bool:
    return types().get(name) == "primitive"


@cache
def elements(type_name: str) -> Mapping[str, Element]:
    """All elements of a type, inherited ones too, by full path, in the order of the specification."""
    rows = _facts()["types"][type_name].get("elements", [])
    return {element.path: element for element in (_element(type_name, row) for row in rows)}


def _element(type_name: str, row: list[Any]) -> Element:
    path, minimum, maximum, declared, *rest = row
    extra: dict[str, Any] = rest[0] if rest else {}
    binding = extra.get("bind")
    return Element(
        path=f"{type_name}.{path}",
        name=path.rpartition(".")[2].removesuffix("[x]"),
        minimum=minimum,
        maximum=maximum or None,
        types=tuple(_type_reference(item) for item in declared),
        is_choice=path.endswith("[x]"),
        content_reference=extra.get("ref", ""),
        binding=Binding(*binding) if binding else None,
        is_modifier="mod" in extra,
        is_summary="sum" in extra,
    )


def _type_reference(declared: str | list[Any]) -> TypeReference:
    if isinstance(declared, str):
        return TypeReference(declared)
    return TypeReference(declared[0], *(tuple(part) for part in declared[1:]))


@cache
def node(path: str) -> Node:
    """The node of a type's name or of a backbone element's path. Raises KeyError for anything else."""
    type_name = path.partition(".")[0]
    children = tuple(e for e in elements(type_name).values() if e.path.rpartition(".")[0] == path)
    if not children:
        raise KeyError(path)
    return Node(path, children, {p.name: p for element in children for p in _properties(element)})


def _properties(element: Element) -> list[Property]:
    if element.content_reference:
        return [Property(element.name, element, TypeReference("BackboneElement"), element.content_reference, False)]
    found = []
    for declared in element.types:
        name = element.name + declared.code[0].upper() + declared.code[1:] if element.is_choice else element.name
        inline = declared.code in INLINE and element.name not in ("extension", "modifierExtension")
        found.append(
            Property(name, element, declared, element.path if inline else declared.code, is_primitive(declared.code))
        )
    return found


@cache
def invariants() -> tuple[Invariant, ...]:
    """The invariants of R4, each with the paths where it is stated (a type's name or an element's path)."""
    rows = read_facts("invariants.json.xz")["invariants"]
    return tuple(Invariant(key, severity, expression, tuple(contexts)) for key, severity, expression, contexts in rows)


@cache
def required_value_sets() -> Mapping[str, Mapping[str, frozenset[str]]]:
    """Codes by system of each value set with a required binding; empty where R4 does not carry the content."""
    facts = read_facts("value_sets.json.xz")["value_sets"]
    return {url: {system: frozenset(codes) for system, codes in systems.items()} for url, systems in facts.items()}
