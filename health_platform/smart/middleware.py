"""`request.access` for whoever sends a bearer token (RFC 6750); None for everyone else."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from health_platform.smart.bearer import access_of

Handler = Callable[[HttpRequest], HttpResponse]
# The triage endpoint knows its devices without the database (inference/triage).
_WITHOUT_STORE = ("/api/v1/triage", "/livez", "/static/")


def bearer_token(get_response: Handler) -> Handler:
    def middleware(request: HttpRequest) -> HttpResponse:
        request.access = None  # type: ignore[attr-defined]
        if not request.path.startswith(_WITHOUT_STORE):
            scheme, _, value = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() == "bearer" and value:
                request.access = access_of(value.strip())  # type: ignore[attr-defined]
        return get_response(request)

    return middleware
