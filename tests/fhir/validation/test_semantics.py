"""What structure cannot tell: codes, bindings, extensions, invariants and the rules that R4 states in its text."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from health_platform.fhir.definitions import structures
from health_platform.fhir.fhirpath.evaluate import compile_expression
from health_platform.fhir.terminology import membership
from health_platform.fhir.validation import invariants, validate
from health_platform.fhir.validation.context import Options, built_in
from health_platform.fhir.validation.messages import MESSAGES
from tests.fhir.validation.samples import BUNDLE, OBSERVATION, PATIENT

Json = dict[str, Any]
V2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"


def told(resource: Json, **options: Any) -> list[tuple[str, str, str]]:
    """(severity, key or rule, expression) of every issue but that of the samples' own extension and profile."""
    issues = validate(resource, options=Options(**options))
    return [
        (str(issue.severity), str(issue.args.get("rule", issue.details_code)), issue.expression[0])
        for issue in issues
        if issue.details_code not in ("extension-unknown", "profile-unknown")
    ]


def changed(resource: Json, path: str, value: Any) -> Json:
    """A copy with the value at a path such as `component.0.code` set; None removes it."""
    result = copy.deepcopy(resource)
    *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))
    owner: Any = result
    for step in steps:
        owner = owner[step]
    if value is None:
        del owner[last]
    else:
        owner[last] = value
    return result


@pytest.mark.parametrize("resource", [PATIENT, OBSERVATION, BUNDLE], ids=["Patient", "Observation", "Bundle"])
def test_the_samples_have_no_issue_but_their_unknown_extension_and_profile(resource: Json) -> None:
    assert told(resource) == []
    keys = {issue.details_code for issue in validate(resource) if not issue.is_error}
    assert keys == ({"extension-unknown", "profile-unknown"} if resource is not OBSERVATION else set())


@pytest.mark.parametrize(
    ("resource", "path", "value", "expected"),
    [
        (PATIENT, "gender", "M", ("error", "code-required-near", "Patient.gender")),
        (OBSERVATION, "status", "done", ("error", "code-required-near", "Observation.status")),
        (
            PATIENT,
            "contact.0.telecom.0.system",
            "mail",
            ("error", "code-required-near", "Patient.contact[0].telecom[0].system"),
        ),
        (PATIENT, "language", "korean_kr", ("error", "language", "Patient.language")),
        (
            PATIENT,
            "maritalStatus",
            {"coding": [{"system": "urn:local", "code": "M"}]},
            ("warning", "code-extensible", "Patient.maritalStatus"),
        ),
        (
            OBSERVATION,
            "code.coding.0.code",
            "85354-8",
            ("error", "code-form", "Observation.code.coding[0].code"),
        ),
        (
            OBSERVATION,
            "code.coding.0.system",
            "loinc",
            ("error", "system-relative", "Observation.code.coding[0].system"),
        ),
        (
            OBSERVATION,
            "component.0.valueQuantity.code",
            "mmHgX",
            ("warning", "unit-unknown", "Observation.component[0].value.ofType(Quantity).code"),
        ),
        (
            OBSERVATION,
            "component.0.valueQuantity.system",
            None,
            ("error", "qty-3", "Observation.component[0].value.ofType(Quantity)"),
        ),
        (
            PATIENT,
            "name.0.period",
            {"start": "2026-02-03", "end": "2026-02-02"},
            ("error", "per-1", "Patient.name[0].period"),
        ),
        (PATIENT, "contact.0", {"gender": "male"}, ("error", "pat-1", "Patient.contact[0]")),
        (
            OBSERVATION | {"valueString": "high"},
            "dataAbsentReason",
            {"text": "x"},
            ("error", "obs-6", "Observation"),
        ),
        (PATIENT, "photo", [{"data": "aGVsbG8=", "size": 6}], ("error", "attachment-size", "Patient.photo[0]")),
        (PATIENT, "name.0.text", "<script>x</script>", ("error", "markup", "Patient.name[0].text")),
        (
            PATIENT,
            "identifier.0",
            {"system": "urn:ietf:rfc:3986", "value": "C-1"},
            ("error", "identifier-uri", "Patient.identifier[0].value"),
        ),
        (PATIENT, "meta.profile.0", "Patient/x", ("error", "canonical-relative", "Patient.meta.profile[0]")),
        (
            PATIENT,
            "text.div",
            '<div xmlns="http://www.w3.org/1999/xhtml"><a href="#n">x</a></div>',
            ("error", "narrative-internal-link", "Patient.text.div"),
        ),
        (
            PATIENT,
            "contained",
            [{"resourceType": "Organization", "id": "o", "name": "x"}],
            ("error", "contained-unused", "Patient.contained[0]"),
        ),
        (BUNDLE, "entry.0.fullUrl", "Patient/1", ("error", "bundle-full-url", "Bundle.entry[0]")),
        (
            BUNDLE,
            "entry.0.fullUrl",
            "http://a.kr/fhir/Patient/2",
            ("error", "bundle-full-url-end", "Bundle.entry[0]"),
        ),
        (BUNDLE, "entry.1.request", None, ("error", "bdl-3", "Bundle")),
        (BUNDLE, "entry.1.fullUrl", BUNDLE["entry"][0]["fullUrl"], ("error", "bdl-7", "Bundle")),
        (
            BUNDLE,
            "link",
            [{"relation": "self", "url": "http://a.kr"}] * 2,
            ("error", "bundle-link", "Bundle.link[1]"),
        ),
    ],
)
def test_a_fault_of_meaning_is_named_at_its_place(
    resource: Json, path: str, value: Any, expected: tuple[str, str, str]
) -> None:
    assert expected in told(changed(resource, path, value))


def test_a_required_concept_without_a_code_of_the_set_is_refused() -> None:
    allergy = {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": {"text": "active"},
        "patient": {"reference": "Patient/p1"},
    }
    assert ("error", "concept-without-code", "AllergyIntolerance.clinicalStatus") in told(allergy)


def test_an_issue_of_meaning_has_line_and_column() -> None:
    period = {"start": "2026-02-03", "end": "2026-02-02"}
    text = json.dumps({"resourceType": "Patient", "name": [{"text": "x", "period": period}]}, indent=1)
    (issue,) = validate(json.loads(text), text.encode())
    assert issue.line is not None and issue.column is not None
    assert text.splitlines()[issue.line - 1][issue.column - 1 :].startswith('"period"')


def test_the_message_of_a_short_value_set_lists_its_codes() -> None:
    (issue,) = [i for i in validate(changed(PATIENT, "gender", "M")) if i.is_error]
    assert issue.text().endswith("Allowed: female, male, other, unknown.")


def test_a_recommendation_is_told_only_where_it_is_asked_for() -> None:
    assert told(OBSERVATION, best_practice=True) == [("warning", "dom-6", "Observation")]


def test_codes_are_checked_in_systems_that_r4_fixes_and_in_no_others() -> None:
    in_r4 = {"system": "http://hl7.org/fhir/administrative-gender", "code": "woman"}
    growing = {"system": V2_0203, "code": "NEWER"}
    resource = changed(PATIENT, "maritalStatus", {"coding": [in_r4, growing]})
    found = [entry for entry in told(resource) if entry[0] == "error"]
    assert found == [("error", "code-unknown", "Patient.maritalStatus.coding[0].code")]


def test_a_document_holds_what_its_composition_refers_to() -> None:
    composition = {
        "resourceType": "Composition",
        "id": "c",
        "status": "final",
        "type": {"text": "x"},
        "date": "2026",
        "title": "x",
        "author": [{"reference": "Practitioner/d"}],
    }
    bundle = {
        "resourceType": "Bundle",
        "type": "document",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:uuid:0b1d9f6e-2f6f-4a52-8b77-0d5f9b7a1c11"},
        "timestamp": "2026-02-03T00:00:00Z",
        "entry": [{"fullUrl": "http://a.kr/fhir/Composition/c", "resource": composition}],
    }
    missing = ("error", "bundle-unresolved", "Bundle.entry[0].resource.author[0]")
    assert told(bundle) == [missing]
    doctor = {"fullUrl": "http://a.kr/fhir/Practitioner/d", "resource": {"resourceType": "Practitioner", "id": "d"}}
    assert told({**bundle, "entry": [*bundle["entry"], doctor]}) == []


def test_what_a_search_found_is_of_the_type_that_was_searched() -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "link": [{"relation": "self", "url": "http://a.kr/fhir/Patient?name=x"}],
        "entry": [{"resource": {"resourceType": "Organization", "name": "x"}, "search": {"mode": "match"}}],
    }
    assert [key for _, key, _ in told(bundle)] == ["bundle-result-id", "bundle-result-type"]


def test_a_search_parameter_is_whole_and_agrees_with_its_base() -> None:
    parameter = {
        "resourceType": "SearchParameter",
        "url": "http://a.kr/fhir/SearchParameter/x",
        "derivedFrom": "http://hl7.org/fhir/SearchParameter/Organization-name",
        "name": "X",
        "status": "draft",
        "description": "x",
        "code": "x",
        "base": ["Organization"],
        "type": "composite",
        "expression": "Organization.name",
    }
    found = [key for _, key, _ in told(parameter)]
    assert found == ["search-parameter-components", "search-parameter-type"]


def test_an_item_is_enabled_by_another_question_of_the_questionnaire() -> None:
    item = {
        "linkId": "a",
        "type": "string",
        "enableWhen": [{"question": "b", "operator": "exists", "answerBoolean": True}],
    }
    questionnaire = {"resourceType": "Questionnaire", "status": "draft", "item": [item]}
    assert ("error", "enable-when-question", "Questionnaire.item[0].enableWhen[0]") in told(questionnaire)
    both = {**questionnaire, "item": [item, {"linkId": "b", "type": "string"}]}
    assert [entry for entry in told(both) if entry[0] == "error"] == []


def test_expressions_of_definitions_are_fhirpath() -> None:
    constraint = {"key": "x-1", "severity": "error", "human": "x", "expression": "name.exists("}
    definition = {
        "resourceType": "StructureDefinition",
        "url": "http://a.kr/fhir/StructureDefinition/x",
        "name": "X",
        "status": "draft",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {"element": [{"id": "Patient", "path": "Patient", "constraint": [constraint]}]},
    }
    place = "StructureDefinition.differential.element[0].constraint[0].expression"
    assert ("error", "fhirpath", place) in told(definition)


def test_every_invariant_of_r4_can_be_evaluated() -> None:
    for invariant in structures.invariants():
        assert compile_expression(invariant.expression).text == invariant.expression


def test_no_invariant_is_left_unchecked_on_the_samples() -> None:
    for resource in (PATIENT, OBSERVATION, BUNDLE):
        assert not [i for i in validate(resource) if i.details_code == "invariant-unchecked"]


def test_the_properties_without_which_an_invariant_holds_are_read_from_its_expression() -> None:
    needed = invariants.needed_properties
    assert needed("code.empty() or system.exists()", "Quantity") == frozenset({"code", "_code"})
    assert needed("dataAbsentReason.empty() or value.empty()", "Observation") == frozenset({"dataAbsentReason"})
    assert needed("start <= end", "Period") is None
    assert needed("a.empty() or b.empty()", "Period") is None


def test_an_invariant_that_is_skipped_for_its_properties_holds_when_it_is_evaluated() -> None:
    """Without the properties that it needs, each invariant is true on a resource that has none of them."""
    checked = 0
    for invariant in structures.invariants():
        for context in invariant.contexts:
            if context not in structures.resource_types():
                continue
            if invariants.needed_properties(invariant.expression, context) is not None:
                checked += 1
                assert invariants.holds(invariant.expression, {"resourceType": context}), invariant.key
    assert checked > 20


def test_every_message_is_whole() -> None:
    for key, (severity, code, text) in MESSAGES.items():
        assert key and severity and code
        assert text.endswith((".", "?", "s", ")")), key


@pytest.mark.parametrize("value", ["x", 5, True, None, [], {}, [[]], [None], [{"a": [{}]}], {"extension": 5}])
def test_wrong_structure_anywhere_never_breaks_the_walk(value: Any) -> None:
    for resource in (PATIENT, OBSERVATION, BUNDLE):
        for path in _paths(resource):
            mutant = changed(resource, path, 0)
            *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))
            owner: Any = mutant
            for step in steps:
                owner = owner[step]
            owner[last] = value
            validate(mutant, json.dumps(mutant).encode())


@pytest.mark.parametrize(
    "faults",
    [
        {"type": {}, "entry": [{"fullUrl": 3, "resource": PATIENT}]},
        {"type": "searchset", "link": [{"relation": {}}], "entry": [{"search": {"mode": []}, "resource": PATIENT}]},
        {
            "type": "document",
            "entry": [
                {"fullUrl": {}, "resource": {"resourceType": "Composition", "author": [{"reference": "Patient/1"}]}}
            ],
        },
    ],
)
def test_faults_that_fuzzing_found_are_told_and_break_nothing(faults: Json) -> None:
    assert any(severity == "error" for severity, _, _ in told({"resourceType": "Bundle", **faults}))


def _paths(value: Any, prefix: str = "") -> list[str]:
    paths = []
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        path = f"{prefix}.{key}" if prefix else str(key)
        paths.append(path)
        if isinstance(child, dict | list):
            paths += _paths(child, path)
    return paths


def test_an_extension_in_the_place_of_an_optional_code_is_refused() -> None:
    absent = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
    allergy = {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}
            ]
        },
        "_category": [{"extension": [absent]}],
        "patient": {"reference": "Patient/p1"},
    }
    (found,) = validate(allergy)
    assert (found.details_code, found.expression) == ("code-without-value", ("AllergyIntolerance.category[0]",))
    assert found.is_error


def test_relative_references_of_an_update_without_a_full_url_are_told(bundle: Json) -> None:
    first, second = bundle["entry"]
    for entry in (first, second):
        del entry["fullUrl"]
    second["request"] = {"method": "PUT", "url": "Observation/o1"}
    told = [issue for issue in validate(bundle) if issue.details_code.startswith("bundle")]
    assert [(str(issue.severity), issue.expression[0]) for issue in told] == [
        ("warning", "Bundle.entry[1]"),
        ("warning", "Bundle.entry[1].resource.subject"),
    ]


def test_hostile_codes_do_not_fill_the_memory(observation: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(membership, "MAX_REMEMBERED", 50)
    answers = built_in().terminology.answers
    system = "http://hl7.org/fhir/observation-status"
    for number in range(200):
        observation["method"] = {"coding": [{"system": system, "code": f"hostile-{number}"}]}
        (found,) = validate(observation)
        assert found.details_code == "code-unknown"
        assert len(answers) <= 50
    observation["method"] = {"coding": [{"system": system, "code": "x" * 10_000}]}
    assert [issue.details_code for issue in validate(observation)] == ["code-unknown"]
    assert all(len(code) < 1_000 for _, _, code in answers)
