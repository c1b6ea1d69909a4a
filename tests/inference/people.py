"""Small records of invented people, for tests of features and assessments."""

from datetime import date
from itertools import count
from typing import Any

from inference.features.record import Record

AT = date(2026, 11, 22)
OWN = "urn:bitgoeul:CodeSystem/observation"
LOINC = "http://loinc.org"
KCD8 = "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-8"
ATC = "http://www.whocc.no/atc"
_numbers = count(1)


def coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def observation(code: str, when: str = "2026-11-01", system: str = LOINC, **value: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"o{next(_numbers)}",
        "status": "final",
        "code": coded(system, code),
        "effectiveDateTime": when,
        **value,
    }


def measured(
    code: str, value: float, unit: str, when: str = "2026-11-01", system: str = LOINC, **more: Any
) -> dict[str, Any]:
    quantity = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return observation(code, when, system, valueQuantity=quantity, **more)


def answered(name: str, value: bool | int, when: str = "2026-11-01") -> dict[str, Any]:
    """An answer under the city's own code of a feature."""
    key = "valueBoolean" if isinstance(value, bool) else "valueInteger"
    return observation(name, when, OWN, **{key: value})


def condition(code: str, system: str = KCD8, when: str = "2024-03-02", verification: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "Condition",
        "id": f"c{next(_numbers)}",
        "code": coded(system, code),
        "recordedDate": when,
    }
    if verification:
        made["verificationStatus"] = coded("http://terminology.hl7.org/CodeSystem/condition-ver-status", verification)
    return made


def prescription(code: str, status: str = "active", when: str = "2026-09-01", system: str = ATC) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": f"m{next(_numbers)}",
        "status": status,
        "intent": "order",
        "medicationCodeableConcept": coded(system, code),
        "authoredOn": when,
    }


def visit(when: str = "2026-11-01", kind: str = "AMB", status: str = "finished") -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": f"e{next(_numbers)}",
        "status": status,
        "class": {"code": kind},
        "period": {"start": when},
    }


def patient(born: str = "1964-05-10", gender: str = "female", **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "p1", "birthDate": born, "gender": gender, **more}


def record(*resources: dict[str, Any], person: dict[str, Any] | None = None, **more: Any) -> Record:
    """The resources sorted into a record."""
    by_type: dict[str, list[dict[str, Any]]] = {}
    for resource in resources:
        by_type.setdefault(resource["resourceType"], []).append(resource)
    return Record(
        patient=person or patient(),
        observations=by_type.get("Observation", []),
        conditions=by_type.get("Condition", []),
        medications=by_type.get("MedicationRequest", []) + by_type.get("MedicationStatement", []),
        encounters=by_type.get("Encounter", []),
        lists=by_type.get("List", []),
        **more,
    )


def in_care() -> list[dict[str, Any]]:
    """What makes a record one of ongoing care: a visit, a diagnosis of no consequence, a prescription of none."""
    return [visit(), condition("J00"), prescription("R05C", "completed", "2026-01-10")]


def check_up() -> list[dict[str, Any]]:
    """The measurements of a health check, enough for PREVENT; the smoking status is "never"."""
    return [
        measured("2093-3", 200, "mg/dL"),
        measured("2085-9", 45, "mg/dL"),
        measured("8480-6", 150, "mm[Hg]"),
        measured("39156-5", 24.0, "kg/m2"),
        measured("2160-0", 0.8, "mg/dL"),
        observation("72166-2", valueCodeableConcept=coded("http://snomed.info/sct", "266919005")),
    ]
