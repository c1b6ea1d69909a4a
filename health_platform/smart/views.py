"""Authorization of applications by people, the launch from the console, and the introspection for systems."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST
from oauth2_provider.http import OAuth2ResponseRedirect
from oauth2_provider.models import AccessToken
from oauth2_provider.oauth2_backends import get_oauthlib_core
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import Request as OAuthRequest
from oauthlib.common import add_params_to_uri
from oauthlib.oauth2.rfc6749.errors import OAuth2Error

from health_platform.accounts import institutions
from health_platform.accounts.models import User
from health_platform.fhir.outcome import FhirError
from health_platform.smart import authorization, launch
from health_platform.smart.authorization import Asked, Refused, Unanswerable
from health_platform.smart.context import fhir_user, of_request
from health_platform.smart.discovery import issuer
from health_platform.smart.models import Client
from health_platform.smart.plain_words import sentences
from health_platform.smart.scopes import INTROSPECTION
from health_platform.smart.sign_in import with_goal
from health_platform.smart.validator import FHIR_PATH, launch_context


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """The client's request, by GET or POST; who is to decide signs in first. Nothing is granted here."""
    if request.method == "POST":
        return redirect(f"{request.path}?{request.POST.urlencode()}")
    return _decide(request, lambda asked, user: _consent_page(request, asked, user))


@never_cache
@require_POST
def decision(request: HttpRequest) -> HttpResponse:
    """The person's answer on the consent page; the client's request is in the query, as it was there."""
    return _decide(request, lambda asked, user: _decided(request, asked, user))


def _decide(request: HttpRequest, then: Callable[[Asked, User], HttpResponse]) -> HttpResponse:
    try:
        asked = authorization.read(request)
        user = request.user
        if not isinstance(user, User):
            return redirect(with_goal("sign-in", _goal(request)))
        if institutions.must_choose(request, user):
            return redirect(with_goal("institution", _goal(request)))
        return then(asked, user)
    except Unanswerable as error:
        return render(request, "smart/unanswerable.html", {"reason": str(error)}, status=400)
    except Refused as error:
        return _to_client(add_params_to_uri(error.address, [("iss", issuer(request))]))


def _goal(request: HttpRequest) -> str:
    return f"{reverse('oauth2_provider:authorize')}?{request.META['QUERY_STRING']}"


def _consent_page(request: HttpRequest, asked: Asked, user: User) -> HttpResponse:
    found = authorization.circumstances(request, asked, user)
    name = request.POST.get("name", "")
    context = {
        "client": asked.client,
        "sentences": sentences(asked.scopes),
        "person": user.display_name,
        "must_choose": found.must_choose,
        "candidates": launch.candidates(found.access, name) if found.must_choose else [],
        "name": name,
        "query": request.META["QUERY_STRING"],
    }
    response = render(request, "smart/authorize.html", context)
    # A form's redirect counts as its action: the answer leads to the client.
    response._csp_update = {"form-action": ["'self'", asked.redirect_origin]}  # type: ignore[attr-defined]
    return response


def _decided(request: HttpRequest, asked: Asked, user: User) -> HttpResponse:
    answer = request.POST.get("decision")
    if answer == "deny":
        return _to_client(authorization.deny(request, asked))
    found = authorization.circumstances(request, asked, user)
    if answer != "allow" or (found.must_choose and not request.POST.get("patient")):
        return _consent_page(request, asked, user)
    return _to_client(authorization.allow(request, asked, found, request.POST.get("patient", "")))


def _to_client(address: str) -> HttpResponse:
    response: HttpResponse = OAuth2ResponseRedirect(address, oauth2_settings.ALLOWED_REDIRECT_URI_SCHEMES)
    return response


@never_cache
@require_POST
def begin_launch(request: HttpRequest) -> HttpResponse:
    """The console's button: ``client`` (its client id) and ``patient`` lead to a page with the link that opens the
    application, good for five minutes and one use."""
    user = request.user
    access = of_request(request)
    if access is None or not isinstance(user, User):
        return redirect(f"{reverse('oauth2_provider:sign-in')}")
    client = launch.applications(access).filter(client_id=request.POST.get("client", "")).first()
    if client is None:
        return HttpResponse(status=404)
    try:
        base = request.build_absolute_uri(FHIR_PATH)
        address = launch.begin(user, access, client, request.POST.get("patient", ""), base)
    except FhirError:
        return HttpResponse(status=404)
    return render(request, "smart/launch.html", {"client": client, "address": address})


@csrf_exempt
@require_POST
def introspect(request: HttpRequest) -> JsonResponse:
    """RFC 7662, with the launch context of SMART App Launch 2.2. A client sees its own tokens; one with the scope
    ``introspection`` those of all."""
    client = _client(request)
    if client is None:
        return JsonResponse({"error": "invalid_client"}, status=401)
    checksum = hashlib.sha256(request.POST.get("token", "").encode()).hexdigest()
    tokens = AccessToken.objects.select_related("application", "user").filter(
        token_checksum=checksum, expires__gt=timezone.now()
    )
    if INTROSPECTION not in client.scopes.split():
        tokens = tokens.filter(application=client)
    token = tokens.first()
    if token is None or (token.user is not None and not token.user.is_active):
        return JsonResponse({"active": False})
    return JsonResponse(_described(request, token))


def _client(request: HttpRequest) -> Client | None:
    core = get_oauthlib_core()
    asked = OAuthRequest(*core._extract_params(request))
    try:
        return asked.client if core.server.request_validator.authenticate_client(asked) else None
    except OAuth2Error:
        return None


def _described(request: HttpRequest, token: AccessToken) -> dict[str, Any]:
    found: dict[str, Any] = {
        "active": True,
        "scope": token.scope,
        "exp": int(token.expires.timestamp()),
        "iat": int(token.created.timestamp()),
        "token_type": "Bearer",
    }
    if token.application is not None:
        found["client_id"] = token.application.client_id
    given = token.authorizations.first()
    if given is None or token.user is None:
        return found
    found |= launch_context(given, token.scope.split())
    if "openid" in token.scope.split():
        found |= {"iss": issuer(request), "sub": str(token.user.pk)}
    reference = fhir_user(token.user)
    if reference and "fhirUser" in token.scope.split():
        found["fhirUser"] = request.build_absolute_uri(f"{FHIR_PATH}/{reference}")
    return found
