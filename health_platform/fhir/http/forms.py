"""The last dress of an answer: indented for people (`_pretty`, FHIR R4, http.html#parameters), packed for the way
(Accept-Encoding, RFC 9110, section 12.5.3)."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from typing import Final

import msgspec

from health_platform.fhir.messages import FhirRequest, FhirResponse

WORTH_PACKING: Final = 4096
"""Bytes below which packing costs more than it saves: a single resource goes as it is."""
_FASTEST: Final = 1
_GZIP: Final = 16 + zlib.MAX_WBITS


def dressed(response: FhirResponse, request: FhirRequest) -> FhirResponse:
    """The answer as the request wants it on the wire."""
    if not response.body:
        return response
    if "_pretty=true" in request.query and ("_pretty", "true") in request.parameters:
        response = replace(response, body=msgspec.json.format(response.body, indent=2))
    if len(response.body) < WORTH_PACKING:
        return response
    headers = {**response.headers, "Vary": "Accept-Encoding"}
    if not _takes_gzip(request.headers.get("accept-encoding", "")):
        return replace(response, headers=headers)
    packer = zlib.compressobj(_FASTEST, zlib.DEFLATED, _GZIP)
    packed = packer.compress(response.body) + packer.flush()
    return replace(response, body=packed, headers={**headers, "Content-Encoding": "gzip"})


def _takes_gzip(accepted: str) -> bool:
    if "gzip" not in accepted and "*" not in accepted:
        return False
    weights = {}
    for part in accepted.split(","):
        name, _, parameters = part.partition(";")
        weights[name.strip().lower()] = parameters.replace(" ", "").lower()
    chosen = weights.get("gzip", weights.get("*"))
    return chosen is not None and re.fullmatch(r"q=0(\.0*)?", chosen) is None
