"""Signing in and out: a password becomes an access token of half an hour (RFC 6750)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.db import transaction
from oauth2_provider.models import get_access_token_model

from health_platform.accounts import second_factor
from health_platform.accounts.models import Role, User
from health_platform.accounts.throttle import count_attempt, forget_attempts, take_back
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
        raise WrongCredentials
    if second_factor.has_one(user):
        if not code:
            take_back(username, address, now)
            raise CodeNeeded
        if not second_factor.check(user, code, now):
            raise WrongCredentials
    forget_attempts(username, address, now)
    if user.role != Role.CITIZEN or not user.patient:
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


def sign_out(token: str) -> None:
    """End the session: its token opens nothing from now on."""
    get_access_token_model().objects.filter(token_checksum=_checksum(token)).delete()


def _session(user: User) -> SignedIn:
    return SignedIn(issue_for_user(user, LIFETIME), int(LIFETIME.total_seconds()), user.display_name)


def _checksum(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
