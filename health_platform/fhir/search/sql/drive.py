"""Where a search starts, and how much of the store it may look at: known before PostgreSQL plans, whatever it knows.

What a chain asks of the other resource is looked for first: few are named in the statement by their keys, many are
tested one by one behind the rows that already stand in order. The same is decided for each criterion by counting its
index rows up to FEW: with few the search starts from them, else from the rows in the order of the answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from health_platform.fhir.access import policy
from health_platform.fhir.access.session import Session
from health_platform.fhir.search.parameters.criteria import (
    And,
    ChainCriterion,
    CompartmentCriterion,
    Criterion,
    DateCriterion,
    HasCriterion,
    IdCriterion,
    Not,
    Or,
    ReferenceCriterion,
    SelfCriterion,
    TokenCriterion,
)
from health_platform.fhir.search.parameters.keys import parameter_mask
from health_platform.fhir.search.registry import SearchParameter
from health_platform.fhir.search.sql.criteria import Place, by_compartment, condition
from health_platform.fhir.search.sql.leaves import leaf
from health_platform.fhir.search.sql.statement import Statement

FEW: Final = 1_000


def narrowed(session: Session, resource_type: str, criterion: Criterion) -> Criterion:
    """The criterion with each chain that leads to few resources replaced by their keys."""
    match criterion:
        case And(criteria=criteria):
            return And(tuple(narrowed(session, resource_type, one) for one in criteria))
        case Or(criteria=criteria):
            return _any([narrowed(session, resource_type, one) for one in criteria])
        case Not(criterion=inner):
            return Not(narrowed(session, resource_type, inner))
        case ChainCriterion(parameter=parameter, targets=targets):
            allowed = [step for step in targets if policy.scope_allows(session.access.scopes, step[0], "s")]
            if not allowed:
                policy.require(session.access, "search-type", targets[0][0])
            return _any([_narrowed_step(session, parameter, target, inner) for target, inner in allowed])
        case HasCriterion():
            policy.require(session.access, "search-type", criterion.parameter.resource_type)
            return _narrowed_has(session, resource_type, criterion)
    return criterion


def _any(criteria: list[Criterion]) -> Criterion:
    return criteria[0] if len(criteria) == 1 else Or(tuple(criteria))


def _narrowed_step(session: Session, parameter: SearchParameter, target: str, inner: Criterion) -> Criterion:
    inner = narrowed(session, target, inner)
    here = by_compartment(parameter, target)
    column = "compartment" if here else "self"
    keys = _keys(session, target, inner, column)
    if keys is None:
        return ChainCriterion(parameter, ((target, inner),))
    if here:
        return CompartmentCriterion(keys)
    mask = parameter_mask(parameter.id)
    return ReferenceCriterion(parameter, tuple(key ^ mask for key in keys))


def _keys(session: Session, resource_type: str, criterion: Criterion, column: str) -> tuple[int, ...] | None:
    """The keys of all resources that meet the criterion; None for more than FEW."""
    statement = Statement(session)
    rows = statement.run(
        f"SELECT r.{column} FROM {source(statement, 'r', resource_type, (criterion,))} LIMIT {FEW + 1}"
    )
    return tuple(dict.fromkeys(row[0] for row in rows)) if len(rows) <= FEW else None


def _narrowed_has(session: Session, resource_type: str, criterion: HasCriterion) -> Criterion:
    parameter = criterion.parameter
    inner = narrowed(session, parameter.resource_type, criterion.criterion)
    statement = Statement(session)
    found = source(statement, "r", parameter.resource_type, (inner,))
    if by_compartment(parameter, resource_type):
        rows = statement.run(f"SELECT r.compartment FROM {found} LIMIT {FEW + 1}")
        known = tuple(dict.fromkeys(row[0] for row in rows))
        return CompartmentCriterion(known) if len(rows) <= FEW else HasCriterion(parameter, inner)
    # Keys of other parameters become numbers that no resource has.
    mask = statement.bind(parameter_mask(parameter.id))
    rows = statement.run(
        f"SELECT x.key # {mask}::bigint FROM (SELECT r.rid FROM {found} LIMIT {FEW + 1}) d"
        f" JOIN fhir_reference x ON x.rid = d.rid LIMIT {4 * FEW + 1}"
    )
    known = tuple(dict.fromkeys(row[0] for row in rows))
    return SelfCriterion(known) if len(known) <= FEW else HasCriterion(parameter, inner)


def source(statement: Statement, alias: str, resource_type: str, criteria: Iterable[Criterion]) -> str:
    """FROM and WHERE of the resources of a type that meet all criteria, in no order, starting where few rows are."""
    wanted = flat(criteria)
    start = wanted[0] if len(wanted) == 1 else best(statement.session, resource_type, wanted)
    place = Place(statement, alias, resource_type)
    conditions = [*statement.living(alias, resource_type), *(condition(place, one) for one in wanted)]
    where = " AND ".join(conditions)
    if start is None or (drive := driving(statement, resource_type, start)) is None:
        return f"fhir_resource {alias} WHERE {where}"
    return (
        f"(SELECT DISTINCT x.rid FROM ({drive}) x OFFSET 0) {alias}_d"
        f" JOIN fhir_resource {alias} ON {alias}.rid = {alias}_d.rid WHERE {where}"
    )


def flat(criteria: Iterable[Criterion]) -> list[Criterion]:
    """The criteria with those inside of And beside them."""
    found: list[Criterion] = []
    for one in criteria:
        found += flat(one.criteria) if isinstance(one, And) else [one]
    return found


def best(session: Session, resource_type: str, criteria: list[Criterion]) -> Criterion | None:
    """The criterion with the fewest index rows; None where each has more than FEW, or none has an index."""
    sure = next((one for one in criteria if _is_sure(one)), None)
    if sure is not None:
        return sure
    statement = Statement(session)
    drives = [(one, drive) for one in criteria if (drive := driving(statement, resource_type, one)) is not None]
    if not drives:
        return None
    counts = ", ".join(f"(SELECT count(*) FROM ({drive} LIMIT {FEW + 1}) n)" for _, drive in drives)
    (row,) = statement.run(f"SELECT {counts}")
    fewest, place = min((count, place) for place, count in enumerate(row))
    return drives[place][0] if fewest <= FEW else None


def _is_sure(criterion: Criterion) -> bool:
    return (isinstance(criterion, IdCriterion) and not criterion.negated) or isinstance(criterion, SelfCriterion)


def driving(statement: Statement, resource_type: str, criterion: Criterion) -> str | None:
    """The rows of an index among which all that meet the criterion are; None where no index narrows them."""
    match criterion:
        case IdCriterion(negated=False, ids=ids):
            own = statement.living("x", resource_type)[0]
            return f"SELECT x.rid FROM fhir_resource x WHERE {own} AND x.id = ANY({statement.bind(list(ids))}::text[])"
        case SelfCriterion(keys=keys):
            return f"SELECT x.rid FROM fhir_resource x WHERE x.self = ANY({statement.bind(list(keys))}::bigint[])"
        case CompartmentCriterion(keys=keys):
            own = statement.living("x", resource_type)[0]
            among = f"x.compartment = ANY({statement.bind(list(keys))}::bigint[])"
            return f"SELECT x.rid FROM fhir_resource x WHERE {own} AND {among}"
        case Or(criteria=criteria):
            parts = [driving(statement, resource_type, one) for one in criteria]
            known = [part for part in parts if part is not None]
            return " UNION ALL ".join(f"({part})" for part in known) if known and len(known) == len(parts) else None
        case And(criteria=criteria):
            return next((part for one in criteria if (part := driving(statement, resource_type, one))), None)
        case TokenCriterion(negated=True):
            return None
        case DateCriterion(boxes=boxes) if len(boxes) > 1:
            alternatives = [DateCriterion(criterion.parameter, (box,)) for box in boxes]
            return driving(statement, resource_type, Or(tuple(alternatives)))
    found = leaf(statement, criterion)
    return f"SELECT x.rid FROM {found[0]} x WHERE {found[1]}" if found is not None else None
