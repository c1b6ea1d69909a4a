"""The pages by which people come in: password, passkey, second factor, recovery, the institution for which they act."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from health_platform.accounts import institutions, passkeys, recovery, services
from health_platform.accounts.models import User
from health_platform.accounts.services import Outcome, Status
from health_platform.accounts.throttle import TooManyAttempts, count_attempt, forget_attempts
from health_platform.fhir.access import audit
from health_platform.smart import providers
from health_platform.smart.context import of_user
from health_platform.smart.ending import end_everything

_CLIENT = "sign-in"


@sensitive_post_parameters("password", "code", "credential")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """For people whom an application sent here, and for who looks after her own account: citizens and staff."""
    if request.method == "GET":
        return _page(request)
    outcome = attempt(request)
    if outcome.status is Status.ENROL:
        return redirect(with_goal("second-factor", goal_of(request)))
    if outcome.status is Status.TOO_MANY:
        return wait(request, outcome.seconds)
    if outcome.status is not Status.CODE_NEEDED:
        noted(request, outcome)
    if outcome.status is Status.SIGNED_IN:
        return redirect(goal_of(request))
    return _page(request, status=str(outcome.status))


def attempt(request: HttpRequest) -> Outcome:
    """What came of the form that was sent: of its passkey, or of its name, password and code."""
    credential = request.POST.get("credential", "")
    if credential:
        return services.sign_in_with_passkey(request, credential_of(credential))
    username, password = request.POST.get("username", ""), request.POST.get("password", "")
    return services.sign_in(request, username, password, request.POST.get("code", "").strip())


def noted(request: HttpRequest, outcome: Outcome) -> None:
    """Write in the access log who signed in here, or that somebody failed to."""
    user, success = outcome.user, outcome.status is Status.SIGNED_IN
    access = (
        of_user(user, client=_CLIENT, organization=institutions.chosen(request, user)) if user is not None else None
    )
    audit.login(access, client=_CLIENT, success=success)


def _page(request: HttpRequest, status: str = "") -> HttpResponse:
    context: dict[str, Any] = {
        "next": goal_of(request),
        "username": request.POST.get("username", ""),
        "status": status,
        "providers": providers.offered(),
        "proofing": bool(settings.IDENTITY_PROOFING),
    }
    return render(request, "smart/sign_in.html", context)


@never_cache
@require_POST
def passkey_options(request: HttpRequest) -> JsonResponse:
    """What a browser needs to offer a passkey for signing in."""
    return JsonResponse(passkeys.sign_in_options(passkeys.site_of(request), timezone.now()))


@sensitive_post_parameters("code", "credential")
@never_cache
@require_http_methods(["GET", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """Staff set up a passkey or an authenticator between the password and the first session."""
    goal, again = goal_of(request), ""
    if request.method == "POST":
        again = "code"
        try:
            codes = _enrolled(request)
        except TooManyAttempts as error:
            return wait(request, error.seconds)
        except passkeys.NotProven:
            codes, again = None, "passkey"
        if codes is not None:
            user = request.user
            noted(request, Outcome(Status.SIGNED_IN, user if isinstance(user, User) else None))
            return render(request, "smart/recovery_codes.html", {"codes": codes, "next": goal})
    enrolment = services.begin_enrolment(request)
    if enrolment is None:
        return redirect(with_goal("sign-in", goal))
    return render(request, "smart/second_factor.html", {"enrolment": enrolment, "next": goal, "again": again})


def _enrolled(request: HttpRequest) -> list[str] | None:
    credential = request.POST.get("credential", "")
    if credential:
        return services.enrol_passkey(request, credential_of(credential), request.POST.get("name", ""))
    return services.confirm_enrolment(request, request.POST.get("code", ""))


@never_cache
@require_http_methods(["GET", "POST"])
def institution(request: HttpRequest) -> HttpResponse:
    """Who works for several institutions says for which of them now."""
    user, goal = request.user, goal_of(request)
    if not isinstance(user, User):
        return redirect(with_goal("sign-in", f"{request.path}?{urlencode({'next': goal})}"))
    chosen = request.POST.get("institution", "")
    if request.method == "POST" and institutions.choose(request, user, chosen):
        return redirect(goal)
    context = {"memberships": user.memberships.all(), "next": goal, "chosen": institutions.chosen(request, user)}
    return render(request, "smart/institution.html", context)


@sensitive_post_parameters("code", "password")
@never_cache
@require_http_methods(["GET", "POST"])
def recover(request: HttpRequest) -> HttpResponse:
    """Somebody with a recovery code of an institution chooses a new password."""
    context: dict[str, Any] = {"username": request.POST.get("username", "")}
    if request.method == "GET":
        return render(request, "smart/recover.html", context)
    username, now, address = context["username"], timezone.now(), request.META.get("REMOTE_ADDR", "")
    try:
        count_attempt(username, address, now)
        user = recovery.redeem(username, request.POST.get("code", ""), request.POST.get("password", ""))
    except TooManyAttempts as error:
        return wait(request, error.seconds)
    except ValidationError as error:
        return render(request, "smart/recover.html", context | {"problems": error.messages}, status=422)
    if user is None:
        audit.login(None, client=_CLIENT, success=False, interaction="recovery")
        return render(request, "smart/recover.html", context | {"wrong": True}, status=422)
    forget_attempts(username, address, now)
    end_everything(user)
    audit.login(of_user(user, client=_CLIENT), client=_CLIENT, interaction="recovery")
    return render(request, "smart/recover.html", {"done": True})


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    user = request.user
    if isinstance(user, User):
        access = of_user(user, client=_CLIENT, organization=institutions.chosen(request, user))
        audit.login(access, client=_CLIENT, interaction="logout")
    logout(request)
    return redirect("oauth2_provider:sign-in")


def credential_of(text: str) -> dict[str, Any]:
    """What a browser's passkey answered; empty for what is no object, which then proves nothing."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def goal_of(request: HttpRequest) -> str:
    """Where the person was going, as long as it is an address of this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse("oauth2_provider:sessions")


def with_goal(name: str, goal: str) -> str:
    return f"{reverse(f'oauth2_provider:{name}')}?{urlencode({'next': goal})}"


def wait(request: HttpRequest, seconds: int) -> HttpResponse:
    minutes = -(-seconds // 60)
    response = render(request, "smart/too_many.html", {"minutes": minutes}, status=429)
    response["Retry-After"] = str(seconds)
    return response
