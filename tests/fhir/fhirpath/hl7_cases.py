"""HL7's FHIRPath cases for R4, read from the folder beside the repository, and how to judge an outcome."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from health_platform.fhir.fhirpath.elements import Element, resource_element, system
from health_platform.fhir.fhirpath.errors import FhirPathError, FhirPathSyntaxError
from health_platform.fhir.fhirpath.evaluate import compile_expression
from health_platform.fhir.fhirpath.functions_collections import truth
from health_platform.fhir.fhirpath.functions_conversion import to_string
from health_platform.fhir.fhirpath.state import Environment

CASES = Path(__file__).parents[4] / "shared" / "fhir" / "cases"
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """A case: `outputs` holds (type or None, text) pairs; `invalid` the class of error that must come, or nothing."""

    name: str
    expression: str
    input_file: str
    strict: bool
    predicate: bool
    invalid: str
    ordered: bool
    outputs: tuple[tuple[str | None, str], ...]


def read_cases() -> list[Case]:
    """All cases, none where the folder is absent."""
    path = CASES / "fhirpath-tests-r4.xml"
    if not path.exists():
        return []
    root = ElementTree.parse(path).getroot()  # noqa: S314  (a file of ours)
    return [_case(test) for test in root.iter("test")]


def _case(test: ElementTree.Element) -> Case:
    expression = test.find("expression")
    assert expression is not None
    invalid = expression.get("invalid") or test.get("invalid") or ""
    return Case(
        name=test.get("name", ""),
        expression=expression.text or "",
        input_file=test.get("inputfile") or "patient-example.xml",
        strict=test.get("mode") == "strict" or invalid == "semantic",
        predicate=test.get("predicate") == "true",
        invalid=invalid,
        ordered=test.get("ordered") != "false",
        outputs=tuple((output.get("type"), output.text or "") for output in test.findall("output")),
    )


@cache
def read_input(name: str) -> dict[str, Any]:
    path = CASES / "fhirpath-inputs" / Path(name).with_suffix(".json").name
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    return found


def problem(case: Case) -> str:
    """What is wrong with our outcome; an empty text for nothing."""
    environment = Environment(now=NOW, strict=case.strict)
    try:
        found = compile_expression(case.expression).evaluate(resource_element(read_input(case.input_file)), environment)
    except FhirPathError as error:
        if not case.invalid:
            return f"refused: {error}"
        syntax = isinstance(error, FhirPathSyntaxError)
        return "" if syntax or case.invalid != "syntax" else f"another class of error: {error!r}"
    if case.invalid:
        return f"not refused: {found}"
    if case.predicate:
        found = [truth(found) if len(found) < 2 else True]
    shown = [_shown(item) for item in found]
    expected = [_plain(text) for _, text in case.outputs]
    if not case.ordered:
        shown, expected = sorted(shown), sorted(expected)
    if shown != expected:
        return f"{shown} instead of {expected}"
    types = [(_type(item), wanted) for item, (wanted, _) in zip(found, case.outputs, strict=True) if case.ordered]
    wrong = [pair for pair in types if pair[1] is not None and pair[0] != pair[1].lower()]
    return f"types {wrong}" if wrong and not case.predicate else ""


def _plain(text: str) -> str:
    return text.removeprefix("@").removeprefix("T") if text.startswith("@") else text


def _shown(item: Any) -> str:
    value = system(item)
    return str(to_string(value))


def _type(item: Any) -> str:
    name = item.type if isinstance(item, Element) else type(item).__name__
    return {"str": "string", "bool": "boolean", "int": "integer"}.get(name, name).lower()
