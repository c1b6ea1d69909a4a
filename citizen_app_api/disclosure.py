"""What of her own record a citizen is shown at once, and what waits for a person (pure).

A result that is labelled TABOO (v3-ActCode: not disclosed to the patient before a physician has talked it over) waits
for its release, and a plan that no clinician has signed is no plan yet.
"""

from __future__ import annotations

from typing import Any, Final

Resource = dict[str, Any]
ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
TABOO: Final = "TABOO"
SIGNED: Final = frozenset({"active", "on-hold", "revoked", "completed"})


def is_withheld(resource: Resource) -> bool:
    """Whether the resource is labelled as not to be disclosed before it was talked over."""
    labels = resource.get("meta", {}).get("security", [])
    return any(label.get("code") == TABOO and label.get("system", ACT_CODE) == ACT_CODE for label in labels)


def may_be_shown(resource: Resource) -> bool:
    """Whether a citizen may read the resource as it stands."""
    if is_withheld(resource):
        return False
    return resource["resourceType"] != "CarePlan" or resource.get("status") in SIGNED
