"""The stored side of a triage request: key, answer and FHIR resources in one database transaction."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection, connections, transaction

from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.access.session import open_session
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.keys import patient_key
from health_platform.fhir.repository import Repository
from inference.triage.assess import TriageAssessment
from inference.triage.device_token import Device
from inference.triage.encounter import triage_bundle
from inference.triage.models import TriageRecord
from inference.triage.recording import CircuitBreaker, Deadline, Resolve
from inference.triage.request_body import TriageRequest

STATEMENT_TIMEOUT_MS = 2000
_SCOPES = frozenset({"system/Encounter.c", "system/Observation.c"})


@dataclass(frozen=True, slots=True)
class Submission:
    """Everything that is written of one request. `answer` are the bytes to send once it is written."""

    device: Device
    key: str
    request: TriageRequest
    assessment: TriageAssessment
    answer: bytes
    now: datetime

    @property
    def body_sha256(self) -> str:
        return hashlib.sha256(self.request.body).hexdigest()


@dataclass(frozen=True, slots=True)
class Written:
    """What stands under the key now: the bytes of the first answer; None when another body came under this key."""

    answer: bytes | None


def record(submission: Submission) -> Written:
    """Write a submission once, within the deadline. Raises Unavailable when the store is down or slow."""
    return _deadline().run(lambda resolve: _write_in_thread(submission, resolve))


@cache
def _deadline() -> Deadline[Written]:
    return store_deadline()


def store_deadline(threads: int = 8) -> Deadline[Any]:
    """A deadline of `settings.TRIAGE_RECORD_SECONDS` (0.25 s when not set) for calls to the store."""
    return Deadline(float(getattr(settings, "TRIAGE_RECORD_SECONDS", 0.25)), CircuitBreaker(3, pause_s=2.0), threads)


def _write_in_thread(submission: Submission, resolve: Resolve[Written]) -> None:
    try:
        write(submission, resolve)
    finally:
        connections.close_all()


def write(submission: Submission, resolve: Resolve[Written]) -> None:
    """One transaction: the key's row, then Encounter and Observations with their audit.

    Of several at once one inserts the row; the others wait for its commit and find it. `resolve` is called right after
    the commit, before events are sent on.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true), set_config('bitgoeul.device', %s, true)",
                [str(STATEMENT_TIMEOUT_MS), submission.device.id],
            )
        if not _claim(submission):
            resolve(_earlier(submission))
            return
        transaction.on_commit(lambda: resolve(Written(submission.answer)))
        encounter = _write_record(submission)
        TriageRecord.objects.filter(device=submission.device.id, key=submission.key).update(encounter=encounter)


def _claim(submission: Submission) -> bool:
    """Insert the key's row; False when it is there already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inference_triage_record (device, key, body_sha256, answer, encounter, created)"
            " VALUES (%s, %s, %s, %s, '', %s) ON CONFLICT (device, key) DO NOTHING RETURNING id",
            [
                submission.device.id,
                submission.key,
                submission.body_sha256,
                submission.answer,
                submission.now,
            ],
        )
        return cursor.fetchone() is not None


def _earlier(submission: Submission) -> Written:
    found = TriageRecord.objects.get(device=submission.device.id, key=submission.key)
    return Written(bytes(found.answer) if found.body_sha256 == submission.body_sha256 else None)


def _write_record(submission: Submission) -> str:
    device, key, request = submission.device, submission.key, submission.request
    bundle = triage_bundle(
        request, submission.assessment, device, key, submission.now, patient=reached_patient(request.patient, device)
    )
    response = Repository(access_of(device, key)).transaction(bundle)
    location: str = response["entry"][0]["response"]["location"]
    return location.partition("Encounter/")[2].partition("/")[0]


def reached_patient(stated: str | None, device: Device) -> str | None:
    """The Patient that the crew named, when the device's institution reaches the record; else None, for a foreign and
    an unknown patient alike. Nothing of the record is read or told."""
    if stated is None:
        return None
    crew = AccessContext(
        actor=f"Device/{device.id}", role=Role.AMBULANCE, organization=device.organization, purpose="ETREAT"
    )
    with open_session(crew, reading=True) as session:
        condition, parameters = session.reach("r")
        session.cursor.execute(
            f"SELECT 1 FROM fhir_resource r WHERE r.compartment = %(patient)s AND r.type = %(type)s"  # noqa: S608
            f" AND NOT r.deleted AND {condition}",
            {"patient": patient_key(stated.removeprefix("Patient/")), "type": TYPE_NUMBER["Patient"], **parameters},
        )
        return stated if session.cursor.fetchone() else None


def access_of(device: Device, key: str) -> AccessContext:
    """The platform writes on the device's behalf: create Encounter and Observation, and nothing else."""
    return AccessContext(
        actor=f"Device/{device.id}",
        role=Role.SERVICE,
        organization=device.organization,
        scopes=_SCOPES,
        purpose="ETREAT",
        client="triage",
        request_id=key,
    )
