"""The stored side of a triage request: one durable row with key, answer and what is to be told, and an event.

The row is what `recorded` means. A worker makes the FHIR resources from it, once, and removes from the row what the
record then holds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from django.conf import settings
from django.db import connection, connections, transaction

from health_platform.fhir import outbox
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

TOPIC = "triage.recorded"
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
    """One transaction: the key's row with the resources to be made, and the event that has them made.

    Of several at once one inserts the row; the others wait for its commit and find it. `resolve` is called right after
    the commit, before events are sent on.
    """
    device, key = submission.device, submission.key
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(STATEMENT_TIMEOUT_MS)])
        _act_for(device.id)
        if not _claim(submission):
            resolve(_earlier(submission))
            return
        transaction.on_commit(lambda: resolve(Written(submission.answer)))
        outbox.emit(TOPIC, {"device": device.id, "organization": device.organization, "key": key})


def make_resources(payload: dict[str, Any]) -> None:
    """Write the Encounter and Observations of a row, with their audit, unless they stand already (an outbox handler).

    One transaction: either all of them stand and the row names the Encounter, or the row still holds everything.
    """
    device, key = Device(payload["device"], payload["organization"]), payload["key"]
    with transaction.atomic():
        _act_for(device.id)
        record = TriageRecord.objects.select_for_update().get(device=device.id, key=key)
        if record.bundle is None:
            return
        response = Repository(access_of(device, key)).transaction(orjson.loads(bytes(record.bundle)))
        location: str = response["entry"][0]["response"]["location"]
        record.encounter = location.partition("Encounter/")[2].partition("/")[0]
        record.bundle = None
        record.save(update_fields=["encounter", "bundle"])


def _act_for(device: str) -> None:
    """Tell PostgreSQL until the transaction ends whose rows are meant (migration 0006)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('bitgoeul.device', %s, true)", [device])


def _claim(submission: Submission) -> bool:
    """Insert the key's row; False when it is there already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inference_triage_record (device, key, body_sha256, answer, bundle, encounter, created)"
            " VALUES (%s, %s, %s, %s, %s, '', %s) ON CONFLICT (device, key) DO NOTHING RETURNING id",
            [
                submission.device.id,
                submission.key,
                submission.body_sha256,
                submission.answer,
                _bundle(submission),
                submission.now,
            ],
        )
        return cursor.fetchone() is not None


def _earlier(submission: Submission) -> Written:
    found = TriageRecord.objects.get(device=submission.device.id, key=submission.key)
    return Written(bytes(found.answer) if found.body_sha256 == submission.body_sha256 else None)


def _bundle(submission: Submission) -> bytes:
    device, request = submission.device, submission.request
    patient = reached_patient(request.patient, device)
    bundle = triage_bundle(request, submission.assessment, device, submission.key, submission.now, patient=patient)
    return orjson.dumps(bundle)


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
