"""People of tests/inference/people.py in the store, and who acts on them."""

from datetime import UTC, datetime
from typing import Any

from health_platform.fhir.access.context import AccessContext, Role, service
from health_platform.fhir.repository import Repository
from inference import registry
from inference.ageing.assess import assess_ageing

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
OPERATOR = AccessContext(actor="Device/operator", role=Role.OPERATOR, scopes=frozenset({"system/*.cruds"}))
REFERENCED_AS = {"List": "subject"}


def store(*resources: dict[str, Any], person: dict[str, Any] | None = None, organization: str | None = None) -> str:
    """Stores a patient with these resources, as the operator; returns the patient's logical id."""
    operator = Repository(OPERATOR)
    patient = {"resourceType": "Patient", "birthDate": "1976-05-10", "gender": "female", **(person or {})}
    patient.pop("id", None)
    if organization:
        patient["managingOrganization"] = {"reference": f"Organization/{organization}"}
    id = operator.create(patient).id
    add(id, *resources)
    return id


def add(patient: str, *resources: dict[str, Any]) -> list[str]:
    """Stores more about a patient; returns the logical ids."""
    operator = Repository(OPERATOR)
    ids = []
    for resource in resources:
        made = {key: value for key, value in resource.items() if key != "id"}
        made["subject"] = {"reference": f"Patient/{patient}"}
        if made["resourceType"] == "List":
            made.setdefault("mode", "snapshot")
        if "class" in made:
            made["class"] = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", **made["class"]}
        ids.append(operator.create(made).id)
    return ids


def assess(patient: str, version: str = "v1", now: datetime = NOW) -> dict[str, dict[str, Any]]:
    """Assesses as the platform's own worker; the new RiskAssessments by model."""
    found = assess_ageing(Repository(service("assess_ageing")), patient, version, now, registry.inference_client())
    return {risk["method"]["coding"][0]["code"]: risk for risk in found}


def clinician(organization: str) -> Repository:
    return Repository(
        AccessContext(
            actor="Practitioner/kim", role=Role.CLINICIAN, organization=organization,
            scopes=frozenset({"user/*.cruds"}),
        )
    )  # fmt: skip


def citizen(patient: str) -> Repository:
    return Repository(
        AccessContext(
            actor=f"Patient/{patient}", role=Role.CITIZEN, patients=frozenset({patient}),
            scopes=frozenset({"patient/*.rs"}), purpose="PATRQT",
        )
    )  # fmt: skip


def organization() -> str:
    return Repository(OPERATOR).create({"resourceType": "Organization", "name": "동네의원", "active": True}).id
