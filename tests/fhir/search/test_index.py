import math
from typing import Any

import pytest

from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES
from health_platform.fhir.search.index import IndexRows, index_values
from health_platform.fhir.search.parameters import token
from health_platform.fhir.search.parameters.keys import hash64, key, own_hash, parameter_mask
from health_platform.fhir.search.registry import SearchParameter, SearchType, parameter, parameters


def found(resource_type: str, code: str) -> SearchParameter:
    one = parameter(resource_type, code)
    assert one is not None
    return one


def token_keys(resource_type: str, code: str, *pairs: tuple[str | None, str | None]) -> set[int]:
    mask = parameter_mask(found(resource_type, code).id)
    return {one ^ mask for pair in pairs for one in token.token_hashes(*pair)}


PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "1",
    "identifier": [{"system": "urn:bitgoeul:citizen", "value": "A-1"}],
    "active": True,
    "name": [{"family": "Müller", "given": ["José", None], "text": "김  철수"}],
    "telecom": [{"system": "phone", "value": "010-1234 5678", "use": "mobile"}],
    "gender": "female",
    "birthDate": "1950-05",
    "address": [{"city": "광주광역시", "postalCode": "61402"}],
    "generalPractitioner": [{"reference": "https://city.example/fhir/R4/Organization/7/_history/2"}],
    "managingOrganization": {"identifier": {"system": "urn:x", "value": "Z"}},
}


def test_a_patient_has_the_rows_that_its_values_ask_for() -> None:
    rows = index_values(PATIENT)
    assert token_keys("Patient", "identifier", ("urn:bitgoeul:citizen", "a-1")) <= set(rows.token)
    assert key(found("Patient", "active").id, hash64("true")) in rows.token
    assert key(found("Patient", "gender").id, hash64("female")) in rows.token
    assert key(found("Patient", "deceased").id, hash64("false")) in rows.token
    assert token_keys("Patient", "phone", ("mobile", "01012345678")) <= set(rows.token)
    name = found("Patient", "name").id
    assert {text for number, text in rows.string if number == name} == {"muller", "jose", "김 철수"}
    city = found("Patient", "address-city").id
    assert [text for number, text in rows.string if number == city] == ["광주광역시"]
    assert (found("Patient", "birthdate").id, -620_816_400_000_000, -618_138_000_000_001) in rows.date


def test_a_reference_is_indexed_by_what_it_points_at() -> None:
    practitioner, organization = found("Patient", "general-practitioner"), found("Patient", "organization")
    rows = index_values(PATIENT)
    absolute = hash64("https://city.example/fhir/R4/Organization/7")
    assert key(practitioner.id, absolute) in rows.reference
    assert key(organization.id, hash64("identifier\nurn:x\nz")) in rows.reference
    own = index_values(PATIENT, base="https://city.example/fhir/R4/")
    assert key(practitioner.id, own_hash("Organization", "7")) in own.reference


def test_a_reference_into_contained_resources_is_not_indexed_but_its_type_is_known() -> None:
    observation = {
        "resourceType": "Observation",
        "contained": [{"resourceType": "Patient", "id": "p"}],
        "subject": {"reference": "#p"},
        "performer": [{"reference": "Patient/9"}, {"reference": "Practitioner/3"}],
    }
    rows = index_values(observation)
    assert set(rows.reference) == {
        key(found("Observation", "performer").id, own_hash("Patient", "9")),
        key(found("Observation", "performer").id, own_hash("Practitioner", "3")),
    }


def test_a_patient_parameter_takes_only_references_to_patients() -> None:
    subject = {"reference": "Group/5"}
    rows = index_values({"resourceType": "Observation", "subject": subject})
    assert rows.reference == (key(found("Observation", "subject").id, own_hash("Group", "5")),)
    rows = index_values({"resourceType": "Observation", "subject": {"reference": "Patient/5"}})
    assert set(rows.reference) == {
        key(found("Observation", code).id, own_hash("Patient", "5")) for code in ("subject", "patient")
    }


@pytest.mark.parametrize(
    ("quantity", "low", "high"),
    [
        ({"value": 5.4}, 5.4, 5.4),
        ({"value": 5, "comparator": "<"}, -math.inf, 5.0),
        ({"value": 5, "comparator": ">="}, 5.0, math.inf),
    ],
)
def test_a_quantity_is_indexed_as_its_number_and_a_comparator_opens_it(
    quantity: dict[str, Any], low: float, high: float
) -> None:
    unit = {"system": "http://unitsofmeasure.org", "code": "g", "unit": "gram"}
    rows = index_values({"resourceType": "Observation", "valueQuantity": quantity | unit})
    own = [row for row in rows.quantity if row[0] == found("Observation", "value-quantity").id]
    assert {row[2:] for row in own} == {(low, high)}
    assert len(own) == 4


def test_the_span_of_a_date_covers_its_precision_in_local_time() -> None:
    number = found("Observation", "date").id

    def span(name: str, value: object) -> tuple[tuple[int, int, int], ...]:
        return index_values({"resourceType": "Observation", name: value}).date

    day = 86_400_000_000
    assert span("effectiveDateTime", "1970-01-02") == (
        (number, day - 9 * 3_600_000_000, 2 * day - 9 * 3_600_000_000 - 1),
    )
    assert span("effectiveDateTime", "1970-01-01T00:00:01Z") == ((number, 1_000_000, 1_999_999),)
    assert span("effectiveInstant", "1970-01-01T09:00:00.25+09:00") == ((number, 250_000, 259_999),)
    assert span("effectivePeriod", {"start": "1970-01-01T00:00:00Z"}) == ((number, 0, 2**63 - 1),)
    assert span("effectivePeriod", {}) == ()
    events = {"event": ["1970-01-01T00:00:05Z", "1970-01-01T00:00:02Z"]}
    assert span("effectiveTiming", events) == ((number, 2_000_000, 5_999_999),)


def test_sampled_data_spans_its_samples() -> None:
    sampled = {"origin": {"value": 10, "code": "mV"}, "factor": 2, "data": "1 E -3 5", "period": 1, "dimensions": 1}
    rows = index_values({"resourceType": "Observation", "valueSampledData": sampled})
    assert {row[2:] for row in rows.quantity} == {(4.0, 20.0)}


def test_the_same_value_twice_is_one_row() -> None:
    coding = {"system": "http://loinc.org", "code": "1-8"}
    rows = index_values({"resourceType": "Observation", "code": {"coding": [coding, coding]}})
    assert len(rows.token) == len(set(rows.token))


def test_a_resource_without_values_has_no_rows() -> None:
    assert index_values({"resourceType": "Observation"}) == IndexRows()


@pytest.mark.parametrize("resource_type", RESOURCE_TYPES)
def test_every_parameter_of_every_type_has_a_plan(resource_type: str) -> None:
    assert len(index_values({"resourceType": resource_type})) == (1 if resource_type == "Patient" else 0)


def test_real_resources_are_indexed_under_the_parameters_of_their_type(shared_resources: list[dict[str, Any]]) -> None:
    for resource in shared_resources:
        rows = index_values(resource)
        own = {one.id: one.type for one in parameters(resource["resourceType"]).values()}
        assert all(own[row[0]] is SearchType.DATE and row[1] <= row[2] for row in rows.date)
        assert all(own[row[0]] is SearchType.QUANTITY and row[2] <= row[3] for row in rows.quantity)
        assert all(own[row[0]] is SearchType.STRING and 0 < len(row[1]) <= 512 for row in rows.string)
        assert all(-(2**63) <= one < 2**63 for one in (*rows.token, *rows.reference, *rows.uri))
