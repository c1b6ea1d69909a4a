"""read (FHIR R4, http.html#read)."""

from __future__ import annotations

from health_platform.fhir.interactions import access_log
from health_platform.fhir.messages import FhirRequest, FhirResponse, of_stored
from health_platform.fhir.repository import Repository


def read(request: FhirRequest, resource_type: str, id: str) -> FhirResponse:
    if access_log.is_rendered(request.access, resource_type, id):
        stored = access_log.read(request.access, resource_type, id)
    else:
        stored = Repository(request.access).read(resource_type, id)
    if request.headers.get("if-none-match", "").strip() in (f'W/"{stored.version}"', f'"{stored.version}"'):
        return FhirResponse(304, headers=of_stored(stored, 304, request).headers)
    return of_stored(stored, 200, request)
