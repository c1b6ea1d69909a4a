"""What goes back to the client: one version with its headers, the part of it that was asked for, or word of a write.

FHIR R4, http.html: ETag, Last-Modified and Location (#2.42.0.13 and on), `Prefer: return` (#ops).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from django.utils.translation import gettext

from health_platform.fhir.body import serialise
from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.outcome import Issue, operation_outcome
from health_platform.fhir.stored import Stored
from health_platform.fhir.subset import part, part_of


def of_read(stored: Stored, request: FhirRequest) -> FhirResponse:
    """One version, or 304 when the client has it already."""
    headers = _headers(stored)
    if _is_known(stored, request):
        return FhirResponse(304, headers=headers)
    return FhirResponse(200, part(stored.body, stored.resource_type, part_of(request.parameters)), headers)


def of_write(stored: Stored, status: int, request: FhirRequest) -> FhirResponse:
    """What a write has stored, in the form that `Prefer: return` asks for."""
    headers = _headers(stored) | {"Location": f"{request.base}/{stored.versioned}"}
    wanted = request.prefer.get("return")
    if wanted == "minimal":
        return FhirResponse(status, headers=headers)
    if wanted == "OperationOutcome":
        return FhirResponse(status, told(stored.hints), headers)
    return FhirResponse(status, stored.body, headers)


def told(hints: Iterable[Issue]) -> bytes:
    """The OperationOutcome of what went well."""
    return serialise(operation_outcome(hints, gettext))


def _headers(stored: Stored) -> dict[str, str]:
    return {"ETag": f'W/"{stored.version}"', "Last-Modified": http_date(stored.last_updated)}


def http_date(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


def _is_known(stored: Stored, request: FhirRequest) -> bool:
    """RFC 9110, section 13.1: If-None-Match counts before If-Modified-Since, whose clock ticks in whole seconds."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        known = {tag.strip().removeprefix("W/").strip('"') for tag in tags.split(",")}
        return "*" in known or str(stored.version) in known
    since = _date(request.headers.get("if-modified-since"))
    return since is not None and stored.last_updated.replace(microsecond=0) <= since


def _date(text: str | None) -> datetime | None:
    """An HTTP date; None for what is none, which RFC 9110 ignores."""
    try:
        found = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found
