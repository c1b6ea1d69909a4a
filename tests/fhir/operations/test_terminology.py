"""The terminology operations over HTTP: built-in systems, loaded ones, and resources that a client stored."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.builders import FHIR
from tests.fhir.conftest import City
from tests.fhir.operations.conftest import all_outputs, codes, outputs, parameters

GENDER = "http://hl7.org/fhir/administrative-gender"
GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"
DEPARTMENTS = "http://www.hl7korea.or.kr/CodeSystem/hira-medical-department"
QUALIFICATIONS = "http://www.hl7korea.or.kr/CodeSystem/mohw-practitioner-qualification-types"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ANIMALS: dict[str, Any] = {
    "resourceType": "CodeSystem",
    "url": "https://example.org/animals",
    "version": "1",
    "name": "Animals",
    "status": "active",
    "content": "complete",
    "concept": [
        {
            "code": "bird",
            "display": "Bird",
            "designation": [{"language": "ko", "value": "새"}],
            "concept": [
                {"code": "duck", "display": "Duck", "concept": [{"code": "mallard", "display": "Mallard duck"}]},
                {"code": "crow", "display": "Crow"},
            ],
        },
        {"code": "cat", "display": "Cat"},
    ],
}
BIRDS: dict[str, Any] = {
    "resourceType": "ValueSet",
    "url": "https://example.org/birds",
    "name": "Birds",
    "status": "active",
    "compose": {
        "include": [{"system": ANIMALS["url"], "filter": [{"property": "concept", "op": "is-a", "value": "bird"}]}]
    },
}
SOUNDS: dict[str, Any] = {
    "resourceType": "ConceptMap",
    "url": "https://example.org/sounds",
    "status": "active",
    "group": [
        {
            "source": ANIMALS["url"],
            "target": "https://example.org/sound",
            "element": [
                {"code": "duck", "target": [{"code": "quack", "equivalence": "equivalent"}]},
                {"code": "cat", "target": [{"equivalence": "unmatched", "comment": "no word"}]},
            ],
        }
    ],
}


@pytest.fixture
def stored(city: City) -> dict[str, str]:
    """The addresses of a code system, a value set and a map that a clinic stored."""
    found = {}
    for resource in (ANIMALS, BIRDS, SOUNDS):
        answer = city.system.post(f"{FHIR}/{resource['resourceType']}", resource)
        assert answer.status_code == 201, answer.content
        found[resource["resourceType"]] = f"{FHIR}/{resource['resourceType']}/{answer.json()['id']}"
    return found


def get(city: City, path: str) -> dict[str, Any]:
    answer = city.citizen.get(f"{FHIR}/{path}")
    assert answer.status_code == 200, answer.content
    return outputs(answer.json())


def test_lookup_of_a_code_of_r4_and_of_a_hangul_code(city: City) -> None:
    assert get(city, f"CodeSystem/$lookup?system={GENDER}&code=female")["display"] == "Female"
    found = get(city, f"CodeSystem/$lookup?system={QUALIFICATIONS}&code={quote('의사')}")
    assert found["name"] == QUALIFICATIONS
    posted = city.system.post(f"{FHIR}/CodeSystem/$lookup", parameters(coding={"system": GENDER, "code": "male"}))
    assert outputs(posted.json())["display"] == "Male"


def test_lookup_tells_where_a_code_stands(city: City, stored: dict[str, str]) -> None:
    answer = city.citizen.get(f"{stored['CodeSystem']}/$lookup?code=duck&displayLanguage=ko")
    assert outputs(answer.json())["name"] == "Animals"
    assert all_outputs(answer.json(), "property") == [
        {"code": "parent", "value": "bird"},
        {"code": "child", "value": "mallard"},
    ]
    korean = get(city, f"CodeSystem/$lookup?system={ANIMALS['url']}&code=bird&displayLanguage=ko-KR")
    assert korean["display"] == "새"


def test_lookup_of_what_is_not_there_says_so(city: City) -> None:
    for query in (f"system={GENDER}&code=none", "system=https://example.org/none&code=x"):
        assert city.citizen.get(f"{FHIR}/CodeSystem/$lookup?{query}").status_code == 404
    missing = city.citizen.get(f"{FHIR}/CodeSystem/$lookup?system={GENDER}")
    assert missing.status_code == 400
    assert "'code'" in missing.json()["issue"][0]["details"]["text"]


@pytest.mark.parametrize(
    ("code", "system", "result"),
    [("female", GENDER, True), ("female", "", True), ("femail", GENDER, False), ("female", "http://loinc.org", False)],
)
def test_validate_code_against_a_value_set(city: City, code: str, system: str, result: bool) -> None:
    query = f"url={GENDERS}&code={code}" + (f"&system={system}" if system else "")
    found = get(city, f"ValueSet/$validate-code?{query}")
    assert found["result"] is result
    assert ("message" in found) is not result


def test_validate_code_checks_the_display_too(city: City) -> None:
    assert get(city, f"ValueSet/$validate-code?url={GENDERS}&code=female&system={GENDER}&display=FEMALE")["result"]
    found = get(city, f"ValueSet/$validate-code?url={GENDERS}&code=female&system={GENDER}&display=Male")
    assert found["result"] is False
    assert found["display"] == "Female"


def test_validate_code_against_a_code_system(city: City) -> None:
    assert get(city, f"CodeSystem/$validate-code?url={DEPARTMENTS}&code=21")["result"] is True
    found = get(city, f"CodeSystem/$validate-code?url={DEPARTMENTS}&code=999")
    assert found["result"] is False
    assert DEPARTMENTS in found["message"]


def test_a_code_of_a_system_without_content_is_neither_valid_nor_invalid(city: City) -> None:
    kcd = "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-8"
    answer = city.citizen.get(f"{FHIR}/CodeSystem/$validate-code?url={kcd}&code=E11.9")
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["code"] == "not-supported"


def test_validate_code_of_a_concept_with_several_codings(city: City, stored: dict[str, str]) -> None:
    concept = {"coding": [{"system": ANIMALS["url"], "code": "cat"}, {"system": ANIMALS["url"], "code": "crow"}]}
    sent = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "url", "valueUri": BIRDS["url"]},
            {"name": "codeableConcept", "valueCodeableConcept": concept},
        ],
    }
    assert outputs(city.system.post(f"{FHIR}/ValueSet/$validate-code", sent).json())["result"] is True
    concept["coding"].pop()
    assert outputs(city.system.post(f"{FHIR}/ValueSet/$validate-code", sent).json())["result"] is False
    by_instance = city.citizen.get(f"{stored['ValueSet']}/$validate-code?code=duck&system={ANIMALS['url']}")
    assert outputs(by_instance.json())["result"] is True


@pytest.mark.parametrize(
    ("a", "b", "outcome"),
    [
        ("bird", "mallard", "subsumes"),
        ("mallard", "bird", "subsumed-by"),
        ("duck", "duck", "equivalent"),
        ("crow", "duck", "not-subsumed"),
    ],
)
def test_subsumes(city: City, stored: dict[str, str], a: str, b: str, outcome: str) -> None:
    assert get(city, f"CodeSystem/$subsumes?system={ANIMALS['url']}&codeA={a}&codeB={b}") == {"outcome": outcome}
    codings = parameters(codingA={"system": ANIMALS["url"], "code": a}, codingB={"system": ANIMALS["url"], "code": b})
    assert outputs(city.system.post(f"{FHIR}/CodeSystem/$subsumes", codings).json()) == {"outcome": outcome}


def test_subsumes_across_systems_is_refused(city: City) -> None:
    sent = parameters(codingA={"system": GENDER, "code": "male"}, codingB={"system": ACT_CODE, "code": "AMB"})
    assert city.system.post(f"{FHIR}/CodeSystem/$subsumes", sent).status_code == 400


def test_expand_gives_all_codes_a_filter_some_and_a_page_its_part(city: City) -> None:
    everything = codes(city.citizen, url=GENDERS)
    assert sorted(everything) == ["female", "male", "other", "unknown"]
    assert codes(city.citizen, url=GENDERS, filter="fem") == ["female"]
    pages = [codes(city.citizen, url=GENDERS, count="3", offset=str(offset)) for offset in (0, 3, 6)]
    assert pages == [everything[:3], everything[3:], []]


def test_expand_states_what_shaped_it_and_how_many_there_are(city: City) -> None:
    answer = city.citizen.get(f"{FHIR}/ValueSet/$expand?url={GENDERS}&count=2&offset=1").json()
    assert answer["resourceType"] == "ValueSet"
    assert answer["url"] == GENDERS
    assert (answer["expansion"]["total"], answer["expansion"]["offset"]) == (4, 1)
    assert {one["name"] for one in answer["expansion"]["parameter"]} == {"count", "offset"}


def test_expand_nests_where_it_is_asked_to(city: City, stored: dict[str, str]) -> None:
    flat = city.citizen.get(f"{stored['ValueSet']}/$expand").json()["expansion"]["contains"]
    assert sorted(entry["code"] for entry in flat) == ["bird", "crow", "duck", "mallard"]
    nested = city.citizen.get(f"{stored['ValueSet']}/$expand?excludeNested=false").json()["expansion"]["contains"]
    assert [entry["code"] for entry in nested] == ["bird"]
    below = {entry["code"]: entry for entry in nested[0]["contains"]}
    assert below.keys() == {"duck", "crow"}
    assert [entry["code"] for entry in below["duck"]["contains"]] == ["mallard"]


def test_expand_of_a_value_set_that_is_sent_along(city: City, stored: dict[str, str]) -> None:
    wanted = {
        "resourceType": "ValueSet",
        "status": "active",
        "compose": {"include": [{"system": ANIMALS["url"], "concept": [{"code": "cat"}]}, {"system": GENDER}]},
    }
    answer = city.system.post(f"{FHIR}/ValueSet/$expand", parameters(valueSet=wanted))
    expanded = [entry["code"] for entry in answer.json()["expansion"]["contains"]]
    assert expanded[0] == "cat"
    assert len(expanded) == 5


def test_expand_speaks_the_language_that_is_asked_for(city: City, stored: dict[str, str]) -> None:
    answer = city.citizen.get(f"{stored['ValueSet']}/$expand?displayLanguage=ko&includeDesignations=true").json()
    bird = next(entry for entry in answer["expansion"]["contains"] if entry["code"] == "bird")
    assert bird["display"] == "새"
    assert bird["designation"] == [{"language": "ko", "value": "새"}]


def test_expand_says_what_it_cannot_expand(city: City) -> None:
    kcd = "http://www.hl7korea.or.kr/fhir/krcore/ValueSet/krcore-kcd8-codes"
    assert city.citizen.get(f"{FHIR}/ValueSet/$expand?url={kcd}").status_code == 422
    assert city.citizen.get(f"{FHIR}/ValueSet/$expand?url=https://example.org/none").status_code == 404
    assert city.citizen.get(f"{FHIR}/ValueSet/$expand").status_code == 400
    assert city.citizen.get(f"{FHIR}/ValueSet/$expand?url={GENDERS}&count=-1").status_code == 400


def test_translate_by_a_map_of_r4_and_by_a_stored_one(city: City, stored: dict[str, str]) -> None:
    answer = city.citizen.get(f"{FHIR}/ConceptMap/$translate?url={SOUNDS['url']}&system={ANIMALS['url']}&code=duck")
    assert outputs(answer.json())["result"] is True
    match = all_outputs(answer.json(), "match")[0]
    assert match["concept"] == {"system": "https://example.org/sound", "code": "quack"}
    assert match["equivalence"] == "equivalent"
    back = city.citizen.get(
        f"{stored['ConceptMap']}/$translate?system=https://example.org/sound&code=quack&reverse=true"
    )
    assert all_outputs(back.json(), "match")[0]["concept"]["code"] == "duck"
    use = "http://hl7.org/fhir/ConceptMap/cm-address-type-v3"
    official = city.citizen.get(
        f"{FHIR}/ConceptMap/$translate?url={use}&system=http://hl7.org/fhir/address-type&code=postal"
    )
    assert all_outputs(official.json(), "match")[0]["concept"]["code"] == "PST"


def test_translate_without_a_match_says_no(city: City, stored: dict[str, str]) -> None:
    found = get(city, f"ConceptMap/$translate?url={SOUNDS['url']}&system={ANIMALS['url']}&code=crow")
    assert found["result"] is False
    assert "message" in found


def test_what_a_client_stores_under_a_url_of_r4_changes_nothing(city: City) -> None:
    false = {
        "resourceType": "ValueSet",
        "url": GENDERS,
        "status": "active",
        "compose": {"include": [{"system": GENDER, "concept": [{"code": "male"}]}]},
    }
    address = f"{FHIR}/ValueSet/{city.system.post(f'{FHIR}/ValueSet', false).json()['id']}"
    assert len(codes(city.citizen, url=GENDERS)) == 4
    own = city.citizen.get(f"{address}/$expand").json()["expansion"]["contains"]
    assert [entry["code"] for entry in own] == ["male"], "by its own address it answers for itself"
    woman = {"resourceType": "Patient", "name": [{"text": "박순자"}], "gender": "female"}
    assert city.system.post(f"{FHIR}/Patient", woman).status_code == 201


def test_the_operations_are_for_who_has_signed_in(city: City) -> None:
    from tests.builders import Caller

    assert Caller().get(f"{FHIR}/ValueSet/$expand?url={GENDERS}").status_code == 401
