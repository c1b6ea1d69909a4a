"""batch (FHIR R4, http.html#batch): each entry by itself, through the same router as a single request."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

import orjson

from health_platform.fhir.bundle import Entry, entries_of
from health_platform.fhir.messages import FhirRequest, FhirResponse, Interaction


def batch(request: FhirRequest, handle: Interaction) -> FhirResponse:
    answers = b",".join(_answer(handle(_single(request, entry))) for entry in entries_of(request.body))
    return FhirResponse(200, b'{"resourceType":"Bundle","type":"batch-response","entry":[' + answers + b"]}")


def _single(request: FhirRequest, entry: Entry) -> FhirRequest:
    headers = {"prefer": request.headers.get("prefer", ""), "content-type": "application/fhir+json"}
    if entry.if_none_exist is not None:
        headers["if-none-exist"] = entry.if_none_exist
    if entry.if_match is not None:
        headers["if-match"] = f'W/"{entry.if_match}"'
    path = entry.url.partition("?")[0].strip("/")
    return replace(
        request, method=entry.method, path=path, query=entry.query, headers=headers, body=entry.resource or b""
    )


def _answer(response: FhirResponse) -> bytes:
    phrase = HTTPStatus(response.status).phrase
    about = {"status": f"{response.status} {phrase}"}
    for header, name in (("Location", "location"), ("ETag", "etag")):
        if header in response.headers:
            about[name] = response.headers[header]
    failed = response.status >= HTTPStatus.BAD_REQUEST
    rendered = orjson.dumps({"response": about})
    if not response.body:
        return rendered
    if failed:
        return rendered[:-2] + b',"outcome":' + response.body + b"}}"
    return rendered[:-1] + b',"resource":' + response.body + b"}"
