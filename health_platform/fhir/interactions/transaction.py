"""transaction (FHIR R4, http.html#transaction): all entries of a Bundle or none."""

from __future__ import annotations

from typing import Any

import msgspec

from health_platform.fhir.body import serialise
from health_platform.fhir.bundle.entries import Entry
from health_platform.fhir.bundle.transaction import Show, nothing, whole
from health_platform.fhir.interactions.answers import told
from health_platform.fhir.interactions.batch import answer_of, single
from health_platform.fhir.messages import FhirRequest, FhirResponse, Interaction
from health_platform.fhir.repository import Repository
from health_platform.fhir.stored import Stored


def transaction(request: FhirRequest, dispatch: Interaction) -> FhirResponse:
    """``dispatch`` answers what the Bundle asks, and raises a FhirError, which undoes everything."""

    def ask(entry: Entry) -> dict[str, Any]:
        return answer_of(dispatch(single(request, entry)))

    show = _SHOWN.get(request.prefer.get("return", ""), nothing)
    answer = Repository(request.access).transaction(request.body, ask=ask, show=show, base=request.base)
    return FhirResponse(200, serialise(answer))


def _outcome(stored: Stored) -> dict[str, Any]:
    return {"response": {"outcome": msgspec.Raw(told(stored.hints))}}


_SHOWN: dict[str, Show] = {"representation": whole, "OperationOutcome": _outcome}
