"""`request.access` for whoever sends a bearer token (RFC 6750); None for everyone else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from health_platform.fhir.access.context import AccessContext
from health_platform.smart.context import of_token

Handler = Callable[[HttpRequest], HttpResponse]
# The triage endpoint knows its devices without the database (inference/triage).
_WITHOUT_STORE = ("/api/v1/triage", "/livez", "/static/")


def bearer_token(get_response: Handler) -> Handler:
    def middleware(request: HttpRequest) -> HttpResponse:
        request.access = None  # type: ignore[attr-defined]
        if not request.path.startswith(_WITHOUT_STORE):
            scheme, _, value = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() == "bearer" and value:
                request.access = _access(value.strip())  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


def _access(value: str) -> AccessContext | None:
    checksum = hashlib.sha256(value.encode()).hexdigest()
    tokens = get_access_token_model().objects.select_related("application", "user")
    token = tokens.filter(token_checksum=checksum, expires__gt=timezone.now()).first()
    return of_token(token) if token else None
