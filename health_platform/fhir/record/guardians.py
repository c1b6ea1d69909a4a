"""Parents and other guardians of a child: a RelatedPerson in the child's record that names the guardian's own record.

An institution or the platform writes it when guardianship was shown to it (PIPA, article 22-2: consent of the legal
representative, who has to be verified). What a guardian sees ends by itself as the child grows (access/ages.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from health_platform.fhir import body
from health_platform.fhir.access import ages
from health_platform.fhir.access.sensitivity import EVERY, NONE, Sensitivity
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.keys import patient_key
from health_platform.fhir.record.consents import Grant, birth_date, replace_grants
from health_platform.fhir.record.work import Work
from health_platform.fhir.rows import Row

Resource = dict[str, Any]
RECORD_SYSTEM: Final = "urn:bitgoeul:record"
"""System of the identifier of a RelatedPerson whose value is the logical id of the guardian's own Patient."""
# v3-RoleCode: parents by birth, adoption, fostering or marriage, and the guardian by law.
_GUARDIANS: Final = frozenset(
    """
    PRN PRNFOST NPRN STPPRN ADOPTP ADOPTF ADOPTM FTH FTHFOST NFTH STPFTH MTH MTHFOST NMTH GESTM STPMTH GUARD
    """.split()
)
_SEOUL: Final = ZoneInfo("Asia/Seoul")
# What nobody but the person and its author reads is nobody else's.
_CLASSES: Final = EVERY & ~Sensitivity.VERY_RESTRICTED
_RELATED = "SELECT r.rid, r.body FROM fhir_resource r WHERE r.compartment = %s AND r.type = %s AND NOT r.deleted"


def written(work: Work, row: Row, resource: Resource) -> None:
    """Let the guardian see the child's record."""
    patient = str(resource.get("patient", {}).get("reference", "")).removeprefix("Patient/")
    replace_grants(work, row.rid, row.compartment, _grants(resource, birth_date(work, patient)))


def child_changed(work: Work, row: Row, resource: Resource) -> None:
    """The day of birth may be another one now."""
    work.session.cursor.execute(_RELATED, [row.compartment, TYPE_NUMBER["RelatedPerson"]])
    for rid, raw in work.session.cursor.fetchall():
        grants = _grants(body.parse(bytes(raw)), str(resource.get("birthDate", "")))
        replace_grants(work, rid, row.compartment, grants)


def _grants(related: Resource, born: str) -> Iterator[Grant]:
    """Everything until 14, what is of no class until 19; nothing where the day of birth is not known."""
    decides, of_age = ages.birthday(born, ages.DECIDES_AT), ages.birthday(born, ages.OF_AGE_AT)
    codes = {coding.get("code") for concept in related.get("relationship", ()) for coding in concept.get("coding", ())}
    if decides is None or of_age is None or related.get("active") is False or not codes & _GUARDIANS:
        return
    for identifier in related.get("identifier", ()):
        if identifier.get("system") != RECORD_SYSTEM or not identifier.get("value"):
            continue
        guardian = patient_key(identifier["value"])
        until = datetime.combine(decides, time(), _SEOUL)
        yield Grant(guardian, permit=True, weight=3, classes=_CLASSES, until=until, guardian=True)
        yield Grant(guardian, permit=True, weight=3, classes=NONE, until=datetime.combine(of_age, time(), _SEOUL))
