"""The Django view in front of the FHIR API: bytes in, bytes out; who acts is in `request.access`."""

from __future__ import annotations

import logging

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.http.errors import failure
from health_platform.fhir.http.routing import handle
from health_platform.fhir.messages import FHIR_JSON, FhirRequest, FhirResponse
from health_platform.fhir.outcome import FhirError, Issue, IssueType, NotAcceptable, Severity, Unauthorized

log = logging.getLogger(__name__)
BASE_PATH = "/fhir/R4"
_ANONYMOUS = AccessContext(actor="", role=Role.CITIZEN)
_ACCEPTED = ("application/fhir+json", "application/json", "text/json", "*/*", "application/*", "json")


@csrf_exempt
def fhir(request: HttpRequest, path: str = "") -> HttpResponse:
    """Everything below /fhir/R4. Only the CapabilityStatement is there for who has not signed in."""
    try:
        response = _answer(request, path)
    except FhirError as error:
        response = failure(error)
    except DatabaseError as error:
        log.error("store: %s", type(error).__name__)
        response = failure(_unavailable())
    return HttpResponse(response.body, status=response.status, headers=_headers(response))


def _answer(request: HttpRequest, path: str) -> FhirResponse:
    _negotiate(request)
    access: AccessContext | None = getattr(request, "access", None)
    if access is None and path.strip("/") != "metadata":
        raise Unauthorized("Sign in first: send 'Authorization: Bearer' with an access token from /oauth/token.")
    return handle(
        FhirRequest(
            method=request.method or "GET",
            path=path,
            query=request.META.get("QUERY_STRING", ""),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.body,
            access=access or _ANONYMOUS,
            base=request.build_absolute_uri(BASE_PATH),
        )
    )


def _negotiate(request: HttpRequest) -> None:
    asked = request.GET.get("_format") or request.headers.get("Accept") or "*/*"
    kinds = [part.partition(";")[0].strip() for part in asked.split(",")]
    if not any(kind in _ACCEPTED for kind in kinds):
        raise NotAcceptable("'%(asked)s' is not served: ask for application/fhir+json.", asked=asked)


def _headers(response: FhirResponse) -> dict[str, str]:
    own = {"Content-Type": f"{FHIR_JSON}; charset=utf-8", "Cache-Control": "no-store"}
    return own | dict(response.headers)


def _unavailable() -> FhirError:
    text = "The store does not answer at the moment; nothing was stored. Send the request again in a minute."
    return FhirError(503, [Issue(Severity.ERROR, IssueType.TRANSIENT, text)])
