"""A criterion as a condition on a table of resources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from health_platform.fhir.compartment import ONE_SUBJECT_TYPES
from health_platform.fhir.fhirpath.compile import compile_search
from health_platform.fhir.search.parameters.criteria import (
    And,
    ChainCriterion,
    CompartmentCriterion,
    Criterion,
    DateCriterion,
    HasCriterion,
    IdCriterion,
    MissingCriterion,
    Not,
    OfTypeCriterion,
    Or,
    SelfCriterion,
    StringCriterion,
    StringMatch,
    TextCriterion,
    TokenCriterion,
    UriBelowCriterion,
    WordsCriterion,
)
from health_platform.fhir.search.parameters.keys import parameter_mask
from health_platform.fhir.search.parameters.string import parts_of
from health_platform.fhir.search.parameters.words import text_paths
from health_platform.fhir.search.registry import SearchParameter
from health_platform.fhir.search.sql.leaves import boxes, escaped, leaf
from health_platform.fhir.search.sql.statement import Statement

UPDATED = "(extract(epoch FROM {alias}.last_updated) * 1000000)::bigint"
_SUBJECTS = ("patient", "subject", "beneficiary")


@dataclass(frozen=True, slots=True)
class Place:
    """The resource on which a condition is: its table's alias in the statement, and its type."""

    statement: Statement
    alias: str
    resource_type: str


def condition(place: Place, criterion: Criterion) -> str:
    """The condition of a criterion whose concepts are resolved."""
    statement, alias = place.statement, place.alias
    match criterion:
        case And(criteria=criteria):
            return "(" + " AND ".join(["true", *(condition(place, one) for one in criteria)]) + ")"
        case Or(criteria=criteria):
            return "(" + " OR ".join(["false", *(condition(place, one) for one in criteria)]) + ")"
        case Not(criterion=inner):
            return f"(NOT {condition(place, inner)})"
        case IdCriterion():
            return _negated(criterion.negated, f"{alias}.id = ANY({statement.bind(list(criterion.ids))}::text[])")
        case SelfCriterion(keys=keys):
            return f"{alias}.self = ANY({statement.bind(list(keys))}::bigint[])"
        case CompartmentCriterion(keys=keys):
            return f"{alias}.compartment = ANY({statement.bind(list(keys))}::bigint[])"
        case ChainCriterion():
            return _chain(place, criterion)
        case HasCriterion():
            return _has(place, criterion)
        case DateCriterion() if criterion.parameter.code == "_lastUpdated":
            updated = UPDATED.format(alias=alias)
            return boxes(statement, criterion.boxes, low=updated, high=updated)
    return _of_resource(place, criterion) or _of_index(place, criterion)


def _negated(negated: bool, text: str) -> str:
    return f"(NOT {text})" if negated else text


def _of_index(place: Place, criterion: Criterion) -> str:
    found = leaf(place.statement, criterion)
    if found is None:
        raise TypeError(type(criterion).__name__)
    table, row = found
    exists = f"EXISTS (SELECT 1 FROM {table} x WHERE x.rid = {place.alias}.rid AND {row})"
    return _negated(isinstance(criterion, TokenCriterion) and criterion.negated, exists)


# ---- what only the resource itself tells


def _of_resource(place: Place, criterion: Criterion) -> str | None:
    match criterion:
        case MissingCriterion(parameter=parameter, missing=missing):
            return _negated(missing, _present(place, parameter))
        case StringCriterion(match=StringMatch.EXACT):
            return f"({_of_index(place, criterion)} AND {_exact(place, criterion)})"
        case OfTypeCriterion():
            return f"({_of_index(place, criterion)} AND {_of_type(place, criterion)})"
        case TextCriterion():
            paths = text_paths(criterion.parameter)
            starts = [f"'%% ' || fhir_fold({place.statement.bind(escaped(one))}) || '%%'" for one in criterion.values]
            return _texts(place, paths, starts)
        case WordsCriterion():
            return "(" + " OR ".join(_all_words(place, criterion, words) for words in criterion.values) + ")"
        case UriBelowCriterion():
            return _below(place, criterion)
    return None


def body(place: Place) -> str:
    return f"fhir_json({place.alias}.body)"


def paths_of(parameter: SearchParameter) -> list[tuple[str, str]]:
    """The FHIR types and SQL/JSON paths of a parameter's values."""
    branches = compile_search(parameter.expression, parameter.resource_type)
    return [(branch.type, f"${branch.json}") for branch in branches if branch.json is not None]


def _present(place: Place, parameter: SearchParameter) -> str:
    paths = paths_of(parameter)
    if not paths:
        return "true"
    return _found(place, [(path, None) for _, path in paths])


def _found(place: Place, asked: list[tuple[str, dict[str, Any] | None]]) -> str:
    """Any of the paths leads somewhere, with its variables."""
    bind = place.statement.bind
    alternatives = [
        f"jsonb_path_exists({body(place)}, {bind(path)}::jsonpath"
        + (f", {bind(orjson.dumps(variables).decode())}::jsonb)" if variables else ")")
        for path, variables in asked
    ]
    return "(" + " OR ".join(["false", *alternatives]) + ")"


def _exact(place: Place, criterion: StringCriterion) -> str:
    asked: list[tuple[str, dict[str, Any] | None]] = []
    for kind, path in paths_of(criterion.parameter):
        for part in parts_of(kind):
            below = f'."{part}"' if part else ""
            asked += [(f"{path}{below} ? (@ == $value)", {"value": value}) for value in criterion.exact]
    return _found(place, asked)


def _of_type(place: Place, criterion: OfTypeCriterion) -> str:
    asked: list[tuple[str, dict[str, Any] | None]] = []
    for kind, path in paths_of(criterion.parameter):
        for system, code, value in criterion.identifiers if kind == "Identifier" else ():
            of_system = "@.system == $system && " if system else ""
            test = f"@.value == $value && exists(@.type.coding ? ({of_system}@.code == $code))"
            asked.append((f"{path} ? ({test})", {"system": system, "code": code, "value": value}))
    return _found(place, asked)


def _below(place: Place, criterion: UriBelowCriterion) -> str:
    asked: list[tuple[str, dict[str, Any] | None]] = []
    for _, path in paths_of(criterion.parameter):
        for value in criterion.values:
            asked.append((f"{path} ? (@ == $value)", {"value": value}))
            asked.append((f"{path} ? (@ starts with $value)", {"value": f"{value}/"}))
            asked.append((f"{path} ? (@ starts with $value)", {"value": f"{value}|"}))
    return _found(place, asked)


def _texts(place: Place, paths: tuple[str, ...], patterns: list[str]) -> str:
    """A text at any of the paths matches a pattern; a space stands before its first word."""
    bind = place.statement.bind
    likes = " OR ".join(f"' ' || fhir_fold(v.text #>> '{{}}') LIKE {pattern}" for pattern in patterns)
    alternatives = [
        f"EXISTS (SELECT 1 FROM jsonb_path_query({body(place)}, {bind(path)}::jsonpath) v (text) WHERE {likes})"
        for path in paths
    ]
    return "(" + " OR ".join(["false", *alternatives]) + ")"


def _all_words(place: Place, criterion: WordsCriterion, words: tuple[str, ...]) -> str:
    bind = place.statement.bind
    if criterion.parameter.code == "_text":
        text = f"fhir_fold(regexp_replace({body(place)} #>> '{{text,div}}', '<[^>]*>', ' ', 'g'))"
        found = [f"{text} LIKE '%%' || fhir_fold({bind(escaped(word))}) || '%%'" for word in words]
        return "(" + " AND ".join(f"coalesce({one}, false)" for one in found) + ")"
    strings = f"jsonb_path_query({body(place)}, '$.** ? (@.type() == \"string\")') v (text)"
    found = [
        f"EXISTS (SELECT 1 FROM {strings} WHERE fhir_fold(v.text #>> '{{}}')"
        f" LIKE '%%' || fhir_fold({bind(escaped(word))}) || '%%')"
        for word in words
    ]
    return "(" + " AND ".join(found) + ")"


# ---- chains: the resource behind a reference, within reach


def by_compartment(parameter: SearchParameter, target: str) -> bool:
    """Whether the reference is the one that says whose record the resource is part of."""
    return target == "Patient" and parameter.resource_type in ONE_SUBJECT_TYPES and parameter.code in _SUBJECTS


def _chain(place: Place, criterion: ChainCriterion) -> str:
    steps = [_step(place, criterion.parameter, target, inner) for target, inner in criterion.targets]
    return "(" + " OR ".join(steps) + ")"


def _step(place: Place, parameter: SearchParameter, target: str, inner: Criterion) -> str:
    statement, alias = place.statement, place.statement.alias()
    there = Place(statement, alias, target)
    conditions = " AND ".join([*statement.living(alias, target), condition(there, inner)])
    if by_compartment(parameter, target):
        return (
            f"EXISTS (SELECT 1 FROM fhir_resource {alias} WHERE {alias}.compartment = {place.alias}.compartment"
            f" AND {conditions} OFFSET 0)"
        )
    # The mask is taken off before the join: row-level security lets no index be used through a function.
    behind = (
        f"(SELECT x.key # {statement.bind(parameter_mask(parameter.id))}::bigint AS self FROM fhir_reference x"
        f" WHERE x.rid = {place.alias}.rid OFFSET 0) {alias}_x"
    )
    return (
        f"EXISTS (SELECT 1 FROM {behind} JOIN fhir_resource {alias} ON {alias}.self = {alias}_x.self"
        f" WHERE {conditions} OFFSET 0)"
    )


def _has(place: Place, criterion: HasCriterion) -> str:
    parameter = criterion.parameter
    statement, alias = place.statement, place.statement.alias()
    there = Place(statement, alias, parameter.resource_type)
    conditions = " AND ".join(
        [*statement.living(alias, parameter.resource_type), condition(there, criterion.criterion)]
    )
    if by_compartment(parameter, place.resource_type):
        return (
            f"EXISTS (SELECT 1 FROM fhir_resource {alias} WHERE {alias}.compartment = {place.alias}.compartment"
            f" AND {conditions} OFFSET 0)"
        )
    mask = statement.bind(parameter_mask(parameter.id))
    return (
        f"EXISTS (SELECT 1 FROM fhir_reference {alias}_x JOIN fhir_resource {alias} ON {alias}.rid = {alias}_x.rid"
        f" WHERE {alias}_x.key = ({place.alias}.self # {mask}::bigint) AND {conditions} OFFSET 0)"
    )
