"""The structure of resources: what is accepted, what is refused, where and with which words."""

from __future__ import annotations

import copy
import itertools
import json
import random
import time
from typing import Any

import pytest

from health_platform.fhir.outcome import Issue
from health_platform.fhir.validation import validate_structure
from health_platform.fhir.validation.decoder import accepts
from health_platform.fhir.validation.messages import MAX_ISSUES
from health_platform.fhir.validation.structure import walk_structure
from tests.fhir.validation.samples import BUNDLE, OBSERVATION, PATIENT, shared_resources

Json = dict[str, Any]
# HL7's own examples that break R4 4.0.1, with the reason.
INVALID_EXAMPLES = {
    "deviceusestatement-example.json": "reasonReference leads to a Procedure, which R4 does not allow",
    "medicationrequest0301.json": "dispenseRequest.performer leads to a Practitioner; R4 allows an Organization",
    "devicemetric-example.json": "parent leads to a DeviceDefinition; R4 allows a Device",
    "bundle-questionnaire.json": "items without linkId, which is 1..1",
}


def found(resource: Json) -> list[tuple[str, str]]:
    return [(issue.details_code, issue.expression[0]) for issue in walk_structure(resource)]


def test_valid_resources_have_no_issue_by_either_way(patient: Json, observation: Json, bundle: Json) -> None:
    for resource in (patient, observation, bundle):
        raw = json.dumps(resource).encode()
        assert walk_structure(resource) == []
        assert accepts(raw)
        assert accepts(json.dumps(resource, indent=2, ensure_ascii=False).encode())
        assert validate_structure(raw) == []


@pytest.mark.parametrize(
    ("change", "key", "expression"),
    [
        ({"birthDate": "1990-13"}, "date", "Patient.birthDate"),
        ({"birthDate": "1990-02-30"}, "no-such-day", "Patient.birthDate"),
        ({"birthDate": 1990}, "json-type", "Patient.birthDate"),
        ({"birthDate": ""}, "empty-string", "Patient.birthDate"),
        ({"active": "true"}, "json-type", "Patient.active"),
        ({"birthdate": "1990"}, "unknown-element-near", "Patient"),
        ({"zzz": 1}, "unknown-element", "Patient"),
        ({"deceasedDateTime": "2020"}, "one-choice", "Patient.deceased"),
        ({"deceased": True}, "choice-without-type", "Patient.deceased"),
        ({"name": {"text": "홍길동"}}, "array-expected", "Patient.name"),
        ({"name": []}, "empty-array", "Patient.name"),
        ({"name": [{}]}, "empty-object", "Patient.name[0]"),
        ({"name": [{"id": "n1"}]}, "only-id", "Patient.name[0]"),
        ({"name": [{"given": ["길", None]}]}, "null", "Patient.name[0].given[1]"),
        ({"name": ["홍길동"]}, "object-expected", "Patient.name[0]"),
        ({"gender": ["male"]}, "array-not-expected", "Patient.gender"),
        ({"gender": None}, "null", "Patient.gender"),
        ({"_name": [{}]}, "primitive-sibling", "Patient"),
        ({"communication": [{"preferred": True}]}, "required", "Patient.communication[0]"),
        ({"multipleBirthInteger": 1.0}, "whole-number", "Patient.multipleBirth.ofType(integer)"),
        ({"multipleBirthInteger": 2**31}, "integer-range", "Patient.multipleBirth.ofType(integer)"),
        ({"id": "bad id"}, "id", "Patient.id"),
        ({"implicitRules": "urn:oid:abc"}, "oid", "Patient.implicitRules"),
        ({"generalPractitioner": [{"reference": "Patient/1"}]}, "reference-target", "Patient.generalPractitioner[0]"),
        ({"generalPractitioner": [{"reference": "o1"}]}, "reference-form", "Patient.generalPractitioner[0]"),
        ({"generalPractitioner": [{"reference": "#gp"}]}, "reference-contained", "Patient.generalPractitioner[0]"),
        (
            {"managingOrganization": {"reference": "Organization/1", "type": "Patient"}},
            "reference-type-differs",
            "Patient.managingOrganization",
        ),
        ({"extension": [{"url": "http://example.org/x"}]}, "extension-value", "Patient.extension[0]"),
        ({"extension": [{"url": "x", "valueString": "y"}]}, "extension-url", "Patient.extension[0].url"),
        ({"extension": [{"valueString": "y"}]}, "required", "Patient.extension[0]"),
        ({"contained": [{"resourceType": "Organization", "name": "x"}]}, "contained-id", "Patient.contained[0]"),
        ({"photo": [{"data": "%%%2@()()"}]}, "base64Binary", "Patient.photo[0].data"),
        ({"text": {"status": "generated", "div": "<div>x</div>"}}, "narrative-root", "Patient.text.div"),
    ],
)
def test_a_fault_of_a_patient_is_named_at_its_place(patient: Json, change: Json, key: str, expression: str) -> None:
    resource = patient | change
    assert found(resource) == [(key, expression)]
    assert not accepts(json.dumps(resource).encode())


def test_a_missing_choice_names_the_properties_that_may_be_sent() -> None:
    resource = {"resourceType": "MedicationRequest", "status": "active", "intent": "order"}
    issues = {issue.details_code: issue for issue in walk_structure(resource)}
    assert issues["required-choice"].text() == (
        "MedicationRequest needs one of: medicationCodeableConcept, medicationReference. None was sent."
    )
    assert issues["required"].text() == "subject is required in MedicationRequest and is missing."


def test_a_choice_is_named_in_the_expression_by_its_type(observation: Json) -> None:
    observation["component"][1]["valueQuantity"]["value"] = "72.5"
    assert found(observation) == [("json-type", "Observation.component[1].value.ofType(Quantity).value")]


def test_a_null_padded_array_is_aligned_with_its_extensions(patient: Json) -> None:
    reason = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]
    }
    patient["name"][0] |= {"given": [None, "길동"], "_given": [reason, None]}
    assert found(patient) == []
    patient["name"][0]["_given"] = [None, reason]
    assert found(patient) == [("null", "Patient.name[0].given[0]")]


def test_an_extension_may_carry_its_value_only_as_an_extension_of_the_value(patient: Json) -> None:
    absent = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
    }
    patient["extension"] = [{"url": "http://example.org/x", "_valueString": absent}]
    assert found(patient) == []


def test_a_contained_resource_is_checked_and_its_type_counts_for_references(observation: Json) -> None:
    observation["contained"] = [{"resourceType": "Practitioner", "id": "gp", "gender": "male", "birthdate": "1970"}]
    observation["performer"] = [{"reference": "#gp"}]
    assert found(observation) == [("unknown-element-near", "Observation.contained[0]")]
    observation["contained"] = [{"resourceType": "Medication", "id": "gp"}]
    assert found(observation) == [("reference-target", "Observation.performer[0]")]


def test_the_resources_of_a_bundle_are_checked(bundle: Json) -> None:
    del bundle["entry"][1]["resource"]["status"]
    assert found(bundle) == [("required", "Bundle.entry[1].resource")]


@pytest.mark.parametrize("resource", [[], "x", None, {}, {"resourceType": 1}, {"resourceType": "Patience"}])
def test_what_is_no_resource_is_refused(resource: Any) -> None:
    assert len(walk_structure(resource)) == 1


def test_a_name_written_twice_is_found_in_the_bytes() -> None:
    raw = b'{"resourceType":"Patient","gender":"male",\n "gender":"female"}'
    assert [(i.details_code, i.line, i.column) for i in validate_structure(raw)] == [("duplicate-key", 1, 1)]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"a":1}}',
        b"// x\n{}",
        b"{a:1}",
        b'{"a":NaN}',
        b"\xff",
        b"[" * 9999,
        b'{"a":1e99999999999999999999}',
    ],
)
def test_what_is_not_json_is_refused_with_a_reason(raw: bytes) -> None:
    (issue,) = validate_structure(raw)
    assert issue.severity == "fatal"


def test_an_issue_has_the_line_and_column_of_its_element(patient: Json) -> None:
    patient["name"][0]["given"] = ["길동", 3]
    lines = json.dumps(patient, indent=1, ensure_ascii=False).splitlines()
    (issue,) = validate_structure("\n".join(lines).encode())
    assert issue.expression == ("Patient.name[0].given[1]",)
    assert issue.line is not None and issue.column is not None
    assert lines[issue.line - 1][issue.column - 1 :] == "3"


@pytest.mark.parametrize("character", [chr(number) for number in range(0x20)])
def test_of_the_control_characters_only_three_are_allowed(patient: Json, character: str) -> None:
    patient["name"][0]["text"] = f"a{character}b"
    raw = json.dumps(patient).encode()
    allowed = character in "\t\n\r"
    assert (found(patient) == []) is allowed
    assert accepts(raw) is allowed
    assert accepts(json.dumps({**BUNDLE, "entry": [{**BUNDLE["entry"][0], "resource": patient}]}).encode()) is allowed


def test_decimals_are_accepted_in_every_form_of_json_and_only_there(observation: Json) -> None:
    for literal in ("72.50", "-0.0", "7e2", "1E-7", "123456789012345678901234567890.5"):
        raw = json.dumps(observation).replace("72.5", literal).encode()
        assert validate_structure(raw) == []
    for literal in ("072", "+1", ".5", "1.", "Infinity"):
        raw = json.dumps(observation).replace("72.5", literal).encode()
        assert [issue.severity for issue in validate_structure(raw)] == ["fatal"]


def test_a_body_full_of_faults_is_looked_at_only_so_far(patient: Json) -> None:
    patient |= {f"unknown{number}{'x' * 500}": 1 for number in range(20_000)}
    start = time.process_time()
    issues = walk_structure(patient)
    assert (len(issues), issues[-1].details_code) == (MAX_ISSUES + 1, "enough")
    assert time.process_time() - start < 2


def _mutants(resource: Json, count: int, seed: int) -> list[Json]:
    """Copies with one random change: a value replaced, removed, renamed, wrapped or unwrapped."""
    chance = random.Random(seed)
    strange = ["", " x", "x  y", "é\u3000", {}, [], None, 0, -1, 1.5, True, "1990-13", "Patient/1", {"id": "x"}, [None]]
    mutants = []
    for _ in range(count):
        mutant = copy.deepcopy(resource)
        places: list[tuple[Any, Any]] = []
        _collect(mutant, places)
        parent, key = chance.choice(places)
        change = chance.randrange(5)
        if change == 0:
            del parent[key]
        elif change == 1:
            parent[key] = [parent[key]]
        elif change == 2 and isinstance(parent, dict):
            parent[key + "x"] = parent.pop(key)
        else:
            parent[key] = chance.choice(strange)
        mutants.append(mutant)
    return mutants


def _collect(value: Any, places: list[tuple[Any, Any]]) -> None:
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        places.append((value, key))
        if isinstance(child, dict | list):
            _collect(child, places)


@pytest.mark.parametrize("resource", [PATIENT, OBSERVATION, BUNDLE], ids=["Patient", "Observation", "Bundle"])
def test_what_the_fast_decoder_accepts_the_exact_walk_accepts(resource: Json) -> None:
    accepted = 0
    for mutant in _mutants(resource, 2000, seed=4):
        if accepts(json.dumps(mutant).encode()):
            accepted += 1
            assert walk_structure(mutant) == [], mutant
    assert 0 < accepted < 2000


def _errors(issues: list[Issue]) -> list[str]:
    return [f"{issue.expression}: {issue.text()}" for issue in issues if issue.is_error]


def test_the_r4_examples_are_accepted_but_for_those_that_break_r4() -> None:
    refused = {
        name.rpartition("/")[2]
        for name, _resource, raw in shared_resources("r4_examples.tar.xz")
        if _errors(validate_structure(raw))
    }
    assert refused == set(INVALID_EXAMPLES)


@pytest.mark.parametrize("archive", ["kr_core/examples.tar.xz", "kr_core/kr_core_2.0.0_definitions.tar.xz"])
def test_the_kr_core_resources_are_accepted(archive: str) -> None:
    for name, resource, raw in shared_resources(archive):
        assert _errors(validate_structure(raw)) == [], name
        assert _errors(walk_structure(resource)) == [], name


def test_ten_synthea_bundles_are_accepted() -> None:
    for name, _bundle, raw in itertools.islice(shared_resources("synthea_r4_100_patients.tar.xz"), 10):
        assert validate_structure(raw) == [], name


@pytest.mark.slow
def test_all_synthea_resources_are_accepted_and_nearly_all_of_them_at_once() -> None:
    resources = at_once = 0
    for name, bundle, raw in shared_resources("synthea_r4_100_patients.tar.xz"):
        assert validate_structure(raw) == [], name
        for entry in bundle["entry"]:
            resources += 1
            at_once += accepts(json.dumps(entry["resource"]).encode())
    assert resources == 35081
    # ExplanationOfBenefit contains resources, so the exact walk decides on it.
    assert at_once > 31800
