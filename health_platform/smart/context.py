"""From a token or a signed-in person to an AccessContext: the only way into the record."""

from __future__ import annotations

import uuid
from dataclasses import replace

from oauth2_provider.models import AccessToken

from health_platform.accounts.models import Role as PersonRole
from health_platform.accounts.models import User
from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.access.scopes import parse
from health_platform.smart.models import Client

CITIZEN_SCOPES = frozenset({"patient/*.rs", "patient/Consent.cruds"})
CLINICIAN_SCOPES = frozenset({"user/*.cruds"})
AUDITOR_SCOPES = frozenset({"user/AuditEvent.rs", "user/Provenance.rs", "user/Organization.rs", "user/Practitioner.rs"})


def of_token(token: AccessToken) -> AccessContext | None:
    """The context of a valid access token; None when its person has no place in the record."""
    scopes = frozenset(token.scope.split())
    if token.user is None:
        return of_client(token.application, _of_levels(scopes, "system"))
    if not token.user.is_active:
        return None
    if token.application is None:
        return of_user(token.user, scopes=scopes)
    return _of_application(token, scopes)


def _of_application(token: AccessToken, scopes: frozenset[str]) -> AccessContext | None:
    """A person through an application that the person authorized. A launch for a patient narrows the whole token to
    that patient; scopes of the level patient count only with such a launch."""
    authorization = token.authorizations.first()
    if authorization is None:
        return None
    patient = authorization.patient or None
    kept = _of_levels(scopes, "patient", "user") if patient else _of_levels(scopes, "user")
    access = of_user(token.user, scopes=kept, client=token.application.name)
    return replace(access, launch_patient=patient) if access else None


def _of_levels(scopes: frozenset[str], *levels: str) -> frozenset[str]:
    return frozenset(scope for scope in scopes if (parsed := parse(scope)) is not None and parsed.level in levels)


def fhir_user(user: User) -> str | None:
    """The reference to the resource that stands for the person (the claim fhirUser)."""
    if user.role == PersonRole.CITIZEN:
        return f"Patient/{user.patient}" if user.patient else None
    return f"Practitioner/{user.practitioner}" if user.practitioner else None


def of_client(client: Client, scopes: frozenset[str]) -> AccessContext:
    """A system acts for its institution."""
    return AccessContext(
        actor=f"Device/{client.client_id}",
        role=Role(client.role),
        organization=client.organization or None,
        scopes=scopes,
        purpose="TREAT",
        client=client.name,
        request_id=_request_id(),
    )


def of_user(user: User, scopes: frozenset[str] | None = None, client: str = "") -> AccessContext | None:
    """A person acts as citizen for herself, or as clinician for the institution of her first membership."""
    if user.role == PersonRole.CITIZEN and user.patient:
        return AccessContext(
            actor=f"Patient/{user.patient}",
            role=Role.CITIZEN,
            patients=frozenset({user.patient}),
            scopes=CITIZEN_SCOPES if scopes is None else scopes,
            purpose="PATRQT",
            client=client,
            request_id=_request_id(),
        )
    if user.role in (PersonRole.CLINICIAN, PersonRole.ADMINISTRATOR):
        membership = user.memberships.first()
        if membership is None:
            return None
        return AccessContext(
            actor=f"Practitioner/{user.practitioner}" if user.practitioner else f"Person/{user.username}",
            role=Role.CLINICIAN,
            organization=membership.organization,
            scopes=CLINICIAN_SCOPES if scopes is None else scopes,
            purpose="TREAT",
            client=client,
            request_id=_request_id(),
        )
    if user.role == PersonRole.AUDITOR:
        return AccessContext(
            actor=f"Person/{user.username}",
            role=Role.AUDITOR,
            scopes=AUDITOR_SCOPES if scopes is None else scopes,
            purpose="HCOMPL",
            client=client,
            request_id=_request_id(),
        )
    return None


def _request_id() -> str:
    return uuid.uuid4().hex[:16]
