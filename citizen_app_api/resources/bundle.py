"""A transaction Bundle of creations, each made once however often it is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

Resource = dict[str, Any]
REQUEST_SYSTEM: Final = "urn:bitgoeul:request"


def request_identifier(patient: str, key: str) -> Resource:
    """The identifier of what one request of a citizen created, from her ``key`` for it (Idempotency-Key)."""
    return {"system": REQUEST_SYSTEM, "value": hashlib.sha256(f"{patient}:{key}".encode()).hexdigest()}


def creations(entries: Sequence[tuple[str, Resource]]) -> Resource:
    """A transaction that creates ``entries`` (fullUrl, resource). One that carries an identifier of a request is
    created only if there is none with it yet."""
    return {"resourceType": "Bundle", "type": "transaction", "entry": [_entry(*entry) for entry in entries]}


def _entry(full_url: str, resource: Resource) -> Resource:
    request = {"method": "POST", "url": resource["resourceType"]}
    for identifier in resource.get("identifier", []):
        if identifier.get("system") == REQUEST_SYSTEM:
            request["ifNoneExist"] = f"identifier={REQUEST_SYSTEM}|{identifier['value']}"
    return {"fullUrl": full_url, "resource": resource, "request": request}
