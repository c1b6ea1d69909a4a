"""update, update as create, and conditional update (FHIR R4, http.html#update and #cond-update)."""

from __future__ import annotations

from health_platform.fhir.interactions.answers import of_write
from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.repository import Repository
from health_platform.fhir.stored import Stored


def update(request: FhirRequest, resource_type: str, id: str) -> FhirResponse:
    stored = Repository(request.access).update(request.body, if_match=request.if_match, expected=(resource_type, id))
    return _answer(stored, request)


def update_matching(request: FhirRequest, resource_type: str) -> FhirResponse:
    stored = Repository(request.access).update_matching(
        request.body, request.query, expected_type=resource_type, if_match=request.if_match
    )
    return _answer(stored, request)


def _answer(stored: Stored, request: FhirRequest) -> FhirResponse:
    return of_write(stored, 201 if stored.version == 1 else 200, request)
