"""Consents and sensitive resources that the tests of access write."""

from __future__ import annotations

from typing import Any

from health_platform.fhir.repository import Repository
from tests.builders import FHIR, OPERATOR, Caller

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
KCD = "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-8"
TYPES = "http://hl7.org/fhir/resource-types"


def provision(kind: str | None = None, *names: str, **members: Any) -> dict[str, Any]:
    """A provision about ``names``, references to whom it gives or denies access."""
    actors = [{"role": {"coding": [{"code": "IRCP"}]}, "reference": {"reference": name}} for name in names]
    return {**({"type": kind} if kind else {}), **({"actor": actors} if actors else {}), **members}


def about(*types: str) -> list[dict[str, Any]]:
    return [{"system": TYPES, "code": each} for each in types]


def labels(*codes: str) -> list[dict[str, Any]]:
    return [{"system": ACT_CODE, "code": each} for each in codes]


def purposes(*codes: str) -> list[dict[str, Any]]:
    return [{"system": ACT_REASON, "code": each} for each in codes]


def consent(patient: str, root: dict[str, Any] | None, base: str = "", **members: Any) -> dict[str, Any]:
    """An active privacy Consent; ``base`` is OPTIN or OPTOUT."""
    rule = {"coding": [{"system": ACT_CODE, "code": base}]} if base else {"text": "시민의 결정"}
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
        },
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": f"Patient/{patient}"},
        "policyRule": rule,
        **({"provision": root} if root is not None else {}),
        **members,
    }


def give(caller: Caller, written: dict[str, Any]) -> str:
    """The id of a Consent that ``caller`` writes."""
    response = caller.post(f"{FHIR}/Consent", written)
    assert response.status_code == 201, response.content.decode()
    return str(response.json()["id"])


def condition(patient: str, code: str, **members: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "code": {"coding": [{"system": KCD, "code": code}]},
        "subject": {"reference": f"Patient/{patient}"},
        **members,
    }


def written_by(caller: Caller, resource: dict[str, Any]) -> str:
    response = caller.post(f"{FHIR}/{resource['resourceType']}", resource)
    assert response.status_code == 201, response.content.decode()
    return str(response.json()["id"])


def practitioner(id: str) -> None:
    Repository(OPERATOR).update({"resourceType": "Practitioner", "id": id, "name": [{"text": "박의사"}]})


def found(caller: Caller, path: str) -> list[str]:
    """Ids of the entries of a search, None of them when there are none."""
    response = caller.get(f"{FHIR}/{path}")
    assert response.status_code == 200, response.content.decode()
    return [entry["resource"]["id"] for entry in response.json().get("entry", [])]
