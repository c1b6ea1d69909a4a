"""`request.access` for whoever sends a bearer token (RFC 6750); None for everyone else, whose refusal is noted."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from health_platform.fhir.access import origin, unknown_callers
from health_platform.smart.bearer import access_of

Handler = Callable[[HttpRequest], HttpResponse]
# The triage endpoint knows its devices without the database (inference/triage).
_WITHOUT_STORE = ("/api/v1/triage", "/livez", "/static/")
_APIS = ("/fhir/R4", "/api/v1", "/v2")


def bearer_token(get_response: Handler) -> Handler:
    def middleware(request: HttpRequest) -> HttpResponse:
        request.access = None  # type: ignore[attr-defined]
        if not request.path.startswith(_WITHOUT_STORE):
            scheme, _, value = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() == "bearer" and value:
                request.access = access_of(value.strip())  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


def refusals_noted(get_response: Handler) -> Handler:
    """A request to an API that is refused for want of a valid token (401) leaves a row in the access log."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 401 and not request.path.startswith(_WITHOUT_STORE):
            api = next((api for api in _APIS if request.path.startswith(api)), "")
            if api and not origin.is_probe(request.META):
                unknown_callers.note_refusal(api)
        return response

    return middleware
