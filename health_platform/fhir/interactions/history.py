"""history of an instance (FHIR R4, http.html#history)."""

from __future__ import annotations

import orjson

from health_platform.fhir.body import instant
from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.repository import Repository
from health_platform.fhir.stored import Stored


def history(request: FhirRequest, resource_type: str, id: str) -> FhirResponse:
    versions = Repository(request.access).history(resource_type, id)
    entries = b",".join(_entry(stored, deleted, request.base) for stored, deleted in versions)
    head = b'{"resourceType":"Bundle","type":"history","total":%d,"entry":[' % len(versions)
    return FhirResponse(200, head + entries + b"]}")


def _entry(stored: Stored, deleted: bool, base: str) -> bytes:
    method = "DELETE" if deleted else "POST" if stored.version == 1 else "PUT"
    about = {
        "fullUrl": f"{base}/{stored.reference}",
        "request": {"method": method, "url": stored.resource_type if method == "POST" else stored.reference},
        "response": {
            "status": {"DELETE": "204", "POST": "201", "PUT": "200"}[method],
            "etag": f'W/"{stored.version}"',
            "lastModified": instant(stored.last_updated),
        },
    }
    rendered = orjson.dumps(about)
    return rendered if deleted else rendered[:-1] + b',"resource":' + stored.body + b"}"
