"""$lookup, $validate-code, $subsumes, $expand and $translate over the terminology of R4 and one of our own."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest

from health_platform.fhir.definitions import structures
from health_platform.fhir.outcome import NotFound, UnprocessableEntity
from health_platform.fhir.terminology import external, operations
from health_platform.fhir.terminology.membership import exists, in_value_set, validate_code
from health_platform.fhir.terminology.registry import Terminology, r4_terminology_facts

V3_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
GENDER_SYSTEM = "http://hl7.org/fhir/administrative-gender"

CLINICS: dict[str, Any] = {
    "resourceType": "CodeSystem",
    "url": "urn:test:clinics",
    "version": "1",
    "content": "complete",
    "concept": [
        {
            "code": "병원",
            "display": "Hospital",
            "concept": [
                {"code": "요양", "display": "Long-term care", "property": [{"code": "beds", "valueInteger": 30}]},
                {"code": "정신", "display": "Psychiatric hospital"},
            ],
        },
        {"code": "의원", "display": "Clinic", "designation": [{"language": "en", "value": "Doctor's office"}]},
    ],
}


def value_set(url: str, **compose: Any) -> dict[str, Any]:
    return {"resourceType": "ValueSet", "url": url, "compose": compose}


@pytest.fixture
def terminology() -> Terminology:
    found = Terminology().with_facts(r4_terminology_facts())
    found.add(CLINICS)
    system = "urn:test:clinics"
    found.add(value_set("urn:all", include=[{"system": system}]))
    found.add(
        value_set(
            "urn:hospitals",
            include=[{"system": system, "filter": [{"property": "concept", "op": "is-a", "value": "병원"}]}],
            exclude=[{"system": system, "concept": [{"code": "정신"}]}],
        )
    )
    found.add(value_set("urn:both", include=[{"valueSet": ["urn:all", "urn:hospitals"]}]))
    found.add(
        value_set("urn:beds", include=[{"system": system, "filter": [{"property": "beds", "op": "=", "value": "30"}]}])
    )
    found.add(value_set("urn:outside", include=[{"system": "urn:test:elsewhere"}]))
    found.add(value_set("urn:loop", include=[{"valueSet": ["urn:loop"]}]))
    return found


def test_lookup_tells_display_and_place_in_the_hierarchy(terminology: Terminology) -> None:
    found = operations.lookup(terminology, "urn:test:clinics", "병원")
    assert (found.concept.display, found.version, found.children) == ("Hospital", "1", ("요양", "정신"))
    assert operations.lookup(terminology, V3_ACT_CODE, "AE").concept.display == "American Express"
    with pytest.raises(NotFound):
        operations.lookup(terminology, "urn:test:clinics", "약국")
    with pytest.raises(NotFound):
        operations.lookup(terminology, "urn:test:nowhere", "1")


@pytest.mark.parametrize(
    ("a", "b", "answer"),
    [
        ("CC", "AE", "subsumes"),
        ("AE", "CC", "subsumed-by"),
        ("_ActAccountCode", "AE", "subsumes"),
        ("AE", "AE", "equivalent"),
        ("AE", "MC", "not-subsumed"),
    ],
)
def test_subsumes_follows_the_hierarchy(terminology: Terminology, a: str, b: str, answer: str) -> None:
    assert operations.subsumes(terminology, V3_ACT_CODE, a, b) == answer


@pytest.mark.parametrize(
    ("url", "code", "answer"),
    [
        ("urn:all", "정신", True),
        ("urn:all", "약국", False),
        ("urn:hospitals", "병원", True),
        ("urn:hospitals", "요양", True),
        ("urn:hospitals", "정신", False),
        ("urn:hospitals", "의원", False),
        ("urn:both", "요양", True),
        ("urn:both", "의원", False),
        ("urn:beds", "요양", True),
        ("urn:beds", "정신", False),
        ("urn:loop", "요양", None),
        ("urn:nowhere", "요양", None),
    ],
)
def test_membership_of_a_code(terminology: Terminology, url: str, code: str, answer: bool | None) -> None:
    assert in_value_set(terminology, url, "urn:test:clinics", code, 0) is answer


def test_a_system_without_content_is_unknown_and_another_system_is_no(terminology: Terminology) -> None:
    assert validate_code(terminology, "urn:outside", "urn:test:elsewhere", "1").result is None
    assert validate_code(terminology, "urn:outside", "urn:test:clinics", "의원").result is False


def test_a_code_alone_is_sought_in_every_system_of_the_set(terminology: Terminology) -> None:
    assert validate_code(terminology, GENDER, None, "female").result is True
    assert validate_code(terminology, GENDER, None, "woman").result is False


def test_a_display_is_compared_without_case_and_with_designations(terminology: Terminology) -> None:
    assert validate_code(terminology, "urn:all", "urn:test:clinics", "의원", "CLINIC").result is True
    assert validate_code(terminology, "urn:all", "urn:test:clinics", "의원", "Doctor's  office").result is True
    wrong = validate_code(terminology, "urn:all", "urn:test:clinics", "의원", "Hospital")
    assert (wrong.result, wrong.display) == (False, "Clinic")


def test_expand_gives_pages_text_matches_and_depths(terminology: Terminology) -> None:
    assert [item.code for item in operations.expand(terminology, "urn:hospitals").contains] == ["병원", "요양"]
    page = operations.expand(terminology, GENDER, offset=1, count=2)
    assert (page.total, [item.code for item in page.contains]) == (4, ["female", "other"])
    found = operations.expand(terminology, "urn:all", text="hosp", hierarchy=True)
    assert [(item.code, item.depth) for item in found.contains] == [("병원", 0), ("정신", 1)]


def test_expand_refuses_what_it_cannot_enumerate(terminology: Terminology) -> None:
    with pytest.raises(UnprocessableEntity):
        operations.expand(terminology, "urn:outside")
    with pytest.raises(NotFound):
        operations.expand(terminology, "urn:nowhere")


def test_a_regular_expression_that_cannot_be_read_is_an_error_of_the_request(terminology: Terminology) -> None:
    filters = [{"property": "code", "op": "regex", "value": "("}]
    terminology.add(value_set("urn:regex", include=[{"system": "urn:test:clinics", "filter": filters}]))
    with pytest.raises(UnprocessableEntity):
        operations.expand(terminology, "urn:regex")


def test_a_regular_expression_without_end_is_stopped(terminology: Terminology) -> None:
    terminology.add({**CLINICS, "url": "urn:test:long", "concept": [{"code": "a" * 60 + "!"}]})
    filters = [{"property": "code", "op": "regex", "value": "(a|a?)*(a*)*(a|a)*b"}]
    terminology.add(value_set("urn:long", include=[{"system": "urn:test:long", "filter": filters}]))
    start = time.process_time()
    with contextlib.suppress(UnprocessableEntity):
        assert operations.expand(terminology, "urn:long").contains == ()
    assert time.process_time() - start < 1


def test_translate_goes_both_ways(terminology: Terminology) -> None:
    terminology.add(
        {
            "resourceType": "ConceptMap",
            "url": "urn:map",
            "group": [
                {
                    "source": "urn:test:clinics",
                    "target": "urn:test:kinds",
                    "element": [{"code": "의원", "target": [{"code": "31", "equivalence": "equivalent"}]}],
                }
            ],
        }
    )
    (match,) = operations.translate(terminology, "urn:map", "urn:test:clinics", "의원")
    assert (match.system, match.code, match.equivalence) == ("urn:test:kinds", "31", "equivalent")
    (back,) = operations.translate(terminology, "urn:map", "urn:test:kinds", "31", reverse=True)
    assert back.code == "의원"
    assert operations.translate(terminology, "urn:map", "urn:test:clinics", "병원") == []


def test_the_expansions_of_required_bindings_agree_with_expand(terminology: Terminology) -> None:
    """Two ways to the same codes: the facts of the binding check, and the terminology."""
    compared = 0
    for url, systems in structures.required_value_sets().items():
        if systems:
            compared += 1
            expected = {(system, code) for system, codes in systems.items() for code in codes}
            found = operations.expand(terminology, url)
            assert {(item.system, item.code) for item in found.contains} == expected, url
    assert compared == 220


def test_versions_stand_side_by_side(terminology: Terminology) -> None:
    terminology.add(CLINICS | {"version": "2", "concept": [{"code": "약국"}]})
    assert exists(terminology, "urn:test:clinics", "약국") is True
    old = terminology.code_system("urn:test:clinics|1")
    assert old is not None and old.find("약국") is None and old.find("의원") is not None
    assert terminology.code_system("urn:test:clinics|3") is None


@pytest.mark.parametrize(
    ("system", "code", "answer"),
    [
        (external.LOINC, "8480-6", True),
        (external.LOINC, "8480-5", False),
        (external.LOINC, "LA6568-5", True),
        (external.SNOMED_CT, "73211009", True),
        (external.SNOMED_CT, "840539006", True),
        (external.SNOMED_CT, "73211008", False),
        (external.SNOMED_CT, "1", False),
        (external.SNOMED_CT, "276885007x", False),
        (external.BCP_47, "ko", True),
        (external.BCP_47, "zh-Hans-CN", True),
        (external.BCP_47, "korean_kr", False),
        (external.BCP_13, "application/pdf", True),
        (external.BCP_13, "text/html; charset=utf-8", True),
        (external.BCP_13, "pdf", False),
        (external.CURRENCY, "KRW", True),
        (external.CURRENCY, "WON", False),
        (external.UCUM, "mm[Hg]", True),
        (external.UCUM, "mmHgX", False),
        ("urn:test:unknown", "1", None),
    ],
)
def test_the_form_of_codes_of_systems_that_are_not_shipped(system: str, code: str, answer: bool | None) -> None:
    assert external.is_well_formed(system, code) is answer
