"""From a token or a signed-in person to an AccessContext: the only way into the record."""

from __future__ import annotations

import uuid
from dataclasses import replace

from django.http import HttpRequest
from oauth2_provider.models import AccessToken

from health_platform.accounts import institutions
from health_platform.accounts.models import Role as PersonRole
from health_platform.accounts.models import User
from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.access.scopes import parse
from health_platform.smart.models import Client

CITIZEN_SCOPES = frozenset({"patient/*.rs", "patient/Consent.cruds"})
CLINICIAN_SCOPES = frozenset({"user/*.cruds"})
ADMINISTRATOR_SCOPES = frozenset(
    {"user/Organization.rs", "user/Location.rs", "user/Practitioner.rs", "user/PractitionerRole.rs"}
)
"""Who runs a centre's accounts and systems reads nobody's record."""
INSTITUTIONAL_SCOPES = {
    PersonRole.CLINICIAN: CLINICIAN_SCOPES,
    PersonRole.ADMINISTRATOR: ADMINISTRATOR_SCOPES,
}
AUDITOR_SCOPES = frozenset({"user/AuditEvent.rs", "user/Provenance.rs", "user/Organization.rs", "user/Practitioner.rs"})


def of_token(token: AccessToken) -> AccessContext | None:
    """The context of a valid access token; None when its person has no place in the record."""
    scopes = frozenset(token.scope.split())
    if token.user is None:
        return of_client(token.application, _of_levels(scopes, "system"))
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
    access = of_user(token.user, scopes=kept, client=token.application.name, organization=authorization.organization)
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
        request_id=new_request_id(),
    )


def of_request(request: HttpRequest, client: str = "") -> AccessContext | None:
    """The person signed in on ``request``, for the institution chosen there; None for nobody."""
    user = request.user
    if not isinstance(user, User):
        return None
    return of_user(user, client=client, organization=institutions.chosen(request, user))


def of_user(
    user: User, scopes: frozenset[str] | None = None, client: str = "", organization: str = ""
) -> AccessContext | None:
    """A person acts as citizen for herself, or as clinician for an institution to which she belongs: ``organization``,
    which may be left out where there is one only. None for who has no place in the record, or was switched off."""
    if not user.is_active:
        return None
    actor = _acting(user, organization)
    if actor is None:
        return None
    granted = actor.scopes
    if scopes is not None:
        granted = _covered(ADMINISTRATOR_SCOPES, scopes) if user.role == PersonRole.ADMINISTRATOR else scopes
    return replace(actor, scopes=granted, client=client, request_id=new_request_id())


def _covered(most: frozenset[str], scopes: frozenset[str]) -> frozenset[str]:
    """Those of the scopes ``most`` that a token with ``scopes`` has."""
    held = [scope for scope in map(parse, scopes) if scope is not None]
    return frozenset(one for one in most if (wanted := parse(one)) and any(scope.covers(wanted) for scope in held))


def _acting(user: User, organization: str) -> AccessContext | None:
    if user.role == PersonRole.CITIZEN and user.patient:
        own = frozenset({user.patient})
        return AccessContext(f"Patient/{user.patient}", Role.CITIZEN, None, own, CITIZEN_SCOPES, "PATRQT")
    if user.role == PersonRole.AUDITOR:
        return AccessContext(f"Person/{user.username}", Role.AUDITOR, scopes=AUDITOR_SCOPES, purpose="HCOMPL")
    if user.role not in INSTITUTIONAL_SCOPES:
        return None
    membership = institutions.membership(user, organization)
    if membership is None:
        return None
    person = f"Practitioner/{user.practitioner}" if user.practitioner else f"Person/{user.username}"
    scopes = INSTITUTIONAL_SCOPES[PersonRole(user.role)]
    return AccessContext(person, Role.CLINICIAN, membership.organization, scopes=scopes, purpose="TREAT")


def new_request_id() -> str:
    return uuid.uuid4().hex[:16]
