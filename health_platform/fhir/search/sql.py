"""From a SearchRequest to one SQL statement, with the actor's reach compiled into it.

Matches are ordered by the clinical date, newest first, unless `_sort` says otherwise, and by row id where dates are
equal; a page continues after the last row of the one before (keyset), so it does not move while others write.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from health_platform.fhir.access.session import Session
from health_platform.fhir.compartment import MOMENT_PARAMETER, ONE_SUBJECT_TYPES
from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES, TYPE_NUMBER
from health_platform.fhir.keys import patient_key
from health_platform.fhir.outcome import BadRequest
from health_platform.fhir.search.include import references_of
from health_platform.fhir.search.parameters.criteria import (
    Box,
    Criterion,
    DateCriterion,
    IdCriterion,
    NumberCriterion,
    QuantityCriterion,
    ReferenceCriterion,
    StringCriterion,
    StringMatch,
    TokenCriterion,
    UriCriterion,
)
from health_platform.fhir.search.registry import SearchParameter, SearchType
from health_platform.fhir.search.request import SearchRequest
from health_platform.fhir.stored import Match, Page, Stored

SUPPORTED_TYPES: Final = frozenset(
    {
        SearchType.STRING,
        SearchType.TOKEN,
        SearchType.DATE,
        SearchType.REFERENCE,
        SearchType.QUANTITY,
        SearchType.NUMBER,
        SearchType.URI,
    }
)
DEFAULT_COUNT: Final = 20
_COLUMNS = "r.id, r.version, r.last_updated, r.body, r.compartment, r.rid"
_BOUNDS = (("low_from", "low", ">="), ("low_to", "low", "<="), ("high_from", "high", ">="), ("high_to", "high", "<="))
_UPDATED = "(extract(epoch FROM r.last_updated) * 1000000)::bigint"


@dataclass(slots=True)
class _Statement:
    """The parts of the statement while it is put together; each value is bound under a name of its own."""

    source: str = "fhir_resource r"
    conditions: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)

    def bind(self, value: object) -> str:
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"%({name})s"

    def where(self) -> str:
        return " AND ".join(self.conditions)


@dataclass(frozen=True, slots=True)
class _Order:
    """What the matches are ordered by before the row id."""

    expression: str
    descending: bool

    @property
    def direction(self) -> str:
        return "DESC" if self.descending else "ASC"


def search(session: Session, request: SearchRequest) -> Page:
    """One page of matches within the actor's reach."""
    if request.concepts:
        raise ValueError("resolve the concepts first (search/concepts.py)")
    statement = _statement(session, request)
    total = _count(session, statement) if request.total == "accurate" or request.summary == "count" else None
    if request.summary == "count" or request.count == 0:
        return Page([], [], None, total)
    count = request.count if request.count is not None else DEFAULT_COUNT
    order = _order(request)
    if request.cursor is not None:
        _continue_after(statement, order, request.cursor)
    rows = _fetch(session, statement, order, count + 1)
    following = _cursor(rows[count - 1]) if len(rows) > count else None
    matches = [_match(request.resource_type, row) for row in rows[:count]]
    return Page(matches, _included(session, request, matches), following, total)


def _statement(session: Session, request: SearchRequest) -> _Statement:
    statement = _Statement()
    criteria = list(request.criteria)
    compartment = _one_patient(request)
    if compartment is not None:
        criteria = [criterion for criterion in criteria if not _names_patient(request.resource_type, criterion)]
        statement.conditions.append(f"r.compartment = {statement.bind(compartment)}")
    driver = next((one for one in criteria if isinstance(one, TokenCriterion) and _drives(one, request)), None)
    if driver is not None:
        criteria.remove(driver)
        statement.source = "fhir_token t JOIN fhir_resource r ON r.rid = t.rid"
        statement.conditions.append(f"t.key = {statement.bind(driver.keys[0])}")
        if compartment is not None:
            statement.conditions.append(f"t.compartment = {statement.bind(compartment)}")
    else:
        statement.conditions.append(f"r.type = {TYPE_NUMBER[request.resource_type]}")
    statement.conditions.append("NOT r.deleted")
    statement.conditions += [_condition(statement, criterion) for criterion in criteria]
    reach, parameters = session.reach("r")
    if reach:
        statement.conditions.append(reach)
        statement.parameters |= parameters
    return statement


def _drives(criterion: TokenCriterion, request: SearchRequest) -> bool:
    """A single value leads: its index rows already stand in the order of the answer."""
    by_moment = not request.sort or _is_moment(request.resource_type, request.sort[0].parameter)
    return len(criterion.keys) == 1 and not criterion.negated and by_moment


def _is_moment(resource_type: str, parameter: SearchParameter) -> bool:
    return MOMENT_PARAMETER.get(resource_type) == parameter.id


def _names_patient(resource_type: str, criterion: Criterion) -> bool:
    """Whether the criterion names the one patient whose record the resource is part of."""
    return (
        isinstance(criterion, ReferenceCriterion)
        and resource_type in ONE_SUBJECT_TYPES
        and criterion.parameter.code in ("patient", "subject", "beneficiary")
        and len([target for target in criterion.targets if target[0] == "Patient"]) == 1
        and len({identifier for _, identifier in criterion.targets}) == 1
    )


def _one_patient(request: SearchRequest) -> int | None:
    """The key of the patient whom the request is about, where it names exactly one."""
    for criterion in request.criteria:
        if _names_patient(request.resource_type, criterion):
            assert isinstance(criterion, ReferenceCriterion)  # noqa: S101  (_names_patient)
            return patient_key(criterion.targets[0][1])
    return None


def _condition(statement: _Statement, criterion: Criterion) -> str:
    match criterion:
        case IdCriterion():
            negation = "NOT " if criterion.negated else ""
            return f"{negation}r.id = ANY({statement.bind(list(criterion.ids))})"
        case TokenCriterion():
            negation = "NOT " if criterion.negated else ""
            return negation + _exists("token", f"x.key = ANY({statement.bind(list(criterion.keys))})")
        case ReferenceCriterion():
            return _exists("reference", f"x.key = ANY({statement.bind(list(criterion.keys))})")
        case UriCriterion():
            return _exists("uri", f"x.key = ANY({statement.bind(list(criterion.keys))})")
        case StringCriterion():
            return _exists("string", _string(statement, criterion))
        case DateCriterion() if criterion.parameter.code == "_lastUpdated":
            return _boxes(statement, criterion.boxes, low=_UPDATED, high=_UPDATED)
        case DateCriterion():
            return _exists("date", _of_parameter(statement, criterion.parameter, criterion.boxes))
        case NumberCriterion():
            return _exists("number", _of_parameter(statement, criterion.parameter, criterion.boxes))
        case QuantityCriterion():
            return _exists("quantity", _quantity(statement, criterion))
        case _:
            raise TypeError(type(criterion).__name__)


def _exists(table: str, condition: str) -> str:
    return f"EXISTS (SELECT 1 FROM fhir_{table} x WHERE x.rid = r.rid AND {condition})"


def _of_parameter(statement: _Statement, parameter: SearchParameter, boxes: tuple[Box, ...]) -> str:
    return f"x.param = {parameter.id} AND {_boxes(statement, boxes)}"


def _boxes(statement: _Statement, boxes: tuple[Box, ...], low: str = "x.low", high: str = "x.high") -> str:
    columns = {"low": low, "high": high}
    alternatives = [
        " AND ".join(
            f"{columns[side]} {comparison} {statement.bind(bound)}"
            for name, side, comparison in _BOUNDS
            if (bound := getattr(box, name)) is not None
        )
        for box in boxes
    ]
    return "(" + " OR ".join(f"({one or 'true'})" for one in alternatives) + ")" if alternatives else "false"


def _quantity(statement: _Statement, criterion: QuantityCriterion) -> str:
    alternatives = [
        f"(x.key = {statement.bind(key)} AND {_boxes(statement, (box,))})" for key, box in criterion.alternatives
    ]
    return "(" + " OR ".join(alternatives) + ")" if alternatives else "false"


def _string(statement: _Statement, criterion: StringCriterion) -> str:
    if criterion.match is StringMatch.EXACT:
        return f"x.param = {criterion.parameter.id} AND x.value = ANY({statement.bind(list(criterion.values))})"
    escaped = [value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%" for value in criterion.values]
    patterns = [f"%{one}" for one in escaped] if criterion.match is StringMatch.CONTAINS else escaped
    alternatives = " OR ".join(f"x.value LIKE {statement.bind(pattern)}" for pattern in patterns)
    return f"x.param = {criterion.parameter.id} AND ({alternatives or 'false'})"


def _order(request: SearchRequest) -> _Order:
    if not request.sort:
        return _Order("r.moment", descending=True)
    if len(request.sort) > 1:
        raise BadRequest("'_sort' takes one parameter for now; send one of them.", expression=("_sort",))
    key = request.sort[0]
    if key.parameter.code == "_lastUpdated":
        return _Order(_UPDATED, key.descending)
    if key.parameter.type is not SearchType.DATE:
        raise BadRequest(
            "'_sort' by %(parameter)s is not supported: sort by a date parameter such as _lastUpdated.",
            expression=("_sort",),
            parameter=key.parameter.code,
        )
    if _is_moment(request.resource_type, key.parameter):
        return _Order("r.moment", key.descending)
    lowest = f"(SELECT min(d.low) FROM fhir_date d WHERE d.rid = r.rid AND d.param = {key.parameter.id})"
    return _Order(f"coalesce({lowest}, {-(2**63) if key.descending else 2**63 - 1})", key.descending)


def _fetch(session: Session, statement: _Statement, order: _Order, limit: int) -> list[tuple[Any, ...]]:
    expression = order.expression
    if statement.source.startswith("fhir_token"):
        # The same value as r.moment, from the index that drives the statement.
        expression = expression.replace("r.moment", "t.moment")
    rid = "t.rid" if statement.source.startswith("fhir_token") else "r.rid"
    session.cursor.execute(
        f"SELECT {_COLUMNS}, {expression} FROM {statement.source} WHERE {statement.where()}"
        f" ORDER BY {expression} {order.direction}, {rid} {order.direction} LIMIT {limit}",
        statement.parameters,
    )
    rows: list[tuple[Any, ...]] = session.cursor.fetchall()
    return rows


def _count(session: Session, statement: _Statement) -> int:
    session.cursor.execute(f"SELECT count(*) FROM {statement.source} WHERE {statement.where()}", statement.parameters)
    row = session.cursor.fetchone()
    return int(row[0]) if row else 0


def _match(resource_type: str, row: tuple[Any, ...]) -> Match:
    return Match(Stored(resource_type, row[0], row[1], row[2], bytes(row[3])), row[4])


def _cursor(row: tuple[Any, ...]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([int(row[6]), row[5]])).decode().rstrip("=")


def _continue_after(statement: _Statement, order: _Order, cursor: str) -> None:
    try:
        value, rid = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        after = statement.bind(int(value)), statement.bind(int(rid))
    except (ValueError, TypeError):
        raise BadRequest("'_cursor' is not one that this server gave: follow the link 'next' as it stands.",
                         expression=("_cursor",)) from None  # fmt: skip
    comparison = "<" if order.descending else ">"
    statement.conditions.append(f"({order.expression}, r.rid) {comparison} ({after[0]}, {after[1]})")


def _included(session: Session, request: SearchRequest, matches: list[Match]) -> list[Match]:
    """What `_include` adds: the targets of the matches' references within reach, each once, none twice."""
    if not request.include or not matches:
        return []
    have = {match.stored.reference for match in matches}
    wanted = sorted(references_of(matches, request.include) - have)
    if not wanted:
        return []
    reach, parameters = session.reach("r")
    session.cursor.execute(
        f"SELECT {_COLUMNS}, r.type FROM unnest(%(types)s::smallint[], %(ids)s::text[]) AS w (type, id)"
        " JOIN fhir_resource r ON r.id = w.id AND r.type = w.type WHERE NOT r.deleted"
        + (f" AND {reach}" if reach else ""),
        {
            "types": [TYPE_NUMBER[reference.partition("/")[0]] for reference in wanted],
            "ids": [reference.partition("/")[2] for reference in wanted],
            **parameters,
        },
    )
    return [_match(RESOURCE_TYPES[row[6] - 1], row) for row in session.cursor.fetchall()]
