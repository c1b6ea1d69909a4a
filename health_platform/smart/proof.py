"""The pages of proving who one is: to bind the own account to the record, or to get back into it."""

from __future__ import annotations

import logging
import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from health_platform.accounts import recovery, services
from health_platform.accounts.models import Role, User
from health_platform.accounts.proofing import binding, port, simulator
from health_platform.accounts.proofing.binding import NotBound
from health_platform.accounts.proofing.port import IdentityProofing, NotProven, Proof
from health_platform.accounts.throttle import TooManyAttempts, count_attempt, forget_attempts
from health_platform.fhir.access import audit
from health_platform.smart.context import of_user
from health_platform.smart.ending import end_everything
from health_platform.smart.sign_in import wait, with_goal

log = logging.getLogger(__name__)
_REQUEST, _RECOVERING, _SECONDS = "proof", "recovering", 600


def _adapter() -> IdentityProofing:
    found = port.adapter()
    if found is None:
        raise Http404
    return found


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """Off to the service: with a code of the clinic for who is signed in, without one to get back in."""
    adapter, user = _adapter(), request.user
    if request.method == "GET":
        return render(request, "smart/proof.html", {"bound": isinstance(user, User) and bool(user.patient)})
    code = request.POST.get("code", "").strip()
    if code and not (isinstance(user, User) and user.role == Role.CITIZEN and services.is_fresh(request)):
        return redirect(with_goal("sign-in", reverse("oauth2_provider:proof")))
    id = secrets.token_urlsafe(24)
    request.session[_REQUEST] = [id, code]
    return redirect(adapter.begin(id, request.build_absolute_uri(reverse("oauth2_provider:proof-answer"))))


@never_cache
@require_GET
def answer(request: HttpRequest) -> HttpResponse:
    """Back from the service."""
    adapter = _adapter()
    id, code = request.session.pop(_REQUEST, ["", ""])
    try:
        if not id:
            raise NotProven("this browser has not asked for it")
        proof = adapter.finish(id, request.GET.dict())
    except NotProven as error:
        log.warning("an identity was not proven: %s", error)
        return render(request, "smart/proof.html", {"problem": "unproven"}, status=403)
    return _bind(request, proof, code) if code else _recover(request, proof)


def _bind(request: HttpRequest, proof: Proof, code: str) -> HttpResponse:
    user, now, address = request.user, timezone.now(), request.META.get("REMOTE_ADDR", "")
    if not isinstance(user, User):
        return redirect(with_goal("sign-in", reverse("oauth2_provider:proof")))
    try:
        count_attempt(f"binding {user.pk}", address, now)
        binding.bind(user, proof, code, now)
    except TooManyAttempts as error:
        return wait(request, error.seconds)
    except NotBound as error:
        return render(request, "smart/proof.html", {"problem": str(error)}, status=403)
    forget_attempts(f"binding {user.pk}", address, now)
    access = of_user(user, client="account")
    if access is not None:
        audit.note(access, "bind-account", access.patients)
    return render(request, "smart/proof.html", {"done": "bound", "bound": True})


def _recover(request: HttpRequest, proof: Proof) -> HttpResponse:
    user = binding.user_of(proof)
    if user is None:
        return render(request, "smart/proof.html", {"problem": "nobody"}, status=403)
    if user.role in services.STAFF:
        return render(request, "smart/proof.html", {"problem": "staff"}, status=403)
    request.session.cycle_key()
    request.session[_RECOVERING] = [user.pk, timezone.now().timestamp()]
    return redirect("oauth2_provider:proof-password")


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Who has just proven who she is chooses a new password; what opened the account before is good no longer."""
    pk, at = request.session.get(_RECOVERING, [0, 0.0])
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None or timezone.now().timestamp() - float(at) > _SECONDS:
        return redirect("oauth2_provider:proof")
    context: dict[str, Any] = {"username": user.username, "proven": True}
    if request.method == "POST":
        try:
            recovery.start_anew(user, request.POST.get("password", ""))
        except ValidationError as error:
            return render(request, "smart/recover.html", context | {"problems": error.messages}, status=422)
        del request.session[_RECOVERING]
        end_everything(user)
        audit.login(of_user(user, client="account"), client="account", interaction="recovery")
        return render(request, "smart/recover.html", {"done": True})
    return render(request, "smart/recover.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def simulated(request: HttpRequest) -> HttpResponse:
    """The simulator's own page: proves whatever is typed, in demo and test settings alone."""
    if not isinstance(port.adapter(), simulator.Simulator):
        raise Http404
    id, back = request.GET.get("id", ""), request.GET.get("return", "")
    problem = False
    if request.method == "POST" and urlsplit(back).netloc == request.get_host():
        try:
            proof = simulator.answer(id, request.POST.get("name", ""), request.POST.get("birth_date", ""))
            return redirect(f"{back}?{urlencode({'proof': proof})}")
        except ValueError:
            problem = True
    return render(request, "smart/simulator.html", {"problem": problem})
