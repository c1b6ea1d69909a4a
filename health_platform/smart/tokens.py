"""Access tokens for scripts, benchmarks and the citizen's sign-in."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from oauth2_provider.models import AccessToken, set_token_value
from oauthlib.common import generate_token

from health_platform.accounts.models import Role, User
from health_platform.smart.context import AUDITOR_SCOPES, CITIZEN_SCOPES, CLINICIAN_SCOPES
from health_platform.smart.models import Client


def issue_for_client(client: Client, lifetime: timedelta) -> str:
    """A new token with every scope that is registered for ``client``."""
    return _issue(lifetime, client.scopes, client=client)


def issue_for_user(user: User, lifetime: timedelta) -> str:
    """A new token with the scopes of the person's role."""
    by_role = {Role.CITIZEN: CITIZEN_SCOPES, Role.AUDITOR: AUDITOR_SCOPES}
    scopes = by_role.get(Role(user.role), CLINICIAN_SCOPES)
    return _issue(lifetime, " ".join(sorted(scopes)), user=user)


def _issue(lifetime: timedelta, scope: str, *, client: Client | None = None, user: User | None = None) -> str:
    value: str = generate_token(length=43)
    token = AccessToken(scope=scope, application=client, user=user, expires=timezone.now() + lifetime)
    set_token_value(token, value)
    token.save()
    return value
