"""What a person's access leaves behind, and when it goes: by her wish, or because its time is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db import transaction
from oauth2_provider.models import AccessToken, RefreshToken, clear_expired

from health_platform.accounts.models import BindingCode, CarerCode, Challenge, OpenSession, SignInAttempt, User
from health_platform.accounts.services import end_sessions
from health_platform.accounts.throttle import WINDOW
from health_platform.smart.models import Authorization, EhrLaunch, UsedAssertion

_UNUSED = timedelta(minutes=5)
"""An authorization whose code was never exchanged is of no use after that: a code lives for a minute."""


def end_everything(user: User, but: str = "") -> None:
    """Nothing that ``user`` has open is good any longer, but the session with the key ``but``."""
    with transaction.atomic():
        end_sessions(user, but)
        for authorization in Authorization.objects.filter(user=user):
            authorization.end()
            authorization.delete()
        AccessToken.objects.filter(user=user).delete()
        RefreshToken.objects.filter(user=user).delete()


def end_authorization(user: User, id: int) -> bool:
    """End what ``user`` has allowed an application; False when it is none of hers."""
    found = Authorization.objects.filter(user=user, pk=id).first()
    if found is None:
        return False
    with transaction.atomic():
        found.end()
        found.delete()
    return True


def clear(now: datetime) -> dict[str, int]:
    """Remove what is over: how many rows of each kind. The toolkit clears its tokens; it keeps refresh tokens that were
    used as long as one that comes a second time could end their family."""
    before = AccessToken.objects.count() + RefreshToken.objects.count()
    clear_expired()
    tokens = before - AccessToken.objects.count() - RefreshToken.objects.count()
    gone = {
        "launches": EhrLaunch.objects.filter(expires__lt=now),
        "assertions": UsedAssertion.objects.filter(expires__lt=now - timedelta(minutes=5)),
        "challenges": Challenge.objects.filter(expires__lt=now),
        "carers' codes": CarerCode.objects.filter(expires__lt=now),
        "binding codes": BindingCode.objects.filter(expires__lt=now),
        "attempts": SignInAttempt.objects.filter(at__lt=now - WINDOW),
        "sessions": Session.objects.filter(expire_date__lt=now),
    }
    counts = {"tokens": tokens} | {kind: rows.delete()[0] for kind, rows in gone.items()}
    alive = Session.objects.values("session_key")
    counts["entries of sessions"] = OpenSession.objects.exclude(session_key__in=alive).delete()[0]
    counts["authorizations"] = _over(now)
    return counts


def _over(now: datetime) -> int:
    """Authorizations of which neither an access token nor a refresh token is left."""
    left = Authorization.objects.filter(created__lt=now - _UNUSED, refresh_tokens=None)
    expired = left.exclude(access_tokens__expires__gte=now)
    return expired.delete()[1].get("smart.Authorization", 0)
