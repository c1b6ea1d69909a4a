"""For which of her institutions a person acts: chosen after signing in, kept in the session."""

from __future__ import annotations

from django.db.models import prefetch_related_objects
from django.http import HttpRequest

from health_platform.accounts.models import Membership, User

_CHOSEN = "institution"


def membership(user: User, organization: str = "") -> Membership | None:
    """The membership in ``organization``; without one named that which is the only one. A person of several
    institutions acts for none before she has chosen."""
    held = list(user.memberships.all())
    if organization:
        return next((one for one in held if one.organization == organization), None)
    return held[0] if len(held) == 1 else None


def choose(request: HttpRequest, user: User, organization: str) -> bool:
    """Act for ``organization`` from now on in this session; False when the person does not belong to it."""
    if membership(user, organization) is None:
        return False
    request.session[_CHOSEN] = organization
    return True


def chosen(request: HttpRequest, user: User) -> str:
    """The institution chosen in this session, to which ``user`` still belongs; empty for none."""
    wanted = str(request.session.get(_CHOSEN, ""))
    if not wanted:
        return ""
    prefetch_related_objects([user], "memberships")
    return wanted if membership(user, wanted) is not None else ""


def must_choose(request: HttpRequest, user: User) -> bool:
    """Whether ``user`` belongs to several institutions and has not said for which of them she acts."""
    return user.memberships.count() > 1 and membership(user, chosen(request, user)) is None
