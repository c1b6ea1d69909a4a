"""What the benchmarks of the FHIR API send: resources of nine types that refer to each other, shapes of searches."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from tests.builders import observation

CODES = ("8867-4", "9279-1", "8310-5", "2708-6")
GIVEN = ("영희", "민수", "서연", "지훈", "하은", "도윤", "수빈", "예준", "지우", "현우")
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_COVERAGE = {"focal": True, "coverage": {"display": "국민건강보험"}}


def person(chance: random.Random, number: int) -> dict[str, Any]:
    """A Patient."""
    return {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:bitgoeul:benchmark", "value": f"B-{number}"}],
        "name": [{"text": f"김{GIVEN[number % 10]}", "family": "김", "given": [GIVEN[number % 10]]}],
        "gender": chance.choice(("female", "male")),
        "birthDate": f"{chance.randint(1930, 1980)}-0{chance.randint(1, 9)}-{chance.randint(10, 28)}",
        "address": [{"city": "Gwangju", "district": "Dong-gu", "postalCode": f"61{chance.randint(100, 999)}"}],
    }


def vital_sign(chance: random.Random, patient: str) -> dict[str, Any]:
    """An Observation with category, code, date and quantity."""
    when = f"2026-0{chance.randint(1, 9)}-{chance.randint(10, 28)}T08:00:00+09:00"
    category = {"coding": [{"system": _CATEGORY, "code": "vital-signs"}]}
    return observation(patient, chance.randint(50, 110), chance.choice(CODES), when) | {"category": [category]}


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _claim(kind: str, ids: dict[str, str]) -> dict[str, Any]:
    claim = {
        "resourceType": kind, "status": "active", "use": "claim", "created": "2026-05-01",
        "type": _concept("http://terminology.hl7.org/CodeSystem/claim-type", "institutional"),
        "patient": {"reference": ids["Patient"]}, "provider": {"reference": ids["Organization"]},
    }  # fmt: skip
    if kind == "Claim":
        priority = _concept("http://terminology.hl7.org/CodeSystem/processpriority", "normal")
        return claim | {"priority": priority, "insurance": [{"sequence": 1, **_COVERAGE}]}
    return claim | {"outcome": "complete", "insurer": {"display": "국민건강보험공단"}, "insurance": [_COVERAGE]}


def nine(chance: random.Random, number: int) -> list[tuple[str, Callable[[dict[str, str]], dict[str, Any]]]]:
    """Type by type how the resource is made from the references to those before it."""
    actor = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    return [
        ("Patient", lambda ids: person(chance, number)),
        ("Location", lambda ids: {"resourceType": "Location", "name": f"{number}호"}),
        ("Organization", lambda ids: {"resourceType": "Organization", "name": f"의원 {number}"}),
        ("Practitioner", lambda ids: {"resourceType": "Practitioner", "name": [{"text": f"박{number}"}]}),
        ("Encounter", lambda ids: {
            "resourceType": "Encounter", "status": "finished", "class": {"system": actor, "code": "AMB"},
            "subject": {"reference": ids["Patient"]}, "period": {"start": "2026-05-01T09:00:00+09:00"},
            "participant": [{"individual": {"reference": ids["Practitioner"]}}],
            "location": [{"location": {"reference": ids["Location"]}}],
        }),
        ("Observation", lambda ids: vital_sign(chance, ids["Patient"].removeprefix("Patient/"))
            | {"encounter": {"reference": ids["Encounter"]}, "performer": [{"reference": ids["Practitioner"]}]}),
        ("MedicationRequest", lambda ids: {
            "resourceType": "MedicationRequest", "status": "active", "intent": "order",
            "medicationCodeableConcept": _concept("http://www.whocc.no/atc", "C09CA01"),
            "subject": {"reference": ids["Patient"]}, "encounter": {"reference": ids["Encounter"]},
            "requester": {"reference": ids["Practitioner"]},
        }),
        ("Claim", lambda ids: _claim("Claim", ids)),
        ("ExplanationOfBenefit", lambda ids: _claim("ExplanationOfBenefit", ids)),
    ]  # fmt: skip


def changed(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource with one field changed."""
    return resource | {"language": "ko"}


Shape = Callable[[random.Random, list[str], dict[str, str]], str]
"""The address of a search, from chance, the ids of patients and references of the nine types."""


def _loinc(chance: random.Random) -> str:
    return "http://loinc.org|" + chance.choice(CODES)


def _some(chance: random.Random, *values: str) -> str:
    """One value, or a list whose second one matches nothing."""
    value = chance.choice(values)
    return f"{value},nothing" if chance.random() < 0.3 else value


def _asked(kind: str, *parameters: tuple[str, str]) -> str:
    return f"{kind}?" + urlencode([*parameters, ("_count", "20")], quote_via=quote)


SINGLE: dict[str, Shape] = {
    "Observation?patient&code&_sort=-date": lambda r, p, n: _asked(
        "Observation", ("patient", r.choice(p)), ("code", _loinc(r)), ("_sort", "-date")),
    "Observation?code&date=ge": lambda r, p, n: _asked(
        "Observation", ("code", _loinc(r)), ("date", f"ge2026-0{r.randint(1, 9)}-01")),
    "Observation?subject:Patient.name": lambda r, p, n: _asked(
        "Observation", ("subject:Patient.name", r.choice(GIVEN))),
    "Patient?given&_has:Observation:patient:code": lambda r, p, n: _asked(
        "Patient", ("given", r.choice(GIVEN)), ("_has:Observation:patient:code", _loinc(r))),
    "Observation?patient&_include": lambda r, p, n: _asked(
        "Observation", ("patient", r.choice(p)), ("_include", "Observation:subject")),
}  # fmt: skip
MIX: list[Shape] = [
    lambda r, p, n: _asked("Patient", (r.choice(("name", "given", "name:contains")), _some(r, *GIVEN))),
    lambda r, p, n: _asked("Patient", ("family:exact", _some(r, "김"))),
    lambda r, p, n: _asked("Patient", (r.choice(("address", "address-city")), _some(r, "gwangju", "dong"))),
    lambda r, p, n: _asked("Patient", ("address-postalcode", f"61{r.randint(100, 999)}")),
    lambda r, p, n: _asked("Patient", ("birthdate", f"{r.choice(('ge', 'lt', ''))}19{r.randint(30, 80)}")),
    lambda r, p, n: _asked("Observation", ("category", _some(r, f"{_CATEGORY}|vital-signs", "vital-signs"))),
    lambda r, p, n: _asked("Observation", ("code", _some(r, *CODES))),
    lambda r, p, n: _asked("Observation", ("code", _loinc(r)), ("date", f"{r.choice(('ge', 'lt'))}2026-05-01")),
    lambda r, p, n: _asked("Observation", ("date", f"2026-0{r.randint(1, 9)}")),
    lambda r, p, n: _asked("Observation", ("value-quantity", f"{r.choice(('gt', 'le'))}{r.randint(50, 110)}")),
    lambda r, p, n: _asked("Observation", ("component-value-quantity", f"gt{r.randint(50, 110)}")),
    lambda r, p, n: _asked("Observation", ("combo-value-quantity", f"gt{r.randint(50, 110)}")),
    lambda r, p, n: _asked("Observation", ("code-value-quantity", f"{_loinc(r)}$gt{r.randint(50, 110)}")),
    lambda r, p, n: _asked("Observation", ("combo-code-value-quantity", f"{_loinc(r)}$lt{r.randint(50, 110)}")),
    lambda r, p, n: _asked("Observation", ("subject", f"Patient/{r.choice(p)}")),
    lambda r, p, n: _asked("Observation", ("encounter", n["Encounter"])),
    lambda r, p, n: _asked("Observation", ("performer", n["Practitioner"])),
    lambda r, p, n: _asked("Encounter", ("date", f"{r.choice(('ge', 'lt'))}2026-05-01")),
    lambda r, p, n: _asked("Encounter", ("status", _some(r, "finished")), ("class", "AMB")),
    lambda r, p, n: _asked("Encounter", ("subject", n["Patient"])),
    lambda r, p, n: _asked("Encounter", ("participant", n["Practitioner"])),
    lambda r, p, n: _asked("MedicationRequest", ("subject", n["Patient"])),
    lambda r, p, n: _asked("MedicationRequest", ("encounter", n["Encounter"])),
    lambda r, p, n: _asked("MedicationRequest", ("requester", n["Practitioner"])),
]  # fmt: skip
