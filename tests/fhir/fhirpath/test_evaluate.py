"""What HL7's cases do not reach: the hooks, the shape of FHIR's JSON, exactness, the checks of meaning."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health_platform.fhir.definitions import structures
from health_platform.fhir.fhirpath.elements import Element, resource_element, system
from health_platform.fhir.fhirpath.errors import (
    FhirPathError,
    FhirPathExecutionError,
    FhirPathSemanticError,
)
from health_platform.fhir.fhirpath.evaluate import compile_expression, evaluate
from health_platform.fhir.fhirpath.parser import parse
from health_platform.fhir.fhirpath.quantity import Quantity
from health_platform.fhir.fhirpath.state import Environment


def values(expression: str, resource: dict[str, Any], **environment: Any) -> list[Any]:
    return [system(item) for item in evaluate(expression, resource, Environment(**environment))]


OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "contained": [{"resourceType": "Patient", "id": "p", "birthDate": "1950-05"}],
    "subject": {"reference": "#p"},
    "performer": [{"reference": "Practitioner/7"}],
    "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]},
    "valueQuantity": {"value": Decimal("13.20"), "unit": "g/dL", "system": "http://unitsofmeasure.org", "code": "g/dL"},
    "component": [{"code": {"text": "a"}, "valueInteger": 1}, {"code": {"text": "b"}, "valueString": "x"}],
}
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "_birthDate": {"extension": [{"url": "http://x/reason", "valueCode": "masked"}]},
    "name": [{"given": ["Ann", None], "_given": [None, {"id": "g2", "extension": [{"url": "u", "valueString": "v"}]}]}],
    "active": False,
}


def test_choice_elements_go_by_their_name_without_type() -> None:
    assert values("component.value", OBSERVATION) == [1, "x"]
    assert values("component.value.ofType(integer)", OBSERVATION) == [1]
    assert values("value is Quantity", OBSERVATION) == [True]
    assert values("valueQuantity", OBSERVATION) == []


def test_a_decimal_keeps_its_digits() -> None:
    assert values("value", OBSERVATION) == [Quantity(Decimal("13.20"), "g/dL")]
    assert str(values("value.value", OBSERVATION)[0]) == "13.20"
    assert values("0.1 + 0.2 = 0.3", OBSERVATION) == [True]
    assert values("value > 132 'g/L'", OBSERVATION) == [False]
    assert values("value = 132 'g/L'", OBSERVATION) == [True]


def test_a_primitive_without_a_value_still_has_its_extensions() -> None:
    assert values("birthDate.hasValue()", PATIENT) == [False]
    assert values("birthDate.exists()", PATIENT) == [True]
    assert values("birthDate.extension('http://x/reason').value", PATIENT) == ["masked"]
    assert values("name.given.select(hasValue())", PATIENT) == [True, False]
    assert values("name.given.id", PATIENT) == ["g2"]
    assert values("birthDate < @2000", PATIENT) == []


def test_resolve_finds_contained_resources_and_asks_the_hook_for_others() -> None:
    assert values("subject.resolve().birthDate = @1950-05", OBSERVATION) == [True]
    asked: list[str] = []

    def resolve(reference: str) -> dict[str, Any]:
        asked.append(reference)
        return {"resourceType": "Practitioner", "gender": "female"}

    assert values("performer.resolve().gender", OBSERVATION, resolve=resolve) == ["female"]
    assert asked == ["Practitioner/7"]
    assert values("performer.resolve()", OBSERVATION) == []


def test_resolve_finds_entries_of_the_bundle_at_hand() -> None:
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "gender": "male"}},
            {"resource": {"resourceType": "Observation", "subject": {"reference": "urn:uuid:1"}}},
        ],
    }
    assert values("entry.resource.ofType(Observation).subject.resolve().gender", bundle) == ["male"]


def test_membership_and_conformance_are_asked_of_the_hooks() -> None:
    def member(element: Element, url: str) -> bool | None:
        return None if url == "http://unknown" else element.value["coding"][0]["code"] == "718-7"

    assert values("code.memberOf('http://vs')", OBSERVATION, member_of=member) == [True]
    with pytest.raises(FhirPathExecutionError):
        values("code.memberOf('http://unknown')", OBSERVATION, member_of=member)
    with pytest.raises(FhirPathExecutionError):
        values("code.memberOf('http://vs')", OBSERVATION)
    assert values("conformsTo('http://profile')", OBSERVATION, conforms_to=lambda _, url: url.endswith("x")) == [False]


def test_constants_and_variables_are_known_or_refused() -> None:
    assert values("%resource.status", OBSERVATION) == ["final"]
    assert values("%limit > 3", OBSERVATION, variables={"limit": 4}) == [True]
    with pytest.raises(FhirPathSemanticError):
        values("%nothing", OBSERVATION)


def test_root_resource_and_context_are_what_the_caller_says() -> None:
    contained = resource_element(OBSERVATION["contained"][0])
    found = compile_expression("%rootResource.status | %resource.id | %context.id").evaluate(
        contained, root=resource_element(OBSERVATION)
    )
    assert [system(item) for item in found] == ["final", "p"]


def test_without_a_clock_there_is_no_time() -> None:
    with pytest.raises(FhirPathExecutionError):
        values("today()", OBSERVATION)


@pytest.mark.parametrize(
    "expression",
    ["nothing()", "count(1)", "where()", "name.is(1)", "status.substring()", "iif(true)"],
)
def test_an_unknown_function_or_a_wrong_number_of_arguments_is_refused(expression: str) -> None:
    with pytest.raises(FhirPathSemanticError):
        compile_expression(expression)


@pytest.mark.parametrize(
    ("expression", "right"),
    [
        ("value.unit", True),
        ("value.ofType(Quantity).unit", True),
        ("valueQuantity.unit", False),
        ("component.code.coding.code", True),
        ("component.where(code.text = 'a').value", True),
        ("component.select(cod)", False),
        ("Patient.name", False),
        ("contained.anything", True),
        ("descendants().first()", False),
        ("status.extension.url", True),
        ("status.given", False),
    ],
)
def test_strict_evaluation_refuses_paths_that_the_type_cannot_have(expression: str, right: bool) -> None:
    element = resource_element(OBSERVATION)
    run = compile_expression(expression)
    if right:
        run.evaluate(element, Environment(strict=True))
    else:
        with pytest.raises(FhirPathSemanticError):
            run.evaluate(element, Environment(strict=True))


def test_invariants_of_r4_are_read_as_they_were_meant() -> None:
    questionnaire = {"resourceType": "Questionnaire", "item": [{"enableWhen": [{"answerBoolean": True}]}]}
    expression = "item.enableWhen.all(answer is Boolean)"
    assert values(expression, questionnaire) == [False]
    assert values(expression, questionnaire, as_in_r4=True) == [True]
    with pytest.raises(FhirPathExecutionError):
        values("descendants().as(code)", OBSERVATION)
    found = values("descendants().as(code)", OBSERVATION, as_in_r4=True)
    assert sorted(found) == ["718-7", "final", "g/dL"]


def test_every_invariant_of_r4_compiles() -> None:
    for invariant in structures.invariants():
        if invariant.expression:
            parse(invariant.expression)
            compile_expression(invariant.expression)


def test_an_invariant_holds_unless_it_is_false() -> None:
    element = resource_element(PATIENT)
    assert compile_expression("active = false").holds(element)
    assert compile_expression("deceased = true").holds(element)
    assert not compile_expression("active").holds(element)


@given(st.text(alphabet="abcname.given()[]'| =<>+-*&!~0123456789@T:$this%resource,{}`", max_size=40))
def test_any_expression_ends_in_items_or_in_an_error_of_ours(text: str) -> None:
    try:
        evaluate(text, PATIENT)
    except FhirPathError as error:
        assert error.message
