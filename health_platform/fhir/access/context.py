"""Who acts, for whom, with which rights: the value without which nothing is read or written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What the actor is to the record. The access policy (policy.py) says what each may do."""

    CITIZEN = "citizen"
    CLINICIAN = "clinician"
    AMBULANCE = "ambulance"
    SYSTEM = "system"
    """A client of an institution (backend services)."""
    SERVICE = "service"
    """The platform's own workers."""
    AUDITOR = "auditor"
    """Reads the access log, and nothing of the record."""
    OPERATOR = "operator"
    """Unrestricted: demo settings and imports only."""


@dataclass(frozen=True, slots=True)
class AccessContext:
    """An actor's rights for one request.

    ``actor`` is a FHIR reference; ``organization`` the logical id of the Organization for which the actor acts;
    ``patients`` the logical ids of the Patients that are the actor's own; ``scopes`` SMART v2 scopes;
    ``purpose`` a code of v3 PurposeOfUse (https://terminology.hl7.org/ValueSet-v3-PurposeOfUse.html).
    ``launch_patient``: of all patients within the actor's reach, only this one (SMART launch context).
    """

    actor: str
    role: Role
    organization: str | None = None
    patients: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    purpose: str = "TREAT"
    client: str = ""
    request_id: str = ""
    launch_patient: str | None = None

    @property
    def unrestricted(self) -> bool:
        """Whether the actor sees every patient: the platform's own workers and the operator."""
        return self.role in (Role.SERVICE, Role.OPERATOR) and self.launch_patient is None


def service(name: str, purpose: str = "TREAT", request_id: str = "") -> AccessContext:
    """The context of one of the platform's own workers, such as ``service("assess_ageing")``."""
    return AccessContext(
        actor=f"Device/{name}",
        role=Role.SERVICE,
        scopes=frozenset({"system/*.cruds"}),
        purpose=purpose,
        client=name,
        request_id=request_id,
    )
