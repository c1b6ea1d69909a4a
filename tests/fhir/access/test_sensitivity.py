"""Classes of data, by label and by code."""

from __future__ import annotations

from typing import Any

import pytest

from health_platform.fhir.access.sensitivity import ACT_CODE, CONFIDENTIALITY, NONE, Sensitivity, sensitivity_of

ICD, KCD = "http://hl7.org/fhir/sid/icd-10", "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-8"
LOINC, ATC = "http://loinc.org", "http://www.whocc.no/atc"
P, H, R = Sensitivity.PSYCHIATRY, Sensitivity.HIV, Sensitivity.REPRODUCTIVE


def coded(kind: str, system: str, code: str) -> dict[str, Any]:
    name = "medicationCodeableConcept" if kind.startswith("Medication") else "code"
    return {"resourceType": kind, name: {"coding": [{"system": system, "code": code}]}}


@pytest.mark.parametrize(
    ("kind", "system", "code", "expected"),
    [
        ("Condition", KCD, "F32.1", P),
        ("Condition", ICD, "F00", P),
        ("Condition", KCD, "F024", P | H),
        ("Condition", ICD, "B24", H),
        ("Condition", ICD, "B25", NONE),
        ("Condition", KCD, "Z21", H),
        ("Condition", KCD, "O04.9", R),
        ("Condition", KCD, "O24.4", NONE),
        ("Condition", KCD, "Z34.0", NONE),
        ("Condition", KCD, "A54.0", R),
        ("Condition", "urn:other", "F32.1", NONE),
        ("Condition", KCD, "I10", NONE),
        ("Observation", LOINC, "56888-1", H),
        ("Observation", LOINC, "8867-4", NONE),
        ("MedicationRequest", ATC, "N05AX08", P),
        ("MedicationRequest", ATC, "J05AR13", H),
        ("MedicationRequest", ATC, "J05AF07", NONE),
        ("MedicationStatement", ATC, "G03AA07", R),
        ("MedicationRequest", ATC, "C09AA02", NONE),
        ("RiskAssessment", KCD, "F00", NONE),
    ],
)
def test_codes_have_the_class_that_they_name(kind: str, system: str, code: str, expected: Sensitivity) -> None:
    assert sensitivity_of(coded(kind, system, code)) == expected


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        (ACT_CODE, "PSY", P),
        (ACT_CODE, "HIV", H),
        (ACT_CODE, "SEX", R),
        (ACT_CODE, "GDIS", Sensitivity.RESTRICTED),
        (CONFIDENTIALITY, "R", Sensitivity.RESTRICTED),
        (CONFIDENTIALITY, "V", Sensitivity.VERY_RESTRICTED),
        (CONFIDENTIALITY, "N", NONE),
        ("urn:other", "PSY", NONE),
    ],
)
def test_labels_have_their_class_on_any_resource(system: str, code: str, expected: Sensitivity) -> None:
    label = {"meta": {"security": [{"system": system, "code": code}]}}
    assert sensitivity_of({"resourceType": "DocumentReference", **label}) == expected


def test_a_reason_counts_like_the_code_itself() -> None:
    reason = {"reasonCode": [{"coding": [{"system": KCD, "code": "F20.0"}]}]}
    assert sensitivity_of({"resourceType": "Encounter", **reason}) == P
