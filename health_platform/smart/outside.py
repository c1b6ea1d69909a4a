"""The pages of signing in through another provider (providers.py)."""

from __future__ import annotations

import logging

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from health_platform.accounts import services
from health_platform.accounts.models import User
from health_platform.accounts.services import Outcome, Status
from health_platform.smart import providers
from health_platform.smart.providers import Answer, OutsideRefused, Provider
from health_platform.smart.sign_in import goal_of, noted

log = logging.getLogger(__name__)


@never_cache
@require_POST
def begin(request: HttpRequest, provider: str) -> HttpResponse:
    """Off to the provider: to sign in, or, for who has freshly signed in here, to connect it with the account."""
    chosen = _known(provider)
    connect = request.POST.get("connect") == "yes"
    if connect and not (isinstance(request.user, User) and services.is_fresh(request)):
        return redirect("oauth2_provider:account")
    try:
        address = providers.begin(request, chosen, goal_of(request), connect=connect)
    except OutsideRefused as error:
        return _refused(request, chosen, error)
    return redirect(address)


@never_cache
@require_GET
def answer(request: HttpRequest, provider: str) -> HttpResponse:
    """Back from the provider."""
    chosen = _known(provider)
    try:
        found = providers.finish(request, chosen)
    except OutsideRefused as error:
        return _refused(request, chosen, error)
    return _connected(request, found) if found.connect else _signed_in(request, found)


@never_cache
@require_POST
def disconnect(request: HttpRequest, provider: str) -> HttpResponse:
    chosen = _known(provider)
    if isinstance(request.user, User) and services.is_fresh(request):
        providers.disconnect(request.user, chosen)
    return redirect("oauth2_provider:account")


def _connected(request: HttpRequest, found: Answer) -> HttpResponse:
    user = request.user
    if isinstance(user, User) and services.is_fresh(request):
        if providers.connect(user, found):
            messages.success(
                request, _("You can sign in through %(provider)s now.") % {"provider": found.provider.name}
            )
        else:
            messages.error(request, _("That identity opens another account already."))
    return redirect("oauth2_provider:account")


def _signed_in(request: HttpRequest, found: Answer) -> HttpResponse:
    user = providers.user_of(found)
    if user is None:
        noted(request, Outcome(Status.WRONG))
        return _page(request, found.provider, "unknown")
    outcome = services.sign_in_from_outside(request, user, second_factor_used=found.second_factor)
    noted(request, outcome)
    if outcome.status is not Status.SIGNED_IN:
        return _page(request, found.provider, "second-factor")
    return redirect(found.goal)


def _refused(request: HttpRequest, provider: Provider, error: OutsideRefused) -> HttpResponse:
    log.warning("signing in through '%s' failed: %s", provider.id, error)
    noted(request, Outcome(Status.WRONG))
    return _page(request, provider, "failed")


def _page(request: HttpRequest, provider: Provider, why: str) -> HttpResponse:
    return render(request, "smart/outside.html", {"provider": provider, "why": why}, status=403)


def _known(id: str) -> Provider:
    found = providers.find(id)
    if found is None:
        raise Http404
    return found
