"""create and conditional create (FHIR R4, http.html#create and #ccreate)."""

from __future__ import annotations

from health_platform.fhir.interactions.answers import of_write
from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.repository import Repository


def create(request: FhirRequest, resource_type: str) -> FhirResponse:
    stored, created = Repository(request.access).create_conditionally(
        request.body, request.headers.get("if-none-exist"), expected_type=resource_type
    )
    return of_write(stored, 201 if created else 200, request)
