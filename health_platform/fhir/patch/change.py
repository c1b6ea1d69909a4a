"""From the body of a patch to the change that it describes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from health_platform.fhir import body
from health_platform.fhir.outcome import BadRequest, UnsupportedMediaType
from health_platform.fhir.patch import fhirpath_patch, json_patch

Json = dict[str, Any]
Change = Callable[[Json], Json]
JSON_PATCH: Final = "application/json-patch+json"
_JSON: Final = ("application/json", "text/json")
_JSON_PATCH_TYPES: Final = (JSON_PATCH, *_JSON)
_FHIR_TYPES: Final = ("application/fhir+json", *_JSON)


def change_of(raw: bytes, content_type: str) -> Change:
    """The change that a body of that type describes. Raises UnsupportedMediaType, BadRequest."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in (*_JSON_PATCH_TYPES, *_FHIR_TYPES):
        raise UnsupportedMediaType(
            "A patch is %(types)s, not '%(given)s'.",
            types="application/json-patch+json (JSON Patch) or application/fhir+json (FHIRPath Patch)",
            given=kind or "missing",
        )
    sent = body.decode(raw, as_written=True)
    if isinstance(sent, list) and kind in _JSON_PATCH_TYPES:
        return partial(_json_patched, sent)
    if isinstance(sent, dict) and kind in _FHIR_TYPES:
        return partial(_fhirpath_patched, sent)
    raise BadRequest("Send a JSON Patch (an array) as application/json-patch+json, or a FHIRPath Patch (a Parameters "
                     "resource) as application/fhir+json.")  # fmt: skip


def _json_patched(operations: list[Any], resource: Json) -> Json:
    patched = json_patch.apply(resource, operations)
    if not isinstance(patched, dict):
        raise BadRequest("The patch leaves no resource: it must stay a JSON object.")
    return patched


def _fhirpath_patched(patch: Json, resource: Json) -> Json:
    return fhirpath_patch.apply(resource, patch)
