"""patch and conditional patch (FHIR R4, http.html#patch): JSON Patch, or FHIRPath Patch in a Parameters resource."""

from __future__ import annotations

from functools import partial

from health_platform.fhir import body
from health_platform.fhir.interactions.answers import of_write
from health_platform.fhir.messages import JSON_PATCH, FhirRequest, FhirResponse
from health_platform.fhir.outcome import BadRequest, UnsupportedMediaType
from health_platform.fhir.patch import fhirpath_patch, json_patch
from health_platform.fhir.record.writing import Change
from health_platform.fhir.repository import Repository

_JSON_PATCH_TYPES = (JSON_PATCH, "application/json", "text/json")
_FHIR_TYPES = ("application/fhir+json", "application/json", "text/json")


def patch(request: FhirRequest, resource_type: str, id: str) -> FhirResponse:
    stored = Repository(request.access).patch(resource_type, id, change_of(request), if_match=request.if_match)
    return of_write(stored, 200, request)


def patch_matching(request: FhirRequest, resource_type: str) -> FhirResponse:
    stored = Repository(request.access).patch_matching(
        resource_type, request.query, change_of(request), if_match=request.if_match
    )
    return of_write(stored, 200, request)


def change_of(request: FhirRequest) -> Change:
    """The change that the body describes. Raises UnsupportedMediaType, BadRequest."""
    return change(request.body, request.headers.get("content-type", "").partition(";")[0].strip().lower())


def change(raw: bytes, content_type: str) -> Change:
    if content_type not in (*_JSON_PATCH_TYPES, *_FHIR_TYPES):
        raise UnsupportedMediaType(
            "A patch is %(types)s, not '%(given)s'.",
            types="application/json-patch+json (JSON Patch) or application/fhir+json (FHIRPath Patch)",
            given=content_type or "missing",
        )
    sent = body.decode(raw)
    if isinstance(sent, list) and content_type in _JSON_PATCH_TYPES:
        return partial(_json_patched, sent)
    if isinstance(sent, dict) and content_type in _FHIR_TYPES:
        return partial(_fhirpath_patched, sent)
    raise BadRequest("Send a JSON Patch (an array) as application/json-patch+json, or a FHIRPath Patch (a Parameters "
                     "resource) as application/fhir+json.")  # fmt: skip


def _json_patched(operations: list[object], resource: dict[str, object]) -> dict[str, object]:
    patched = json_patch.apply(resource, operations)
    if not isinstance(patched, dict):
        raise BadRequest("The patch leaves no resource: it must stay a JSON object.")
    return patched


def _fhirpath_patched(patch: dict[str, object], resource: dict[str, object]) -> dict[str, object]:
    return fhirpath_patch.apply(resource, patch)
