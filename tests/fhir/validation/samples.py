"""Resources of our own for the tests of validation, and where the shared data stands."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("BITGOEUL_SHARED") or PROJECT.parent / "shared") / "fhir"

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"profile": ["http://example.org/fhir/StructureDefinition/citizen"]},
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>홍길동, 1948</p></div>'},
    "extension": [{"url": "http://example.org/fhir/StructureDefinition/district", "valueString": "북구"}],
    "identifier": [{"system": "urn:bitgoeul:citizen", "value": "C-1", "assigner": {"display": "시청"}}],
    "active": True,
    "name": [{"text": "홍길동", "family": "홍", "given": ["길동"]}],
    "gender": "male",
    "birthDate": "1948-03-21",
    "deceasedBoolean": False,
    "contact": [{"name": {"text": "홍순이"}, "telecom": [{"system": "phone", "value": "062-000-0000"}]}],
    "generalPractitioner": [{"reference": "Organization/o1"}],
}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "o1",
    "status": "final",
    "category": [
        {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}
    ],
    "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}], "text": "혈압"},
    "subject": {"reference": "Patient/p1"},
    "effectiveDateTime": "2026-02-03T09:30:00+09:00",
    "issued": "2026-02-03T09:31:00.123+09:00",
    "component": [
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
            "valueQuantity": {
                "value": 131,
                "unit": "mmHg",
                "system": "http://unitsofmeasure.org",
                "code": "mm[Hg]",
            },
        },
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": "8462-4"}]},
            "valueQuantity": {
                "value": 72.5,
                "unit": "mmHg",
                "system": "http://unitsofmeasure.org",
                "code": "mm[Hg]",
            },
        },
    ],
}
BUNDLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {
            "fullUrl": "urn:uuid:0b1d9f6e-2f6f-4a52-8b77-0d5f9b7a1c11",
            "resource": PATIENT,
            "request": {"method": "POST", "url": "Patient"},
        },
        {
            "fullUrl": "urn:uuid:5c7a9d12-9c58-4d6a-bf0e-1f1f6e2b8a22",
            "resource": OBSERVATION,
            "request": {"method": "POST", "url": "Observation"},
        },
    ],
}


def shared_json(archive: str) -> Iterator[tuple[str, bytes]]:
    """The JSON files of a shared archive, by name; skips the test where the shared data is absent."""
    path = SHARED / archive
    if not path.exists():
        pytest.skip(f"no shared data: {archive}")
    with tarfile.open(path) as files:
        for member in files:
            if member.isfile() and member.name.endswith(".json"):
                content = files.extractfile(member)
                assert content is not None
                yield member.name, content.read()


def shared_resources(archive: str) -> Iterator[tuple[str, dict[str, Any], bytes]]:
    """The files of an archive that are FHIR resources."""
    for name, raw in shared_json(archive):
        value = json.loads(raw)
        if isinstance(value, dict) and "resourceType" in value:
            yield name, value, raw
