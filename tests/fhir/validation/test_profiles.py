"""Profiles: differentials on their bases, the five kinds of slicing, nested slices, packages in FHIR's NPM form."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest

from health_platform.fhir.definitions.structures import read_facts
from health_platform.fhir.packages.loader import PackageError, load_package
from health_platform.fhir.packages.profiles import from_facts, from_structure_definition, to_facts
from health_platform.fhir.packages.registry import ProfileRegistry
from health_platform.fhir.terminology.registry import Terminology, r4_terminology_facts
from health_platform.fhir.validation import validate
from health_platform.fhir.validation.context import Knowledge, Options
from tests.fhir.validation.samples import OBSERVATION, PATIENT

Json = dict[str, Any]
BASE = "http://example.org/fhir/StructureDefinition/"
LOINC = "http://loinc.org"


def definition(name: str, type_name: str, elements: list[Json], base: str = "", version: str = "1") -> Json:
    return {
        "resourceType": "StructureDefinition",
        "url": BASE + name,
        "version": version,
        "name": name,
        "type": type_name,
        "derivation": "constraint",
        "baseDefinition": base or f"http://hl7.org/fhir/StructureDefinition/{type_name}",
        "differential": {"element": [{"id": type_name, "path": type_name}, *elements]},
    }


def element(identifier: str, **facts: Any) -> Json:
    path = ".".join(part.partition(":")[0] for part in identifier.split("."))
    last = identifier.rpartition(".")[2]
    slice_name = {"sliceName": last.partition(":")[2]} if ":" in last else {}
    return {"id": identifier, "path": path, **slice_name, **facts}


def slicing(kind: str, path: str, rules: str = "open", *, ordered: bool = False) -> Json:
    return {"discriminator": [{"type": kind, "path": path}], "rules": rules, "ordered": ordered}


def keys(resource: Json, *definitions: Json) -> list[str]:
    """The details codes of the errors of a resource against the last of the definitions."""
    registry = ProfileRegistry().with_facts(read_facts("profiles.json.xz")["profiles"])
    for stated in definitions:
        registry.add_structure_definition(stated)
    knowledge = Knowledge(Terminology().with_facts(r4_terminology_facts()), registry)
    options = Options(profiles=(definitions[-1]["url"],), claimed_profiles=False)
    issues = validate(resource, options=options, knowledge=knowledge)
    return [issue.details_code for issue in issues if issue.is_error]


def coding(code: str, system: str = LOINC) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def test_cardinality_fixed_pattern_length_and_type_of_a_differential() -> None:
    profile = definition(
        "strict",
        "Patient",
        [
            element("Patient.photo", min=1),
            element("Patient.active", min=1, fixedBoolean=True),
            element("Patient.maritalStatus", patternCodeableConcept=coding("M", "urn:m")),
            element("Patient.name", max="1"),
            element("Patient.name.text", maxLength=3),
            element("Patient.contact", max="0"),
            element("Patient.deceased[x]", type=[{"code": "dateTime"}]),
        ],
    )
    wrong = {
        **PATIENT,
        "active": False,
        "maritalStatus": coding("S", "urn:m"),
        "name": [{"text": "홍길동님"}, {"text": "홍"}],
    }
    assert sorted(keys(wrong, profile)) == [
        "profile-fixed",
        "profile-length",
        "profile-max",
        "profile-min",
        "profile-pattern",
        "profile-prohibited",
        "profile-type",
    ]


def test_a_differential_adds_to_its_base_and_to_the_base_of_that() -> None:
    first = definition("first", "Patient", [element("Patient.photo", min=1)])
    second = definition("second", "Patient", [element("Patient.name", min=2)], base=BASE + "first")
    third = definition("third", "Patient", [element("Patient.name", min=3)], base=BASE + "second")
    assert keys(PATIENT, first, second, third) == ["profile-min", "profile-min"]
    assert keys(PATIENT, first, second) == ["profile-min", "profile-min"]


def test_a_differential_whose_base_is_not_known_cannot_be_checked_and_says_so() -> None:
    orphan = definition("orphan", "Patient", [element("Patient.photo", min=1)], base=BASE + "nowhere")
    assert keys(PATIENT, orphan) == ["profile-unknown-required"]


def components(kind: str, path: str, *slices: Json, rules: str = "open", ordered: bool = False) -> Json:
    sliced = element("Observation.component", slicing=slicing(kind, path, rules, ordered=ordered))
    return definition("sliced", "Observation", [sliced, *slices])


SYSTOLIC = [
    element("Observation.component:systolic", min=1, max="1"),
    element("Observation.component:systolic.code", patternCodeableConcept=coding("8480-6")),
]
DIASTOLIC = [
    element("Observation.component:diastolic", min=1, max="1"),
    element("Observation.component:diastolic.code", patternCodeableConcept=coding("8462-4")),
    element("Observation.component:diastolic.valueQuantity.code", min=1, fixedCode="mm[Hg]"),
]


def test_slices_by_pattern_have_their_own_cardinality_and_content() -> None:
    profile = components("pattern", "code", *SYSTOLIC, *DIASTOLIC)
    assert keys(OBSERVATION, profile) == []
    first, second = OBSERVATION["component"]
    assert keys({**OBSERVATION, "component": [first]}, profile) == ["profile-slice-min"]
    assert keys({**OBSERVATION, "component": [first, first, second]}, profile) == ["profile-slice-max"]
    unit = {**second, "valueQuantity": {**second["valueQuantity"], "code": "kPa"}}
    assert keys({**OBSERVATION, "component": [first, unit]}, profile) == ["profile-fixed"]


def test_a_closed_slicing_refuses_what_is_in_no_slice_and_an_open_one_does_not() -> None:
    other = {**OBSERVATION["component"][0], "code": coding("8867-4")}
    resource = {**OBSERVATION, "component": [*OBSERVATION["component"], other]}
    assert keys(resource, components("value", "code", *SYSTOLIC, *DIASTOLIC)) == []
    assert keys(resource, components("value", "code", *SYSTOLIC, *DIASTOLIC, rules="closed")) == ["profile-slice-none"]


def test_an_ordered_slicing_asks_for_the_order() -> None:
    profile = components("value", "code", *SYSTOLIC, *DIASTOLIC, ordered=True)
    assert keys(OBSERVATION, profile) == []
    turned = {**OBSERVATION, "component": OBSERVATION["component"][::-1]}
    assert keys(turned, profile) == ["profile-slice-order"]


def test_slices_by_value_deep_in_a_nested_slice() -> None:
    profile = definition(
        "nested",
        "Observation",
        [
            element("Observation.component", slicing=slicing("value", "code.coding.code")),
            element("Observation.component:systolic", min=1),
            element("Observation.component:systolic.code.coding", slicing=slicing("value", "$this")),
            element("Observation.component:systolic.code.coding:loinc", min=1),
            element("Observation.component:systolic.code.coding:loinc.system", min=1, fixedUri=LOINC),
            element("Observation.component:systolic.code.coding:loinc.code", min=1, fixedCode="8480-6"),
        ],
    )
    assert keys(OBSERVATION, profile) == []
    assert keys({**OBSERVATION, "component": OBSERVATION["component"][1:]}, profile) == ["profile-slice-min"]


def test_slices_by_type_of_a_choice() -> None:
    profile = definition(
        "typed",
        "Observation",
        [
            element("Observation.effective[x]", slicing=slicing("type", "$this", "closed")),
            element("Observation.effective[x]:effectiveDateTime", min=1, type=[{"code": "dateTime"}]),
        ],
    )
    assert keys(OBSERVATION, profile) == []
    period = {name: value for name, value in OBSERVATION.items() if name != "effectiveDateTime"}
    period["effectivePeriod"] = {"start": "2026-02-03"}
    assert sorted(keys(period, profile)) == ["profile-slice-min", "profile-slice-none"]


def test_slices_by_the_type_of_a_reference() -> None:
    doctors = [{"code": "Reference", "targetProfile": ["http://hl7.org/fhir/StructureDefinition/Practitioner"]}]
    profile = definition(
        "referring",
        "Observation",
        [
            element("Observation.performer", slicing=slicing("type", "resolve()")),
            element("Observation.performer:doctor", min=1, type=doctors),
        ],
    )
    contained = {"resourceType": "Practitioner", "id": "gp"}
    resource = {**OBSERVATION, "contained": [contained], "performer": [{"reference": "#gp"}]}
    assert keys(resource, profile) == []
    contained |= {"resourceType": "Organization", "name": "북구보건소"}
    assert keys(resource, profile) == ["profile-slice-min"]


def test_slices_by_existence() -> None:
    profile = definition(
        "existing",
        "Patient",
        [
            element("Patient.name", slicing=slicing("exists", "period")),
            element("Patient.name:current", min=1),
            element("Patient.name:current.period", max="0"),
            element("Patient.name:past", max="0"),
            element("Patient.name:past.period", min=1),
        ],
    )
    assert keys(PATIENT, profile) == []
    past = {**PATIENT, "name": [{**PATIENT["name"][0], "period": {"start": "1948"}}]}
    assert sorted(keys(past, profile)) == ["profile-slice-max", "profile-slice-min"]


def test_slices_by_profile() -> None:
    official = definition("official", "HumanName", [element("HumanName.use", min=1, fixedCode="official")])
    profile = definition(
        "named",
        "Patient",
        [
            element("Patient.name", slicing=slicing("profile", "$this")),
            element("Patient.name:official", min=1, type=[{"code": "HumanName", "profile": [BASE + "official"]}]),
        ],
    )
    assert keys(PATIENT, official, profile) == ["profile-slice-min"]
    named = {**PATIENT, "name": [{**PATIENT["name"][0], "use": "official"}]}
    assert keys(named, official, profile) == []


def test_a_target_that_is_at_hand_is_checked_against_the_profile_of_the_target() -> None:
    adult = definition("adult", "Patient", [element("Patient.birthDate", min=1)])
    profile = definition(
        "of-adults",
        "Observation",
        [element("Observation.subject", type=[{"code": "Reference", "targetProfile": [BASE + "adult"]}])],
    )
    subject = {"resourceType": "Patient", "id": "s", "gender": "male"}
    resource = {**OBSERVATION, "contained": [subject], "subject": {"reference": "#s"}}
    assert keys(resource, adult, profile) == ["profile-target-content"]
    subject["birthDate"] = "1948"
    assert keys(resource, adult, profile) == []
    assert keys({**OBSERVATION, "subject": {"reference": "Group/1"}}, adult, profile) == ["profile-target"]


def test_a_constraint_of_a_profile_is_told_in_its_own_words() -> None:
    stated = {"key": "b-1", "severity": "error", "human": "Born before 1950.", "expression": "birthDate < @1940"}
    profile = definition("old", "Patient", [])
    profile["differential"]["element"][0]["constraint"] = [stated]
    registry = ProfileRegistry()
    registry.add_structure_definition(profile)
    knowledge = Knowledge(Terminology().with_facts(r4_terminology_facts()), registry)
    options = Options(profiles=(BASE + "old",), claimed_profiles=False)
    issues = [i for i in validate(PATIENT, options=options, knowledge=knowledge) if i.is_error]
    assert [issue.text() for issue in issues] == ["b-1: Born before 1950."]


def test_extension_slices_are_known_by_their_url() -> None:
    district = definition("district", "Extension", [element("Extension.value[x]", min=1, type=[{"code": "code"}])])
    district["context"] = [{"type": "element", "expression": "Patient"}]
    profile = definition(
        "local",
        "Patient",
        [
            element("Patient.extension", slicing=slicing("value", "url")),
            element("Patient.extension:district", min=1, type=[{"code": "Extension", "profile": [BASE + "district"]}]),
        ],
    )
    wrong_type = keys(PATIENT, district, profile)
    assert set(wrong_type) == {"profile-type"}
    right = {**PATIENT, "extension": [{"url": BASE + "district", "valueCode": "north"}]}
    assert keys(right, district, profile) == []
    assert keys({**PATIENT, "extension": [{"url": BASE + "x", "valueCode": "y"}]}, district, profile) == [
        "profile-slice-min"
    ]


def test_an_extension_at_another_place_than_it_is_defined_for_is_refused() -> None:
    district = definition("district", "Extension", [])
    district["context"] = [{"type": "element", "expression": "Organization"}]
    profile = definition("any", "Patient", [])
    assert keys(PATIENT, district, profile) == ["extension-place"]


def test_an_unknown_modifier_extension_is_an_error() -> None:
    resource = {**PATIENT, "modifierExtension": [{"url": BASE + "not-really", "valueBoolean": True}]}
    assert [i.details_code for i in validate(resource) if i.is_error] == ["modifier-unknown"]


def test_versions_of_a_profile_stand_side_by_side() -> None:
    registry = ProfileRegistry()
    registry.add_structure_definition(definition("p", "Patient", [element("Patient.photo", min=1)], version="1"))
    registry.add_structure_definition(definition("p", "Patient", [element("Patient.photo", min=2)], version="2"))
    minima = {}
    for canonical in (f"{BASE}p|1", f"{BASE}p|2", f"{BASE}p"):
        found = registry.find(canonical)
        assert found is not None
        minima[canonical.removeprefix(BASE)] = found.root.children[0].minimum
    assert minima == {"p|1": 1, "p|2": 2, "p": 2}
    assert registry.find(f"{BASE}p|3") is None


def test_the_compact_form_of_a_profile_is_the_same_profile() -> None:
    for facts in read_facts("profiles.json.xz")["profiles"]:
        assert to_facts(from_facts(facts)) == facts


def package(**files: Any) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            raw = content if isinstance(content, bytes) else json.dumps(content).encode()
            info = tarfile.TarInfo(f"package/{name}.json")
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    buffer.seek(0)
    return buffer


MANIFEST = {
    "name": "test.gwangju",
    "version": "1.0.0",
    "fhirVersions": ["4.0.1"],
    "canonical": "http://example.org/fhir",
}


def test_a_package_in_npm_form_is_loaded_and_its_profile_is_enforced() -> None:
    profile = definition("strict", "Patient", [element("Patient.photo", min=1)])
    loaded = load_package(package(package=MANIFEST, strict=profile, other={"resourceType": "Basic"}))
    assert (loaded.name, loaded.version, len(loaded.resources)) == ("test.gwangju", "1.0.0", 1)
    (stated,) = loaded.of_type("StructureDefinition")
    assert keys(PATIENT, dict(stated)) == ["profile-min"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (io.BytesIO(b"not an archive"), "not a package"),
        (package(other={}), "no package/package.json"),
        (package(package={"name": "x"}), "no name or no version"),
        (package(package={**MANIFEST, "fhirVersions": ["5.0.0"]}), "this server is FHIR R4"),
        (package(package=MANIFEST, broken=b"{"), "broken.json is not JSON"),
        (package(package=MANIFEST, broken=b"[]"), "not an object"),
    ],
)
def test_what_is_no_package_is_refused_with_the_reason(content: io.BytesIO, reason: str) -> None:
    with pytest.raises(PackageError, match=reason):
        load_package(content)


def test_a_definition_of_another_version_of_fhir_is_no_profile_here() -> None:
    with pytest.raises(ValueError, match="not a type of FHIR R4"):
        from_structure_definition(definition("x", "Citation", []))
