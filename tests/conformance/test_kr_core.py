"""KR Core 2.0.0: its examples are accepted, and every single-fault mutant of them is refused."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from health_platform.fhir.packages import kr_core
from health_platform.fhir.packages.profiles import must_support_paths
from health_platform.fhir.validation import binding, validate
from health_platform.fhir.validation.context import Options, built_in
from tests.conformance.mutants import mutants
from tests.fhir.validation.samples import shared_resources

Json = dict[str, Any]
EXAMPLES = "kr_core/examples.tar.xz"
DEFINITIONS = "kr_core/kr_core_2.0.0_definitions.tar.xz"


def errors(resource: Json, options: Options = Options()) -> list[str]:  # noqa: B008 (frozen)
    issues = validate(resource, json.dumps(resource).encode(), options=options)
    return [f"{issue.expression}: {issue.text()}" for issue in issues if issue.is_error]


def test_all_31_profiles_and_4_extensions_are_built_in() -> None:
    kinds = Counter(stated["type"] == "Extension" for stated in kr_core.facts()["profiles"])
    assert kinds == {False: 31, True: 4}


def test_its_code_systems_are_complete_and_keep_hangul_codes() -> None:
    terminology = built_in().terminology
    sizes = {}
    for url in kr_core.facts()["terminology"]["code_systems"]:
        system = terminology.code_system(url)
        assert system is not None
        sizes[url.rpartition("/")[2]] = len(list(system.concepts()))
    assert sizes["hira-healthcare-organization-types"] == 19
    assert sizes["hira-insurance-types"] == 4
    assert sizes["hira-medical-department"] == 67
    assert sizes["mohw-practitioner-qualification-types"] == 88
    assert sizes["krcore-vcnt-types"] == 46
    category = terminology.code_system(f"{kr_core.CANONICAL}/CodeSystem/krcore-condition-category-types")
    assert category is not None
    assert {concept.code for concept in category.concepts()} == {"진단", "주호소"}


def test_must_support_elements_are_told() -> None:
    patient = built_in().profiles.find(f"{kr_core.PROFILES}krcore-patient")
    assert patient is not None
    assert {"Patient.name.text", "Patient.identifier.value", "Patient.gender", "Patient.birthDate"} <= set(
        must_support_paths(patient)
    )


def test_every_example_conforms_to_the_profile_that_it_claims() -> None:
    accepted = 0
    for name, resource, _raw in shared_resources(EXAMPLES):
        assert resource["meta"]["profile"], name
        assert errors(resource) == [], name
        accepted += 1
    assert accepted == 29


def test_every_single_fault_mutant_of_the_examples_is_refused() -> None:
    definitions = {d["url"]: d for _name, d, _raw in shared_resources(DEFINITIONS) if "snapshot" in d}
    made: Counter[str] = Counter()
    accepted = []
    for name, resource, _raw in shared_resources(EXAMPLES):
        for canonical in resource["meta"]["profile"]:
            for mutant in mutants(resource, definitions[canonical]):
                made[mutant.kind] += 1
                if not errors(mutant.resource):
                    accepted.append(f"{name}: {mutant.kind} {mutant.element}")
    assert accepted == []
    assert made.keys() == {"cardinality", "fixed value", "slice", "binding", "type"}
    assert sum(made.values()) > 1000


PATIENT: Json = {
    "resourceType": "Patient",
    "identifier": [{"system": "urn:bitgoeul:citizen", "value": "C-1"}],
    "name": [{"text": "홍길동"}],
    "gender": "male",
    "birthDate": "1948-03-21",
}
REQUIRED = Options(profiles=(f"{kr_core.PROFILES}krcore-patient",))


def test_a_profile_can_be_asked_for_without_being_claimed() -> None:
    assert errors(PATIENT, REQUIRED) == []
    nameless = {**PATIENT, "name": [{"family": "홍"}]}
    assert errors(nameless) == []
    (told,) = errors(nameless, REQUIRED)
    assert told.startswith("('Patient.name[0]',): text must occur at least 1 times; 0 were sent")


def test_an_absent_gender_is_taken_with_its_reason_and_a_warning() -> None:
    """KR Core has missing mandatory data said by data-absent-reason."""
    reason = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]
    }
    absent = {name: value for name, value in PATIENT.items() if name != "gender"} | {"_gender": reason}
    issues = validate(absent, options=REQUIRED)
    assert [(str(issue.severity), issue.details_code) for issue in issues] == [("warning", "code-without-value")]
    expected = validate(absent, options=Options(expected=REQUIRED.profiles))
    assert [(str(issue.severity), issue.details_code) for issue in expected] == [("warning", "code-without-value")]
    assert [(str(i.severity), i.details_code) for i in validate(absent)] == [("error", "code-without-value")]


def test_a_code_of_kcd_9_is_taken_with_a_warning() -> None:
    """KR Core 2.0.0 binds KCD-8; KCD-9 is in force since 2026."""
    condition = {
        "resourceType": "Condition",
        "clinicalStatus": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
        },
        "category": [
            {"coding": [{"system": f"{kr_core.CANONICAL}/CodeSystem/krcore-condition-category-types", "code": "진단"}]}
        ],
        "code": {"coding": [{"system": "urn:bitgoeul:CodeSystem:kcd-9", "code": "I10.9"}]},
        "subject": {"reference": "Patient/p1"},
        "recordedDate": "2026-02-03",
    }
    options = Options(profiles=(f"{kr_core.PROFILES}krcore-condition-encounter-diagnosis",))
    (found,) = [issue for issue in validate(condition, options=options) if issue.expression == ("Condition.code",)]
    assert (str(found.severity), found.details_code) == ("warning", "code-kcd-9")
    condition["code"]["coding"].append({"system": binding.KCD_8, "code": "I10.9"})  # type: ignore[index]
    assert "code-kcd-9" not in [issue.details_code for issue in validate(condition, options=options)]


def test_a_diagnosis_coded_in_another_system_than_kcd_is_refused() -> None:
    condition = {
        "resourceType": "Condition",
        "clinicalStatus": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
        },
        "category": [
            {"coding": [{"system": f"{kr_core.CANONICAL}/CodeSystem/krcore-condition-category-types", "code": "진단"}]}
        ],
        "code": {"coding": [{"system": "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-8", "code": "I10.9"}]},
        "subject": {"reference": "Patient/p1"},
        "recordedDate": "2026-02-03",
    }
    options = Options(profiles=(f"{kr_core.PROFILES}krcore-condition-encounter-diagnosis",))
    assert errors(condition, options) == []
    condition["code"] = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "I10"}]}
    assert len(errors(condition, options)) == 1


def test_a_profile_that_is_asked_for_and_not_known_is_an_error_and_a_claimed_one_a_warning() -> None:
    unknown = "http://example.org/fhir/StructureDefinition/nobody-knows"
    assert len(errors(PATIENT, Options(profiles=(unknown,)))) == 1
    issues = validate(PATIENT | {"meta": {"profile": [unknown]}})
    assert [str(issue.severity) for issue in issues] == ["warning"]


def test_absent_must_support_elements_are_reported_when_asked_for() -> None:
    options = Options(profiles=REQUIRED.profiles, must_support=True)
    no_name = {name: value for name, value in PATIENT.items() if name != "birthDate"}
    told = [i for i in validate(no_name, options=options) if i.details_code == "profile-must-support"]
    assert [issue.args["name"] for issue in told] == ["birthDate"]
    assert all(issue.severity == "information" for issue in told)


@pytest.mark.parametrize("value", ["Patient", 3, None, True, [1], {"a": 1}])
def test_a_wrong_structure_never_breaks_the_walk_over_profiles(value: Any) -> None:
    for name in PATIENT:
        if name != "resourceType":
            assert errors({**PATIENT, name: value}, REQUIRED) != []
