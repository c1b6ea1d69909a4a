"""Profiles as predicates say yes only where the walk over the profile finds nothing to tell."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from health_platform.fhir.acceptance import rule_issues
from health_platform.fhir.fhirpath.evaluate import compile_expression
from health_platform.fhir.knowledge import Rule
from health_platform.fhir.packages import kr_core
from health_platform.fhir.packages.profiles import Profile
from health_platform.fhir.validation import validate
from health_platform.fhir.validation.accepting import accepts
from health_platform.fhir.validation.context import Context, Options, built_in
from health_platform.fhir.validation.errata import MEANT
from health_platform.fhir.validation.invariants import _check
from health_platform.fhir.validation.occurrences import Occurrence
from health_platform.fhir.validation.presence import predicate
from health_platform.fhir.validation.profile import _Check
from tests.conformance.mutants import mutants
from tests.fhir.validation.samples import shared_resources

Json = dict[str, Any]
EXAMPLES = "kr_core/examples.tar.xz"
DEFINITIONS = "kr_core/kr_core_2.0.0_definitions.tar.xz"
BLOOD_PRESSURE = f"{kr_core.PROFILES}krcore-bloodpressure"


def profile(canonical: str) -> Profile:
    found = built_in().profiles.find(canonical)
    assert found is not None
    return found


def walked(canonical: str, resource: Json) -> list[str]:
    """What the walk tells, asked without the predicates."""
    context = Context(built_in(), Options(), resource, resource)
    stated = profile(canonical)
    place = (None, str(resource["resourceType"]), -1)
    _Check(context, stated).element(stated.root, Occurrence(resource, None, stated.type, stated.type, place))
    return [issue.text() for issue in context.issues]


def is_accepted(canonical: str, resource: Json, options: Options = Options()) -> bool:  # noqa: B008 (frozen)
    return accepts(Context(built_in(), options, resource, resource), profile(canonical), resource)


def faulty(value: Any) -> Iterator[Any]:
    """The value with one part taken away, doubled or replaced, for every part."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        for change in ("drop", "double", "other"):
            mutant = copy.deepcopy(value)
            if change == "drop":
                del mutant[key]
            elif change == "double" and isinstance(mutant, list):
                mutant.append(mutant[key])
            elif change == "other" and isinstance(mutant[key], str):
                mutant[key] = "other"
            else:
                continue
            yield mutant
        if isinstance(value[key], dict | list):
            for inner in faulty(value[key]):
                yield {**value, key: inner} if isinstance(value, dict) else [*value[:key], inner, *value[key + 1 :]]


def test_the_predicate_of_blood_pressure_says_yes_only_where_the_walk_is_silent(observation: Json) -> None:
    for canonical in (BLOOD_PRESSURE, "http://hl7.org/fhir/StructureDefinition/bp"):
        assert is_accepted(canonical, observation), canonical
        refused = 0
        for mutant in faulty(observation):
            if mutant.get("resourceType") != "Observation" or not _is_sound(mutant):
                continue
            refused += bool(walked(canonical, mutant))
            assert not (is_accepted(canonical, mutant) and walked(canonical, mutant)), json.dumps(mutant)
        assert refused > 15


def _is_sound(resource: Json) -> bool:
    return not any(issue.is_error for issue in validate(resource, options=Options(claimed_profiles=False)))


def test_most_examples_of_kr_core_are_accepted_at_once_and_no_mutant_that_the_walk_refuses() -> None:
    definitions = {d["url"]: d for _name, d, _raw in shared_resources(DEFINITIONS) if "snapshot" in d}
    at_once = total = refused = 0
    for name, resource, _raw in shared_resources(EXAMPLES):
        for canonical in resource["meta"]["profile"]:
            total += 1
            at_once += is_accepted(canonical, resource)
            for mutant in mutants(resource, definitions[canonical]):
                if mutant.kind == "type" or not _is_sound(mutant.resource):
                    continue
                if walked(canonical, mutant.resource):
                    refused += 1
                    assert not is_accepted(canonical, mutant.resource), (name, mutant.kind, mutant.element)
    assert at_once > total / 2
    assert refused > 150


def test_must_support_is_left_to_the_walk(observation: Json) -> None:
    assert not is_accepted(BLOOD_PRESSURE, observation, Options(must_support=True))


@pytest.mark.parametrize(
    ("expression", "is_met"),
    [
        ("value.exists() or dataAbsentReason.exists()", False),
        ("value.empty()", True),
        ("component.value.exists() and component.code.exists()", True),
        ("component.dataAbsentReason.exists()", False),
        ("component.empty() implies value.exists()", True),
        ("(status.exists() and code.exists()).not()", False),
    ],
)
def test_presence_is_asked_as_the_engine_would(expression: str, is_met: bool, observation: Json) -> None:
    asked = predicate(compile_expression(expression).tree, "Observation")
    assert asked is not None
    assert asked(observation) is is_met
    context = Context(built_in(), Options(), observation, observation, is_sound=False)
    _check("x", "error", expression, "Observation")(context, observation, (None, "Observation", -1))
    assert bool(context.issues) is not is_met


@pytest.mark.parametrize("expression", ["value > 3", "name", "code.coding.count() > 1", "$this.exists()"])
def test_more_than_presence_is_left_to_the_engine(expression: str) -> None:
    assert predicate(compile_expression(expression).tree, "Observation") is None


def test_every_erratum_is_fhirpath() -> None:
    for meant in MEANT.values():
        compile_expression(meant)


def assessment(**prediction: Any) -> Json:
    return {
        "resourceType": "RiskAssessment",
        "status": "final",
        "subject": {"reference": "Patient/p1"},
        "prediction": [prediction],
    }


def test_a_prediction_may_be_qualitative_only_and_its_probability_is_a_percentage() -> None:
    likely = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/risk-probability", "code": "high"}]}
    assert [i for i in validate(assessment(qualitativeRisk=likely)) if i.is_error] == []
    assert [i for i in validate(assessment(probabilityDecimal=20)) if i.is_error] == []
    assert [i.args["rule"] for i in validate(assessment(probabilityDecimal=101)) if i.is_error] == ["ras-2"]
    ends = {"low": {"value": 1}, "high": {"value": 2}}
    assert [i.args["rule"] for i in validate(assessment(probabilityRange=ends)) if i.is_error] == ["ras-1"]


def test_what_is_not_there_breaks_no_rule_of_its_form() -> None:
    questionnaire = {"resourceType": "Questionnaire", "status": "draft"}
    assert [i.details_code for i in validate(questionnaire)] == []
    assert [i.args["rule"] for i in validate({**questionnaire, "name": "no name"})] == ["que-0"]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": "Patient"}}]}
    assert [i for i in validate(bundle) if i.is_error] == []


VITAL = "http://hl7.org/fhir/StructureDefinition/"


def test_a_vital_sign_that_does_not_say_so_is_told_of_its_profile_by_warnings(observation: Json) -> None:
    assert validate(observation) == []
    del observation["component"][1]
    told = validate(observation)
    assert {(str(issue.severity), issue.args["profile"]) for issue in told} == {("warning", f"{VITAL}bp")}
    assert [issue.args["slice"] for issue in told if "slice" in issue.args] == ["DiastolicBP"]
    single = observation | {"code": {"coding": [{"system": "http://loinc.org", "code": "8331-1"}]}}
    assert {i.args["profile"] for i in validate(single) if "profile" in i.args} == {f"{VITAL}bodytemp"}
    other = observation | {"code": {"coding": [{"system": "http://loinc.org", "code": "2093-3"}]}}
    assert validate(other) == []


def test_a_vital_sign_that_claims_the_profile_is_refused_and_not_told_twice(observation: Json) -> None:
    del observation["component"][1]
    claimed = observation | {"meta": {"profile": [f"{VITAL}bp"]}}
    assert [str(issue.severity) for issue in validate(claimed)] == ["error", "error"], (
        "both components are needed, and the diastolic one"
    )


def test_a_vital_sign_may_be_of_a_period(observation: Json) -> None:
    del observation["effectiveDateTime"]
    observation["effectivePeriod"] = {"start": "2026-02-03", "end": "2026-02-04"}
    assert validate(observation) == []


@pytest.mark.parametrize("value", ["Patient", 3, None, True, [1], {"a": 1}, [[]], [None]])
def test_a_wrong_structure_is_left_to_the_walk(value: Any, observation: Json) -> None:
    """A contract's profiles are asked of whatever was sent."""
    known = built_in()
    for name in observation:
        if name != "resourceType":
            rules = (Rule(BLOOD_PRESSURE, required=True), Rule(f"{VITAL}bp", required=False))
            rule_issues(known, {**observation, name: value}, rules)
    part = observation["component"][0]
    for name in part:
        wrong = {**observation, "component": [{**part, name: value}, part]}
        rule_issues(known, wrong, (Rule(BLOOD_PRESSURE, required=True),))
