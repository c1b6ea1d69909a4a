"""A search query as a value (hl7.org/fhir/R4/search.html): names, modifiers and values checked, nothing looked up yet.

Pure. What R4 defines and this server does not support yet is refused by name, never dropped in silence; with `lenient`
(`Prefer: handling=lenient`) it is listed in `ignored` instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.outcome import BadRequest, IssueType
from health_platform.fhir.search import filter as filters
from health_platform.fhir.search.parameters.criteria import Criterion
from health_platform.fhir.search.registry import SearchParameter, SearchType, parameter, parameters
from health_platform.fhir.search.terms import (
    NotUnderstood,
    Reading,
    criterion,
    error,
    known,
    reference_parameter,
    unknown,
)

MAX_COUNT: Final = 1000
MAX_PARAMETERS: Final = 100
_OF_HTTP: Final = frozenset({"_format", "_pretty"})
_SINGLE: Final = frozenset({"_count", "_summary", "_elements", "_total", "_cursor"})
_ANY: Final = "*"


class Summary(StrEnum):
    """http://hl7.org/fhir/R4/search.html#summary."""

    TRUE = "true"
    TEXT = "text"
    DATA = "data"
    COUNT = "count"
    FALSE = "false"


class Total(StrEnum):
    """http://hl7.org/fhir/R4/search.html#total."""

    NONE = "none"
    ESTIMATE = "estimate"
    ACCURATE = "accurate"


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of `_sort`."""

    parameter: SearchParameter
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Include:
    """An `_include` or `_revinclude`: the type that refers, by which parameters, to which type (None: any).

    `source` is `*` for all references of whatever is on the page, `parameters` is empty then.
    """

    source: str
    parameters: tuple[SearchParameter, ...]
    target: str | None = None
    iterate: bool = False


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search over one resource type. `count` None leaves the page size to the server; `cursor` is a paging token."""

    resource_type: str
    criteria: tuple[Criterion, ...] = ()
    sort: tuple[SortKey, ...] = ()
    count: int | None = None
    include: tuple[Include, ...] = ()
    revinclude: tuple[Include, ...] = ()
    summary: Summary = Summary.FALSE
    elements: tuple[str, ...] = ()
    total: Total = Total.NONE
    cursor: str | None = None
    lenient: bool = False
    ignored: tuple[str, ...] = ()


@dataclass(slots=True)
class _Draft:
    resource_type: str
    reading: Reading
    criteria: list[Criterion] = field(default_factory=list)
    sort: list[SortKey] = field(default_factory=list)
    include: list[Include] = field(default_factory=list)
    revinclude: list[Include] = field(default_factory=list)
    single: dict[str, str] = field(default_factory=dict)


def parse_request(
    resource_type: str,
    query: Iterable[tuple[str, str]],
    *,
    lenient: bool = False,
    now: datetime | None = None,
    base: str = "",
) -> SearchRequest:
    """The search that the (name, value) pairs of a decoded query string ask for.

    `now` is needed for the prefix `ap` of dates; `base` is this server's address with a closing slash. Raises
    BadRequest with an issue for the first thing that is wrong: what, where, how to mend.
    """
    draft = _Draft(resource_type, Reading(now, base))
    ignored: list[str] = []
    for place, (name, value) in enumerate(query):
        if place >= MAX_PARAMETERS:
            raise error("The query has more than %(most)s parameters.", name, IssueType.TOO_COSTLY, most=MAX_PARAMETERS)
        try:
            _take(draft, name, value)
        except NotUnderstood as problem:
            if not lenient:
                raise problem.error from None
            ignored.append(name)
    return SearchRequest(
        resource_type=resource_type,
        criteria=tuple(draft.criteria),
        sort=tuple(draft.sort),
        count=_count(draft.single.get("_count")),
        include=tuple(draft.include),
        revinclude=tuple(draft.revinclude),
        summary=_summary(draft.single.get("_summary", "false")),
        elements=tuple(one.strip() for one in draft.single.get("_elements", "").split(",") if one.strip()),
        total=_total(draft.single.get("_total", "none")),
        cursor=draft.single.get("_cursor"),
        lenient=lenient,
        ignored=tuple(ignored),
    )


def _take(draft: _Draft, name: str, value: str) -> None:
    code, _, modifier = name.partition(":")
    if code in _OF_HTTP:
        return
    if code in ("_include", "_revinclude"):
        _take_include(draft, code, modifier, value)
    elif name in _SINGLE:
        if name in draft.single:
            raise error("%(parameter)s stands twice in the query. Give it once.", name, IssueType.INVALID)
        draft.single[name] = value
    elif name == "_sort":
        draft.sort += [_sort_key(draft.resource_type, one.strip()) for one in value.split(",")]
    elif name == "_filter":
        draft.criteria.append(filters.parse(draft.reading, draft.resource_type, value))
    elif name == "_contained":
        _take_contained(value)
    else:
        draft.criteria.append(criterion(draft.reading, draft.resource_type, name, value))


def _take_contained(value: str) -> None:
    """Contained resources are never matches of their own, which `false`, the default, says."""
    if value != "false":
        raise NotUnderstood(
            error(
                "_contained=%(value)s is not supported: contained resources are returned in the resources that hold "
                "them. Leave it out.",
                "_contained",
                IssueType.NOT_SUPPORTED,
                value=value,
            )
        )


def _sort_key(resource_type: str, text: str) -> SortKey:
    code = text.removeprefix("-")
    found = parameter(resource_type, code)
    if found is None:
        raise NotUnderstood(unknown(resource_type, code))
    if not found.indexed:
        possible = sorted(one.code for one in parameters(resource_type).values() if one.indexed)
        raise NotUnderstood(
            error(
                "Results cannot be sorted by '%(parameter)s'. Possible: %(possible)s.",
                code,
                IssueType.NOT_SUPPORTED,
                possible=", ".join(possible),
            )
        )
    return SortKey(known(resource_type, code), descending=text.startswith("-"))


def _take_include(draft: _Draft, name: str, modifier: str, value: str) -> None:
    if modifier not in ("", "iterate", "recurse"):
        raise NotUnderstood(
            error(
                "%(parameter)s does not know the modifier ':%(modifier)s'. Write %(parameter)s or "
                "%(parameter)s:iterate.",
                name,
                IssueType.NOT_SUPPORTED,
                modifier=modifier,
            )
        )
    include = _include(name, value, iterate=bool(modifier))
    (draft.include if name == "_include" else draft.revinclude).append(include)


def _include(name: str, value: str, iterate: bool) -> Include:
    if value == _ANY:
        return Include(_ANY, (), None, iterate)
    source, _, rest = value.partition(":")
    code, _, target = rest.partition(":")
    if source not in TYPE_NUMBER or not code or (target and target not in TYPE_NUMBER):
        raise error(
            "%(parameter)s cannot take '%(value)s'. Write Type:parameter, Type:parameter:TargetType, Type:* or *.",
            name,
            IssueType.INVALID,
            value=value,
        )
    if code == _ANY:
        every = parameters(source).values()
        found = tuple(one for one in every if one.type is SearchType.REFERENCE and one.indexed and one.ready)
    else:
        found = (reference_parameter(source, code),)
    return Include(source, found, target or None, iterate)


def _count(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise error(
            "_count cannot be '%(value)s'. Give a whole number from 0 to %(most)s.",
            "_count",
            IssueType.INVALID,
            value=text,
            most=MAX_COUNT,
        )
    return min(int(text[:9]), MAX_COUNT)


def _summary(text: str) -> Summary:
    if text not in tuple(Summary):
        raise _not_one_of("_summary", text, tuple(Summary))
    return Summary(text)


def _total(text: str) -> Total:
    if text not in tuple(Total):
        raise _not_one_of("_total", text, tuple(Total))
    return Total(text)


def _not_one_of(name: str, text: str, choices: tuple[str, ...]) -> BadRequest:
    return error(
        "%(parameter)s cannot be '%(value)s'. Give one of: %(choices)s.",
        name,
        IssueType.INVALID,
        value=text,
        choices=", ".join(choices),
    )
