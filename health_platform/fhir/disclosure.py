"""What a clinician must see before the person does: a security label that keeps a resource from the citizen.

FHIR R4, security-labels.html. A result that could frighten or harm when it is read alone (dementia, depression), and a
plan that nobody has signed, carry the label until a clinician takes it away. The label is a column of the store, so the
citizen's reach and row-level security both know it.
"""

from __future__ import annotations

from typing import Any

SYSTEM = "urn:bitgoeul:CodeSystem/disclosure"
WITHHELD = "withheld"
_LABEL = {"system": SYSTEM, "code": WITHHELD}


def is_withheld(resource: dict[str, Any]) -> bool:
    """Whether the resource carries the label."""
    labels = resource.get("meta", {}).get("security", [])
    return any((label.get("system"), label.get("code")) == (SYSTEM, WITHHELD) for label in labels)


def withhold(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource with the label."""
    if is_withheld(resource):
        return resource
    meta = resource.get("meta", {})
    return {**resource, "meta": {**meta, "security": [*meta.get("security", []), dict(_LABEL)]}}


def disclose(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource without the label."""
    meta = dict(resource.get("meta", {}))
    labels = [
        label for label in meta.pop("security", []) if (label.get("system"), label.get("code")) != (SYSTEM, WITHHELD)
    ]
    if labels:
        meta["security"] = labels
    bare = {name: value for name, value in resource.items() if name != "meta"}
    return {**bare, "meta": meta} if meta else bare
