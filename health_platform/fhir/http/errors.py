"""Errors of the FHIR API in its own form: OperationOutcome, in the reader's language."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from traceback import extract_tb

from django.utils.translation import gettext

from health_platform.fhir.access.rates import Usage
from health_platform.fhir.body import serialise
from health_platform.fhir.messages import FHIR_JSON, FhirResponse
from health_platform.fhir.outcome import FhirError, Issue, IssueType, Severity

log = logging.getLogger(__name__)
OWN_HEADERS = {"Content-Type": f"{FHIR_JSON}; charset=utf-8", "Cache-Control": "no-store"}
_UNAVAILABLE = "The store does not answer at the moment; nothing was stored. Send the request again in a minute."
_THROTTLED = "Too many requests: wait %(seconds)s seconds, and send fewer at a time; RateLimit-Policy says how many."
_FAILED = "The server failed at this request; it was noted, and nothing was stored."


def failure(error: FhirError) -> FhirResponse:
    headers = {"WWW-Authenticate": 'Bearer realm="fhir"'} if error.status == 401 else {}
    return FhirResponse(int(error.status), serialise(error.operation_outcome(gettext)), OWN_HEADERS | headers)


def too_many(usage: Usage) -> FhirResponse:
    """429 for who asks too often (http.html#status-codes: `throttled`), with the time to come again."""
    issue = Issue(Severity.ERROR, IssueType.THROTTLED, _THROTTLED, args={"seconds": usage.seconds})
    answer = failure(FhirError(429, [issue]))
    return replace(answer, headers={**answer.headers, **usage.headers})


def too_many_text(usage: Usage, translate: Callable[[str], str] = str) -> str:
    """The same for addresses that do not speak FHIR."""
    return translate(_THROTTLED) % {"seconds": usage.seconds}


def store_failed(error: Exception) -> FhirResponse:
    log.error("store: %s", type(error).__name__)
    return failure(FhirError(503, [Issue(Severity.ERROR, IssueType.TRANSIENT, _UNAVAILABLE)]))


def server_failed(error: Exception) -> FhirResponse:
    """For a fault of our own. Only its kind and place are logged: its message could carry a value of a record."""
    places = (f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__))
    log.error("%s at %s", type(error).__name__, " > ".join(places))
    return failure(FhirError(500, [Issue(Severity.FATAL, IssueType.EXCEPTION, _FAILED)]))
