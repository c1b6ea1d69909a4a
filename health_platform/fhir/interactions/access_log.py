"""AuditEvent and Provenance: what is rendered from the access log, then what clients stored (http.html#search).

The log is there for the auditor, and for a citizen as far as it is about her; for others there are stored resources
alone. Rendered entries come first, newest first; the paging token of the log is `log.` and a row number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from health_platform.fhir.access import audit, policy, provenance
from health_platform.fhir.access.audit_event import (
    ID_PREFIX,
    LogQuery,
    LogRow,
    find,
    may_read,
    patient_ids,
    render,
    shows_all,
)
from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.access.session import open_session
from health_platform.fhir.body import serialise
from health_platform.fhir.outcome import BadRequest, IssueType, NotFound
from health_platform.fhir.record.reading import UNKNOWN
from health_platform.fhir.repository import Repository
from health_platform.fhir.search.parameters.date import span
from health_platform.fhir.search.parameters.values import Prefix, alternatives, prefixed, unescape
from health_platform.fhir.search.request import SearchRequest
from health_platform.fhir.stored import Match, Page, Stored

RENDERED = frozenset({"AuditEvent", "Provenance"})
_CURSOR = re.compile(r"log\.(\d{1,18})")
_ID = re.compile(re.escape(ID_PREFIX) + r"(\d{1,18})")
_RESULT = frozenset({"_count", "_cursor", "_sort", "_format", "_pretty", "_total", "_summary", "_elements"})
_DATES = frozenset({"date", "recorded", "_lastUpdated"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PAGE = 50


def is_rendered(access: AccessContext, resource_type: str, id: str) -> bool:
    return resource_type in RENDERED and _ID.fullmatch(id) is not None and may_read(access)


def read(access: AccessContext, resource_type: str, id: str) -> Stored:
    """One entry of the log. Raises NotFound for one that is not known or not within reach, read alike."""
    policy.require(access, "read", resource_type)
    match = _ID.fullmatch(id)
    query = LogQuery(id=int(match[1]) if match else None, count=1, written=())
    with open_session(access) as session:
        rows = [row for row in find(session, query) if _is_shown(row, resource_type, access)]
    about = _about(rows, access)
    audit.note(access, "read", about, [f"{resource_type}/{id}"], outcome=0 if rows else audit.MINOR_FAILURE)
    if not rows:
        raise NotFound(UNKNOWN, type=resource_type, id=id)
    return _rendered(rows, resource_type, access)[0]


def search(access: AccessContext, asked: SearchRequest, parameters: list[tuple[str, str]], text: str) -> Page:
    """A page of the log's entries; at their end stored resources fill it."""
    kind = asked.resource_type
    policy.require(access, "search-type", kind)
    cursor = _CURSOR.fullmatch(asked.cursor) if asked.cursor else None
    if asked.cursor and cursor is None:
        return Repository(access).search(kind, asked, asked_as=text)
    count = _PAGE if asked.count is None else asked.count
    query = replace(_query(kind, asked, parameters), before=int(cursor[1]) if cursor else None, count=count + 1)
    with open_session(access) as session:
        rows = find(session, query)
    full = len(rows) > count or (len(rows) == count > 0)
    shown = [row for row in rows[:count] if _is_shown(row, kind, access)]
    matches = [Match(stored, 0) for stored in _rendered(shown, kind, access)]
    if full:
        audit.note(access, "search-type", query.patients, query=f"{kind}?{text}")
        return Page(matches, [], f"log.{rows[count - 1].aid}")
    stored = replace(asked, cursor=None, count=count - len(rows))
    rest = Repository(access).search(kind, stored, asked_as=text, about=query.patients)
    return Page(matches + rest.matches, rest.included, rest.next)


def _is_shown(row: LogRow, kind: str, access: AccessContext) -> bool:
    """A Provenance names what was written, so it is shown to who may see all of it."""
    return kind == "AuditEvent" or (row.writes > 0 and shows_all(row, access))


def _rendered(rows: list[LogRow], kind: str, access: AccessContext) -> list[Stored]:
    names = patient_ids(rows, access)
    resources = [render(row, names, access) if kind == "AuditEvent" else provenance.render(row) for row in rows]
    return [
        Stored(kind, resource["id"], 1, row.recorded, serialise(resource))
        for row, resource in zip(rows, resources, strict=True)
    ]


def _about(rows: list[LogRow], access: AccessContext) -> list[str]:
    names = patient_ids(rows, access)
    return [names[each] for row in rows for each in row.patients if each in names]


def _query(kind: str, asked: SearchRequest, parameters: list[tuple[str, str]]) -> LogQuery:
    if asked.include or any(not (key.descending and key.parameter.code in _DATES) for key in asked.sort):
        raise _unsupported("_sort" if asked.sort else "_include", kind)
    query = LogQuery(writes=kind == "Provenance")
    for name, value in parameters:
        code, _, modifier = name.partition(":")
        if code in _RESULT or name in asked.ignored:
            continue
        take = _TAKERS[kind].get(code)
        if take is None:
            raise _unsupported(code, kind)
        query = take(query, code, modifier, value)
    return query


def _unsupported(name: str, kind: str) -> BadRequest:
    return BadRequest(
        "The access log is not searched or sorted by '%(parameter)s'. Possible: %(possible)s, newest first.",
        code=IssueType.NOT_SUPPORTED,
        expression=(name,),
        parameter=name,
        possible=", ".join(sorted(_TAKERS[kind])),
    )


def _dated(query: LogQuery, code: str, modifier: str, value: str) -> LogQuery:
    prefix, text = prefixed(value.replace(" ", "+"))
    found = span(text)
    if found is None or prefix in (Prefix.NE, Prefix.AP):
        raise BadRequest("'%(parameter)s' takes one date here, with eq, ge, le, gt, lt, sa or eb.",
                         expression=(code,), parameter=code)  # fmt: skip
    low, high = (_EPOCH + timedelta(microseconds=edge) for edge in found)
    step = timedelta(microseconds=1)
    since = {Prefix.EQ: low, Prefix.GE: low, Prefix.GT: high + step, Prefix.SA: high + step}.get(prefix)
    until = {Prefix.EQ: high, Prefix.LE: high, Prefix.LT: low - step, Prefix.EB: low - step}.get(prefix)
    return replace(
        query,
        since=max(filter(None, (query.since, since)), default=None),
        until=min(filter(None, (query.until, until)), default=None),
    )


def _codes(code: str, value: str) -> list[str]:
    """The codes of a token parameter; their system is what it must be here."""
    return [unescape(part.rpartition("|")[2]) for part in alternatives(code, value)]


def _references(code: str, modifier: str, value: str, types: tuple[str, ...]) -> list[str]:
    found = []
    for part in alternatives(code, value):
        reference = "/".join(part.partition("/_history/")[0].rsplit("/", 2)[-2:])
        if "/" in reference:
            found.append(reference)
        else:
            found += [f"{kind}/{reference}" for kind in ([modifier] if modifier else types)]
    return found


def _patients(query: LogQuery, code: str, modifier: str, value: str) -> LogQuery:
    found = [reference.removeprefix("Patient/") for reference in _references(code, modifier, value, ("Patient",))]
    return replace(query, patients=(*query.patients, *found))


def _entities(query: LogQuery, code: str, modifier: str, value: str) -> LogQuery:
    if not modifier and any("/" not in part for part in alternatives(code, value)):
        raise BadRequest("Write '%(parameter)s' with its type, such as Observation/1.",
                         expression=(code,), parameter=code)  # fmt: skip
    found = tuple(_references(code, modifier, value, ()))
    return replace(query, written=found) if code == "target" else replace(query, entities=found)


def _agents(query: LogQuery, code: str, modifier: str, value: str) -> LogQuery:
    types = ("Practitioner", "Patient", "Device", "Person")
    return replace(query, actors=tuple(_references(code, modifier, value, types)))


def _actions(query: LogQuery, code: str, modifier: str, value: str) -> LogQuery:
    return replace(query, actions=tuple(_codes(code, value)))


def _outcomes(query: LogQuery, code: str, modifier: str, value: str) -> LogQuery:
    return replace(query, outcomes=tuple(int(each) if each.isdecimal() else -1 for each in _codes(code, value)))


def _subtypes(query: LogQuery, code: str, modifier: str, value: str) -> LogQuery:
    return replace(query, interactions=tuple(_codes(code, value)))


def _ids(query: LogQuery, code: str, modifier: str, value: str) -> LogQuery:
    match = _ID.fullmatch(value)
    return replace(query, id=int(match[1]) if match else 0)


Taker = Callable[[LogQuery, str, str, str], LogQuery]
_BOTH: dict[str, Any] = {"patient": _patients, "agent": _agents, "_id": _ids, "_lastUpdated": _dated}
_TAKERS: dict[str, dict[str, Taker]] = {
    "AuditEvent": {
        **_BOTH, "date": _dated, "action": _actions, "outcome": _outcomes, "subtype": _subtypes, "entity": _entities,
    },
    "Provenance": {**_BOTH, "recorded": _dated, "target": _entities},
}  # fmt: skip
