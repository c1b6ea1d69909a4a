"""From codes to words, without a database."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils.translation import override

from citizen_app_api.plain_language import conditions, measures, medicines
from citizen_app_api.plain_language.records import KINDS, entry_of
from citizen_app_api.plain_language.values import (
    absent_text,
    completed_years,
    day_of,
    full_day,
    number_text,
    quantity_text,
    range_text,
    value_text,
)


def coded(code: str, system: str = "http://loinc.org", **members: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, **members}]}


@pytest.mark.parametrize(
    ("given", "day"),
    [
        ("2026-11-21", "2026-11-21"),
        ("2026-11", "2026-11"),
        ("2026", "2026"),
        ("2026-11-21T23:30:00Z", "2026-11-22"),
        ("2026-11-21T23:30:00+09:00", "2026-11-21"),
        ("2026-11-21T23:30:00.123456-10:00", "2026-11-22"),
        ("", None),
        (None, None),
    ],
)
def test_a_date_keeps_its_precision_and_is_told_in_the_citys_time(given: str | None, day: str | None) -> None:
    assert day_of(given) == day


def test_a_date_that_is_vague_is_no_day() -> None:
    assert (full_day("2026-11"), full_day("2026"), full_day(None)) == (None, None, None)
    assert full_day("2026-11-21") == date(2026, 11, 21)


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        ("1950-03-01", date(2026, 2, 28), 75),
        ("1950-03-01", date(2026, 3, 1), 76),
        ("1952-02-29", date(2026, 2, 28), 73),
        ("1950", date(2026, 3, 1), None),
        (None, date(2026, 3, 1), None),
        ("2027-01-01", date(2026, 3, 1), None),
    ],
)
def test_age_is_in_completed_years_or_unknown(born: str | None, on: date, years: int | None) -> None:
    assert completed_years(born, on) == years


def test_numbers_keep_the_digits_that_were_recorded() -> None:
    assert [number_text(Decimal(one)) for one in ("72.10", "0", "1E+2", "0.000001")] == [
        "72.10",
        "0",
        "100",
        "0.000001",
    ]


@pytest.mark.parametrize(
    ("quantity", "english", "korean"),
    [
        ({"value": Decimal("128"), "code": "mm[Hg]"}, "128 mmHg", "128 mmHg"),
        ({"value": Decimal("5"), "comparator": "<", "code": "mg/dL"}, "< 5 mg/dL", "< 5 mg/dL"),
        ({"value": Decimal("71"), "code": "/min"}, "71 per minute", "71회/분"),
        ({"value": Decimal("10"), "code": "{score}"}, "10 points", "10점"),
        ({"value": Decimal("36.5"), "code": "Cel"}, "36.5 °C", "36.5 °C"),
        ({"value": Decimal("3"), "unit": "odd unit"}, "3 odd unit", "3 odd unit"),
        ({"value": Decimal("3")}, "3", "3"),
        ({"code": "mg/dL"}, None, None),
        ({}, None, None),
        (None, None, None),
    ],
)
def test_a_quantity_has_its_unit_and_without_a_value_there_is_none(
    quantity: dict[str, Any] | None, english: str | None, korean: str | None
) -> None:
    with override("en"):
        assert quantity_text(quantity) == english
    with override("ko"):
        assert quantity_text(quantity) == korean


def test_a_range_is_told_as_the_laboratory_gave_it() -> None:
    low, high = {"value": Decimal(70), "code": "mg/dL"}, {"value": Decimal(99), "code": "mg/dL"}
    with override("en"):
        assert range_text({"low": low, "high": high}) == "70 mg/dL to 99 mg/dL"
        assert range_text({"low": low}) == "70 mg/dL or more"
        assert range_text({"high": high}) == "99 mg/dL or less"
        assert range_text({"text": "see report"}) == "see report"
        assert range_text({}) is None


def test_an_answer_is_never_dropped_and_an_absent_one_says_why() -> None:
    with override("en"):
        assert value_text({"valueCodeableConcept": coded("266919005", "http://snomed.info/sct")}) == "never smoked"
        assert value_text({"valueCodeableConcept": coded("X-1", "urn:x")}) == "X-1"
        assert value_text({"valueBoolean": False}) == "No"
        assert value_text({"valueInteger": 0}) == "0"
        assert value_text({}) is None
        reason = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
        assert absent_text({"dataAbsentReason": coded("asked-declined", reason)}) == "not answered"
        assert absent_text({}) is None


@pytest.mark.parametrize(
    ("code", "system", "title"),
    [
        ("I10", "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-8", "High blood pressure"),
        ("E11.9", "http://hl7.org/fhir/sid/icd-10", "Type 2 diabetes"),
        ("E119", "http://hl7.org/fhir/sid/icd-10-cm", "Type 2 diabetes"),
        ("38341003", "http://snomed.info/sct", "as recorded"),
        ("I1", "urn:x", "as recorded"),
    ],
)
def test_a_diagnosis_is_plain_where_it_is_known_and_as_recorded_where_not(code: str, system: str, title: str) -> None:
    with override("en"):
        assert conditions.title_of(coded(code, system, display="as recorded")) == title


def test_a_code_is_never_shown_as_a_name() -> None:
    with override("en"):
        assert measures.title_of(coded("99999-9")) == "A measurement without a name"
        assert conditions.title_of(coded("38341003")) == "A diagnosis without a name"
        assert medicines.title_of(coded("X01")) == "A medicine without a name"


def test_the_purpose_of_a_medicine_is_told_by_the_longest_prefix_and_only_for_atc() -> None:
    with override("en"):
        assert medicines.purpose_of(coded("N06DA02", medicines.ATC)) == "memory"
        assert medicines.purpose_of(coded("N06AB10", medicines.ATC)) == "mood"
        assert medicines.purpose_of(coded("V03AB", medicines.ATC)) is None
        assert medicines.purpose_of(coded("C09CA01", "urn:x")) is None


def laboratory(value: int, low: int | None, high: int | None, unit: str = "mg/dL") -> dict[str, Any]:
    bounds = {"low": low, "high": high}
    reference = {name: {"value": Decimal(one), "code": "mg/dL"} for name, one in bounds.items() if one is not None}
    return {
        "id": "1",
        "code": coded("1558-6"),
        "valueQuantity": {"value": Decimal(value), "code": unit},
        "referenceRange": [reference],
    }


@pytest.mark.parametrize(
    ("resource", "note"),
    [
        (laboratory(69, 70, 99), "below the range"),
        (laboratory(70, 70, 99), "within the range"),
        (laboratory(99, 70, 99), "within the range"),
        (laboratory(100, 70, 99), "above the range"),
        (laboratory(100, None, 99), "above the range"),
        (laboratory(5, None, 99, unit="mmol/L"), None),
        (laboratory(100, None, None), None),
        ({**laboratory(100, 70, 99), "interpretation": [coded("N")]}, "within the range"),
        ({**laboratory(80, 70, 99), "status": "preliminary"}, "within the range, not yet final"),
        ({"id": "1", "code": coded("1558-6")}, "No value was recorded"),
    ],
)
def test_a_value_is_compared_only_with_what_the_record_itself_gives(resource: dict[str, Any], note: str | None) -> None:
    with override("en"):
        assert entry_of("labs", resource, {}).value_note == note


@pytest.mark.parametrize("kind", KINDS)
def test_a_resource_with_nothing_but_an_id_still_reads(kind: str) -> None:
    entry = entry_of(kind, {"id": "1"}, {})
    assert (entry.id, entry.date, entry.recorded_as) == ("1", None, None)
    assert entry.title
