"""One `name=value` of a query as a criterion: modifiers, chains and `_has` (hl7.org/fhir/R4/search.html).

What R4 defines and this server does not support is refused by name, with what is possible, never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Final

from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.outcome import BadRequest, FhirError, Issue, IssueType, Severity
from health_platform.fhir.search.parameters import (
    composite,
    date,
    lists,
    near,
    number,
    quantity,
    reference,
    string,
    token,
    uri,
    words,
)
from health_platform.fhir.search.parameters.criteria import ChainCriterion, Criterion, HasCriterion, MissingCriterion
from health_platform.fhir.search.registry import SearchParameter, SearchType, parameter, parameters

MAX_DEPTH: Final = 8
"""Steps of a chain: each is a join, and no record of a person is deeper."""

WORDS: Final = ("_text", "_content")
UNSUPPORTED: Final = ("_query", "_score", "_containedType")
MODIFIERS: Final[dict[SearchType, tuple[str, ...]]] = {
    SearchType.TOKEN: ("missing", "text", "not", "of-type", "in", "not-in", "above", "below"),
    SearchType.STRING: ("missing", "exact", "contains"),
    SearchType.URI: ("missing", "above", "below"),
    SearchType.DATE: ("missing",),
    SearchType.NUMBER: ("missing",),
    SearchType.QUANTITY: ("missing",),
    SearchType.REFERENCE: ("missing", "identifier", "text"),
    SearchType.COMPOSITE: (),
    SearchType.SPECIAL: (),
}


class NotUnderstood(Exception):
    """A parameter or modifier that is unknown or not supported: an error, or ignored when lenient."""

    def __init__(self, error: BadRequest) -> None:
        super().__init__()
        self.error = error


@dataclass(frozen=True, slots=True)
class Reading:
    """What values are read by: `now` for the prefix `ap` of dates, `base` is this server's address with a slash."""

    now: datetime | None = None
    base: str = ""


def criterion(reading: Reading, resource_type: str, name: str, value: str, depth: int = 0) -> Criterion:
    """The criterion of a name with its modifiers and chain, and a value. Raises NotUnderstood and BadRequest."""
    if depth > MAX_DEPTH:
        raise NotUnderstood(
            error(
                "The chain in '%(parameter)s' has more than %(most)s steps.", name, IssueType.TOO_COSTLY, most=MAX_DEPTH
            )
        )
    if name.startswith("_has:"):
        return _has(reading, resource_type, name, value, depth)
    first, dot, rest = name.partition(".")
    if dot:
        return _chain(reading, resource_type, first, rest, value, depth)
    code, _, modifier = name.partition(":")
    if code in UNSUPPORTED:
        raise NotUnderstood(
            error("The search parameter %(parameter)s is not supported. Leave it out.", code, IssueType.NOT_SUPPORTED)
        )
    if code == "_list":
        return lists.parse(value, resource_type)
    found = known(resource_type, code)
    if code in WORDS:
        _check_modifier(found, modifier, ())
        return words.parse(value, found)
    return _plain(reading, found, modifier, value)


def error(message: str, name: str, issue: IssueType, **args: object) -> BadRequest:
    """A refusal that names the parameter."""
    return BadRequest(Issue(Severity.ERROR, issue, message, (name,), args={"parameter": name, **args}))


def known(resource_type: str, code: str) -> SearchParameter:
    """The parameter of that code. Raises NotUnderstood naming the nearest, or that it is not ready yet."""
    found = parameter(resource_type, code)
    if found is None:
        raise NotUnderstood(unknown(resource_type, code))
    if not found.ready:
        raise NotUnderstood(
            error(
                "The search parameter %(parameter)s (%(url)s) is still being indexed. Ask again in a few minutes.",
                code,
                IssueType.TRANSIENT,
                url=found.url,
            )
        )
    return found


def unknown(resource_type: str, code: str) -> BadRequest:
    names = sorted(parameters(resource_type))
    return error(
        "%(type)s has no search parameter '%(parameter)s'. The nearest are: %(near)s.",
        code,
        IssueType.NOT_SUPPORTED,
        type=resource_type,
        near=", ".join(get_close_matches(code, names, cutoff=0.4) or names),
    )


def _plain(reading: Reading, found: SearchParameter, modifier: str, value: str) -> Criterion:
    if found.type is SearchType.SPECIAL and found.code != "near":
        raise NotUnderstood(
            error(
                "The search parameter %(parameter)s is not supported. Leave it out.",
                found.code,
                IssueType.NOT_SUPPORTED,
            )
        )
    if found.type is SearchType.REFERENCE and reference.is_modifier(modifier, found):
        return reference.parse(value, found, modifier, reading.base)
    possible = MODIFIERS[found.type] if found.code not in ("_id", "_lastUpdated") else ("not",)[: found.code == "_id"]
    _check_modifier(found, modifier, possible)
    if modifier == "missing":
        return MissingCriterion(found, _boolean(value, found))
    if modifier == "text":
        return words.parse_text(value, found)
    if modifier == "of-type":
        return token.parse_of_type(value, found)
    if modifier in token.CONCEPT_MODIFIERS and found.type is SearchType.TOKEN:
        return token.parse_concepts(value, found, modifier)
    if found.type is SearchType.DATE:
        return date.parse(value, found, modifier, reading.now)
    if found.type is SearchType.COMPOSITE:
        return composite.parse(value, found, reading.now, reading.base)
    return _PARSERS[found.type](value, found, modifier)


_PARSERS: Final[dict[SearchType, Callable[[str, SearchParameter, str], Criterion]]] = {
    SearchType.TOKEN: token.parse,
    SearchType.STRING: string.parse,
    SearchType.URI: uri.parse,
    SearchType.NUMBER: number.parse,
    SearchType.QUANTITY: quantity.parse,
    SearchType.SPECIAL: lambda value, found, _: near.parse(value, found),
}


def _boolean(value: str, found: SearchParameter) -> bool:
    if value not in ("true", "false"):
        raise error(
            "%(parameter)s cannot be '%(value)s'. Give one of: %(choices)s.",
            f"{found.code}:missing",
            IssueType.INVALID,
            value=value,
            choices="true, false",
        )
    return value == "true"


def _check_modifier(found: SearchParameter, modifier: str, possible: tuple[str, ...]) -> None:
    if not modifier or modifier in possible:
        return
    names = [f":{one}" for one in possible]
    if found.type is SearchType.REFERENCE:
        names += [f":{one}" for one in found.targets]
    raise NotUnderstood(
        error(
            "The search parameter %(parameter)s does not support the modifier ':%(modifier)s'. Supported here: "
            "%(supported)s.",
            found.code,
            IssueType.NOT_SUPPORTED,
            modifier=modifier,
            supported=", ".join(names) or "-",
        )
    )


# ---- chains


def reference_parameter(resource_type: str, code: str) -> SearchParameter:
    """The reference parameter of that code. Raises NotUnderstood, and BadRequest where it is of another type."""
    found = known(resource_type, code)
    if found.type is not SearchType.REFERENCE:
        raise error(
            "'%(parameter)s' of %(type)s is no reference parameter, so nothing can be included or chained by it.",
            code,
            IssueType.INVALID,
            type=resource_type,
        )
    return found


def chain_types(found: SearchParameter, modifier: str) -> tuple[str, ...]:
    """The types that a chain may lead to: the one of the modifier, else all of the parameter."""
    types = reference.target_types(found)
    if modifier and modifier not in types:
        _check_modifier(found, modifier, ())
    return (modifier,) if modifier else types


def _chain(reading: Reading, resource_type: str, first: str, rest: str, value: str, depth: int) -> Criterion:
    code, _, modifier = first.partition(":")
    found = reference_parameter(resource_type, code)
    return chained(
        found,
        chain_types(found, modifier),
        f"{first}.{rest}",
        lambda target: criterion(reading, target, rest, value, depth + 1),
    )


def chained(
    found: SearchParameter, types: tuple[str, ...], name: str, of_type: Callable[[str], Criterion]
) -> ChainCriterion:
    """The chain over those of `types` that know the criterion; the first problem where none does."""
    targets: list[tuple[str, Criterion]] = []
    problems: list[NotUnderstood | FhirError] = []
    for target in types:
        try:
            targets.append((target, of_type(target)))
        except (NotUnderstood, FhirError) as problem:
            problems.append(problem)
    if not targets:
        raise _named(problems[0], name)
    return ChainCriterion(found, tuple(targets))


def _has(reading: Reading, resource_type: str, name: str, value: str, depth: int) -> Criterion:
    pieces = name.split(":", 3)
    if len(pieces) < 4 or pieces[1] not in TYPE_NUMBER or not all(pieces[2:]):
        raise error(
            "'%(parameter)s' is no reverse chain. Write _has:Type:reference:parameter, such as "
            "_has:Observation:patient:code.",
            name,
            IssueType.INVALID,
        )
    _, source, code, rest = pieces
    found = reference_parameter(source, code)
    if resource_type not in reference.target_types(found):
        raise error(
            "'%(parameter)s' asks by %(code)s of %(source)s, which does not refer to %(type)s.",
            name,
            IssueType.INVALID,
            code=code,
            source=source,
            type=resource_type,
        )
    try:
        return HasCriterion(found, criterion(reading, source, rest, value, depth + 1))
    except NotUnderstood as problem:
        raise _named(problem, name) from None


def _named(problem: NotUnderstood | FhirError, name: str) -> NotUnderstood | FhirError:
    """The problem, with the whole name as the query wrote it as its place."""
    if isinstance(problem, FhirError):
        return problem
    issue = problem.error.issues[0]
    return NotUnderstood(
        BadRequest(Issue(issue.severity, issue.code, issue.diagnostics, (name,), issue.details_code, issue.args))
    )
