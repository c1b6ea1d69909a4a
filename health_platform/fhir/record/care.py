"""Care relationships: which institutions see a patient's record, and that a record is of a patient within reach."""

from __future__ import annotations

from typing import Any

from health_platform.fhir import compartment
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.keys import organization_key, patient_key
from health_platform.fhir.outcome import UnprocessableEntity
from health_platform.fhir.record.work import Work

Resource = dict[str, Any]


def set_care(work: Work, patient: int, resource: Resource, author: set[int]) -> None:
    """Let those institutions see the record that the Patient names, and the one that wrote it first; no others."""
    caring = {organization_key(id) for id in compartment.organizations_of(resource)} | author
    cursor = work.session.cursor
    cursor.execute("DELETE FROM fhir_care WHERE patient = %s AND NOT organization = ANY(%s)", [patient, sorted(caring)])
    cursor.execute(
        "INSERT INTO fhir_care (organization, patient, since) SELECT unnest(%s::bigint[]), %s, %s"
        " ON CONFLICT DO NOTHING",
        [sorted(caring - {0}), patient, work.now],
    )


def require_patient(work: Work, kind: str, patient: str) -> None:
    """A record about a patient needs a patient within reach: unknown and foreign patients read alike."""
    number = patient_key(patient)
    if number in work.known_patients:
        return
    condition, parameters = work.session.reach("r")
    work.session.cursor.execute(
        "SELECT 1 FROM fhir_resource r WHERE r.compartment = %(patient)s AND r.type = %(type)s AND NOT r.deleted"
        + (f" AND {condition}" if condition else ""),
        {"patient": number, "type": TYPE_NUMBER["Patient"], **parameters},
    )
    if work.session.cursor.fetchone() is None:
        raise UnprocessableEntity(
            "The %(type)s is about Patient/%(id)s, which is not known here: create the Patient first.",
            type=kind,
            id=patient,
        )
    work.known_patients.add(number)
