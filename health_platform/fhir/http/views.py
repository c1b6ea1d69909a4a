"""The Django view in front of the FHIR API: bytes in, bytes out; who acts is in `request.access`."""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.http.errors import OWN_HEADERS, failure, store_failed
from health_platform.fhir.http.forms import dressed
from health_platform.fhir.http.routing import handle
from health_platform.fhir.messages import FhirRequest, FhirResponse, as_utf8
from health_platform.fhir.outcome import FhirError, NotAcceptable, TooLarge, Unauthorized

BASE_PATH = "/fhir/R4"
ANONYMOUS = AccessContext(actor="", role=Role.CITIZEN)
_ACCEPTED = ("application/fhir+json", "application/json", "text/json", "*/*", "application/*", "json")


@csrf_exempt
def fhir(request: HttpRequest, path: str = "") -> HttpResponse:
    """Everything below /fhir/R4. Only the CapabilityStatement is there for who has not signed in."""
    try:
        response = answer(_request(request, path))
    except RequestDataTooBig:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        response = failure(TooLarge("The body is larger than %(most)s bytes: send it in parts.", most=most))
    return HttpResponse(response.body, status=response.status, headers=response.headers)


def _request(request: HttpRequest, path: str) -> FhirRequest:
    return FhirRequest(
        method=request.method or "GET",
        path=path,
        query=as_utf8(request.META.get("QUERY_STRING", "")),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.body,
        access=getattr(request, "access", None) or ANONYMOUS,
        base=request.build_absolute_uri(BASE_PATH),
    )


def answer(request: FhirRequest) -> FhirResponse:
    """The answer with all headers of its own; an error is an OperationOutcome."""
    try:
        _negotiate(request)
        if request.access is ANONYMOUS and request.path.strip("/") != "metadata":
            raise Unauthorized("Sign in first: send 'Authorization: Bearer' with an access token from /oauth/token.")
        response = handle(request)
    except FhirError as error:
        return failure(error)
    except DatabaseError as error:
        return store_failed(error)
    return dressed(replace(response, headers={**OWN_HEADERS, **response.headers}), request)


def _negotiate(request: FhirRequest) -> None:
    asked = _asked_format(request) or request.headers.get("accept") or "*/*"
    if asked not in _ACCEPTED and not any(part.partition(";")[0].strip() in _ACCEPTED for part in asked.split(",")):
        raise NotAcceptable("'%(asked)s' is not served: ask for application/fhir+json.", asked=asked)


def _asked_format(request: FhirRequest) -> str | None:
    if "_format" not in request.query:
        return None
    asked = (value for name, value in reversed(request.parameters) if name == "_format")
    # A plus sign that was not escaped arrives as a space.
    return next((value.strip().replace(" ", "+") for value in asked), None)
