"""Carers: a person lets another one see her record, who accepts it first (FHIR R4, consent.html, `verification`).

A carer is a citizen whose Patient a Consent of the scope patient-privacy permits. She sees the Consent from the
beginning and the record once she has accepted; never what is withheld from citizens. It ends when the Consent ends, by
its period, by the person's revocation, or when the carer leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from health_platform.fhir.access.consent import in_force, rules_of
from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.access.session import open_session
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.outcome import Forbidden, NotFound
from health_platform.fhir.record.reading import UNKNOWN
from health_platform.fhir.repository import Repository
from health_platform.fhir.stored import Stored

Resource = dict[str, Any]
Clock = Callable[[], datetime]
_CARED_FOR = """
SELECT r.id, bool_or(g.guardian), nullif(max(g.until), 'infinity')
FROM fhir_grant g JOIN fhir_resource r ON r.compartment = g.patient AND r.type = %(patient)s
WHERE g.grantee = ANY(%(keys)s) AND g.permit AND g.resource IS NULL AND NOT g.emergency
  AND g.since <= now() AND now() < g.until AND NOT r.deleted {reach}
GROUP BY r.id ORDER BY r.id
"""


@dataclass(frozen=True, slots=True)
class Charge:
    """Somebody whose record a citizen sees besides the own: logical id of the Patient, whether as the guardian of a
    child under 14, who also decides for the child, and until when (None: until it is revoked)."""

    patient: str
    guardian: bool
    until: datetime | None


def charges(access: AccessContext) -> list[Charge]:
    """Whose records the citizen sees as a carer or parent now."""
    if access.role is not Role.CITIZEN:
        return []
    with open_session(access) as session:
        reach, parameters = session.reach("r")
        values = {"keys": list(session.keys.grantees), "patient": TYPE_NUMBER["Patient"], **parameters}
        session.cursor.execute(_CARED_FOR.format(reach=f"AND {reach}" if reach else ""), values)
        return [Charge(*row) for row in session.cursor.fetchall()]


def offers(access: AccessContext) -> list[Stored]:
    """The Consents in force by which others make the citizen their carer, accepted ones too."""
    found: list[Stored] = []
    for patient in sorted(access.patients):
        page = Repository(access).search("Consent", {"actor": f"Patient/{patient}", "_count": "200"})
        found += [match.stored for match in page.matches if _makes_carer(match.stored.resource(), patient)]
    return found


def accept(access: AccessContext, consent: str, now: Clock = timezone.now) -> Stored:
    """Record that the citizen accepts to be a carer: from now on she sees what the Consent permits.

    Raises NotFound for a Consent that makes the citizen nobody's carer.
    """
    return _verify(access, consent, now, accepted=True)


def leave(access: AccessContext, consent: str, now: Clock = timezone.now) -> Stored:
    """Record that the citizen declines, or is a carer no longer."""
    return _verify(access, consent, now, accepted=False)


def _verify(access: AccessContext, id: str, now: Clock, *, accepted: bool) -> Stored:
    if access.role is not Role.CITIZEN or access.launch_patient is not None:
        raise Forbidden("A carer accepts in her own person.")
    stored = Repository(access).read("Consent", id)
    resource = stored.resource()
    carer = next((patient for patient in sorted(access.patients) if _makes_carer(resource, patient)), None)
    if carer is None:
        raise NotFound(UNKNOWN, type="Consent", id=id)
    entry = {
        "verified": accepted,
        "verifiedWith": {"reference": f"Patient/{carer}"},
        "verificationDate": now().isoformat(timespec="seconds"),
    }
    changed = {**resource, "verification": [*resource.get("verification", []), entry]}
    return Repository(_on_behalf_of(access), now).update(changed, if_match=stored.version)


def _on_behalf_of(access: AccessContext) -> AccessContext:
    """The platform writes into the other person's record what the carer said; the access log names the carer."""
    return replace(access, role=Role.SERVICE, patients=frozenset(), scopes=frozenset({"system/Consent.ru"}))


def _makes_carer(consent: Resource, patient: str) -> bool:
    """Whether the Consent of somebody else permits something to ``patient``."""
    me = f"Patient/{patient}"
    if not in_force(consent) or consent.get("patient", {}).get("reference") == me:
        return False
    return any(rule.permit and me in rule.grantees for rule in rules_of(consent))
