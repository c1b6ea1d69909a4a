"""batch (FHIR R4, http.html#batch): each entry by itself, through the same router as a single request."""

from __future__ import annotations

from dataclasses import replace
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import msgspec

from health_platform.fhir.body import instant, serialise
from health_platform.fhir.bundle.entries import Entry, Given, entry_of, given_entries
from health_platform.fhir.messages import FhirRequest, FhirResponse, Interaction
from health_platform.fhir.outcome import FhirError


def batch(request: FhirRequest, handle: Interaction, failure: Any) -> FhirResponse:
    """``handle`` answers a request, ``failure`` an error."""

    def answered(place: int, given: Given) -> dict[str, Any]:
        try:
            entry = entry_of(place, given, request.base)
        except FhirError as error:
            return answer_of(failure(error))
        return answer_of(handle(single(request, entry)))

    entries = [answered(place, given) for place, given in enumerate(given_entries(request.body))]
    return FhirResponse(200, serialise({"resourceType": "Bundle", "type": "batch-response", "entry": entries}))


def single(request: FhirRequest, entry: Entry) -> FhirRequest:
    """The entry as a request of its own, on behalf of the same actor."""
    given = {
        "prefer": request.headers.get("prefer"),
        "accept-language": request.headers.get("accept-language"),
        "content-type": entry.content_type,
        "if-none-exist": entry.if_none_exist,
        "if-match": None if entry.if_match is None else f'W/"{entry.if_match}"',
        "if-none-match": entry.if_none_match,
        "if-modified-since": entry.if_modified_since,
    }
    headers = {name: value for name, value in given.items() if value is not None}
    return replace(
        request,
        method=entry.method,
        path=entry.address,
        query=entry.query,
        headers=headers,
        body=entry.resource or b"",
    )


def answer_of(response: FhirResponse) -> dict[str, Any]:
    """An answer as the entry of a Bundle."""
    about: dict[str, Any] = {"status": f"{response.status} {HTTPStatus(response.status).phrase}"}
    for header, name in (("Location", "location"), ("ETag", "etag")):
        if header in response.headers:
            about[name] = response.headers[header]
    if "Last-Modified" in response.headers:
        about["lastModified"] = instant(parsedate_to_datetime(response.headers["Last-Modified"]))
    if not response.body:
        return {"response": about}
    if response.status >= HTTPStatus.BAD_REQUEST:
        return {"response": about | {"outcome": msgspec.Raw(response.body)}}
    return {"response": about, "resource": msgspec.Raw(response.body)}
