"""Time of FHIRPath: invariants, search extraction, hostile expressions. Run by hand:

    python -m tests.benchmarks.fhirpath [FOLDER_OF_SYNTHEA_BUNDLES]

CPU time, best of five. Without a folder the resources are the ones written here.
"""

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from health_platform.fhir.fhirpath.compile import extractor
from health_platform.fhir.fhirpath.elements import element, resource_element
from health_platform.fhir.fhirpath.errors import FhirPathError
from health_platform.fhir.fhirpath.evaluate import compile_expression, evaluate
from health_platform.fhir.fhirpath.state import Environment
from health_platform.fhir.search.index import index_values
from health_platform.fhir.search.registry import parameters
from tests.fhir.fhirpath.test_limits import BUNDLE, HOSTILE

OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "1",
    "status": "final",
    "category": [{"coding": [{"system": "http://x", "code": "laboratory"}]}],
    "code": {"coding": [{"system": "http://loinc.org", "code": "718-7", "display": "Hemoglobin"}], "text": "Hb"},
    "subject": {"reference": "Patient/1"},
    "effectiveDateTime": "2024-05-01T08:00:00+09:00",
    "valueQuantity": {"value": Decimal("13.2"), "unit": "g/dL", "system": "http://unitsofmeasure.org", "code": "g/dL"},
}
PERIOD = {"start": "2020-01-01T10:00:00Z", "end": "2021-01-01"}
INVARIANTS = [
    ("Observation", OBSERVATION, "dataAbsentReason.empty() or value.empty()"),
    (
        "Observation",
        OBSERVATION,
        "value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()",
    ),
    ("Observation", OBSERVATION, "contained.contained.empty()"),
    ("Period", PERIOD, "start.hasValue().not() or end.hasValue().not() or (start <= end)"),
    ("Quantity", OBSERVATION["valueQuantity"], "code.empty() or system.exists()"),
    ("Coding", OBSERVATION["code"]["coding"][0], "hasValue() or (children().count() > id.count())"),
]


def report(line: str) -> None:
    sys.stdout.write(line + "\n")


def best(work: Callable[[], object], times: int) -> float:
    """Microseconds a call."""
    found = []
    for _ in range(5):
        start = time.process_time()
        for _ in range(times):
            work()
        found.append((time.process_time() - start) / times)
    return min(found) * 1e6


def invariants() -> None:
    root = resource_element(OBSERVATION)
    environment = Environment(as_in_r4=True)
    for type_name, value, text in INVARIANTS:
        context = element(value, type_name)
        run = compile_expression(text)
        cost = best(partial(run.holds, context, environment, root, root), 2000)
        report(f"{cost:8.2f} us  {text[:90]}")


def hostile() -> None:
    """The best of three runs of each, so that a collection of the garbage of others is not counted."""
    environment = Environment(now=datetime(2026, 1, 1, tzinfo=UTC))
    worst = max(min(_seconds(text, environment) for _ in range(3)) for text in HOSTILE)
    report(f"{worst * 1000:8.1f} ms  the slowest of {len(HOSTILE)} hostile expressions")


def _seconds(text: str, environment: Environment) -> float:
    start = time.process_time()
    with suppress(FhirPathError):
        evaluate(text, BUNDLE, environment)
    return time.process_time() - start


def extraction(folder: Path) -> None:
    paths = sorted(folder.glob("*.json"))[:12]
    bundles = [json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal) for path in paths]
    resources = [entry["resource"] for bundle in bundles for entry in bundle["entry"]]
    extractors = {
        name: [extractor(one.expression, name) for one in parameters(name).values() if one.expression]
        for name in {resource["resourceType"] for resource in resources}
    }
    pairs = sum(len(extractors[resource["resourceType"]]) for resource in resources)
    rows = sum(len(index_values(resource)) for resource in resources) / len(resources)
    whole = best(lambda: [index_values(resource) for resource in resources], 1) / len(resources)
    single = best(lambda: [one(found) for found in resources for one in extractors[found["resourceType"]]], 1) / pairs
    report(f"{whole:8.2f} us  index rows of a resource ({len(resources)} resources, {rows:.1f} rows each)")
    report(f"{single:8.2f} us  one search expression ({pairs} pairs)")


if __name__ == "__main__":
    invariants()
    hostile()
    if len(sys.argv) > 1:
        extraction(Path(sys.argv[1]))
