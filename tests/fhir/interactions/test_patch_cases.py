"""HL7's cases of FHIRPath Patch and JSON Patch (../shared/fhir/cases), all of them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

from health_platform.fhir.outcome import FhirError
from health_platform.fhir.patch import fhirpath_patch, json_patch
from tests.fhir.interactions.xml_of_fhir import canonical, resource


def test_every_case_of_fhirpath_patch(shared: Path) -> None:
    cases = ElementTree.parse(shared / "fhir/cases/fhir-patch-tests.xml").getroot().findall("case")  # noqa: S314
    failed = [name for name, passed in map(_fhirpath_case, cases) if not passed]
    assert (len(cases), failed) == (33, [])


def _fhirpath_case(case: ElementTree.Element) -> tuple[str, bool]:
    name = case.attrib["name"]
    given, patch, expected = (case.find(part) for part in ("input", "diff", "output"))
    assert given is not None and patch is not None
    try:
        found = fhirpath_patch.apply(resource(given[0]), resource(patch[0]))
    except FhirError as error:
        operation = patch.find(".//{*}parameter/{*}part[2]/{*}valueString")
        assert operation is not None
        return name, case.find("error") is not None and operation.attrib["value"] in str(error)
    return name, expected is not None and canonical(found) == canonical(resource(expected[0]))


def test_every_case_of_json_patch(shared: Path) -> None:
    cases = json.loads((shared / "fhir/cases/json-patch-tests.json").read_bytes(), parse_float=Decimal)
    failed = []
    for case in cases:
        try:
            found = json_patch.apply(case["doc"], case["patch"])
            passed = "error" not in case and json_patch.equal(found, case["expected"])
        except FhirError as error:
            passed = "error" in case and case["patch"][-1]["path"] in str(error)
        if not passed:
            failed.append(case["comment"])
    assert (len(cases), failed) == (16, [])
