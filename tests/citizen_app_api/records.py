"""Small FHIR resources of a citizen's record."""

from __future__ import annotations

from typing import Any

from tests.builders import observation

Resource = dict[str, Any]
KCD = "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-8"
ATC = "http://www.whocc.no/atc"
UCUM = "http://unitsofmeasure.org"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


def subject(patient: str) -> Resource:
    return {"reference": f"Patient/{patient}"}


def condition(patient: str, code: str, display: str, when: str, status: str = "active", **members: Any) -> Resource:
    return {
        "resourceType": "Condition",
        "clinicalStatus": {"coding": [{"system": CLINICAL, "code": status}]},
        "code": {"coding": [{"system": KCD, "code": code, "display": display}]},
        "subject": subject(patient),
        "recordedDate": when,
        **members,
    }


def prescription(patient: str, when: str, status: str = "active", days: int = 90) -> Resource:
    return {
        "resourceType": "MedicationRequest",
        "status": status,
        "intent": "order",
        "medicationCodeableConcept": {"coding": [{"system": ATC, "code": "C08CA01", "display": "amlodipine"}]},
        "subject": subject(patient),
        "authoredOn": when,
        "dosageInstruction": [{"text": "하루 1번, 한 번에 1정"}],
        "dispenseRequest": {"expectedSupplyDuration": {"value": days, "system": UCUM, "code": "d"}},
    }


def of_category(code: str) -> Resource:
    return {"category": [{"coding": [{"system": CATEGORY, "code": code}]}]}


def observation_of(
    patient: str, code: str, value: float, unit: str, when: str, category: str = "vital-signs"
) -> Resource:
    found = observation(patient, value, code, when)
    return {
        **found,
        **of_category(category),
        "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
    }


def pressure(patient: str, upper: int, lower: int, when: str, clinic: str = "") -> Resource:
    def part(code: str, value: int) -> Resource:
        quantity = {"value": value, "unit": "mm[Hg]", "system": UCUM, "code": "mm[Hg]"}
        return {"code": {"coding": [{"system": "http://loinc.org", "code": code}]}, "valueQuantity": quantity}

    panel = observation(patient, code="85354-9", when=when)
    del panel["valueQuantity"]
    performer = {"performer": [{"reference": f"Organization/{clinic}"}]} if clinic else {}
    return {
        **panel,
        **of_category("vital-signs"),
        **performer,
        "component": [part("8480-6", upper), part("8462-4", lower)],
    }


def care_plan(patient: str, status: str = "active") -> Resource:
    """A plan with a balance and a strength exercise."""

    def activity(code: str, text: str, minutes: int) -> Resource:
        repeat = {"frequency": 3, "period": 1, "periodUnit": "wk", "duration": minutes, "durationUnit": "min"}
        return {
            "detail": {
                "code": {"coding": [{"system": "urn:bitgoeul:CodeSystem:exercise", "code": code}], "text": text},
                "status": "not-started",
                "description": "의자를 붙잡고 천천히 합니다.",
                "scheduledTiming": {"repeat": repeat},
            }
        }

    return {
        "resourceType": "CarePlan",
        "status": status,
        "intent": "plan",
        "title": "넘어지지 않기 위한 운동",
        "subject": subject(patient),
        "period": {"start": "2026-11-01", "end": "2027-02-01"},
        "activity": [activity("balance", "한 발로 서기", 10), activity("strength", "의자에서 일어나기", 15)],
        "note": [{"text": "어지러우면 바로 멈추고 앉으세요."}],
    }
