"""Which code systems, value sets and concept maps are known: those of R4, those of loaded packages, those of a city."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, TypeVar

from health_platform.fhir.definitions.structures import read_facts
from health_platform.fhir.terminology import values
from health_platform.fhir.terminology.values import (
    CodeSystem,
    Concept,
    ConceptMap,
    ConceptSet,
    ConceptsInMemory,
    Filter,
    MapGroup,
    Mapped,
    ValueSet,
)

Facts = Mapping[str, Any]
T = TypeVar("T")


class Terminology:
    """Finds by canonical URL, `url` or `url|version`. Later layers go before earlier ones; a version that is asked for
    and not there is None, and without a version the last one that was added answers."""

    def __init__(self) -> None:
        self._code_systems: dict[str, dict[str, CodeSystem]] = {}
        self._value_sets: dict[str, dict[str, ValueSet]] = {}
        self._concept_maps: dict[str, ConceptMap] = {}
        self._facts: list[Facts] = []
        self.answers: dict[tuple[str, str | None, str], bool | None] = {}
        """What was asked of value sets before (value set, system, code); kept by membership.py."""

    def with_facts(self, facts: Facts) -> Terminology:
        """Adds compact facts (compile_terminology.py), which become values when they are first asked for."""
        self._facts.append(facts)
        self.answers.clear()
        return self

    def add(self, resource: Facts) -> None:
        """Adds a CodeSystem, ValueSet or ConceptMap resource. Raises ValueError for any other."""
        self.answers.clear()
        kind = resource.get("resourceType")
        if kind == "CodeSystem":
            self.add_code_system(values.code_system(resource))
        elif kind == "ValueSet":
            found = values.value_set(resource)
            _put(self._value_sets, found.url, found.version, found)
        elif kind == "ConceptMap":
            self._concept_maps[resource.get("url", "")] = values.concept_map(resource)
        else:
            raise ValueError(f"{kind} is no resource of terminology")

    def add_code_system(self, system: CodeSystem) -> None:
        self.answers.clear()
        _put(self._code_systems, system.url, system.version, system)

    def code_system(self, canonical: str) -> CodeSystem | None:
        url, _, version = canonical.partition("|")
        if url not in self._code_systems:
            for facts in self._facts:
                if url in facts["code_systems"]:
                    found = _code_system(url, facts["code_systems"][url])
                    _put(self._code_systems, url, found.version, found)
        return _get(self._code_systems, url, version)

    def value_set(self, canonical: str) -> ValueSet | None:
        url, _, version = canonical.partition("|")
        if url not in self._value_sets:
            for facts in self._facts:
                if url in facts["value_sets"]:
                    found = _value_set(url, facts["value_sets"][url])
                    _put(self._value_sets, url, found.version, found)
        return _get(self._value_sets, url, version)

    def concept_map(self, url: str) -> ConceptMap | None:
        if url not in self._concept_maps:
            for facts in self._facts:
                if url in facts["concept_maps"]:
                    self._concept_maps[url] = _concept_map(url, facts["concept_maps"][url])
        return self._concept_maps.get(url)

    def code_system_urls(self) -> set[str]:
        return set(self._code_systems).union(*(facts["code_systems"] for facts in self._facts))

    def value_set_urls(self) -> set[str]:
        return set(self._value_sets).union(*(facts["value_sets"] for facts in self._facts))


def _put(known: dict[str, dict[str, T]], url: str, version: str, value: T) -> None:
    versions = known.setdefault(url, {})
    versions.pop(version, None)
    versions[version] = value


def _get(known: Mapping[str, Mapping[str, T]], url: str, version: str) -> T | None:
    versions = known.get(url, {})
    if version:
        return versions.get(version)
    return next(reversed(list(versions.values())), None)


def _code_system(url: str, facts: Any) -> ConceptsInMemory:
    version, content, case_sensitive, rows = facts
    codes = [row[0] for row in rows]
    concepts = tuple(
        Concept(row[0], row[1], tuple(codes[number] for number in row[2]) if len(row) > 2 else ()) for row in rows
    )
    return ConceptsInMemory(url, version, content, case_sensitive, concepts)


def _value_set(url: str, facts: Any) -> ValueSet:
    version, includes, excludes = facts
    return ValueSet(url, version, _concept_sets(includes), _concept_sets(excludes))


def _concept_sets(facts: Iterable[Facts]) -> tuple[ConceptSet, ...]:
    return tuple(
        ConceptSet(
            stated.get("s", ""),
            "",
            tuple(stated.get("c", ())),
            tuple(Filter(*row) for row in stated.get("f", ())),
            tuple(stated.get("v", ())),
        )
        for stated in facts
    )


def _concept_map(url: str, facts: Any) -> ConceptMap:
    return ConceptMap(
        url, tuple(MapGroup(source, target, tuple(Mapped(*row) for row in rows)) for source, target, rows in facts)
    )


@cache
def r4_terminology_facts() -> Facts:
    return read_facts("terminology.json.xz")
