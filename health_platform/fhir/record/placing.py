"""Whose record a resource joins when it is written, and the row that is to be changed, locked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from health_platform.fhir import compartment
from health_platform.fhir.access.sensitivity import sensitivity_of
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.disclosure import is_withheld
from health_platform.fhir.keys import key, patient_key
from health_platform.fhir.outcome import Forbidden
from health_platform.fhir.record import care
from health_platform.fhir.record.work import Work

Resource = dict[str, Any]
_VERSION = (
    "SELECT rid, compartment, custodian, version, deleted, withheld, sensitive, last_updated FROM fhir_resource"
    " WHERE id = %(id)s AND type = %(type)s"
)
# The compartment of what names no patient and was written by no institution: the operator's alone.
_NOBODY = key("nobody")


@dataclass(frozen=True, slots=True)
class Found:
    """The columns of a stored row that a change needs."""

    rid: int
    compartment: int
    custodian: int
    version: int
    deleted: bool
    withheld: bool
    sensitive: int
    last_updated: datetime

    def next_moment(self, now: datetime) -> datetime:
        """When the next version is written: later than this one, even when the request began before it was."""
        return max(now, self.last_updated + timedelta(microseconds=1))


@dataclass(frozen=True, slots=True)
class Place:
    """Whose record (a key), whether the resource is withheld from the citizen, and its classes
    (access/sensitivity.py)."""

    compartment: int
    withheld: bool
    sensitive: int


def for_change(work: Work, kind: str, id: str) -> Found | None:
    """The row, locked until the transaction ends; None when there is none within reach.

    What belongs to no patient may be changed by the institution that wrote it, and by nobody else.
    """
    work.flush()
    condition, parameters = work.session.reach("fhir_resource")
    statement = _VERSION + (f" AND {condition}" if condition else "") + " FOR UPDATE"
    work.session.cursor.execute(statement, {"id": id, "type": TYPE_NUMBER[kind], **parameters})
    row = work.session.cursor.fetchone()
    found = Found(*row) if row else None
    public = found is not None and not found.compartment
    if found and public and not work.access.unrestricted and found.custodian != work.session.organization:
        raise Forbidden("%(type)s/%(id)s belongs to another institution.", type=kind, id=id)
    return found


def place_of(work: Work, resource: Resource, patient: str | None) -> Place:
    """The record of ``patient``, of what the resource is about, or of nobody."""
    kind: str = resource["resourceType"]
    withheld, sensitive = is_withheld(resource), int(sensitivity_of(resource))
    if patient is not None:
        if kind != "Patient":
            care.require_patient(work, kind, patient)
        return Place(patient_key(patient), withheld, sensitive)
    for reference in compartment.targets_of(resource):
        target, _, id = reference.partition("/")
        if target in TYPE_NUMBER and (found := for_change(work, target, id)) is not None:
            return Place(found.compartment, withheld or found.withheld, sensitive | found.sensitive)
    nobodys = 0 if kind in compartment.PUBLIC_TYPES else work.session.organization or _NOBODY
    return Place(nobodys, withheld, sensitive if nobodys else 0)
