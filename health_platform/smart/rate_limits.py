"""Middleware: who asks too often is told so (429, RFC 6585) in the form of the address asked, and when to come back."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext

from health_platform.fhir.access import origin, rates
from health_platform.fhir.access.rates import Usage
from health_platform.fhir.http.errors import too_many, too_many_text
from health_platform.smart.problem import problem_response

Handler = Callable[[HttpRequest], HttpResponse]
# Triage counts its devices itself, once it knows them (inference/triage).
_NOT_COUNTED = ("/api/v1/triage", "/livez", "/readyz", "/static/")
_QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"


def rate_limited(get_response: Handler) -> Handler:
    def middleware(request: HttpRequest) -> HttpResponse:
        if origin.is_probe(request.META) or request.path.startswith(_NOT_COUNTED):
            return get_response(request)
        usage = rates.count(getattr(request, "access", None), _person(request))
        if usage is None:
            return get_response(request)
        response = _refusal(request.path, usage) if usage.refused else get_response(request)
        for name, value in usage.headers.items():
            response.setdefault(name, value)
        return response

    return middleware


def _person(request: HttpRequest) -> str:
    """The account of the session, if there is one: a session without its cookie is not looked for."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return ""
    return str(request.session.get(SESSION_KEY, ""))


def _refusal(path: str, usage: Usage) -> HttpResponse:
    if path.startswith("/fhir/"):
        answer = too_many(usage)
        return HttpResponse(answer.body, status=answer.status, headers=answer.headers)
    if path.startswith("/v2"):
        return JsonResponse({"error": too_many_text(usage)}, status=429)
    if path.startswith("/api/"):
        title = gettext("Too many requests")
        members = {"type": _QUOTA_EXCEEDED, "violated-policies": [usage.policy]}
        return problem_response(429, title, too_many_text(usage, gettext), **members)
    return HttpResponse(too_many_text(usage, gettext), status=429, content_type="text/plain; charset=utf-8")
