"""Versions of resources, newest first: of one, of a type, of all types (FHIR R4, http.html#history).

A version is shown to who reaches both it and its resource as it is now: what was withheld stays so, and what once stood
in another person's record by mistake is in nobody's history but that of the person whom it is about. Of what was
entered in error a citizen sees no version's content.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from health_platform.fhir.access.context import Role
from health_platform.fhir.access.disclosure import cut, is_entered_in_error
from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES, TYPE_NUMBER
from health_platform.fhir.outcome import BadRequest
from health_platform.fhir.record.work import Work
from health_platform.fhir.stored import Stored

DEFAULT_COUNT: Final = 20
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Versions:
    """Which versions are asked for. ``types`` are all that may be among them; ``since`` and ``at`` as R4 has them, the
    latter with its first and last instant; ``cursor`` continues a page."""

    types: tuple[str, ...]
    id: str | None = None
    version: int | None = None
    since: datetime | None = None
    at: tuple[datetime, datetime] | None = None
    count: int | None = None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A version, and whether it is a deletion."""

    stored: Stored
    compartment: int
    deleted: bool


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Versions, newest first. ``next`` continues them, None at the end."""

    versions: list[Version]
    next: str | None


_CURRENT = """
SELECT r.type, r.id, r.version, r.last_updated, r.deleted, r.body, r.compartment, r.rid, {suspect} AS suspect
FROM fhir_resource r WHERE r.type = t.type AND {conditions}
ORDER BY r.last_updated DESC, r.rid DESC LIMIT %(limit)s
"""
_EARLIER = """
SELECT h.type, r.id, h.version, h.last_updated, h.deleted, h.body, h.compartment, h.rid, {suspect}
FROM fhir_history h JOIN fhir_resource r ON r.rid = h.rid WHERE h.type = t.type AND {conditions}
ORDER BY h.last_updated DESC, h.rid DESC, h.version DESC LIMIT %(limit)s
"""
_STATEMENT = """
SELECT v.* FROM unnest(%(types)s::smallint[]) AS t (type) CROSS JOIN LATERAL (({current}) UNION ALL ({earlier})) AS v
ORDER BY v.last_updated DESC, v.rid DESC, v.version DESC LIMIT %(limit)s
"""
# What is entered in error says so somewhere in its body; which element says it is looked at for the few that do.
_SUSPECT = "position('entered-in-error'::bytea IN r.body) > 0"
_REPLACED = """
coalesce((SELECT n.last_updated FROM fhir_history n WHERE n.rid = h.rid AND n.version = h.version + 1), r.last_updated)
"""


def page(work: Work, asked: Versions) -> HistoryPage:
    """One page of versions within reach."""
    work.flush()
    count = DEFAULT_COUNT if asked.count is None else asked.count
    if count == 0:
        return HistoryPage([], None)
    statement, parameters = _statement(work, asked)
    work.session.cursor.execute(statement, {**parameters, "limit": count + 1})
    rows = work.session.cursor.fetchall()
    hidden = _entered_in_error(work, rows[:count])
    versions = [_version(row, hidden) for row in rows[:count]]
    return HistoryPage(versions, _cursor(rows[count - 1]) if len(rows) > count else None)


def _statement(work: Work, asked: Versions) -> tuple[str, dict[str, Any]]:
    parameters: dict[str, Any] = {"types": [TYPE_NUMBER[kind] for kind in asked.types]}
    suspect = _SUSPECT if work.access.role is Role.CITIZEN else "false"
    of_current = [*_asked_of(asked, "r", parameters), *_reach(work, "r", parameters)]
    of_earlier = [*_asked_of(asked, "h", parameters), *_reach(work, "r", parameters), *_reach(work, "h", parameters)]
    current = _CURRENT.format(suspect=suspect, conditions=" AND ".join(of_current) or "true")
    earlier = _EARLIER.format(suspect=suspect, conditions=" AND ".join(of_earlier) or "true")
    return _STATEMENT.format(current=current, earlier=earlier), parameters


def _reach(work: Work, alias: str, parameters: dict[str, Any]) -> list[str]:
    condition, values = work.session.reach(alias)
    parameters |= values
    return [condition] if condition else []


def _asked_of(asked: Versions, alias: str, parameters: dict[str, Any]) -> list[str]:
    found = []
    if asked.id is not None:
        found.append("r.id = %(id)s")
        parameters["id"] = asked.id
    if asked.version is not None:
        found.append(f"{alias}.version = %(version)s")
        parameters["version"] = asked.version
    if asked.since is not None:
        found.append(f"{alias}.last_updated >= %(since)s")
        parameters["since"] = asked.since
    if asked.at is not None:
        found.append(f"{alias}.last_updated <= %(until)s")
        parameters["until"] = asked.at[1]
        if alias == "h":
            found.append(f"{_REPLACED} > %(from)s")
            parameters["from"] = asked.at[0]
    if asked.cursor is not None:
        found.append(f"({alias}.last_updated, {alias}.rid, {alias}.version) < (%(moment)s, %(rid)s, %(before)s)")
        parameters |= _after(asked.cursor)
    return found


def _version(row: Any, hidden: frozenset[int]) -> Version:
    stored = Stored(RESOURCE_TYPES[row[0] - 1], row[1], row[2], row[3], bytes(row[5]))
    return Version(cut(stored) if row[7] in hidden and not row[4] else stored, row[6], row[4])


def _entered_in_error(work: Work, rows: Sequence[Any]) -> frozenset[int]:
    """The row ids of those resources that are entered in error now."""
    suspects = sorted({row[7] for row in rows if row[8]})
    if not suspects:
        return frozenset()
    work.session.cursor.execute("SELECT rid, type, id, body FROM fhir_resource WHERE rid = ANY(%s)", [suspects])
    return frozenset(
        rid
        for rid, kind, id, raw in work.session.cursor.fetchall()
        if is_entered_in_error(Stored(RESOURCE_TYPES[kind - 1], id, 0, EPOCH, bytes(raw)))
    )


def _cursor(row: Any) -> str:
    moment = (row[3] - EPOCH) // _MICROSECOND
    return base64.urlsafe_b64encode(orjson.dumps([moment, row[7], row[2]])).decode().rstrip("=")


def _after(cursor: str) -> dict[str, Any]:
    try:
        moment, rid, version = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return {"moment": EPOCH + int(moment) * _MICROSECOND, "rid": int(rid), "before": int(version)}
    except (ValueError, TypeError, OverflowError):
        raise BadRequest("'_cursor' is not one that this server gave: follow the link 'next' as it stands.",
                         expression=("_cursor",)) from None  # fmt: skip
