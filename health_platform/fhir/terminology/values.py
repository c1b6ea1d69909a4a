"""Code systems, value sets and concept maps as values (https://hl7.org/fhir/R4/terminology-module.html).

A code system is anything with the methods of `CodeSystem`: the one here holds its concepts in memory; one that reads a
licensed system from a store can stand in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Designation:
    value: str
    language: str = ""
    use: str = ""


@dataclass(frozen=True, slots=True)
class Concept:
    code: str
    display: str = ""
    parents: tuple[str, ...] = ()
    designations: tuple[Designation, ...] = ()
    properties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class CodeSystem(Protocol):
    """What the operations ask of a code system."""

    @property
    def url(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def is_complete(self) -> bool:
        """Whether a code that is not found is certainly not of this system."""

    def find(self, code: str) -> Concept | None: ...
    def concepts(self) -> Iterator[Concept]:
        """All concepts, parents before children."""

    def children(self, code: str) -> Iterator[Concept]: ...


@dataclass(frozen=True)
class ConceptsInMemory:
    """A code system whose concepts are held in memory. `content` is the code of CodeSystem.content."""

    url: str
    version: str
    content: str
    case_sensitive: bool
    rows: Sequence[Concept]

    @property
    def is_complete(self) -> bool:
        return self.content == "complete"

    @cached_property
    def _by_code(self) -> Mapping[str, Concept]:
        return {self._key(concept.code): concept for concept in self.rows}

    @cached_property
    def _by_parent(self) -> Mapping[str, list[Concept]]:
        found: dict[str, list[Concept]] = {}
        for concept in self.rows:
            for parent in concept.parents:
                found.setdefault(parent, []).append(concept)
        return found

    def _key(self, code: str) -> str:
        return code if self.case_sensitive else code.lower()

    def find(self, code: str) -> Concept | None:
        return self._by_code.get(self._key(code))

    def concepts(self) -> Iterator[Concept]:
        return iter(self.rows)

    def children(self, code: str) -> Iterator[Concept]:
        return iter(self._by_parent.get(code, ()))


def ancestors(system: CodeSystem, code: str) -> set[str]:
    """The codes above a code, without itself; empty for an unknown code."""
    found: set[str] = set()
    waiting = [code]
    while waiting:
        concept = system.find(waiting.pop())
        for parent in concept.parents if concept else ():
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def descendants(system: CodeSystem, code: str) -> Iterator[Concept]:
    """The concepts below a code, without itself, each once."""
    seen = {code}
    waiting = [code]
    while waiting:
        for child in system.children(waiting.pop()):
            if child.code not in seen:
                seen.add(child.code)
                waiting.append(child.code)
                yield child


@dataclass(frozen=True, slots=True)
class Filter:
    property: str
    op: str
    value: str


@dataclass(frozen=True, slots=True)
class ConceptSet:
    """One include or exclude: concepts of a system (all, listed or filtered) that lie in every one of `value_sets`."""

    system: str = ""
    version: str = ""
    codes: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    value_sets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ValueSet:
    url: str
    version: str
    includes: tuple[ConceptSet, ...]
    excludes: tuple[ConceptSet, ...] = ()


@dataclass(frozen=True, slots=True)
class Mapped:
    source: str
    equivalence: str
    target: str


@dataclass(frozen=True, slots=True)
class MapGroup:
    source_system: str
    target_system: str
    rows: tuple[Mapped, ...]


@dataclass(frozen=True, slots=True)
class ConceptMap:
    url: str
    groups: tuple[MapGroup, ...]


def code_system(resource: Json) -> ConceptsInMemory:
    """The value of a CodeSystem resource, whose hierarchy is nested or stated by `parent` properties."""
    hierarchy: dict[str, list[str]] = {}
    found = list(_flat(resource.get("concept", ()), hierarchy, ()))
    rows = [_concept(stated, tuple(dict.fromkeys(hierarchy[stated["code"]]))) for stated in found]
    return ConceptsInMemory(
        resource.get("url", ""),
        resource.get("version", ""),
        resource.get("content", "complete"),
        bool(resource.get("caseSensitive", True)),
        tuple({concept.code: concept for concept in rows}.values()),
    )


def _flat(concepts: Iterable[Json], hierarchy: dict[str, list[str]], above: tuple[str, ...]) -> Iterator[Json]:
    for stated in concepts:
        parents = hierarchy.setdefault(stated["code"], [])
        parents.extend(above)
        parents.extend(
            p["valueCode"] for p in stated.get("property", ()) if p.get("code") in _PARENT and "valueCode" in p
        )
        yield stated
        yield from _flat(stated.get("concept", ()), hierarchy, (stated["code"],))


_PARENT = ("parent", "subsumedBy")


def _concept(stated: Json, parents: tuple[str, ...]) -> Concept:
    properties: dict[str, list[str]] = {}
    for item in stated.get("property", ()):
        value = next((v for name, v in item.items() if name.startswith("value")), None)
        if value is not None and item.get("code") not in _PARENT:
            properties.setdefault(item["code"], []).append(value["code"] if isinstance(value, Mapping) else str(value))
    designations = tuple(
        Designation(d["value"], d.get("language", ""), d.get("use", {}).get("code", ""))
        for d in stated.get("designation", ())
    )
    frozen = {name: tuple(values) for name, values in properties.items()}
    return Concept(stated["code"], stated.get("display", ""), parents, designations, frozen)


def value_set(resource: Json) -> ValueSet:
    """The value of a ValueSet resource; one that has only an expansion includes its codes."""
    compose = resource.get("compose")
    if compose is None:
        includes = _expanded(resource.get("expansion", {}).get("contains", ()))
        return ValueSet(resource.get("url", ""), resource.get("version", ""), includes)
    return ValueSet(
        resource.get("url", ""),
        resource.get("version", ""),
        tuple(_concept_set(stated) for stated in compose.get("include", ())),
        tuple(_concept_set(stated) for stated in compose.get("exclude", ())),
    )


def _expanded(contains: Iterable[Json]) -> tuple[ConceptSet, ...]:
    codes: dict[str, list[str]] = {}
    waiting = list(contains)
    for item in waiting:
        waiting.extend(item.get("contains", ()))
        if "code" in item and not item.get("abstract"):
            codes.setdefault(item.get("system", ""), []).append(item["code"])
    return tuple(ConceptSet(system, codes=tuple(found)) for system, found in codes.items())


def _concept_set(stated: Json) -> ConceptSet:
    return ConceptSet(
        stated.get("system", ""),
        stated.get("version", ""),
        tuple(concept["code"] for concept in stated.get("concept", ())),
        tuple(Filter(f["property"], f["op"], f["value"]) for f in stated.get("filter", ())),
        tuple(stated.get("valueSet", ())),
    )


def concept_map(resource: Json) -> ConceptMap:
    """The value of a ConceptMap resource."""
    return ConceptMap(
        resource.get("url", ""),
        tuple(
            MapGroup(
                group.get("source", ""),
                group.get("target", ""),
                tuple(
                    Mapped(element.get("code", ""), target.get("equivalence", ""), target.get("code", ""))
                    for element in group.get("element", ())
                    for target in element.get("target", ())
                ),
            )
            for group in resource.get("group", ())
        ),
    )
