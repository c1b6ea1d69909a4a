"""Terminology in layers: what is built in, then what an operator loaded, then what a caller may read.

A layer adds and never replaces: whoever stores a ValueSet under a URL of R4 changes nothing for anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from health_platform.fhir.terminology import external, values
from health_platform.fhir.terminology.registry import Terminology
from health_platform.fhir.terminology.stored import StoredCodeSystem
from health_platform.fhir.terminology.values import CodeSystem, ConceptMap, ConceptSet, Filter, ValueSet

Finder = Callable[[str, str, str], Mapping[str, Any] | None]
"""Gives the resource of a type, canonical URL and version ("" for any), or None."""
_IMPLICIT = "?fhir_vs"
_BRANCH = "=isa/"


class LoadedTerminology(Terminology):
    """Facts and packages, and the code systems that were loaded from files where those have no complete content."""

    def __init__(self, systems: Iterable[StoredCodeSystem]) -> None:
        super().__init__()
        self._loaded: dict[str, dict[str, StoredCodeSystem]] = {}
        for system in systems:
            versions = self._loaded.setdefault(system.url, {})
            versions.pop(system.version, None)
            versions[system.version] = system

    def code_system(self, canonical: str) -> CodeSystem | None:
        stated = super().code_system(canonical)
        if stated is not None and stated.is_complete:
            return stated
        url, _, version = canonical.partition("|")
        versions = self._loaded.get(url, {})
        found = versions.get(version) if version else next(reversed(versions.values()), None)
        return found or stated

    def value_set(self, canonical: str) -> ValueSet | None:
        return super().value_set(canonical) or _implicit(canonical)

    def code_system_urls(self) -> set[str]:
        return super().code_system_urls() | self._loaded.keys()


class ReadableTerminology(Terminology):
    """A base and, where it knows nothing, the resources that `find` gives: those that the caller may read or sent."""

    def __init__(self, base: Terminology, find: Finder) -> None:
        super().__init__()
        self._base = base
        self._find = find
        self._found: dict[tuple[str, str], Any] = {}

    def code_system(self, canonical: str) -> CodeSystem | None:
        known = self._base.code_system(canonical)
        if known is not None and known.is_complete:
            return known
        found: CodeSystem | None = self._read("CodeSystem", canonical, values.code_system)
        return found or known

    def value_set(self, canonical: str) -> ValueSet | None:
        known = self._base.value_set(canonical)
        return known or cast("ValueSet | None", self._read("ValueSet", canonical, values.value_set))

    def concept_map(self, url: str) -> ConceptMap | None:
        known = self._base.concept_map(url)
        return known or cast("ConceptMap | None", self._read("ConceptMap", url, values.concept_map))

    def _read(self, kind: str, canonical: str, value_of: Callable[[Mapping[str, Any]], object]) -> Any:
        """What is found is kept as long as this object, which is as long as a request."""
        if (kind, canonical) not in self._found:
            url, _, version = canonical.partition("|")
            resource = self._find(kind, url, version)
            self._found[kind, canonical] = value_of(resource) if resource else None
        return self._found[kind, canonical]


def _implicit(canonical: str) -> ValueSet | None:
    """All codes of a system (`http://loinc.org/vs`, `SYSTEM?fhir_vs`) or a branch (`SYSTEM?fhir_vs=isa/CODE`)."""
    url, _, version = canonical.partition("|")
    if url == f"{external.LOINC}/vs":
        return ValueSet(url, version, (ConceptSet(external.LOINC, version),))
    system, mark, rest = url.partition(_IMPLICIT)
    if not mark or (rest and not rest.startswith(_BRANCH)):
        return None
    filters = (Filter("concept", "is-a", rest.removeprefix(_BRANCH)),) if rest else ()
    return ValueSet(url, version, (ConceptSet(system, version, filters=filters),))
