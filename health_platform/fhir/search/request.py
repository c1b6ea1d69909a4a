"""A search query as a value (hl7.org/fhir/R4/search.html): names, modifiers and values checked, nothing looked up yet.

Pure. What R4 defines and this server does not support yet is refused by name, never dropped in silence; with `lenient`
(`Prefer: handling=lenient`) it is listed in `ignored` instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.outcome import BadRequest, Issue, IssueType, Severity
from health_platform.fhir.search.parameters import date, number, quantity, reference, string, token, uri
from health_platform.fhir.search.parameters.criteria import ConceptCriterion, Criterion
from health_platform.fhir.search.registry import SearchParameter, SearchType, parameter, parameters

MAX_COUNT: Final = 1000
_UNSUPPORTED: Final = IssueType.NOT_SUPPORTED
_OF_HTTP: Final = frozenset({"_format", "_pretty"})
_LATER: Final = frozenset(
    {"_contained", "_containedType", "_content", "_filter", "_has", "_list", "_query", "_score", "_text", "_type"}
)


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
    """An `_include` or `_revinclude`: the type that refers, by which parameters, to which type (None: any)."""

    source: str
    parameters: tuple[SearchParameter, ...]
    target: str | None = None
    iterate: bool = False


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search over one resource type. `count` None leaves the page size to the server; `cursor` is a paging token.

    `concepts` are criteria that terminology turns into others before the search is carried out (search/concepts.py).
    """

    resource_type: str
    criteria: tuple[Criterion, ...] = ()
    concepts: tuple[ConceptCriterion, ...] = ()
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
    now: datetime | None
    base: str
    criteria: list[Criterion] = field(default_factory=list)
    concepts: list[ConceptCriterion] = field(default_factory=list)
    sort: list[SortKey] = field(default_factory=list)
    include: list[Include] = field(default_factory=list)
    revinclude: list[Include] = field(default_factory=list)
    single: dict[str, str] = field(default_factory=dict)


class _NotUnderstood(Exception):
    """A parameter or modifier that is unknown or not supported: an error, or ignored when lenient."""

    def __init__(self, error: BadRequest) -> None:
        super().__init__()
        self.error = error


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
    draft = _Draft(resource_type, now, base)
    ignored: list[str] = []
    for name, value in query:
        try:
            _take(draft, name, value)
        except _NotUnderstood as problem:
            if not lenient:
                raise problem.error from None
            ignored.append(name)
    return SearchRequest(
        resource_type=resource_type,
        criteria=tuple(draft.criteria),
        concepts=tuple(draft.concepts),
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
    elif name in ("_count", "_summary", "_elements", "_total", "_cursor"):
        if name in draft.single:
            raise _error("%(parameter)s stands twice in the query. Give it once.", name, IssueType.INVALID)
        draft.single[name] = value
    elif name == "_sort":
        draft.sort += [_sort_key(draft.resource_type, one.strip()) for one in value.split(",")]
    elif code in _LATER or "." in name:
        raise _NotUnderstood(
            _error("The search parameter %(parameter)s is not supported yet. Leave it out.", name, _UNSUPPORTED)
        )
    elif modifier in token.CONCEPT_MODIFIERS and _takes_concepts(found := _known(draft.resource_type, code)):
        draft.concepts.append(token.parse_concepts(value, found, modifier))
    else:
        draft.criteria.append(_criterion(draft, code, modifier, value))


def _takes_concepts(found: SearchParameter) -> bool:
    return found.type is SearchType.TOKEN and found.code != "_id"


def _error(message: str, name: str, code: IssueType, **args: object) -> BadRequest:
    return BadRequest(Issue(Severity.ERROR, code, message, (name,), args={"parameter": name, **args}))


def _known(resource_type: str, code: str) -> SearchParameter:
    found = parameter(resource_type, code)
    if found is None:
        raise _NotUnderstood(_unknown(resource_type, code))
    return found


def _unknown(resource_type: str, code: str) -> BadRequest:
    known = sorted(parameters(resource_type))
    return _error(
        "%(type)s has no search parameter '%(parameter)s'. The nearest are: %(near)s.",
        code,
        IssueType.NOT_SUPPORTED,
        type=resource_type,
        near=", ".join(get_close_matches(code, known, cutoff=0.4) or known),
    )


def _criterion(draft: _Draft, code: str, modifier: str, value: str) -> Criterion:
    found = _known(draft.resource_type, code)
    if found.type in (SearchType.COMPOSITE, SearchType.SPECIAL):
        raise _NotUnderstood(
            _error(
                "The search parameter %(parameter)s is of the type %(type)s, which is not supported yet. Leave it out.",
                code,
                _UNSUPPORTED,
                type=str(found.type),
            )
        )
    _check_modifier(found, modifier)
    if found.type is SearchType.REFERENCE:
        return reference.parse(value, found, modifier, draft.base)
    if found.type is SearchType.DATE:
        return date.parse(value, found, modifier, draft.now)
    return _PARSERS[found.type](value, found, modifier)


_PARSERS: Final[dict[SearchType, Callable[[str, SearchParameter, str], Criterion]]] = {
    SearchType.TOKEN: token.parse,
    SearchType.STRING: string.parse,
    SearchType.URI: uri.parse,
    SearchType.NUMBER: number.parse,
    SearchType.QUANTITY: quantity.parse,
}
_MODIFIERS: Final[dict[SearchType, tuple[str, ...]]] = {
    SearchType.TOKEN: (*token.MODIFIERS, *token.CONCEPT_MODIFIERS),
    SearchType.STRING: tuple(string.MODIFIERS),
    SearchType.URI: uri.MODIFIERS,
    SearchType.DATE: date.MODIFIERS,
    SearchType.NUMBER: number.MODIFIERS,
    SearchType.QUANTITY: quantity.MODIFIERS,
    SearchType.REFERENCE: ("identifier",),
}


def _check_modifier(found: SearchParameter, modifier: str) -> None:
    if found.type is SearchType.REFERENCE and reference.is_modifier(modifier, found):
        return
    supported = _MODIFIERS[found.type]
    if modifier in supported and modifier not in token.CONCEPT_MODIFIERS:
        return
    names = [f":{one}" for one in supported if one]
    if found.type is SearchType.REFERENCE:
        names += [f":{one}" for one in found.targets]
    raise _NotUnderstood(
        _error(
            "The search parameter %(parameter)s does not support the modifier ':%(modifier)s'. Supported here: "
            "%(supported)s.",
            found.code,
            _UNSUPPORTED,
            modifier=modifier,
            supported=", ".join(names) or "-",
        )
    )


def _sort_key(resource_type: str, text: str) -> SortKey:
    code = text.removeprefix("-")
    found = parameter(resource_type, code)
    if found is None or not found.indexed:
        error = _unknown(resource_type, code) if found is None else _not_sortable(code)
        raise _NotUnderstood(error)
    return SortKey(found, descending=text.startswith("-"))


def _not_sortable(code: str) -> BadRequest:
    return _error("Results cannot be sorted by '%(parameter)s'. Sort by another parameter.", code, _UNSUPPORTED)


def _take_include(draft: _Draft, name: str, modifier: str, value: str) -> None:
    if modifier not in ("", "iterate", "recurse"):
        raise _NotUnderstood(
            _error(
                "%(parameter)s does not know the modifier ':%(modifier)s'. Write %(parameter)s or "
                "%(parameter)s:iterate.",
                name,
                _UNSUPPORTED,
                modifier=modifier,
            )
        )
    include = _include(draft.resource_type, name, value, iterate=bool(modifier))
    (draft.include if name == "_include" else draft.revinclude).append(include)


def _include(resource_type: str, name: str, value: str, iterate: bool) -> Include:
    source, _, rest = value.partition(":")
    if value == "*":
        source, rest = resource_type, "*"
    code, _, target = rest.partition(":")
    if source not in TYPE_NUMBER or not code or (target and target not in TYPE_NUMBER):
        raise _error(
            "%(parameter)s cannot take '%(value)s'. Write Type:parameter, Type:parameter:TargetType or Type:*.",
            name,
            IssueType.INVALID,
            value=value,
        )
    if code == "*":
        every = parameters(source).values()
        found = tuple(one for one in every if one.type is SearchType.REFERENCE and one.indexed)
    else:
        found = (_reference_parameter(source, code),)
    return Include(source, found, target or None, iterate)


def _reference_parameter(source: str, code: str) -> SearchParameter:
    found = _known(source, code)
    if found.type is not SearchType.REFERENCE:
        raise _error(
            "'%(parameter)s' of %(type)s is no reference parameter, so nothing can be included by it.",
            code,
            IssueType.INVALID,
            type=source,
        )
    return found


def _count(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise _error(
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
    return _error(
        "%(parameter)s cannot be '%(value)s'. Give one of: %(choices)s.",
        name,
        IssueType.INVALID,
        value=text,
        choices=", ".join(choices),
    )
