"""Classes of data that need a permit of their own, by security label and by code (pure).

Labels: FHIR R4, security-labels.html; v3-ActCode (sensitivity policies) and v3-Confidentiality on terminology.hl7.org.
A label of a sensitivity that has no class here counts as restricted: what is not understood is kept closer.
Codes: the chapters of ICD-10 (WHO, 2019 version), which KCD-8 keeps; ATC groups and LOINC codes that name one class and
nothing else. Pregnancy is no class, for treating somebody without knowing of it does harm; its abortive outcomes are.
A RiskAssessment says what may come, not what is: it is no diagnosis and has a class by its label alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import IntFlag
from typing import Any, Final

Json = Mapping[str, Any]

ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"


class Sensitivity(IntFlag):
    """Bits of the column `sensitive`. RESTRICTED and VERY_RESTRICTED are the confidentiality codes R and V."""

    PSYCHIATRY = 1
    HIV = 2
    REPRODUCTIVE = 4
    RESTRICTED = 8
    VERY_RESTRICTED = 16


NONE: Final = Sensitivity(0)
EVERY: Final = Sensitivity(31)

_OF_LABEL: Final[Mapping[tuple[str, str], Sensitivity]] = {
    **{
        (ACT_CODE, code): Sensitivity.PSYCHIATRY
        for code in ("BH", "COGN", "DVD", "EMOTDIS", "ETH", "ETHUD", "MH", "OPIOIDUD", "PSY", "PSYTHPN", "SUD")
    },
    (ACT_CODE, "HIV"): Sensitivity.HIV,
    **{(ACT_CODE, code): Sensitivity.REPRODUCTIVE for code in ("PREGNANT", "SEX", "STD")},
    **{
        (ACT_CODE, code): Sensitivity.RESTRICTED
        for code in (
            "ADOL", "CEL", "DEMO", "DIA", "DOB", "DRGIS", "EMP", "EMPL", "GDIS", "GENDER", "IDS", "LIVARG", "LOCIS",
            "MARST", "MST", "PDS", "PHY", "PRS", "RACE", "REL", "SCA", "SDV", "SICKLE", "SPI", "SSP",
            "TBOO", "VIO",
        )
    },
    (CONFIDENTIALITY, "R"): Sensitivity.RESTRICTED,
    (CONFIDENTIALITY, "V"): Sensitivity.VERY_RESTRICTED,
}  # fmt: skip
_NORMAL: Final = frozenset({"U", "L", "M", "N"})

_ICD_10: Final = frozenset(
    {
        "http://hl7.org/fhir/sid/icd-10",
        "http://hl7.org/fhir/sid/icd-10-cm",
        "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-8",
        "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-9",
        "urn:bitgoeul:CodeSystem:kcd-9",
    }
)
# ICD-10: chapter V (F00-F99); HIV disease, its laboratory evidence and its carrier state; infections with a
# predominantly sexual mode of transmission (A50-A64), pregnancy with abortive outcome (O00-O08), contraception,
# procreation and examination for pregnancy (Z30-Z33), infertility (N46, N97) and unwanted pregnancy (Z64.0).
_DIAGNOSES: Final = (
    (re.compile(r"F\d\d"), Sensitivity.PSYCHIATRY),
    (re.compile(r"B2[0-4]|Z21|R75|F02\.?4|O98\.?7"), Sensitivity.HIV),
    (re.compile(r"A5\d|A6[0-4]|O0[0-8]|Z3[0-3]|N46|N97|Z64\.?0"), Sensitivity.REPRODUCTIVE),
)
# ATC (WHO Collaborating Centre, index 2024): antipsychotics; protease, non-nucleoside reverse transcriptase and
# integrase inhibitors and combinations, which treat HIV alone (nucleosides treat hepatitis B too); contraceptives.
_MEDICINES: Final = (
    (re.compile(r"N05A"), Sensitivity.PSYCHIATRY),
    (re.compile(r"J05A[EGJR]"), Sensitivity.HIV),
    (re.compile(r"G02B|G03A|G03XB01"), Sensitivity.REPRODUCTIVE),
)
# LOINC: antibodies, antigen and RNA of HIV (compare IHE Privacy Consent on FHIR, ValueSet SlsSensitiveHIV).
_HIV_TESTS: Final = frozenset(
    """
    5220-9 5221-7 5222-5 7917-8 7918-6 20447-9 24012-7 25835-0 25836-8 29541-0 29893-5 30361-0 31201-7 33866-5 48345-3
    49580-4 56888-1 58900-2 68961-2 75622-1 80387-4
    """.split()
)
_CLASSED_TYPES: Final = frozenset(
    """
    Claim ClinicalImpression Condition DiagnosticReport Encounter EpisodeOfCare ExplanationOfBenefit Flag Medication
    MedicationAdministration MedicationDispense MedicationRequest MedicationStatement Observation Procedure
    ServiceRequest
    """.split()
)


def sensitivity_of(resource: Json) -> Sensitivity:
    """The classes of a resource, of its labels and its codes together."""
    found = NONE
    meta = resource.get("meta")
    for label in (meta or {}).get("security", ()):
        found |= of_label(label.get("system"), label.get("code")) or NONE
    if resource.get("resourceType") in _CLASSED_TYPES:
        for system, code in _codings(resource):
            found |= _of_code(system, code)
    return found


def of_label(system: str | None, code: str | None) -> Sensitivity | None:
    """The class that a security label stands for: none for the normal and lower confidentialities; None for a label
    that says nothing of sensitivity."""
    if system == CONFIDENTIALITY and code in _NORMAL:
        return NONE
    return _OF_LABEL.get((system or "", code or ""))


def _of_code(system: str, code: str) -> Sensitivity:
    found = NONE
    patterns = _DIAGNOSES if system in _ICD_10 else _MEDICINES if system == "http://www.whocc.no/atc" else ()
    for pattern, sensitivity in patterns:
        if pattern.match(code):
            found |= sensitivity
    if system == "http://loinc.org" and code in _HIV_TESTS:
        found |= Sensitivity.HIV
    return found


def _codings(value: Any) -> Iterator[tuple[str, str]]:
    """Every pair of system and code below ``value``."""
    if isinstance(value, dict):
        system, code = value.get("system"), value.get("code")
        if isinstance(system, str) and isinstance(code, str):
            yield system, code
        for each in value.values():
            if isinstance(each, dict | list):
                yield from _codings(each)
    elif isinstance(value, list):
        for each in value:
            if isinstance(each, dict | list):
                yield from _codings(each)
