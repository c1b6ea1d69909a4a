"""delete, always logical (FHIR R4, http.html#delete)."""

from __future__ import annotations

from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.repository import Repository


def delete(request: FhirRequest, resource_type: str, id: str) -> FhirResponse:
    version = Repository(request.access).delete(resource_type, id, if_match=request.if_match)
    return FhirResponse(204, headers={"ETag": f'W/"{version}"'} if version else {})
