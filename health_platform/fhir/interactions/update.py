"""update and update as create (FHIR R4, http.html#update)."""

from __future__ import annotations

from health_platform.fhir.messages import FhirRequest, FhirResponse, of_stored
from health_platform.fhir.repository import Repository


def update(request: FhirRequest, resource_type: str, id: str) -> FhirResponse:
    stored = Repository(request.access).update(request.body, if_match=request.if_match, expected=(resource_type, id))
    return of_stored(stored, 201 if stored.version == 1 else 200, request, location=True)
