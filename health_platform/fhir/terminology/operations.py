"""The operations of terminology as functions of values: $lookup, $subsumes, $expand, $translate.

https://hl7.org/fhir/R4/terminology-service.html. ($validate-code is in `membership.py`.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from health_platform.fhir.outcome import IssueType, NotFound, UnprocessableEntity
from health_platform.fhir.terminology.membership import MAX_NESTING, in_set, in_value_set, passes
from health_platform.fhir.terminology.registry import Terminology
from health_platform.fhir.terminology.values import CodeSystem, Concept, ConceptSet, Filter, ancestors, descendants

MAX_EXPANSION = 100_000
Subsumption = Literal["equivalent", "subsumes", "subsumed-by", "not-subsumed"]


@dataclass(frozen=True, slots=True)
class Lookup:
    system: str
    version: str
    concept: Concept
    children: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contained:
    """One entry of an expansion; `depth` counts from 0 where the expansion is a hierarchy."""

    system: str
    code: str
    display: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Expansion:
    total: int
    offset: int
    contains: tuple[Contained, ...]


@dataclass(frozen=True, slots=True)
class Match:
    system: str
    code: str
    equivalence: str


def lookup(terminology: Terminology, system: str, code: str) -> Lookup:
    """What is known of a code. Raises NotFound for an unknown system or code."""
    found = _code_system(terminology, system)
    concept = found.find(code)
    if concept is None and not found.is_complete:
        raise NotFound(
            "Whether %(concept)s is a code of %(system)s cannot be told: its content is not on this server.",
            concept=code,
            system=system,
        )
    if concept is None:
        raise NotFound("%(concept)s is not a code of %(system)s.", concept=code, system=system)
    return Lookup(found.url, found.version, concept, tuple(child.code for child in found.children(concept.code)))


def subsumes(terminology: Terminology, system: str, code_a: str, code_b: str) -> Subsumption:
    """How A and B relate. Raises NotFound for an unknown system or code."""
    found = _code_system(terminology, system)
    a, b = (lookup(terminology, system, code).concept.code for code in (code_a, code_b))
    if a == b:
        return "equivalent"
    if a in ancestors(found, b):
        return "subsumes"
    return "subsumed-by" if b in ancestors(found, a) else "not-subsumed"


def _code_system(terminology: Terminology, canonical: str) -> CodeSystem:
    found = terminology.code_system(canonical)
    if found is None:
        raise NotFound("The code system %(system)s is not on this server.", system=canonical)
    return found


def expand(
    terminology: Terminology,
    value_set: str,
    *,
    text: str = "",
    offset: int = 0,
    count: int | None = None,
    hierarchy: bool = False,
) -> Expansion:
    """The codes of a value set, in the order of their code system.

    `text` keeps those whose code begins with it or whose display has every word of it. `hierarchy` gives depths; it
    holds where a whole system or a branch of it is included. Raises NotFound for an unknown value set,
    UnprocessableEntity where content is missing or more than MAX_EXPANSION codes would come without `count`.
    """
    if terminology.value_set(value_set) is None:
        raise NotFound("The value set %(value_set)s is not on this server.", value_set=value_set)
    found = _unique(_members(terminology, value_set, 0))
    if text:
        found = (item for item in found if _has_text(item, text))
    limit = MAX_EXPANSION + 1 if count is None else None
    everything = list(islice(found, limit))
    if limit and len(everything) == limit:
        raise UnprocessableEntity(
            "The expansion has more than %(limit)s codes: ask for a page with count.",
            code=IssueType.TOO_COSTLY,
            limit=MAX_EXPANSION,
        )
    page = everything[offset : None if count is None else offset + count]
    if hierarchy:
        page = [_with_depth(terminology, item) for item in page]
    return Expansion(len(everything), offset, tuple(page))


def _with_depth(terminology: Terminology, item: Contained) -> Contained:
    system = terminology.code_system(item.system)
    depth, code = 0, item.code
    while system is not None and (concept := system.find(code)) is not None and concept.parents and depth < MAX_NESTING:
        depth, code = depth + 1, concept.parents[0]
    return Contained(item.system, item.code, item.display, depth)


def _has_text(item: Contained, text: str) -> bool:
    display = item.display.casefold()
    return item.code.casefold().startswith(text.casefold()) or all(w in display for w in text.casefold().split())


def _unique(items: Iterable[Contained]) -> Iterator[Contained]:
    seen: set[tuple[str, str]] = set()
    for item in items:
        if (item.system, item.code) not in seen:
            seen.add((item.system, item.code))
            yield item


def _members(terminology: Terminology, canonical: str, depth: int) -> Iterator[Contained]:
    found = terminology.value_set(canonical)
    if found is None or depth > MAX_NESTING:
        raise _not_expandable(canonical)
    for included in found.includes:
        for item in _members_of(terminology, included, depth):
            if not any(in_set(terminology, excluded, item.system, item.code, depth) for excluded in found.excludes):
                yield item


def _members_of(terminology: Terminology, stated: ConceptSet, depth: int) -> Iterator[Contained]:
    if not stated.system:
        first, *others = stated.value_sets
        for item in _members(terminology, first, depth + 1):
            if all(in_value_set(terminology, url, item.system, item.code, depth + 1) for url in others):
                yield item
        return
    for concept in _concepts(terminology, stated):
        item = Contained(stated.system, concept.code, concept.display)
        if all(in_value_set(terminology, url, item.system, item.code, depth + 1) for url in stated.value_sets):
            yield item


def _concepts(terminology: Terminology, stated: ConceptSet) -> Iterator[Concept]:
    known = terminology.code_system(stated.system + (f"|{stated.version}" if stated.version else ""))
    if stated.codes:
        for code in stated.codes:
            yield (known.find(code) if known else None) or Concept(code)
        return
    if known is None or not known.is_complete:
        raise _not_expandable(stated.system)
    for concept in _candidates(known, stated.filters):
        if all(passes(known, item, concept.code) for item in stated.filters):
            yield concept


def _candidates(system: CodeSystem, filters: tuple[Filter, ...]) -> Iterator[Concept]:
    """The concepts that a hierarchical filter leaves, read from the branch instead of the whole system."""
    branch = next((item for item in filters if item.op in ("is-a", "descendent-of")), None)
    if branch is None:
        yield from system.concepts()
        return
    top = system.find(branch.value)
    if top is not None:
        yield top
        yield from descendants(system, top.code)


def _not_expandable(canonical: str) -> UnprocessableEntity:
    return UnprocessableEntity(
        "The content of %(canonical)s is not on this server, so it cannot be expanded.",
        code=IssueType.NOT_SUPPORTED,
        canonical=canonical,
    )


def translate(
    terminology: Terminology, concept_map: str, system: str, code: str, *, target: str = "", reverse: bool = False
) -> list[Match]:
    """The matches of a code in a concept map. Raises NotFound for an unknown map."""
    found = terminology.concept_map(concept_map)
    if found is None:
        raise NotFound("The concept map %(concept_map)s is not on this server.", concept_map=concept_map)
    matches = []
    for group in found.groups:
        source_system, target_system = group.source_system, group.target_system
        if reverse:
            source_system, target_system = target_system, source_system
        if source_system != system or (target and target != target_system):
            continue
        for row in group.rows:
            source, to = (row.target, row.source) if reverse else (row.source, row.target)
            if source == code and to:
                matches.append(Match(target_system, to, row.equivalence))
    return matches
