"""What of her own record a citizen is shown at once, and what waits for a person (pure).

A result waits for its release when it says so itself (extension `risk-release`), or when it is labelled TABOO
(v3-ActCode: not disclosed to the patient before a physician has talked it over). A plan that no clinician has signed is
no plan yet.
"""

from __future__ import annotations

from typing import Any, Final

Resource = dict[str, Any]
ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
TABOO: Final = "TABOO"
RELEASE: Final = "urn:bitgoeul:StructureDefinition/risk-release"
SIGNED: Final = frozenset({"active", "on-hold", "revoked", "completed"})
GUARDED_TYPES: Final = frozenset({"CarePlan", "RiskAssessment"})


def is_withheld(resource: Resource) -> bool:
    """Whether the resource is not to be disclosed before it was talked over."""
    labels = resource.get("meta", {}).get("security", [])
    if any(label.get("code") == TABOO and label.get("system", ACT_CODE) == ACT_CODE for label in labels):
        return True
    return any(
        one.get("url") == RELEASE and one.get("valueCode") == "withheld" for one in resource.get("extension", [])
    )


def may_be_shown(resource: Resource) -> bool:
    """Whether a citizen may read the resource as it stands."""
    if is_withheld(resource):
        return False
    return resource["resourceType"] != "CarePlan" or resource.get("status") in SIGNED
