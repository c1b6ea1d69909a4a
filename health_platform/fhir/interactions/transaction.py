"""transaction (FHIR R4, http.html#transaction): all entries of a Bundle or none."""

from __future__ import annotations

from health_platform.fhir.body import serialise
from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.repository import Repository


def transaction(request: FhirRequest) -> FhirResponse:
    return FhirResponse(200, serialise(Repository(request.access).transaction(request.body)))
