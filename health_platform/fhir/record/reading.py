"""Reading the record within one request: current versions, earlier versions, the one match of criteria."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from health_platform.fhir.access.context import Role
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.keys import key
from health_platform.fhir.outcome import Gone, NotFound, PreconditionFailed
from health_platform.fhir.record.work import Work
from health_platform.fhir.search.concepts import search
from health_platform.fhir.search.query import parse_search
from health_platform.fhir.stored import Stored

UNKNOWN = "%(type)s/%(id)s is not known."
_CURRENT = (
    "SELECT r.version, r.last_updated, r.deleted, r.body, r.compartment, r.rid FROM fhir_resource r"
    " WHERE r.id = %(id)s AND r.type = %(type)s"
)
_EARLIER = (
    "SELECT h.version, h.last_updated, h.deleted, h.body, h.compartment, h.rid FROM fhir_history h"
    " WHERE h.rid = %(rid)s AND (%(version)s::int IS NULL OR h.version = %(version)s)"
    " AND (%(all)s OR NOT h.withheld) ORDER BY h.version DESC"
)


def current(work: Work, resource_type: str, id: str) -> tuple[Stored, int]:
    """The current version and its compartment. Raises NotFound, or Gone when it was deleted."""
    row = _current_row(work, resource_type, id)
    if row[2]:
        raise Gone("%(type)s/%(id)s was deleted.", type=resource_type, id=id)
    return Stored(resource_type, id, row[0], row[1], bytes(row[3])), row[4]


def versions(work: Work, resource_type: str, id: str, version: int | None) -> list[tuple[Stored, int, bool]]:
    """One version or, with None, all: each with its compartment and whether it is a deletion, newest first."""
    row = _current_row(work, resource_type, id)
    found = [row] if version in (None, row[0]) else []
    if version != row[0]:
        everything = work.access.role is not Role.CITIZEN
        work.session.cursor.execute(_EARLIER, {"rid": row[5], "version": version, "all": everything})
        found += work.session.cursor.fetchall()
    return [(Stored(resource_type, id, each[0], each[1], bytes(each[3])), each[4], each[2]) for each in found]


def _current_row(work: Work, resource_type: str, id: str) -> Any:
    work.flush()
    condition, parameters = work.session.reach("r")
    statement = _CURRENT + (f" AND {condition}" if condition else "")
    work.session.cursor.execute(statement, {"id": id, "type": TYPE_NUMBER[resource_type], **parameters})
    row = work.session.cursor.fetchone()
    if row is None:
        raise NotFound(UNKNOWN, type=resource_type, id=id)
    return row


def one_match(work: Work, resource_type: str, criteria: str) -> Stored | None:
    """The one resource that meets ``criteria``, None without any; locks them until the transaction ends. Raises
    PreconditionFailed when several do."""
    work.flush()
    work.queries.append(f"{resource_type}?{criteria}")
    work.session.cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key(f"{resource_type}?{criteria}")])
    page = search(work.session, replace(parse_search(resource_type, criteria), count=2), work.terminology)
    if len(page.matches) > 1:
        raise PreconditionFailed(
            "More than one %(type)s matches '%(criteria)s': name criteria that one resource alone meets.",
            type=resource_type,
            criteria=criteria,
        )
    if not page.matches:
        return None
    work.saw(page.matches[0].stored, page.matches[0].compartment)
    return page.matches[0].stored
