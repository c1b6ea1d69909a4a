"""create and conditional create (FHIR R4, http.html#create)."""

from __future__ import annotations

from health_platform.fhir.messages import FhirRequest, FhirResponse, of_stored
from health_platform.fhir.repository import Repository


def create(request: FhirRequest, resource_type: str) -> FhirResponse:
    stored, created = Repository(request.access).create_conditionally(
        request.body, request.headers.get("if-none-exist"), expected_type=resource_type
    )
    return of_stored(stored, 201 if created else 200, request, location=True)
