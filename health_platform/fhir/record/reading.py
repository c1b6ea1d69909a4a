"""Reading the record within one request: current versions, earlier versions, the one match of criteria."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.keys import key
from health_platform.fhir.outcome import BadRequest, Gone, IssueType, NotFound, PreconditionFailed
from health_platform.fhir.record.work import Work
from health_platform.fhir.search.concepts import search
from health_platform.fhir.search.query import parse_search
from health_platform.fhir.search.request import SearchRequest
from health_platform.fhir.stored import Stored

UNKNOWN = "%(type)s/%(id)s is not known."
_CURRENT = (
    "SELECT r.version, r.last_updated, r.deleted, r.body, r.compartment FROM fhir_resource r"
    " WHERE r.id = %(id)s AND r.type = %(type)s"
)


def current(work: Work, resource_type: str, id: str) -> tuple[Stored, int]:
    """The current version and its compartment. Raises NotFound, or Gone when it was deleted."""
    row = current_row(work, resource_type, id)
    if row[2]:
        raise Gone("%(type)s/%(id)s was deleted.", type=resource_type, id=id)
    return Stored(resource_type, id, row[0], row[1], bytes(row[3])), row[4]


def current_row(work: Work, resource_type: str, id: str) -> Any:
    """Version, last change, whether it is a deletion, body and compartment. Raises NotFound."""
    work.flush()
    condition, parameters = work.session.reach("r")
    statement = _CURRENT + (f" AND {condition}" if condition else "")
    work.session.cursor.execute(statement, {"id": id, "type": TYPE_NUMBER[resource_type], **parameters})
    row = work.session.cursor.fetchone()
    if row is None:
        raise NotFound(UNKNOWN, type=resource_type, id=id)
    return row


def one_match(work: Work, resource_type: str, criteria: str) -> Stored | None:
    """The one resource that meets ``criteria``, None without any; nobody else can look for them until the transaction
    ends. Raises PreconditionFailed when several do, BadRequest for criteria that say nothing."""
    work.flush()
    asked = _condition(resource_type, criteria)
    work.queries.append(f"{resource_type}?{criteria}")
    lock(work, [condition_key(resource_type, criteria)])
    page = search(work.session, [replace(asked, count=2)], work.terminology)
    if len(page.matches) > 1:
        raise PreconditionFailed(
            "More than one %(type)s matches '%(criteria)s': name criteria that one resource alone meets.",
            code=IssueType.MULTIPLE_MATCHES,
            type=resource_type,
            criteria=criteria,
        )
    if not page.matches:
        return None
    work.saw(page.matches[0].stored, page.matches[0].compartment)
    return page.matches[0].stored


def _condition(resource_type: str, criteria: str) -> SearchRequest:
    asked = parse_search(resource_type, criteria)
    if not asked.criteria:
        raise BadRequest(
            "'%(criteria)s' names no criteria: every %(type)s would match. Name search parameters such as identifier.",
            criteria=criteria,
            type=resource_type,
        )
    return asked


def condition_key(resource_type: str, criteria: str) -> int:
    """What is locked for a conditional interaction: the same criteria, however written, have the same key."""
    return key(f"{resource_type}?{urlencode(sorted(parse_qsl(criteria, keep_blank_values=True)))}")


def lock(work: Work, keys: Iterable[int]) -> None:
    """Take locks that last until the transaction ends, always in the same order, so that no two wait for each
    other."""
    wanted = sorted(set(keys) - work.locks)
    if wanted:
        work.session.cursor.execute(
            "SELECT count(pg_advisory_xact_lock(k)) FROM (SELECT unnest(%s::bigint[]) AS k ORDER BY 1 OFFSET 0) AS w",
            [wanted],
        )
        work.locks.update(wanted)
