"""patch and conditional patch (FHIR R4, http.html#patch): JSON Patch, or FHIRPath Patch in a Parameters resource."""

from __future__ import annotations

from health_platform.fhir.interactions.answers import of_write
from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.patch.change import Change, change_of
from health_platform.fhir.repository import Repository


def patch(request: FhirRequest, resource_type: str, id: str) -> FhirResponse:
    stored = Repository(request.access).patch(resource_type, id, _change(request), if_match=request.if_match)
    return of_write(stored, 200, request)


def patch_matching(request: FhirRequest, resource_type: str) -> FhirResponse:
    stored = Repository(request.access).patch_matching(
        resource_type, request.query, _change(request), if_match=request.if_match
    )
    return of_write(stored, 200, request)


def _change(request: FhirRequest) -> Change:
    return change_of(request.body, request.headers.get("content-type", ""))
