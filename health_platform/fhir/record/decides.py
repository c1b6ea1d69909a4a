"""Writes that change who sees a record: a Consent by what it says, a RelatedPerson as a child's guardian."""

from __future__ import annotations

from typing import Any, Final

from health_platform.fhir.record import consents, guardians
from health_platform.fhir.record.work import Work
from health_platform.fhir.rows import Row

Resource = dict[str, Any]
TYPES: Final = frozenset({"Consent"})
"""Types of which a change depends on what stood there before."""


def before(work: Work, resource: Resource, previous: Resource | None) -> None:
    """Raise Forbidden unless the actor may decide this."""
    if resource["resourceType"] == "Consent":
        consents.before_write(work, resource, previous)


def after(work: Work, row: Row, resource: Resource) -> None:
    """Let the decision hold from the transaction's commit on."""
    if row.resource_type == "Consent":
        consents.written(work, row, resource)
    elif row.resource_type == "RelatedPerson":
        guardians.written(work, row, resource)
    elif row.resource_type == "Patient" and row.version > 1:
        guardians.child_changed(work, row, resource)


def deleted(work: Work, kind: str, rid: int) -> None:
    if kind in ("Consent", "RelatedPerson"):
        consents.replace_grants(work, rid, 0, [])
