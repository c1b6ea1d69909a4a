"""Signing in and out: a password becomes an access token of half an hour (RFC 6750)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.db import transaction
from oauth2_provider.models import get_access_token_model

from citizen_app_api.people import SERVICE
from health_platform.accounts import second_factor
from health_platform.accounts.models import Role, User
from health_platform.accounts.throttle import count_attempt, forget_attempts, take_back
from health_platform.fhir.access import audit
from health_platform.fhir.access.context import AccessContext
from health_platform.smart.context import of_user
from health_platform.smart.tokens import issue_for_user

LIFETIME = timedelta(minutes=30)


class WrongCredentials(Exception):
    """No account has this name and password, or the code is wrong; which of them is not said."""


class CodeNeeded(Exception):
    """The password is right; the person has an authenticator, and its code is asked for too."""


class NotACitizen(Exception):
    """The account is not a citizen's: other people sign in elsewhere, where more is asked of them."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An open session. ``expires_in`` is in seconds."""

    access_token: str
    expires_in: int
    name: str
    token_type: str = "Bearer"  # noqa: S105  (the token's type, RFC 6750)


def sign_in(username: str, password: str, code: str, address: str, now: datetime) -> SignedIn:
    """A new session. Raises TooManyAttempts (accounts.throttle), WrongCredentials, CodeNeeded or NotACitizen."""
    count_attempt(username, address, now)
    user = authenticate(username=username, password=password)
    if not isinstance(user, User):
        audit.login(None, client=SERVICE, success=False)
        raise WrongCredentials
    if second_factor.has_one(user) and not code:
        take_back(username, address, now)
        raise CodeNeeded
    access = of_user(user, client=SERVICE) if user.role == Role.CITIZEN and user.patient else None
    if second_factor.has_one(user) and not second_factor.check(user, code, now):
        audit.login(access, client=SERVICE, success=False)
        raise WrongCredentials
    forget_attempts(username, address, now)
    audit.login(access, client=SERVICE, success=access is not None)
    if access is None:
        raise NotACitizen
    update_last_login(User, user)
    return _session(user)


def renew(token: str) -> SignedIn:
    """A new session for the one whose token ends. Raises WrongCredentials when that has ended already."""
    with transaction.atomic():
        tokens = get_access_token_model().objects.select_for_update(of=("self",)).select_related("user")
        found = tokens.filter(token_checksum=_checksum(token), application=None).first()
        if found is None or not isinstance(found.user, User) or not found.user.is_active:
            raise WrongCredentials
        found.delete()
        return _session(found.user)


def sign_out(token: str, access: AccessContext) -> None:
    """End the session: its token opens nothing from now on."""
    audit.login(replace(access, client=SERVICE), interaction="logout")
    get_access_token_model().objects.filter(token_checksum=_checksum(token)).delete()


def _session(user: User) -> SignedIn:
    return SignedIn(issue_for_user(user, LIFETIME), int(LIFETIME.total_seconds()), user.display_name)


def _checksum(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
