"""read and conditional read (FHIR R4, http.html#read and #cread)."""

from __future__ import annotations

from health_platform.fhir.interactions import access_log
from health_platform.fhir.interactions.answers import of_read
from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.repository import Repository


def read(request: FhirRequest, resource_type: str, id: str) -> FhirResponse:
    if access_log.is_rendered(request.access, resource_type, id):
        return of_read(access_log.read(request.access, resource_type, id), request)
    return of_read(Repository(request.access).read(resource_type, id), request)
