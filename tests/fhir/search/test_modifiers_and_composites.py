"""Modifiers, composites, positions, `_filter`, `_list`, `_text` and `_content`, asked over HTTP by the four people."""

from __future__ import annotations

from typing import Any

import pytest

from tests import builders
from tests.builders import FHIR
from tests.fhir.conftest import City
from tests.fhir.search.test_chains import found, stored

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"


def concept(code: str, display: str = "", text: str = "") -> dict[str, Any]:
    coding = {"system": LOINC, "code": code} | ({"display": display} if display else {})
    return {"coding": [coding]} | ({"text": text} if text else {})


def pressure(city: City, systolic: float, diastolic: float) -> dict[str, Any]:
    def part(code: str, value: float) -> dict[str, Any]:
        quantity = {"value": value, "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"}
        return {"code": concept(code), "valueQuantity": quantity}

    return {
        "resourceType": "Observation",
        "status": "final",
        "code": concept("85354-9", "Blood pressure panel", "혈압"),
        "subject": {"reference": f"Patient/{city.patient}", "display": "Kim Younghee"},
        "effectiveDateTime": "2026-05-01",
        "component": [part("8480-6", systolic), part("8462-4", diastolic)],
    }


@pytest.fixture
def chart(city: City) -> dict[str, str]:
    """Resources of one patient by a name."""
    resources: dict[str, dict[str, Any]] = {
        "high": pressure(city, 150, 95),
        "low": pressure(city, 110, 70),
        "pulse": builders.observation(city.patient, 72),
        "note": builders.observation(city.patient, code="1-8")
        | {
            "valueString": "Walks Slowly",
            "text": {
                "status": "generated",
                "div": '<div xmlns="http://www.w3.org/1999/xhtml">균형이 <b>나쁨</b></div>',
            },
            "note": [{"text": "넘어질 위험"}],
        },
        "glucose": builders.observation(city.patient, code="2339-0")
        | {"valueQuantity": {"value": 5.4, "unit": "g/L", "system": UCUM, "code": "g/L"}},
    }
    del resources["note"]["valueQuantity"]
    return {name: stored(city.system, resource) for name, resource in resources.items()}


QUERIES = [
    ("component-code-value-quantity=8480-6$gt140", ["high"]),
    (f"component-code-value-quantity={LOINC}|8480-6$gt140", ["high"]),
    (f"component-code-value-quantity={LOINC}|8480-6$gt140|{UCUM}|mm[Hg]", ["high"]),
    (f"component-code-value-quantity={LOINC}|8480-6$gt18|{UCUM}|kPa", ["high"]),
    ("component-code-value-quantity=8480-6$gt140||mmHg", ["high"]),
    ("component-code-value-quantity=8480-6$gt140||kg", []),
    ("component-code-value-quantity=urn:x|8480-6$gt140", []),
    (f"component-code-value-quantity={LOINC}|$gt140", ["high"]),
    # 95 is a diastolic value and 8480-6 the systolic code: one element has to meet both.
    ("component-code-value-quantity=8480-6$lt100", []),
    ("component-code-value-quantity=8462-4$lt100", ["high", "low"]),
    ("component-code-value-quantity=8480-6$110,8462-4$95", ["high", "low"]),
    ("combo-code-value-quantity=8480-6$gt140", ["high"]),
    ("combo-code-value-quantity=8867-4$72", ["pulse"]),
    ("combo-code-value-quantity=8867-4$72,8480-6$110", ["low", "pulse"]),
    ("code-value-quantity=8867-4$gt70", ["pulse"]),
    ("code-value-quantity=8867-4$gt80", []),
    ("code-value-string=1-8$walks", ["note"]),
    ("value-quantity=540|http://unitsofmeasure.org|mg/dL", ["glucose"]),
    ("value-quantity=5.4", ["glucose"]),
    ("value-quantity=5", ["glucose"]),
    ("value-quantity=5.0", []),
    ("value-string:exact=Walks Slowly", ["note"]),
    ("value-string:exact=walks slowly", []),
    ("value-string=walks", ["note"]),
    ("value-string:contains=SLOW", ["note"]),
    ("code:text=blood", ["high", "low"]),
    ("code:text=pressure", ["high", "low"]),
    ("code:text=essure", []),
    ("code:text=혈압", ["high", "low"]),
    ("subject:text=younghee", ["high", "low"]),
    ("value-string:missing=false", ["note"]),
    ("value-quantity:missing=true", ["high", "low", "note"]),
    ("code:not=8867-4", ["glucose", "high", "low", "note"]),
    ("_text=균형이 나쁨", ["note"]),
    ("_text=위험", []),
    ("_content=위험", ["note"]),
    ("_content=slowly", ["note"]),
    ("_filter=code eq 8867-4", ["pulse"]),
    ("_filter=code eq 8867-4 or value-string sw walk", ["note", "pulse"]),
    ("_filter=not (code eq 8867-4) and status eq final and value-string pr false", ["glucose", "high", "low"]),
    ("_filter=code ne 85354-9 and (value-quantity gt 50 or value-string co slow)", ["note", "pulse"]),
    ("_filter=value-string ew slowly", ["note"]),
    ("_filter=value-string eq walks", []),
    ("_filter=date po 2026 and code eq 1-8", ["note"]),
    ("_filter=subject[birthdate ge 1950-01-01].gender eq female and code eq 1-8", ["note"]),
    ("_filter=subject[birthdate ge 1960-01-01].gender eq female", []),
    ("_filter=patient.gender eq female and code eq 1-8", ["note"]),
]


@pytest.mark.parametrize(("query", "expected"), QUERIES)
def test_a_modifier_or_composite_selects(city: City, chart: dict[str, str], query: str, expected: list[str]) -> None:
    for caller in (city.system, city.clinician, city.citizen):
        names = {id: name for name, id in chart.items()}
        assert sorted(names[id] for id in found(caller, f"Observation?{query}")) == expected
    for caller in (city.other_system, city.other_clinician, city.stranger):
        assert found(caller, f"Observation?{query}") == []


def test_an_identifier_is_found_by_its_type_and_value(city: City) -> None:
    kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
    other = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "SS"}]}
    id = builders.patient(
        city.clinic,
        identifier=[
            {"type": kind, "system": "urn:a", "value": "17"},
            {"type": other, "system": "urn:b", "value": "18"},
        ],
    )
    asked = "Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203"
    assert found(city.system, f"{asked}|MR|17") == [id]
    assert found(city.system, f"{asked}|MR|18") == []
    assert found(city.system, f"{asked}|SS|18") == [id]
    assert found(city.other_system, f"{asked}|MR|17") == []


def test_a_url_is_found_above_and_below_a_path(city: City) -> None:
    urls = ["http://a.example/x", "http://a.example/x/y", "http://a.example/xy"]
    ids = [
        stored(city.system, {"resourceType": "ValueSet", "status": "active", "url": url, "name": "N"}) for url in urls
    ]
    assert found(city.system, "ValueSet?url:below=http://a.example/x") == sorted(ids[:2])
    assert found(city.system, "ValueSet?url:above=http://a.example/x/y/z") == sorted(ids[:2])
    assert found(city.system, "ValueSet?url=http://a.example/x") == ids[:1]


def test_a_place_is_found_within_a_distance(city: City) -> None:
    def place(latitude: float, longitude: float) -> str:
        position = {"latitude": latitude, "longitude": longitude}
        return stored(city.system, {"resourceType": "Location", "name": "L", "position": position})

    hall, station = place(35.1601, 126.8514), place(35.1379, 126.7929)  # 5.87 km apart
    stored(city.system, {"resourceType": "Location", "name": "nowhere"})
    asked = "Location?near=35.1601|126.8514"
    assert found(city.system, f"{asked}|5.8|km") == [hall]
    assert found(city.stranger, f"{asked}|5.9|km") == sorted([hall, station])
    assert found(city.system, f"{asked}|5800|m") == [hall]
    assert found(city.system, asked) == sorted([hall, station])
    assert found(city.system, "Location?near=-35|126.8514|100|km") == []


def test_a_list_selects_what_it_holds_for_those_who_see_it(city: City, chart: dict[str, str]) -> None:
    held = [{"item": {"reference": f"Observation/{chart[name]}"}} for name in ("pulse", "note")]
    listed = {"resourceType": "List", "status": "current", "mode": "working", "entry": held}
    own = stored(city.system, listed | {"subject": {"reference": f"Patient/{city.patient}"}})
    assert found(city.system, f"Observation?_list={own}") == sorted([chart["pulse"], chart["note"]])
    assert found(city.system, f"Observation?_list={own}&code=1-8") == [chart["note"]]
    assert found(city.other_system, f"Observation?_list={own}") == []


def test_current_problems_are_the_active_ones_of_the_problem_list(city: City) -> None:
    def condition(status: str, category: str) -> str:
        url = "http://terminology.hl7.org/CodeSystem/condition-"
        return stored(
            city.system,
            {
                "resourceType": "Condition",
                "clinicalStatus": {"coding": [{"system": f"{url}clinical", "code": status}]},
                "category": [{"coding": [{"system": f"{url}category", "code": category}]}],
                "subject": {"reference": f"Patient/{city.patient}"},
            },
        )

    active = condition("active", "problem-list-item")
    condition("resolved", "problem-list-item")
    condition("active", "encounter-diagnosis")
    asked = f"Condition?patient={city.patient}&_list=$current-problems"
    assert found(city.citizen, asked) == [active]
    assert city.system.get(f"{FHIR}/Observation?_list=$current-problems").status_code == 400


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("_filter=code%20eq", "operator"),
        ("_filter=(code%20eq%20x", ")"),
        ("_filter=code%20xx%20y", "xx"),
        ("_filter=kode%20eq%20y", "code"),
        ("_filter=not%20code%20eq%20x", "not"),
        ("_filter=value-string%20eq%20%22x", "quotation"),
        ("_filter=status%20gt%20x", "possible"),
        ("_query=x", "_query"),
        ("_contained=true", "_contained"),
        ("code:contains=x", ":text"),
        ("code-value-quantity=8867-4", "code$value-quantity"),
    ],
)
def test_what_cannot_be_searched_is_refused_by_name(city: City, query: str, word: str) -> None:
    answer = city.system.get(f"{FHIR}/Observation?{query}")
    assert answer.status_code == 400
    assert word.lower() in str(answer.json()["issue"]).lower()


def test_lenient_handling_says_in_the_bundle_what_it_ignored(city: City, chart: dict[str, str]) -> None:
    asked = f"{FHIR}/Observation?code=8867-4&kode=x&code:contains=y&subject.nmae=z"
    assert city.system.get(asked).status_code == 400
    bundle = city.system.get(asked, Prefer="handling=lenient").json()
    modes = [entry["search"]["mode"] for entry in bundle["entry"]]
    assert modes == ["match", "outcome"]
    outcome = bundle["entry"][1]["resource"]
    assert [issue["expression"][0] for issue in outcome["issue"]] == ["kode", "code:contains", "subject.nmae"]
    own = next(link["url"] for link in bundle["link"] if link["relation"] == "self")
    assert own.endswith("/Observation?code=8867-4")
