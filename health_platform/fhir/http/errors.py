"""Errors of the FHIR API in its own form: OperationOutcome, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext

from health_platform.fhir.body import serialise
from health_platform.fhir.messages import FhirResponse
from health_platform.fhir.outcome import FhirError


def failure(error: FhirError) -> FhirResponse:
    headers = {"WWW-Authenticate": 'Bearer realm="fhir"'} if error.status == 401 else {}
    return FhirResponse(int(error.status), serialise(error.operation_outcome(gettext)), headers)
