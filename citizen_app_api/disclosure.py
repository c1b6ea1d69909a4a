"""What of her own record a citizen is shown (pure).

What waits for a talk with a clinician does not come out of the record for a citizen at all (health_platform.fhir.
disclosure). Beyond that: a plan that no clinician has signed is no plan yet, whoever wrote it.
"""

from __future__ import annotations

from typing import Any, Final

Resource = dict[str, Any]
SIGNED: Final = frozenset({"active", "on-hold", "revoked", "completed"})


def may_be_shown(resource: Resource) -> bool:
    """Whether a citizen may read the resource as it stands."""
    return resource["resourceType"] != "CarePlan" or resource.get("status") in SIGNED
