"""Signing in to the console and out of it, by the accounts' own rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from clinics.console.access import home_of, may_enter, staff_of
from health_platform.accounts import institutions
from health_platform.accounts import services as accounts
from health_platform.accounts.models import User
from health_platform.fhir.access import audit
from health_platform.fhir.access.context import AccessContext
from health_platform.smart.context import of_user
from health_platform.smart.sign_in import attempt

# A working day: computers in clinics are shared.
SESSION_LASTS = timedelta(hours=10)


@sensitive_post_parameters("password", "code", "credential")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Name, password and second factor, or a passkey; only staff for whom there is a page keep the session."""
    context: dict[str, Any] = {"next": _goal(request), "username": request.POST.get("username", "")}
    if request.method == "GET":
        return render(request, "console/sign_in.html", context)
    outcome = attempt(request)
    if outcome.status is accounts.Status.ENROL:
        goal = context["next"] or reverse("console:worklist")
        return redirect(f"{reverse('oauth2_provider:second-factor')}?{urlencode({'next': goal})}")
    user = outcome.user if outcome.user is not None and may_enter(outcome.user) else None
    signed_in = outcome.status is accounts.Status.SIGNED_IN and user is not None
    audit.login(_actor(user) if user else None, client="console", success=signed_in)
    if user is not None and signed_in:
        request.session.set_expiry(SESSION_LASTS)
        return redirect(context["next"] or home_of(staff_of(user)))
    logout(request)
    status = "no-clinician" if outcome.status is accounts.Status.SIGNED_IN else str(outcome.status)
    context |= {"status": status, "minutes": -(-outcome.seconds // 60)}
    response = render(request, "console/sign_in.html", context, status=429 if outcome.seconds else 422)
    if outcome.seconds:
        response["Retry-After"] = str(outcome.seconds)
    return response


def _actor(user: User) -> AccessContext | None:
    """Who signs in or out, for the access log; of several institutions none is named yet."""
    held = list(user.memberships.all())
    access = of_user(user, client="console", organization=held[0].organization if held else "")
    return replace(access, organization=None) if access and len(held) > 1 else access


def _goal(request: HttpRequest) -> str:
    """Where the person was going, as long as it is an address of this site; empty without one."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    return wanted if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()) else ""


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    user = request.user
    if isinstance(user, User):
        access = of_user(user, client="console", organization=institutions.chosen(request, user)) or _actor(user)
        audit.login(access, client="console", interaction="logout")
    logout(request)
    return redirect("console:sign-in")
