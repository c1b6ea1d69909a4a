"""vread (FHIR R4, http.html#vread)."""

from __future__ import annotations

from health_platform.fhir.interactions.answers import of_read
from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.outcome import NotFound
from health_platform.fhir.repository import Repository


def vread(request: FhirRequest, resource_type: str, id: str, version: str) -> FhirResponse:
    if not version.isdecimal():
        raise NotFound("'%(version)s' is not a version of this server: versions are whole numbers.", version=version)
    return of_read(Repository(request.access).vread(resource_type, id, int(version)), request)
