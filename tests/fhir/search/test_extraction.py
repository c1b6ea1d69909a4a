"""The compiled extractors against two oracles: our general evaluator, and fhirpathpy as far as it is right."""

import json
from decimal import Decimal
from typing import Any

import fhirpathpy
import pytest
from fhirpathpy.models import models

from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES
from health_platform.fhir.fhirpath.compile import compile_search, extractor
from health_platform.fhir.fhirpath.elements import Element
from health_platform.fhir.fhirpath.errors import FhirPathSemanticError
from health_platform.fhir.fhirpath.evaluate import evaluate
from health_platform.fhir.fhirpath.references import parse_reference
from health_platform.fhir.fhirpath.state import Environment
from health_platform.fhir.search.registry import parameters


def resolve(text: str) -> dict[str, Any] | None:
    literal = parse_reference(text)
    return None if literal is None else {"resourceType": literal.type}


ENVIRONMENT = Environment(resolve=resolve, as_in_r4=True)


def shown(values: list[Any]) -> set[str]:
    return {json.dumps(value, sort_keys=True, default=float) for value in values if value is not None}


def compiled(expression: str, resource: dict[str, Any]) -> set[str]:
    return shown([value for _, value in extractor(expression, resource["resourceType"])(resource)])


def evaluated(expression: str, resource: dict[str, Any]) -> set[str]:
    found = evaluate(expression, resource, ENVIRONMENT)
    return shown([item.value if isinstance(item, Element) else item for item in found])


def test_the_extractors_find_what_the_evaluator_finds(shared_resources: list[dict[str, Any]]) -> None:
    differing = [
        (resource["resourceType"], resource.get("id"), parameter.code)
        for resource in shared_resources
        for parameter in parameters(resource["resourceType"]).values()
        if parameter.expression
        and compiled(parameter.expression, resource) != evaluated(parameter.expression, resource)
    ]
    assert differing == []


def oracle(expression: str, resource: dict[str, Any]) -> set[str] | None:
    """What fhirpathpy finds; None for `resolve()`, which it lacks, and for `as` on several items, which it refuses.

    It does not know that an Observation is a Resource: the root goes by its own name.
    """
    if "resolve()" in expression:
        return None
    expression = expression.replace("Resource.", f"{resource['resourceType']}.")
    try:
        return shown(fhirpathpy.evaluate(resource, expression, {}, models["r4"]))
    except ValueError as error:
        if "left side of 'as'" in str(error):
            return None
        raise


def test_the_extractors_find_what_fhirpathpy_finds(shared_resources: list[dict[str, Any]]) -> None:
    differing = []
    for resource in shared_resources[:132] + shared_resources[132::12]:
        for parameter in parameters(resource["resourceType"]).values():
            wanted = oracle(parameter.expression, resource) if parameter.expression else None
            if wanted is not None and compiled(parameter.expression, resource) != wanted:
                differing.append((resource["resourceType"], resource.get("id"), parameter.code))
    assert differing == []


@pytest.mark.parametrize("resource_type", RESOURCE_TYPES)
def test_every_search_expression_of_a_type_compiles(resource_type: str) -> None:
    for parameter in parameters(resource_type).values():
        if parameter.expression:
            assert compile_search(parameter.expression, resource_type), parameter


OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "extension": [{"url": "http://x", "valueString": "e"}, {"url": "http://y", "valueString": "f"}],
    "subject": {"reference": "https://other.example/Patient/1"},
    "performer": [{"type": "Patient", "identifier": {"value": "7"}}, {"reference": "#q"}],
    "contained": [{"resourceType": "Practitioner", "id": "q"}],
    "component": [{"valueQuantity": {"value": Decimal("1.0")}}, {"valueString": "s"}],
}


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("Observation.extension('http://x').value", [("string", "e")]),
        ("Observation.component.value", [("Quantity", {"value": Decimal("1.0")}), ("string", "s")]),
        ("Observation.component[1].value", [("string", "s")]),
        ("Observation.component.value.ofType(FHIR.string)", [("string", "s")]),
        ("Observation.subject.where(resolve() is Patient)", [("Reference", OBSERVATION["subject"])]),
        ("Observation.performer.where(resolve() is Patient)", [("Reference", OBSERVATION["performer"][0])]),
        ("Observation.performer.where(resolve() is Practitioner)", [("Reference", OBSERVATION["performer"][1])]),
        ("Observation.value.exists() and Observation.value != true", [("boolean", False)]),
        ("Patient.name", []),
    ],
)
def test_an_expression_gives_values_with_their_types(expression: str, found: list[Any]) -> None:
    assert extractor(expression, "Observation")(OBSERVATION) == found


@pytest.mark.parametrize("expression", ["Observation.nothing", "Observation.component.count()", "1 + 1"])
def test_what_is_no_search_path_is_refused(expression: str) -> None:
    with pytest.raises(FhirPathSemanticError):
        compile_search(expression, "Observation")
