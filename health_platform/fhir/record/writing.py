"""Changing the record within one request: creations, updates, deletions, each a row with its index rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from health_platform.fhir import acceptance, body, compartment, rows
from health_platform.fhir.access import policy
from health_platform.fhir.access.context import Role
from health_platform.fhir.outcome import (
    Forbidden,
    Issue,
    NotFound,
    PreconditionFailed,
    UnprocessableEntity,
)
from health_platform.fhir.patch.change import Change
from health_platform.fhir.record import care, decides, labels, reading
from health_platform.fhir.record.placing import Found, for_change, place_of
from health_platform.fhir.record.reading import UNKNOWN
from health_platform.fhir.record.work import Work
from health_platform.fhir.search.index import index_values
from health_platform.fhir.stored import Stored
from health_platform.fhir.subset import refuse_subsetted

Resource = dict[str, Any]
_CONDITIONAL = re.compile(rb'"reference"\s*:\s*"([A-Z][A-Za-z]+\?[^"]*)"')


@dataclass(frozen=True, slots=True)
class Version:
    """Under what a resource is stored: the row that it replaces (None for a new one), version, institution, time."""

    version: int
    rid: int | None
    custodian: int
    updated: datetime


def create(work: Work, raw: bytes, resource: Resource, id: str) -> Stored:
    decides.before(work, resource, None)
    row, patient, hints = _row(work, raw, resource, id, Version(1, None, work.session.organization, work.now))
    if row.resource_type == "Patient":
        author = {work.session.organization} if work.access.role in (Role.SYSTEM, Role.CLINICIAN) else set()
        care.set_care(work, row.compartment, resource, author)
        work.known_patients.add(row.compartment)
    decides.after(work, row, resource)
    work.pending.append(row)
    stored = Stored(row.resource_type, id, 1, row.updated, row.body, hints)
    work.created[row.resource_type, id] = stored
    work.wrote(stored, row.compartment, patient)
    return stored


def update(work: Work, raw: bytes, resource: Resource, id: str, if_match: int | None) -> Stored:
    """A new version, or the first one under an id that is not known (update as create)."""
    kind: str = resource["resourceType"]
    found = for_change(work, kind, id)
    if found is None:
        return _create_under(work, raw, resource, id, if_match)
    match_version(if_match, found.version, kind, id)
    if found.withheld:
        labels.require_disclosure(work, resource, _previous(work, found, kind, id))
    if kind in decides.TYPES:
        decides.before(work, resource, _previous(work, found, kind, id))
    under = Version(found.version + 1, found.rid, found.custodian, found.next_moment(work.now))
    row, patient, hints = _row(work, raw, resource, id, under)
    if kind == "Patient":
        care.set_care(work, row.compartment, resource, {found.custodian})
    decides.after(work, row, resource)
    rows.replace(work.session.cursor, row)
    stored = Stored(kind, id, row.version, row.updated, row.body, hints)
    work.wrote(stored, row.compartment, patient)
    return stored


def _create_under(work: Work, raw: bytes, resource: Resource, id: str, if_match: int | None) -> Stored:
    """Update as create. A Patient gets its id from the server: an id of the client's choice could be one that
    exists beyond the client's reach."""
    kind: str = resource["resourceType"]
    if if_match is not None:
        raise PreconditionFailed(UNKNOWN, type=kind, id=id)
    policy.require(work.access, "create", kind)
    if kind == "Patient" and not work.access.unrestricted:
        raise Forbidden("A %(type)s gets its id from the server: send POST instead of PUT.", type=kind)
    stored = create(work, raw, resource, id)
    # Now, so that an id that is in use beyond reach is refused here, and an entry of a Bundle can be named.
    work.flush()
    return stored


def patch(work: Work, kind: str, id: str, change: Change, if_match: int | None) -> Stored:
    """A new version: ``change`` of the current one, accepted like an update."""
    found = for_change(work, kind, id)
    if found is None:
        raise NotFound(UNKNOWN, type=kind, id=id)
    before, _ = reading.current(work, kind, id)
    match_version(if_match, found.version, kind, id)
    raw = body.serialise(change(body.decode(before.body, as_written=True)))
    resource = body.parse(raw)
    if (resource.get("resourceType"), resource.get("id")) != (kind, id):
        raise UnprocessableEntity("A patch cannot change 'resourceType' and 'id' of %(type)s/%(id)s.",
                                  expression=(f"{kind}.id",), type=kind, id=id)  # fmt: skip
    return update(work, raw, resource, id, found.version)


def delete(work: Work, kind: str, id: str, if_match: int | None) -> int | None:
    """The tombstone's version; None when it was deleted before."""
    found = for_change(work, kind, id)
    if found is None:
        raise NotFound(UNKNOWN, type=kind, id=id)
    match_version(if_match, found.version, kind, id)
    if found.deleted:
        return None
    acceptance.refuse_deletion(work.known, work.access, kind, id)
    previous = reading.current(work, kind, id)[0].resource()
    decides.before(work, previous, previous)
    patient = compartment.patient_of(previous)
    version = found.version + 1
    decides.deleted(work, kind, found.rid)
    updated = found.next_moment(work.now)
    rows.bury(work.session.cursor, found.rid, updated)
    work.wrote(Stored(kind, id, version, updated, b""), found.compartment, patient)
    return version


def _previous(work: Work, found: Found, kind: str, id: str) -> Resource | None:
    return None if found.deleted else reading.current(work, kind, id)[0].resource()


def _row(
    work: Work, raw: bytes, resource: Resource, id: str, under: Version
) -> tuple[rows.Row, str | None, tuple[Issue, ...]]:
    """The row to be written, the patient whom it is about, and the hints of its validation."""
    refuse_subsetted(resource)
    _refuse_conditional_reference(raw)
    issues = acceptance.issues_of(work.known, work.access.organization, resource, raw)
    if any(issue.is_error for issue in issues):
        raise UnprocessableEntity(issues)
    kind: str = resource["resourceType"]
    patient = id if kind == "Patient" else compartment.patient_of(resource)
    index = index_values({**resource, "id": id})
    updated = under.updated.astimezone(UTC)
    place = place_of(work, resource, patient)
    row = rows.Row(
        rid=under.rid if under.rid is not None else rows.row_ids.take(work.session.cursor, 1)[0],
        compartment=place.compartment,
        custodian=under.custodian,
        moment=compartment.moment(kind, index, updated),
        updated=updated,
        version=under.version,
        resource_type=kind,
        id=id,
        body=body.stamp(raw, id, under.version, updated),
        index=index,
        withheld=place.withheld,
        sensitive=place.sensitive,
    )
    return row, patient, tuple(issues)


def _refuse_conditional_reference(raw: bytes) -> None:
    found = _CONDITIONAL.search(raw)
    if found is not None:
        raise UnprocessableEntity(
            "The reference '%(reference)s' names criteria: only a transaction can say what they lead to.",
            reference=found[1].decode("utf-8", "replace"),
        )


def match_version(if_match: int | None, version: int, kind: str, id: str) -> None:
    if if_match is not None and if_match != version:
        raise PreconditionFailed(
            "%(type)s/%(id)s is at version %(version)s, not %(asked)s: read it again and repeat the change on it.",
            type=kind,
            id=id,
            version=version,
            asked=if_match,
        )
