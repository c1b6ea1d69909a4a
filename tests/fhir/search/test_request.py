import pytest
from hypothesis import given
from hypothesis import strategies as st

from health_platform.fhir.outcome import BadRequest
from health_platform.fhir.search.parameters.criteria import (
    DateCriterion,
    IdCriterion,
    QuantityCriterion,
    ReferenceCriterion,
    StringCriterion,
    StringMatch,
    TokenCriterion,
)
from health_platform.fhir.search.request import SearchRequest, Summary, Total, parse_request


def request(resource_type: str, *pairs: tuple[str, str], lenient: bool = False) -> SearchRequest:
    return parse_request(resource_type, pairs, lenient=lenient)


def refusal(resource_type: str, name: str, value: str) -> str:
    with pytest.raises(BadRequest) as caught:
        request(resource_type, (name, value))
    (issue,) = caught.value.issues
    return issue.text()


def test_each_parameter_becomes_the_criterion_of_its_type() -> None:
    found = request(
        "Observation",
        ("patient", "7"),
        ("code", "http://loinc.org|718-7"),
        ("date", "ge2024"),
        ("value-quantity", "gt5||mg"),
        ("_id", "a"),
        ("_lastUpdated", "gt2024"),
        ("value-string:contains", "x"),
        ("status:not", "final"),
    )
    kinds = [
        ReferenceCriterion,
        TokenCriterion,
        DateCriterion,
        QuantityCriterion,
        IdCriterion,
        DateCriterion,
        StringCriterion,
        TokenCriterion,
    ]
    assert [type(one) for one in found.criteria] == kinds
    text, status = found.criteria[6:]
    assert isinstance(text, StringCriterion)
    assert text.match is StringMatch.CONTAINS
    assert isinstance(status, TokenCriterion)
    assert status.negated


def test_what_shapes_the_answer_is_read() -> None:
    found = request(
        "Observation",
        ("_sort", "-date,status"),
        ("_count", "50"),
        ("_include", "Observation:subject:Patient"),
        ("_include:iterate", "Patient:organization"),
        ("_revinclude", "Provenance:target"),
        ("_summary", "count"),
        ("_elements", "status, code"),
        ("_total", "accurate"),
        ("_cursor", "abc"),
        ("_format", "json"),
    )
    assert [(one.parameter.code, one.descending) for one in found.sort] == [("date", True), ("status", False)]
    assert found.count == 50
    first, second = found.include
    assert (first.source, first.parameters[0].code, first.target, first.iterate) == (
        "Observation",
        "subject",
        "Patient",
        False,
    )
    assert (second.source, second.iterate) == ("Patient", True)
    assert found.revinclude[0].parameters[0].code == "target"
    assert (found.summary, found.elements, found.total) == (Summary.COUNT, ("status", "code"), Total.ACCURATE)
    assert (found.cursor, found.criteria) == ("abc", ())


def test_a_wildcard_includes_by_every_reference_parameter() -> None:
    (found,) = request("Observation", ("_include", "Observation:*")).include
    assert {"subject", "encounter", "performer"} <= {one.code for one in found.parameters}
    (every,) = request("Observation", ("_include", "*")).include
    assert every.source == "*"


@pytest.mark.parametrize(("value", "count"), [("0", 0), ("1000", 1000), ("99999999999999999999", 1000)])
def test_a_count_is_held_to_a_thousand(value: str, count: int) -> None:
    assert request("Patient", ("_count", value)).count == count


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("nmae", "x", "name"),
        ("name:near", "x", ":contains"),
        ("subject.name", "x", "subject"),
        ("organization.nmae", "x", "name"),
        ("organization:Patient.name", "x", ":Organization"),
        ("name.given", "x", "no reference parameter"),
        ("_has:Observation:code", "x", "_has:Type:reference:parameter"),
        ("_has:Observation:patient:cod", "x", "code"),
        ("_has:Slot:schedule:status", "x", "does not refer to Patient"),
        ("_query", "x", "not supported"),
        ("_score", "x", "not supported"),
        ("_list", "$current-eyes", "$current-problems"),
        ("active:missing", "maybe", "true, false"),
        ("identifier:of-type", "x|y", "system|code|value"),
        ("_count", "-1", "0 to 1000"),
        ("_count", "²", "0 to 1000"),
        ("_summary", "some", "count"),
        ("_total", "exact", "accurate"),
        ("_sort", "-nmae", "name"),
        ("_sort", "_text", "sorted"),
        ("_include", "Patient", "Type:parameter"),
        ("_include", "Patient:name", "no reference parameter"),
        ("_include", "Patient:organisation", "organization"),
        ("_include", "Patient:organization:Planet", "Type:parameter"),
        ("_include:twice", "Patient:organization", "iterate"),
        ("gender:exact", "x", ":not"),
        ("organization:Patient", "1", ":identifier"),
    ],
)
def test_what_is_wrong_or_unsupported_is_refused_by_name_with_the_way_to_mend(name: str, value: str, part: str) -> None:
    assert part in refusal("Patient", name, value)


def test_composite_and_special_values_of_another_form_are_refused() -> None:
    assert "code$value-quantity" in refusal("Observation", "code-value-quantity", "x")
    assert "latitude|longitude" in refusal("Location", "near", "1|x")
    assert "latitude|longitude" in refusal("Location", "near", "1|2|3|parsec")


def test_a_single_parameter_given_twice_is_refused() -> None:
    with pytest.raises(BadRequest):
        request("Patient", ("_count", "1"), ("_count", "2"))


def test_lenient_lists_what_it_ignores_and_still_refuses_a_wrong_value() -> None:
    found = request("Patient", ("nmae", "x"), ("name:near", "x"), ("name", "Kim"), lenient=True)
    assert found.ignored == ("nmae", "name:near")
    assert len(found.criteria) == 1
    with pytest.raises(BadRequest):
        request("Patient", ("birthdate", "soon"), lenient=True)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["name", "birthdate", "identifier", "_id", "general-practitioner", "_sort", "_count", "_include", "x:y"]
            ),
            st.text(max_size=30),
        ),
        max_size=4,
    )
)
def test_any_query_is_understood_or_refused_with_an_error_of_ours(pairs: list[tuple[str, str]]) -> None:
    try:
        assert isinstance(parse_request("Patient", pairs), SearchRequest)
    except BadRequest as error:
        assert error.issues[0].text()
