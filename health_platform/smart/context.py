"""From a token or a signed-in person to an AccessContext: the only way into the record."""

from __future__ import annotations

import uuid

from oauth2_provider.models import AccessToken

from health_platform.accounts.models import Role as PersonRole
from health_platform.accounts.models import User
from health_platform.fhir.access.context import AccessContext, Role
from health_platform.smart.models import Client

CITIZEN_SCOPES = frozenset({"patient/*.rs", "patient/Consent.cruds"})
CLINICIAN_SCOPES = frozenset({"user/*.cruds"})


def of_token(token: AccessToken) -> AccessContext | None:
    """The context of a valid access token; None when its person has no place in the record."""
    scopes = frozenset(token.scope.split())
    if token.user is not None:
        return of_user(token.user, scopes=scopes, client=token.application.name if token.application else "")
    return of_client(token.application, scopes)


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
    return None


def _request_id() -> str:
    return uuid.uuid4().hex[:16]
