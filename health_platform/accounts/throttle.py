"""A limit on guessing passwords: by account and address, by account, and by address.

Attempts are counted before the password is looked at, under a lock, so that many at once do not slip through.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Min, Q

from health_platform.accounts.models import SignInAttempt

WINDOW = timedelta(minutes=15)


class TooManyAttempts(Exception):
    """Wait ``seconds`` before the next attempt."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} seconds")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class _Limit:
    key: str
    most: int
    """Attempts allowed in WINDOW."""


def count_attempt(username: str, address: str, now: datetime) -> None:
    """Count one attempt. Raises TooManyAttempts when the account or the address has had too many."""
    limits = _limits(username, address)
    with transaction.atomic():
        _lock(limits)
        _refuse(limits, now)
        SignInAttempt.objects.filter(at__lte=now - WINDOW).delete()
        SignInAttempt.objects.bulk_create(SignInAttempt(key=limit.key, at=now) for limit in limits)


def forget_attempts(username: str, address: str, now: datetime) -> None:
    """After a success at ``now``: it does not count, nor what failed before from the same address."""
    here, *others = _limits(username, address)
    succeeded = Q(key__in=[limit.key for limit in others], at=now)
    SignInAttempt.objects.filter(Q(key=here.key) | succeeded).delete()


def take_back(username: str, address: str, now: datetime) -> None:
    """The attempt at ``now`` was no guess: it does not count. What failed before still does."""
    SignInAttempt.objects.filter(key__in=[limit.key for limit in _limits(username, address)], at=now).delete()


def _limits(username: str, address: str) -> tuple[_Limit, _Limit, _Limit]:
    account = username.casefold()
    return (
        _Limit(_key("account and address", account, address), 5),
        _Limit(_key("account", account), 20),
        _Limit(_key("address", address), 60),
    )


def _key(*parts: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), "\0".join(parts).encode(), hashlib.sha256).hexdigest()


def _lock(limits: tuple[_Limit, ...]) -> None:
    numbers = sorted(int.from_bytes(bytes.fromhex(limit.key[:16]), "big", signed=True) for limit in limits)
    with connection.cursor() as cursor:
        for number in numbers:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _refuse(limits: tuple[_Limit, ...], now: datetime) -> None:
    attempts = SignInAttempt.objects.filter(key__in=[limit.key for limit in limits], at__gt=now - WINDOW)
    counted = {row["key"]: row for row in attempts.values("key").annotate(count=Count("pk"), first=Min("at"))}
    for limit in limits:
        row = counted.get(limit.key)
        if row is not None and row["count"] >= limit.most:
            raise TooManyAttempts(max(1, int((row["first"] + WINDOW - now).total_seconds())))
