"""Writes the draft plan that a person's measurements ask for, once."""

from datetime import datetime
from typing import Any

from health_platform.fhir.repository import Repository
from inference.features.vector import FeatureVector

from .care_plan import PLAN, Draft, care_plan
from .plan import draft

Resource = dict[str, Any]


def draft_plan(
    repository: Repository, patient: str, vector: FeatureVector, now: datetime
) -> tuple[dict[str, Any] | None, Resource | None]:
    """(what is known of a plan, the draft if it is new). An unsigned draft that it replaces is revoked."""
    found = draft(patient, vector)
    if found is None:
        return None, None
    picture = _picture(found)
    if found.programme.programme is None or not found.gate.plan_possible:
        return picture, None
    own = repository.search("CarePlan", {"patient": patient, "identifier": f"{PLAN}|"}).resources()
    if any(item["value"] == found.key for plan in own for item in plan.get("identifier", ())):
        return picture, None
    for plan in own:
        if plan["status"] == "draft":
            repository.update({**plan, "status": "revoked"})
    stored = repository.create(care_plan(found, now), if_none_exist=f"identifier={PLAN}|{found.key}")
    return picture, stored.resource()


def _picture(found: Draft) -> dict[str, Any]:
    return {
        "programme": found.programme.name,
        "at_most": found.programme.at_most.value if found.programme.at_most else "",
        "fall_risk": found.falls.risk.value if found.falls.risk else "",
        "missing": list(dict.fromkeys([*found.programme.missing, *found.falls.missing])),
        "gate": found.gate.decision.value,
        "barriers": [[item.name, item.decision.value, item.value, item.limit] for item in found.gate.barriers],
    }
