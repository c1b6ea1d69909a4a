"""Signing in to web pages: password, second factor, limits on guessing; the list of one's sessions."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.contrib.auth import authenticate, login, update_session_auth_hash
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from health_platform.accounts import passkeys, second_factor
from health_platform.accounts.models import OpenSession, Role, User
from health_platform.accounts.throttle import TooManyAttempts, count_attempt, forget_attempts, take_back

log = logging.getLogger(__name__)
STAFF = frozenset({Role.CLINICIAN, Role.AMBULANCE, Role.ADMINISTRATOR, Role.AUDITOR})
_ENROLLING, _ENROLMENT_SECONDS = "enrolling", 600
_SIGNED_IN, _FRESH_SECONDS = "signed-in", 600


class Status(StrEnum):
    """How an attempt to sign in ended."""

    SIGNED_IN = "signed-in"
    WRONG = "wrong"
    """No account has this name and password; which of the two is wrong is not said."""
    CODE_NEEDED = "code-needed"
    CODE_WRONG = "code-wrong"
    ENROL = "enrol"
    """The password is right, and the person has yet to set up an authenticator (``begin_enrolment``)."""
    TOO_MANY = "too-many"


@dataclass(frozen=True, slots=True)
class Outcome:
    """``seconds``: how long to wait (the Retry-After header), 0 unless there were too many attempts."""

    status: Status
    user: User | None = None
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a person types or scans into an authenticator: the secret in base 32, and the same as an address."""

    secret: str
    address: str


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """A browser in which a person is signed in."""

    id: int
    began: datetime
    device: str
    current: bool


def sign_in(request: HttpRequest, username: str, password: str, code: str = "") -> Outcome:
    """Open a session on ``request`` for who knows the password and, where there is one or staff must have one, the
    authenticator's code. Only the status SIGNED_IN has opened one."""
    now, address = timezone.now(), request.META.get("REMOTE_ADDR", "")
    try:
        count_attempt(username, address, now)
    except TooManyAttempts as error:
        return Outcome(Status.TOO_MANY, seconds=error.seconds)
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        return Outcome(Status.WRONG)
    outcome = _second_step(user, code, now)
    if outcome in (Status.CODE_NEEDED, Status.ENROL):
        take_back(username, address, now)
    if outcome is Status.ENROL:
        request.session.cycle_key()
        request.session[_ENROLLING] = [user.pk, now.timestamp()]
    if outcome is Status.SIGNED_IN:
        forget_attempts(username, address, now)
        _open(request, user)
    return Outcome(outcome, user)


def sign_in_with_passkey(request: HttpRequest, credential: passkeys.Credential) -> Outcome:
    """Open a session on ``request`` for whose passkey has answered: it is both factors."""
    try:
        user = passkeys.check(passkeys.site_of(request), credential, timezone.now())
    except passkeys.NotProven as error:
        log.info("a passkey was refused: %s", error)
        return Outcome(Status.WRONG)
    _open(request, user)
    return Outcome(Status.SIGNED_IN, user)


def sign_in_from_outside(request: HttpRequest, user: User, *, second_factor_used: bool) -> Outcome:
    """Open a session on ``request`` for whom a provider has named; staff must have shown it a second factor."""
    if not user.is_active:
        return Outcome(Status.WRONG)
    if user.role in STAFF and settings.STAFF_SECOND_FACTOR and not second_factor_used:
        return Outcome(Status.CODE_NEEDED, user)
    _open(request, user)
    return Outcome(Status.SIGNED_IN, user)


def is_fresh(request: HttpRequest) -> bool:
    """Whether the person has signed in within ten minutes: what changes how one signs in asks for that."""
    return timezone.now().timestamp() - float(request.session.get(_SIGNED_IN, 0)) < _FRESH_SECONDS


def begin_enrolment(request: HttpRequest) -> Enrolment | None:
    """A new secret for who was told to ENROL in this browser within ten minutes; else None."""
    user = enrolling(request)
    if user is None:
        return None
    secret = second_factor.begin(user)
    return Enrolment(secret, second_factor.address(user, secret))


def confirm_enrolment(request: HttpRequest, code: str) -> list[str] | None:
    """Finish the enrolment and sign in: the recovery codes, shown this once. None when the code is wrong.

    Raises TooManyAttempts.
    """
    user = _enrolling(request)
    if user is None:
        return None
    now, address = timezone.now(), request.META.get("REMOTE_ADDR", "")
    count_attempt(user.username, address, now)
    codes = second_factor.confirm(user, code, now)
    if codes is not None:
        forget_attempts(user.username, address, now)
        _open(request, user)
    return codes


def enrolling(request: HttpRequest) -> User | None:
    """Who was told to ENROL in this browser within ten minutes and still has no second factor."""
    user = _enrolling(request)
    return None if user is None or second_factor.has_one(user) else user


def enrol_passkey(request: HttpRequest, credential: passkeys.Credential, name: str) -> list[str]:
    """Finish the enrolment by a passkey and sign in: the recovery codes, shown this once. Raises NotProven."""
    user = enrolling(request)
    if user is None:
        raise passkeys.NotProven("nobody is setting up a second factor in this browser")
    passkeys.register(user, passkeys.site_of(request), credential, name, timezone.now())
    codes = second_factor.new_recovery_codes(user)
    _open(request, user)
    return codes


def sessions(request: HttpRequest, user: User) -> list[SessionEntry]:
    """Where ``user`` is signed in, the newest first."""
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    found = OpenSession.objects.filter(user=user, session_key__in=alive).order_by("-began")
    current = request.session.session_key
    return [SessionEntry(entry.pk, entry.began, entry.device, entry.session_key == current) for entry in found]


def end_session(user: User, id: int) -> bool:
    """End one session of ``user``; False when it is none of theirs."""
    found = OpenSession.objects.filter(user=user, pk=id).first()
    if found is None:
        return False
    Session.objects.filter(session_key=found.session_key).delete()
    found.delete()
    return True


def end_other_sessions(request: HttpRequest, user: User) -> int:
    """End every session of ``user`` but this one, for instance after a new password; how many ended."""
    return end_sessions(user, but=request.session.session_key or "")


def end_sessions(user: User, but: str = "") -> int:
    """End every session of ``user`` except the one with the key ``but``; how many ended."""
    others = OpenSession.objects.filter(user=user).exclude(session_key=but)
    keys = list(others.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    others.delete()
    return len(keys)


def keep_session(request: HttpRequest, user: User) -> None:
    """Let this session outlive a new password of ``user``."""
    before = request.session.session_key
    update_session_auth_hash(request, user)
    OpenSession.objects.filter(session_key=before).update(session_key=request.session.session_key)


def _second_step(user: User, code: str, now: datetime) -> Status:
    if second_factor.has_one(user):
        if not code:
            return Status.CODE_NEEDED
        return Status.SIGNED_IN if second_factor.check(user, code, now) else Status.CODE_WRONG
    if user.role in STAFF and settings.STAFF_SECOND_FACTOR:
        return Status.ENROL
    return Status.SIGNED_IN


def _enrolling(request: HttpRequest) -> User | None:
    found = request.session.get(_ENROLLING)
    if not found or timezone.now().timestamp() - found[1] > _ENROLMENT_SECONDS:
        return None
    return User.objects.filter(pk=found[0], is_active=True).first()


def _open(request: HttpRequest, user: User) -> None:
    request.session.pop(_ENROLLING, None)
    login(request, user)
    request.session[_SIGNED_IN] = timezone.now().timestamp()
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    OpenSession.objects.filter(user=user).exclude(session_key__in=alive).delete()
    if not request.session.session_key:
        request.session.create()
    OpenSession.objects.update_or_create(
        session_key=request.session.session_key,
        defaults={"user": user, "device": request.META.get("HTTP_USER_AGENT", "")[:200]},
    )
