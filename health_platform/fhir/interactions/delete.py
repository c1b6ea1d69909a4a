"""delete, always logical, and conditional delete of one resource (FHIR R4, http.html#delete and #cdelete)."""

from __future__ import annotations

from health_platform.fhir.interactions.answers import told
from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.repository import Repository


def delete(request: FhirRequest, resource_type: str, id: str) -> FhirResponse:
    return _answer(Repository(request.access).delete(resource_type, id, if_match=request.if_match), request)


def delete_matching(request: FhirRequest, resource_type: str) -> FhirResponse:
    version = Repository(request.access).delete_matching(resource_type, request.query, if_match=request.if_match)
    return _answer(version, request)


def _answer(version: int | None, request: FhirRequest) -> FhirResponse:
    headers = {"ETag": f'W/"{version}"'} if version else {}
    if request.prefer.get("return") == "OperationOutcome":
        return FhirResponse(200, told(()), headers)
    return FhirResponse(204, headers=headers)
