"""What a query value asks for, against the rows that a resource has."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health_platform.fhir.outcome import BadRequest
from health_platform.fhir.search.index import index_values
from health_platform.fhir.search.parameters import date, number, quantity, reference, string, token, uri
from health_platform.fhir.search.parameters.criteria import Box, IdCriterion, StringMatch, UriCriterion
from health_platform.fhir.search.parameters.values import Prefix, decimal_range, number_boxes, split, unescape
from health_platform.fhir.search.registry import SearchParameter, parameter


def found(resource_type: str, code: str) -> SearchParameter:
    one = parameter(resource_type, code)
    assert one is not None
    return one


def token_matches(resource: dict[str, Any], code: str, value: str) -> bool:
    criterion = token.parse(value, found(resource["resourceType"], code))
    assert not isinstance(criterion, IdCriterion)
    return any(one in index_values(resource).token for one in criterion.keys)


LAB = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}, {"code": "local"}]},
    "category": [{"coding": [{"system": "urn:kr", "code": "진단"}]}],
}


@pytest.mark.parametrize(
    ("code", "value", "matches"),
    [
        ("code", "718-7", True),
        ("code", "http://loinc.org|718-7", True),
        ("code", "http://loinc.org|", True),
        ("code", "|718-7", False),
        ("code", "|local", True),
        ("code", "http://snomed.info/sct|718-7", False),
        ("code", "x,718-7", True),
        ("category", "진단", True),
        ("category", "urn:kr|진단", True),
        ("status", "final", True),
        ("status", "FINAL", True),
        ("status", "http://hl7.org/fhir/observation-status|final", True),
        ("status", "http://hl7.org/fhir/observation-status|", True),
        ("status", "http://loinc.org|final", False),
        ("status", "|final", True),
    ],
)
def test_a_token_matches_by_code_and_system(code: str, value: str, matches: bool) -> None:
    assert token_matches(LAB, code, value) is matches


def test_a_telephone_number_matches_however_it_is_written() -> None:
    patient = {"resourceType": "Patient", "telecom": [{"system": "phone", "value": "010-1234-5678", "use": "home"}]}
    assert token_matches(patient, "phone", "01012345678")
    assert token_matches(patient, "telecom", "home|010 1234 5678")
    assert not token_matches(patient, "email", "01012345678")


@pytest.mark.parametrize("value", ["a|b|c", "|", "", "a,", ","])
def test_a_token_of_another_form_is_refused_with_the_way_to_write_it(value: str) -> None:
    with pytest.raises(BadRequest) as caught:
        token.parse(value, found("Observation", "code"))
    (issue,) = caught.value.issues
    assert issue.expression == ("code",)
    assert "code" in issue.text()


def test_escaped_separators_belong_to_the_value() -> None:
    assert split(r"a\,b,c\\,d", ",") == [r"a\,b", r"c\\", "d"]
    assert [unescape(one) for one in split(r"x\|y|z\$", "|")] == ["x|y", "z$"]
    assert unescape(r"c\\") == "c\\"


def test_an_id_is_compared_as_written() -> None:
    assert token.parse("A1,b2", found("Patient", "_id")) == IdCriterion(found("Patient", "_id"), ("A1", "b2"))


def reference_matches(resource: dict[str, Any], code: str, value: str, modifier: str = "") -> bool:
    criterion = reference.parse(value, found(resource["resourceType"], code), modifier, "https://city.example/fhir/")
    return any(one in index_values(resource).reference for one in criterion.keys)


@pytest.mark.parametrize(
    ("value", "modifier", "matches"),
    [
        ("7", "", True),
        ("Patient/7", "", True),
        ("https://city.example/fhir/Patient/7", "", True),
        ("https://other.example/fhir/Patient/7", "", False),
        ("Group/7", "", False),
        ("7", "Patient", True),
        ("7", "Group", False),
        ("8,7", "", True),
        ("urn:x|A", "identifier", True),
        ("|A", "identifier", False),
    ],
)
def test_a_reference_matches_by_id_type_url_and_identifier(value: str, modifier: str, matches: bool) -> None:
    subject = {"reference": "Patient/7", "identifier": {"system": "urn:x", "value": "A"}}
    assert reference_matches({"resourceType": "Observation", "subject": subject}, "subject", value, modifier) is matches


def test_an_absolute_reference_matches_its_url_alone() -> None:
    observation = {"resourceType": "Observation", "subject": {"reference": "https://other.example/fhir/Patient/7"}}
    assert reference_matches(observation, "subject", "https://other.example/fhir/Patient/7")
    assert not reference_matches(observation, "subject", "Patient/7")


@pytest.mark.parametrize(("value", "modifier"), [("Patient/7/x", ""), ("Group/7", "Patient"), ("x", "identifier")])
def test_a_reference_of_another_form_is_refused(value: str, modifier: str) -> None:
    with pytest.raises(BadRequest):
        reference.parse(value, found("Observation", "subject"), modifier)


def test_a_canonical_matches_with_and_without_its_version() -> None:
    resource = {"resourceType": "Observation", "meta": {"profile": ["http://x/StructureDefinition/a|2.0"]}}
    rows = index_values(resource).uri
    profile = found("Observation", "_profile")
    for value in ("http://x/StructureDefinition/a", r"http://x/StructureDefinition/a|2.0"):
        assert canonical_key(value, profile) in rows
    assert canonical_key("http://x/StructureDefinition/b", profile) not in rows


def canonical_key(value: str, parameter: SearchParameter) -> int:
    criterion = uri.parse(value, parameter)
    assert isinstance(criterion, UriCriterion)
    return criterion.keys[0]


def test_a_string_is_compared_without_case_accents_and_width() -> None:
    assert string.normalise("  ÉCOLE  Ångström ") == "ecole angstrom"
    assert string.normalise("ＡＢＣ Straße") == "abc strasse"
    assert (
        string.normalise("김철수") == string.normalise("\u1100\u1175\u11b7\u110e\u1165\u11af\u1109\u116e") == "김철수"
    )
    name = found("Patient", "name")
    assert string.parse("Ki\\,m,Lee", name).values == ("ki,m", "lee")
    criterion = string.parse("José", name, "exact")
    assert (criterion.match, criterion.values, criterion.exact) == (StringMatch.EXACT, ("jose",), ("José",))


def test_a_text_without_letters_is_refused() -> None:
    with pytest.raises(BadRequest):
        string.parse("\u0301", found("Patient", "name"))


def test_a_long_text_is_cut_where_the_index_ends() -> None:
    assert len(string.normalise("가" * 5000)) == string.MAX_LENGTH


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("100", "99.5", "100.5"), ("5.40", "5.395", "5.405"), ("1e2", "50", "150"), ("-0.1", "-0.15", "-0.05")],
)
def test_the_digits_of_a_number_say_how_exact_it_is(text: str, low: str, high: str) -> None:
    assert decimal_range(text) == (Decimal(text), Decimal(low), Decimal(high))


@pytest.mark.parametrize(
    ("value", "inside", "outside"),
    [
        ("100", [99.5, 100.0, 100.4999], [99.4999, 100.5]),
        ("ne100", [99.4, 100.5], [99.5, 100.4]),
        ("gt5.4", [5.41], [5.4, 5.39]),
        ("ge5.4", [5.4, 5.41], [5.39]),
        ("lt5.4", [5.39], [5.4]),
        ("le5.4", [5.4], [5.41]),
        ("sa5.4", [5.41], [5.4]),
        ("eb5.4", [5.39], [5.4]),
        ("ap100", [90.0, 110.0], [89.9, 110.1]),
        ("1,5", [1.0, 5.0], [3.0]),
    ],
)
def test_a_number_is_compared_as_its_prefix_says(value: str, inside: list[float], outside: list[float]) -> None:
    boxes = number.parse(value, found("RiskAssessment", "probability")).boxes
    assert all(any(box.holds(one, one) for box in boxes) for one in inside)
    assert not any(box.holds(one, one) for box in boxes for one in outside)


@pytest.mark.parametrize("value", ["x", "gt", "5.4.1", "1e9999", "", "NaN"])
def test_what_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(BadRequest):
        number.parse(value, found("RiskAssessment", "probability"))


@given(st.decimals(-1000, 1000, places=3), st.decimals(-1000, 1000, places=2), st.sampled_from(list(Prefix)))
def test_number_boxes_agree_with_decimal_arithmetic(stored: Decimal, asked: Decimal, prefix: Prefix) -> None:
    ranges = decimal_range(str(asked))
    assert ranges is not None
    value, low, high = ranges
    boxes = number_boxes(prefix, value, low, high)
    margin = abs(value) / 10
    expected = {
        Prefix.EQ: low <= stored < high,
        Prefix.NE: not low <= stored < high,
        Prefix.GT: stored > value,
        Prefix.GE: stored >= value,
        Prefix.LT: stored < value,
        Prefix.LE: stored <= value,
        Prefix.SA: stored > value,
        Prefix.EB: stored < value,
        Prefix.AP: value - margin <= stored <= value + margin,
    }
    if prefix is Prefix.AP and stored in (value - margin, value + margin):
        return
    assert any(box.holds(float(stored), float(stored)) for box in boxes) is expected[prefix]


GLUCOSE = {
    "resourceType": "Observation",
    "valueQuantity": {"value": 5.43, "unit": "mmol per l", "code": "mmol/L", "system": "http://unitsofmeasure.org"},
}


@pytest.mark.parametrize(
    ("value", "matches"),
    [
        ("5.4", True),
        ("5.4|http://unitsofmeasure.org|mmol/L", True),
        ("5.4||mmol/L", True),
        ("5.4||mmol per l", True),
        ("5.4||mg/dL", False),
        ("gt5.4||mmol/L", True),
        ("lt5.4||mmol/L", False),
        ("5.40", False),
        ("5.4|http://example.org|mmol/L", False),
        ("5.43|http://unitsofmeasure.org|umol/mL", True),
        ("0.0054|http://unitsofmeasure.org|mol/L", True),
        ("5.43|http://unitsofmeasure.org|mg/dL", False),
        ("gt5429|http://unitsofmeasure.org|umol/L", True),
        ("gt5430|http://unitsofmeasure.org|umol/L", False),
        ("ge5430|http://unitsofmeasure.org|umol/L", True),
    ],
)
def test_a_quantity_matches_by_number_and_unit(value: str, matches: bool) -> None:
    criterion = quantity.parse(value, found("Observation", "value-quantity"))
    rows = index_values(GLUCOSE).quantity
    held = [box.holds(low, high) for at, box in criterion.alternatives for _, unit, low, high in rows if at == unit]
    assert any(held) is matches


@pytest.mark.parametrize(
    ("value", "matches"),
    [
        ("98.6|http://unitsofmeasure.org|[degF]", True),
        ("ap38|http://unitsofmeasure.org|Cel", True),
        ("ap50||Cel", False),
    ],
)
def test_temperatures_are_compared_across_scales(value: str, matches: bool) -> None:
    body = {"value": Decimal("37.0"), "unit": "Cel", "code": "Cel", "system": "http://unitsofmeasure.org"}
    criterion = quantity.parse(value, found("Observation", "value-quantity"))
    rows = index_values({"resourceType": "Observation", "valueQuantity": body}).quantity
    held = [box.holds(low, high) for at, box in criterion.alternatives for _, unit, low, high in rows if at == unit]
    assert any(held) is matches


@pytest.mark.parametrize("value", ["x||mg", "5.4|mg", "5.4|a|b|c", "5.4||"])
def test_a_quantity_of_another_form_is_refused(value: str) -> None:
    with pytest.raises(BadRequest):
        quantity.parse(value, found("Observation", "value-quantity"))


def date_matches(stored: object, value: str, now: datetime | None = None) -> bool:
    name = "effectivePeriod" if isinstance(stored, dict) else "effectiveDateTime"
    rows = index_values({"resourceType": "Observation", name: stored}).date
    criterion = date.parse(value, found("Observation", "date"), now=now)
    return any(box.holds(low, high) for box in criterion.boxes for _, low, high in rows)


@pytest.mark.parametrize(
    ("stored", "value", "matches"),
    [
        ("2024-05-01T08:00:00+09:00", "2024-05-01", True),
        ("2024-04-30T23:30:00Z", "2024-05-01", True),
        ("2024-05", "2024", True),
        ("2024", "2024-05", False),
        ("2024-05-01", "gt2024-04-30", True),
        ("2024-05-01", "gt2024-05-01", False),
        ("2024-05-01", "ge2024-05-01", True),
        ("2024-05-01", "lt2024-05-01", False),
        ("2024-05-01", "le2024", True),
        ("2024-05-01", "ne2024-05-01", False),
        ("2024-05", "ne2024-05-01", True),
        ("2024-05-01", "sa2024-04-30", True),
        ("2024", "gt2024-05-01", True),
        ("2024", "sa2024-05-01", False),
        ("2024", "eb2025", True),
        ({"start": "2024-01-01"}, "gt2030", True),
        ({"start": "2024-01-01"}, "2024", False),
        ({"end": "2024-01-01"}, "lt1900", True),
        ("2024-05-01T08:00:00+09:00", "2024-05-01T08:00:00 09:00", True),
        ("2024-05-01", "1999,2024-05-01", True),
    ],
)
def test_dates_are_compared_as_spans(stored: object, value: str, matches: bool) -> None:
    assert date_matches(stored, value) is matches


def test_approximately_is_a_tenth_of_the_time_from_now() -> None:
    now = datetime(2024, 12, 31, tzinfo=UTC)
    assert date_matches("2024-08-28", "ap2024-09-01", now)
    assert not date_matches("2024-07-01", "ap2024-09-01", now)


@pytest.mark.parametrize(
    "value", ["2024-13", "24-01-01", "yesterday", "gt", "2024-05-01T25:00:00Z", "2024-02-30", "0000"]
)
def test_what_is_no_date_is_refused_with_the_way_to_write_one(value: str) -> None:
    with pytest.raises(BadRequest) as caught:
        date.parse(value, found("Observation", "date"))
    assert "2024-05-31T08:30:00+09:00" in caught.value.issues[0].text()


def test_a_box_takes_infinite_ends() -> None:
    assert Box(high_from=5.0).holds(-math.inf, math.inf)
    assert not Box(high_to=5.0).holds(-math.inf, math.inf)
