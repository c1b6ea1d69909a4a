"""`:in`, `:not-in`, `:above` and `:below` of token parameters (hl7.org/fhir/R4/search.html#modifiers): the codes that
they stand for, from the terminology."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from health_platform.fhir.access.session import Session
from health_platform.fhir.outcome import BadRequest, IssueType, NotFound
from health_platform.fhir.search import sql
from health_platform.fhir.search.parameters.criteria import (
    And,
    ChainCriterion,
    ConceptCriterion,
    Criterion,
    HasCriterion,
    Not,
    Or,
    TokenCriterion,
)
from health_platform.fhir.search.parameters.token import coding_keys
from health_platform.fhir.search.query import parse_search
from health_platform.fhir.search.request import SearchRequest
from health_platform.fhir.stored import Page
from health_platform.fhir.terminology import operations
from health_platform.fhir.terminology.layers import ReadableTerminology
from health_platform.fhir.terminology.registry import Terminology
from health_platform.fhir.terminology.stored import StoredCodeSystem
from health_platform.fhir.terminology.values import CodeSystem, ConceptSet, ValueSet, ancestors, descendants

MAX_CODES: Final = 10_000
Coding = tuple[str, str]


def search(session: Session, requests: Sequence[SearchRequest], terminology: Callable[[], Terminology]) -> Page:
    """One page of matches within the actor's reach, of one type or of several; their concepts are resolved by what is
    known, and by the value sets and code systems in the store that the actor may read."""

    def find(kind: str, url: str, version: str) -> dict[str, Any] | None:
        criteria = [("url", url), *([("version", version)] if version else [])]
        page = sql.search(session, replace(parse_search(kind, criteria), count=1))
        return page.matches[0].stored.resource() if page.matches else None

    known: list[Terminology] = []

    def of_store() -> Terminology:
        if not known:
            known.append(ReadableTerminology(terminology(), find))
        return known[0]

    return sql.search_types(session, [resolved(request, of_store) for request in requests])


def resolved(request: SearchRequest, terminology: Callable[[], Terminology]) -> SearchRequest:
    """The request with its concepts as criteria of the index. Raises BadRequest for what the terminology lacks."""
    return replace(request, criteria=tuple(_resolved(one, terminology) for one in request.criteria))


def _resolved(criterion: Criterion, terminology: Callable[[], Terminology]) -> Criterion:
    match criterion:
        case ConceptCriterion():
            return _criterion(criterion, terminology())
        case And(criteria=criteria):
            return And(tuple(_resolved(one, terminology) for one in criteria))
        case Or(criteria=criteria):
            return Or(tuple(_resolved(one, terminology) for one in criteria))
        case Not(criterion=inner):
            return Not(_resolved(inner, terminology))
        case ChainCriterion(parameter=parameter, targets=targets):
            return ChainCriterion(parameter, tuple((kind, _resolved(one, terminology)) for kind, one in targets))
        case HasCriterion(parameter=parameter, criterion=inner):
            return HasCriterion(parameter, _resolved(inner, terminology))
    return criterion


def _criterion(asked: ConceptCriterion, terminology: Terminology) -> TokenCriterion:
    codings: dict[Coding, None] = {}
    for value in asked.values:
        codings |= dict.fromkeys(_codings(asked, value, terminology))
    keys = [key for system, code in codings for key in coding_keys(asked.parameter, system, code)]
    return TokenCriterion(asked.parameter, tuple(dict.fromkeys(keys)), negated=asked.modifier == "not-in")


def _codings(asked: ConceptCriterion, value: str, terminology: Terminology) -> list[Coding]:
    try:
        found = _in(terminology, value) if asked.modifier in ("in", "not-in") else _related(asked, value, terminology)
        codings = list(islice(found, MAX_CODES + 1))
    except NotFound as error:
        raise BadRequest(replace(error.issues[0], expression=(_name(asked),))) from error
    if len(codings) > MAX_CODES:
        raise BadRequest(
            "%(parameter)s=%(value)s stands for more than %(most)s codes: name a smaller value set or branch.",
            code=IssueType.TOO_COSTLY,
            expression=(_name(asked),),
            parameter=_name(asked),
            value=value,
            most=MAX_CODES,
        )
    return codings


def _name(asked: ConceptCriterion) -> str:
    return f"{asked.parameter.code}:{asked.modifier}"


def _in(terminology: Terminology, canonical: str) -> Iterable[Coding]:
    found = terminology.value_set(canonical)
    if found is None:
        raise NotFound("The value set %(value_set)s is not on this server.", value_set=canonical)
    if _is_of_whole_systems(found):
        # Any code of the system counts, whether its content is here or not.
        return [(included.system, "") for included in found.includes]
    expansion = operations.expand(terminology, canonical, count=MAX_CODES + 1)
    return [(item.system, item.code) for item in expansion.contains]


def _is_of_whole_systems(found: ValueSet) -> bool:
    return not found.excludes and all(_is_whole(included) for included in found.includes)


def _is_whole(included: ConceptSet) -> bool:
    return bool(included.system) and not (included.codes or included.filters or included.value_sets)


def _related(asked: ConceptCriterion, value: str, terminology: Terminology) -> Iterator[Coding]:
    system, _, code = value.partition("|")
    concept = operations.lookup(terminology, system, code).concept
    known = terminology.code_system(system)
    assert known is not None  # noqa: S101  (lookup)
    yield system, concept.code
    codes = ancestors(known, concept.code) if asked.modifier == "above" else _below(known, concept.code)
    for found in codes:
        if found != concept.code:
            yield system, found


def _below(system: CodeSystem, code: str) -> Iterable[str]:
    if isinstance(system, StoredCodeSystem):
        return system.below(code, MAX_CODES + 2)
    return (concept.code for concept in descendants(system, code))
