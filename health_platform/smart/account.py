"""A person's own account: where she is signed in, what she has allowed, and how she signs in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from health_platform.accounts import passkeys, recovery, second_factor, services
from health_platform.accounts.models import User
from health_platform.fhir.access import audit
from health_platform.smart import providers
from health_platform.smart.context import of_request
from health_platform.smart.ending import end_authorization, end_everything
from health_platform.smart.models import Authorization
from health_platform.smart.sign_in import credential_of, with_goal

View = Callable[[HttpRequest, User], HttpResponse]


def for_people(view: View) -> Callable[[HttpRequest], HttpResponse]:
    """The view with the signed-in person; everyone else signs in first."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        user = request.user
        return view(request, user) if isinstance(user, User) else redirect(with_goal("sign-in", request.path))

    return guarded


def freshly(view: View) -> View:
    """The view for who has signed in within ten minutes: it changes how the account is opened."""

    @wraps(view)
    def guarded(request: HttpRequest, user: User) -> HttpResponse:
        if services.is_fresh(request):
            return view(request, user)
        return redirect(with_goal("sign-in", _SAFETY))

    return guarded


_SAFETY = "/oauth/account"


@never_cache
@require_http_methods(["GET", "POST"])
@for_people
def sessions(request: HttpRequest, user: User) -> HttpResponse:
    """Where a person is signed in, which applications she has allowed, and the buttons that end it."""
    if request.method == "POST":
        _end(request, user)
        return redirect("oauth2_provider:sessions")
    allowed = Authorization.objects.filter(user=user).exclude(access_tokens=None, refresh_tokens=None)
    context = {
        "sessions": services.sessions(request, user),
        "authorizations": allowed.select_related("client").distinct().order_by("-created"),
    }
    return render(request, "smart/sessions.html", context)


def _end(request: HttpRequest, user: User) -> None:
    which, application = request.POST.get("session", ""), request.POST.get("application", "")
    if which == "others":
        end_everything(user, but=request.session.session_key or "")
    elif which == "this":
        logout(request)
    elif which.isdecimal():
        services.end_session(user, int(which))
    elif application.isdecimal():
        end_authorization(user, int(application))


@never_cache
@require_http_methods(["GET"])
@for_people
def account(request: HttpRequest, user: User) -> HttpResponse:
    """How a person signs in: passkeys, authenticator, recovery codes, providers."""
    return _page(request, user)


def _page(request: HttpRequest, user: User, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "passkeys": user.passkeys.all(),
        "authenticator": second_factor.has_authenticator(user),
        "providers": providers.connections(user),
        "fresh": services.is_fresh(request),
        "codes_left": user.recovery_codes.count(),
    }
    return render(request, "smart/account.html", context | more, status=status)


@never_cache
@require_POST
def passkey_options(request: HttpRequest) -> JsonResponse:
    """What a browser needs to make a passkey: for who sets up the second factor, or has freshly signed in."""
    user: Any = services.enrolling(request)
    if user is None and services.is_fresh(request):
        user = request.user
    if not isinstance(user, User):
        return JsonResponse({"title": _("Sign in again first.")}, status=403)
    return JsonResponse(passkeys.registration_options(user, passkeys.site_of(request), timezone.now()))


@sensitive_post_parameters("credential")
@never_cache
@require_POST
@for_people
@freshly
def add_passkey(request: HttpRequest, user: User) -> HttpResponse:
    first = not second_factor.has_one(user)
    try:
        credential, name = credential_of(request.POST.get("credential", "")), request.POST.get("name", "")
        passkeys.register(user, passkeys.site_of(request), credential, name, timezone.now())
    except passkeys.NotProven:
        return _page(request, user, status=422, problem=_("The passkey was not taken. Try once more."))
    _changed(request)
    if first:
        codes = second_factor.new_recovery_codes(user)
        return render(request, "smart/recovery_codes.html", {"codes": codes, "next": _SAFETY})
    messages.success(request, _("The passkey is good from now on."))
    return redirect("oauth2_provider:account")


@never_cache
@require_POST
@for_people
@freshly
def remove(request: HttpRequest, user: User) -> HttpResponse:
    """Take a passkey or the authenticator away; staff keep at least one of them."""
    passkey, factor = request.POST.get("passkey", ""), request.POST.get("authenticator", "")
    held = user.passkeys.count() + second_factor.has_authenticator(user)
    if user.role in services.STAFF and held < 2:
        problem = _("Staff keep at least one: set up another before you remove this one.")
        return _page(request, user, status=422, problem=problem)
    if passkey.isdecimal():
        user.passkeys.filter(pk=int(passkey)).delete()
    elif factor:
        second_factor.forget_authenticator(user)
    _changed(request)
    return redirect("oauth2_provider:account")


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "POST"])
@for_people
@freshly
def authenticator(request: HttpRequest, user: User) -> HttpResponse:
    """Set up an authenticator beside or instead of passkeys."""
    if request.method == "POST":
        codes = second_factor.confirm(user, request.POST.get("code", ""), timezone.now())
        if codes is not None:
            _changed(request)
            return render(request, "smart/recovery_codes.html", {"codes": codes, "next": _SAFETY})
    if second_factor.has_authenticator(user):
        return redirect("oauth2_provider:account")
    secret = second_factor.begin(user)
    enrolment = services.Enrolment(secret, second_factor.address(user, secret))
    context = {"enrolment": enrolment, "again": "code" if request.method == "POST" else "", "signed_in": True}
    return render(request, "smart/second_factor.html", context)


@never_cache
@require_POST
@for_people
@freshly
def recovery_codes(request: HttpRequest, user: User) -> HttpResponse:
    """Ten new ones; those before are good no longer."""
    if not second_factor.has_one(user):
        return redirect("oauth2_provider:account")
    _changed(request)
    return render(
        request, "smart/recovery_codes.html", {"codes": second_factor.new_recovery_codes(user), "next": _SAFETY}
    )


@sensitive_post_parameters("password", "new")
@never_cache
@require_POST
@for_people
@freshly
def password(request: HttpRequest, user: User) -> HttpResponse:
    """A new password ends every other session and what applications were allowed."""
    if not user.check_password(request.POST.get("password", "")):
        return _page(request, user, status=422, problem=_("The password is not right."))
    try:
        recovery.change_password(user, request.POST.get("new", ""))
    except ValidationError as error:
        return _page(request, user, status=422, problem=" ".join(error.messages))
    services.keep_session(request, user)
    end_everything(user, but=request.session.session_key or "")
    _changed(request)
    messages.success(request, _("The new password is good. You are signed out everywhere else."))
    return redirect("oauth2_provider:account")


def _changed(request: HttpRequest) -> None:
    """Each change of how an account is opened stands in the access log."""
    audit.login(of_request(request, client="account"), client="account", interaction="second-factor")
