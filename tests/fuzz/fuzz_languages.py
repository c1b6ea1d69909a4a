"""Fuzzing of the small languages that strangers write: FHIRPath, UCUM, ECL, search queries. Run by hand with atheris:

    python -m tests.fuzz.fuzz_languages fhirpath|ucum|search|ecl -runs=1000000

A crash is an exception that is not the language's own error. On the way: a unit that was read converts to itself, and
an expression that was read is evaluated within the limits of the engine.
"""

from __future__ import annotations

import contextlib
import sys
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import parse_qsl

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

with atheris.instrument_imports(
    include=[
        "health_platform.fhir.fhirpath",
        "health_platform.fhir.terminology.ecl",
        "health_platform.fhir.terminology.ucum",
        "health_platform.fhir.search.request",
        "health_platform.fhir.search.parameters",
    ],
    enable_loader_override=False,
):
    from health_platform.fhir.fhirpath.elements import resource_element
    from health_platform.fhir.fhirpath.errors import FhirPathError
    from health_platform.fhir.fhirpath.evaluate import compile_expression
    from health_platform.fhir.fhirpath.state import Environment
    from health_platform.fhir.outcome import BadRequest
    from health_platform.fhir.search.request import parse_request
    from health_platform.fhir.terminology.ecl import EclError, check
    from health_platform.fhir.terminology.ucum import UcumError, convert, parse_unit
    from tests.fhir.validation.samples import OBSERVATION, PATIENT

TYPES = ("Patient", "Observation", "Bundle", "Encounter", "ValueSet", "RiskAssessment")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def fhirpath(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    with contextlib.suppress(FhirPathError):
        compile_expression(text).evaluate(
            resource_element(PATIENT if len(data) % 2 else OBSERVATION), Environment(steps=2_000, as_in_r4=True)
        )


def ucum(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    with contextlib.suppress(UcumError):
        parse_unit(text)
        assert convert(Decimal(2), text, text) == 2


def ecl(data: bytes) -> None:
    with contextlib.suppress(EclError):
        check(data.decode("utf-8", "replace"))


def search(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    pairs = parse_qsl(text[1:], keep_blank_values=True)
    with contextlib.suppress(BadRequest):
        parse_request(
            TYPES[ord(text[0]) % len(TYPES)] if text else "Patient", pairs, lenient=len(data) % 2 > 0, now=NOW
        )


TARGETS = {"fhirpath": fhirpath, "ucum": ucum, "search": search, "ecl": ecl}

if __name__ == "__main__":
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()
