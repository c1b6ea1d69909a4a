"""One page of matches.

They are ordered by the clinical date, newest first, unless `_sort` says otherwise, and by row id where that is equal.
Where the order is a column's, rows are read in order and no more of them than the page needs: from the index of the
type, of a compartment, or, for a value of a token or reference, from its index; several values or compartments give
their first rows each, which are merged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from health_platform.fhir.access.session import Session
from health_platform.fhir.compartment import ONE_SUBJECT_TYPES, PUBLIC_TYPES
from health_platform.fhir.keys import patient_key
from health_platform.fhir.search.parameters.criteria import (
    CompartmentCriterion,
    Criterion,
    IdCriterion,
    ReferenceCriterion,
    SelfCriterion,
    TokenCriterion,
)
from health_platform.fhir.search.request import SearchRequest
from health_platform.fhir.search.sql import drive, order
from health_platform.fhir.search.sql.criteria import Place, condition
from health_platform.fhir.search.sql.include import included
from health_platform.fhir.search.sql.order import MOMENT, Key
from health_platform.fhir.search.sql.statement import Statement
from health_platform.fhir.stored import Match, Page, Stored

DEFAULT_COUNT: Final = 20
MOST_STARTS: Final = 300
"""Values times compartments whose first rows are merged; with more the rows of the compartments are sorted."""

MOST_MERGED_AT_ONCE: Final = 16
"""Records of one's own whose first rows are merged without a look at the front of everybody's (PROBED rows)."""

PROBED: Final = 300
ESTIMATED_FROM: Final = 10_000
COLUMNS: Final = "r.id, r.version, r.last_updated, r.body, r.compartment, r.rid"


def search(session: Session, request: SearchRequest) -> Page:
    """One page of matches within the actor's reach. The request's concepts are resolved (search/concepts.py)."""
    return search_types(session, [request])


def search_types(session: Session, requests: Sequence[SearchRequest]) -> Page:
    """One page of the matches of several types together: the same criteria and order, asked of each type."""
    first = requests[0]
    count = first.count if first.count is not None else DEFAULT_COUNT
    found = [_rows(session, request, count + 1) for request in requests]
    totals = [total for total, _, _ in found if total is not None]
    total = sum(totals) if totals else None
    if first.summary == "count" or count == 0:
        return Page([], [], None, total)
    keys = found[0][1]
    rows = [(request.resource_type, row) for request, (_, _, some) in zip(requests, found, strict=True) for row in some]
    if len(requests) > 1:
        rows.sort(key=lambda each: (each[1][6], each[1][5]), reverse=keys[0].descending)
    following = order.cursor_of(rows[count - 1][1][6:], rows[count - 1][1][5]) if len(rows) > count else None
    matches = [Match(Stored(kind, row[0], row[1], row[2], bytes(row[3])), row[4]) for kind, row in rows[:count]]
    added, cut = included(session, first, matches)
    return Page(matches, added, following, total, included_cut=cut)


def _rows(
    session: Session, request: SearchRequest, limit: int
) -> tuple[int | None, tuple[Key, ...], list[tuple[Any, ...]]]:
    """The number of matches where it is asked for, the keys of the order, and the first rows after the cursor."""
    narrowed = [drive.narrowed(session, request.resource_type, one) for one in request.criteria]
    compartments, criteria, named = _compartments(session, request.resource_type, narrowed)
    total = _total(session, request, compartments, criteria)
    statement = Statement(session)
    keys = order.keys_of(statement, request)
    if request.summary == "count" or limit == 1:
        return total, keys, []
    many = len(criteria) > 1 if compartments is None else len(compartments) > MOST_MERGED_AT_ONCE
    if many and not named and (rows := _front(session, request, keys, criteria, limit)) is not None:
        return total, keys, rows
    return total, keys, statement.run(_text(statement, request, keys, compartments, criteria, limit))


def _front(
    session: Session, request: SearchRequest, keys: tuple[Key, ...], criteria: list[Criterion], limit: int
) -> list[tuple[Any, ...]] | None:
    """The first rows where they are among the first PROBED of the value that leads, whosesoever they are; else None.
    Who reaches many finds the page there, and need look neither into each record nor at all that meets a criterion."""
    lead = _leader(criteria, None)
    if not isinstance(lead, TokenCriterion) or len(lead.keys) != 1 or len(keys) != 1:
        return None
    key, statement = keys[0], Statement(session)
    if key.expression != MOMENT.expression:
        return None
    direction = "DESC" if key.descending else "ASC"
    past = _past(statement, request, key, "t")
    by = f"ORDER BY t.moment {direction}, t.rid {direction}"
    front = (
        f"SELECT t.rid, t.moment FROM fhir_token t WHERE t.key = {statement.bind(lead.keys[0])}::bigint{past}"
        f" {by} LIMIT {PROBED}"
    )
    where = _where(statement, request.resource_type, [one for one in criteria if one is not lead])
    rows = statement.run(
        f"SELECT {COLUMNS}, t.moment FROM ({front}) t JOIN fhir_resource r ON r.rid = t.rid WHERE {where} {by}"
        f" LIMIT {limit}"
    )
    if len(rows) == limit:
        return rows
    whole = Statement(session)
    key_of = f"t.key = {whole.bind(lead.keys[0])}::bigint"
    ((probed,),) = whole.run(f"SELECT count(*) FROM (SELECT 1 FROM fhir_token t WHERE {key_of} LIMIT {PROBED}) n")
    return rows if probed < PROBED else None


# ---- whose records


def _compartments(
    session: Session, resource_type: str, criteria: Sequence[Criterion]
) -> tuple[list[int] | None, list[Criterion], bool]:
    """Among which records the matches are, None for any; the criteria that this does not answer already; and whether
    the request names those records."""
    wanted = drive.flat(criteria)
    for place, criterion in enumerate(wanted):
        keys = _named_records(resource_type, criterion)
        if keys is not None:
            return keys, wanted[:place] + wanted[place + 1 :], True
    if resource_type in PUBLIC_TYPES or any(isinstance(one, IdCriterion | SelfCriterion) for one in wanted):
        return None, wanted, False
    return session.few_compartments(drive.FEW), wanted, False


def _named_records(resource_type: str, criterion: Criterion) -> list[int] | None:
    """The records that the criterion names: those of patients whom the resources are about."""
    match criterion:
        case CompartmentCriterion(keys=keys):
            return list(keys)
        case ReferenceCriterion(parameter=parameter, targets=targets) if (
            resource_type in ONE_SUBJECT_TYPES and parameter.code in ("patient", "subject", "beneficiary")
        ):
            patients = [identifier for kind, identifier in targets if kind == "Patient"]
            others = {identifier for kind, identifier in targets if kind != "Patient"} - set(patients)
            # A bare id may name a Group as well: ids of Groups are the server's, so they are no Patient's.
            if patients and not others and len(criterion.keys) == len(targets):
                return [patient_key(identifier) for identifier in dict.fromkeys(patients)]
    return None


# ---- the statement


def _text(
    statement: Statement,
    request: SearchRequest,
    keys: tuple[Key, ...],
    compartments: list[int] | None,
    criteria: list[Criterion],
    limit: int,
) -> str:
    by_column = len(keys) == 1 and keys[0].expression == MOMENT.expression
    if by_column and (text := _in_order(statement, request, keys[0], compartments, criteria, limit)):
        return text
    found = _unordered(statement, request.resource_type, compartments, criteria)
    return _page(statement, request, keys, found, limit)


def _page(statement: Statement, request: SearchRequest, keys: tuple[Key, ...], found: str, limit: int) -> str:
    past = f" AND {order.after(statement, keys, request.cursor)}" if request.cursor is not None else ""
    values = ", ".join(key.expression for key in keys)
    return f"SELECT {COLUMNS}, {values} FROM {found}{past} ORDER BY {_by(keys)} LIMIT {limit}"


def _by(keys: tuple[Key, ...]) -> str:
    return ", ".join([*(key.order for key in keys), f"r.rid {'DESC' if keys[0].descending else 'ASC'}"])


def _unordered(
    statement: Statement, resource_type: str, compartments: list[int] | None, criteria: list[Criterion]
) -> str:
    """FROM and WHERE of all matches."""
    if compartments is None:
        return drive.source(statement, "r", resource_type, criteria)
    among = f"r.compartment = ANY({statement.bind(compartments)}::bigint[])"
    return f"fhir_resource r WHERE {among} AND {_where(statement, resource_type, criteria)}"


def _where(statement: Statement, resource_type: str, criteria: Sequence[Criterion]) -> str:
    place = Place(statement, "r", resource_type)
    return " AND ".join([*statement.living("r", resource_type), *(condition(place, one) for one in criteria)])


def _in_order(
    statement: Statement,
    request: SearchRequest,
    key: Key,
    compartments: list[int] | None,
    criteria: list[Criterion],
    limit: int,
) -> str | None:
    """The statement that reads rows in the order of the answer; None where starting from few rows is better."""
    lead = _leader(criteria, compartments)
    is_led = len(criteria) == 1 and lead is not None
    if compartments is None and criteria and not is_led and _is_few(statement, request.resource_type, criteria):
        return None
    starts = (len(compartments) if compartments is not None else 1) * (len(lead.keys) if lead is not None else 1)
    if starts > MOST_STARTS:
        lead, starts = None, len(compartments or (0,))
    rest = [one for one in criteria if one is not lead]
    if starts == 1:
        return _one_start(statement, request, key, compartments, lead, rest, limit)
    if starts > MOST_STARTS:
        return None
    return _merged(statement, request, key, compartments, lead, rest, limit)


def _is_few(statement: Statement, resource_type: str, criteria: list[Criterion]) -> bool:
    """Whether some criterion is met by few rows, so that the search starts from them."""
    return drive.best(statement.session, resource_type, criteria) is not None


def _leader(
    criteria: Sequence[Criterion], compartments: list[int] | None
) -> TokenCriterion | ReferenceCriterion | None:
    """The criterion whose index rows stand in the order of the answer."""
    for one in criteria:
        if isinstance(one, TokenCriterion) and not one.negated and one.keys:
            return one
    for one in criteria:
        if isinstance(one, ReferenceCriterion) and one.keys and compartments is None:
            return one
    return None


def _start(
    statement: Statement, lead: TokenCriterion | ReferenceCriterion | None, compartment: str | None, value: str
) -> tuple[str, str, str]:
    """FROM, the conditions on where the rows start, and the table whose index gives their order."""
    if lead is None:
        return "fhir_resource r", f"r.compartment = {compartment}" if compartment else "true", "r"
    table = "fhir_token" if isinstance(lead, TokenCriterion) else "fhir_reference"
    among = f" AND t.compartment = {compartment}" if compartment else ""
    return f"{table} t JOIN fhir_resource r ON r.rid = t.rid", f"t.key = {value}{among}", "t"


def _past(statement: Statement, request: SearchRequest, key: Key, table: str) -> str:
    """The condition that rows come after the cursor's place, on the table whose index gives their order."""
    if request.cursor is None:
        return ""
    after = order.after(statement, (key,), request.cursor)
    return f" AND {after}".replace("(r.moment, r.rid)", f"({table}.moment, {table}.rid)")


def _one_start(
    statement: Statement,
    request: SearchRequest,
    key: Key,
    compartments: list[int] | None,
    lead: TokenCriterion | ReferenceCriterion | None,
    rest: list[Criterion],
    limit: int,
) -> str:
    compartment = f"{statement.bind(compartments[0])}::bigint" if compartments else None
    value = f"{statement.bind(lead.keys[0])}::bigint" if lead is not None else ""
    tables, start, table = _start(statement, lead, compartment, value)
    where = f"{start} AND {_where(statement, request.resource_type, rest)}"
    own = Key(f"{table}.moment", key.descending, key.type, can_miss=False)
    past = _past(statement, request, key, table)
    by = f"{own.order}, {table}.rid {'DESC' if key.descending else 'ASC'}"
    return f"SELECT {COLUMNS}, {own.expression} FROM {tables} WHERE {where}{past} ORDER BY {by} LIMIT {limit}"


def _merged(
    statement: Statement,
    request: SearchRequest,
    key: Key,
    compartments: list[int] | None,
    lead: TokenCriterion | ReferenceCriterion | None,
    rest: list[Criterion],
    limit: int,
) -> str:
    """The first rows of each value and compartment, merged."""
    sources, compartment = [], None
    if compartments is not None:
        sources.append(f"unnest({statement.bind(compartments)}::bigint[]) c (compartment)")
        compartment = "c.compartment"
    if lead is not None:
        sources.append(f"unnest({statement.bind(list(lead.keys))}::bigint[]) k (key)")
    tables, start, table = _start(statement, lead, compartment, "k.key")
    where = f"{start} AND {_where(statement, request.resource_type, rest)}"
    past = _past(statement, request, key, table)
    direction = "DESC" if key.descending else "ASC"
    each = (
        f"SELECT {table}.rid, {table}.moment FROM {tables} WHERE {where}{past}"
        f" ORDER BY {table}.moment {direction}, {table}.rid {direction} LIMIT {limit}"
    )
    first = (
        f"SELECT DISTINCT q.rid, q.moment FROM {' CROSS JOIN '.join(sources)} CROSS JOIN LATERAL ({each}) q"
        f" ORDER BY q.moment {direction}, q.rid {direction} LIMIT {limit}"
    )
    return (
        f"SELECT {COLUMNS}, d.moment FROM ({first}) d JOIN fhir_resource r ON r.rid = d.rid"
        f" ORDER BY d.moment {direction}, d.rid {direction}"
    )


# ---- how many


def _total(
    session: Session, request: SearchRequest, compartments: list[int] | None, criteria: list[Criterion]
) -> int | None:
    """The number of matches as `_total` asks for it (search.html#total); `_summary=count` and `_count=0` ask for it
    exactly. An estimate is exact up to ESTIMATED_FROM, beyond which it says that there are at least so many."""
    exact = request.total == "accurate" or request.summary == "count" or request.count == 0
    if not exact and request.total != "estimate":
        return None
    statement = Statement(session)
    found = _unordered(statement, request.resource_type, compartments, criteria)
    inner = f"SELECT 1 FROM {found}" + ("" if exact else f" LIMIT {ESTIMATED_FROM}")
    return int(statement.run(f"SELECT count(*) FROM ({inner}) n")[0][0])
