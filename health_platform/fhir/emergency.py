"""Emergency access: who treats somebody in an emergency opens a record that nobody opened to her ("break glass").

The law as it is read here; a city has it confirmed by its own counsel. Medical Service Act, article 21-2 paragraph 1:
records of an unconscious or emergency patient may be sent without consent. PIPA, article 15 paragraph 1 item 5: urgent
interest of life, body or property; article 23 paragraph 1 item 2: sensitive data where a law allows it. So a denial
does not hold here. AIDS Prevention Act, article 7: the secret of an infection is kept unless a law says otherwise: it
stays out of the first look and needs the second, deliberate act. What is labelled V (very restricted) stays closed.

30 minutes; first the emergency summary alone, widened by a second act with its own reason; the purpose of use is
ETREAT. The access log has the reason at once, the citizen a Communication, and the monthly review every opening.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from health_platform.fhir import outbox
from health_platform.fhir.access import audit
from health_platform.fhir.access.context import AccessContext, Role, service
from health_platform.fhir.access.sensitivity import CONFIDENTIALITY, NONE, Sensitivity
from health_platform.fhir.access.session import Session, open_session
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.keys import key, patient_key
from health_platform.fhir.outcome import Forbidden, NotFound, UnprocessableEntity
from health_platform.fhir.record.reading import UNKNOWN
from health_platform.fhir.repository import Repository

Clock = Callable[[], datetime]
DURATION: Final = timedelta(minutes=30)
SUMMARY: Final = ("Patient", "AllergyIntolerance", "MedicationStatement", "MedicationRequest", "Condition")
TOPIC: Final = "emergency.opened"
"""Outbox event of each opening and widening: {"patient", "actor", "organization", "widened"}."""
PURPOSES: Final = ("ETREAT", "BTG", "ERTREAT")
_ROLES: Final = frozenset({Role.CLINICIAN, Role.AMBULANCE})
_IN_SUMMARY: Final = Sensitivity.PSYCHIATRY | Sensitivity.REPRODUCTIVE
_WIDENED: Final = _IN_SUMMARY | Sensitivity.HIV | Sensitivity.RESTRICTED
_SHORTEST, _LONGEST = 5, 500


@dataclass(frozen=True, slots=True)
class Emergency:
    """An open emergency access to the record of ``patient`` (logical id)."""

    patient: str
    until: datetime
    widened: bool


def open_emergency_access(access: AccessContext, patient: str, reason: str, now: Clock = timezone.now) -> Emergency:
    """Open the emergency summary of ``patient`` to the person who acts, for 30 minutes.

    Raises Forbidden for who treats nobody, UnprocessableEntity without a reason, NotFound for an unknown patient.
    """
    return _open(access, patient, reason, now(), widened=False)


def widen(access: AccessContext, patient: str, reason: str, now: Clock = timezone.now) -> Emergency:
    """Open the rest of the record too, until the 30 minutes end. Raises NotFound when no emergency is open."""
    return _open(access, patient, reason, now(), widened=True)


def acting(access: AccessContext) -> AccessContext:
    """The context with which a record that was opened in an emergency is read: the log says that it was one."""
    return replace(access, purpose="ETREAT")


def emergencies(access: AccessContext) -> list[Emergency]:
    """What the person has open now."""
    with open_session(_platform()) as session:
        session.cursor.execute(_OPEN, {"grantee": key(access.actor), "type": TYPE_NUMBER["Patient"]})
        return [Emergency(*row) for row in session.cursor.fetchall()]


_OPEN = """
SELECT r.id, max(g.until), bool_or(g.types IS NULL)
FROM fhir_grant g JOIN fhir_resource r ON r.compartment = g.patient AND r.type = %(type)s
WHERE g.grantee = %(grantee)s AND g.emergency AND g.permit AND now() < g.until GROUP BY r.id ORDER BY r.id
"""


def _open(access: AccessContext, patient: str, reason: str, now: datetime, *, widened: bool) -> Emergency:
    reason = reason.strip()
    try:
        _require_treating(access)
        _require_reason(reason)
        with transaction.atomic():
            until = _grant(access, patient, now, widened=widened)
            audit.note(acting(access), "emergency-access", [patient], [f"Patient/{patient}"], query=reason)
            with override(settings.LANGUAGE_CODE):
                notice = _notice(access, patient, reason, now, widened=widened)
            Repository(_platform(), lambda: now).create(notice)
            payload = {
                "patient": patient,
                "actor": access.actor,
                "organization": access.organization or "",
                "widened": widened,
            }
            outbox.emit(TOPIC, payload, subject=patient)
    except (Forbidden, NotFound):
        audit.note(acting(access), "emergency-access", (), [f"Patient/{patient}"], outcome=audit.MINOR_FAILURE)
        raise
    return Emergency(patient, until, widened)


def _require_treating(access: AccessContext) -> None:
    if access.role not in _ROLES or access.launch_patient is not None:
        raise Forbidden("Emergency access is for the clinician or crew that treats the person.")


def _require_reason(reason: str) -> None:
    if not _SHORTEST <= len(reason) <= _LONGEST or not reason.isprintable():
        raise UnprocessableEntity("Say in one line why the record is needed now: %(least)s to %(most)s characters.",
                                  expression=("reason",), least=_SHORTEST, most=_LONGEST)  # fmt: skip


def _grant(access: AccessContext, patient: str, now: datetime, *, widened: bool) -> datetime:
    """Write the grants of the stage, and say until when they hold."""
    with open_session(_platform()) as session:
        _require_patient(session, patient)
        until = _open_until(session, access, patient) if widened else now + DURATION
        session.cursor.execute(
            "DELETE FROM fhir_grant WHERE grantee = %s AND emergency AND (patient = %s OR until <= now())",
            [key(access.actor), patient_key(patient)],
        )
        types = None if widened else [TYPE_NUMBER[kind] for kind in SUMMARY]
        for classes in (NONE, _WIDENED if widened else _IN_SUMMARY):
            session.cursor.execute(
                "INSERT INTO fhir_grant (patient, grantee, basis, until, classes, weight, depth, permit, emergency,"
                " types, purposes) VALUES (%s, %s, 0, %s, %s, 0, 0, true, true, %s::smallint[], %s::text[])",
                [patient_key(patient), key(access.actor), until, int(classes), types, list(PURPOSES)],
            )
        return until


def _require_patient(session: Session, patient: str) -> None:
    session.cursor.execute(
        "SELECT 1 FROM fhir_resource WHERE compartment = %s AND type = %s AND NOT deleted",
        [patient_key(patient), TYPE_NUMBER["Patient"]],
    )
    if session.cursor.fetchone() is None:
        raise NotFound(UNKNOWN, type="Patient", id=patient)


def _open_until(session: Session, access: AccessContext, patient: str) -> datetime:
    session.cursor.execute(
        "SELECT max(until) FROM fhir_grant WHERE patient = %s AND grantee = %s AND emergency AND now() < until",
        [patient_key(patient), key(access.actor)],
    )
    row = session.cursor.fetchone()
    if row is None or row[0] is None:
        raise NotFound("No emergency access to Patient/%(id)s is open: open it first.", type="Patient", id=patient)
    found: datetime = row[0]
    return found


def _platform() -> AccessContext:
    return service("emergency", "ETREAT")


def _notice(access: AccessContext, patient: str, reason: str, now: datetime, *, widened: bool) -> dict[str, Any]:
    """What the citizen is told. Labelled, so that other institutions do not read of it."""
    whole, part = _("Your whole record was opened in an emergency."), _("Your record was opened in an emergency.")
    sender = {"sender": {"reference": f"Organization/{access.organization}"}} if access.organization else {}
    return {
        "resourceType": "Communication",
        "meta": {"security": [{"system": CONFIDENTIALITY, "code": "R"}]},
        "status": "completed",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/communication-category",
                                  "code": "notification"}]}],
        "subject": {"reference": f"Patient/{patient}"},
        "recipient": [{"reference": f"Patient/{patient}"}],
        "sent": now.isoformat(timespec="seconds"),
        "reasonCode": [{"text": reason}],
        "payload": [{"contentString": whole if widened else part}],
        **sender,
    }  # fmt: skip
