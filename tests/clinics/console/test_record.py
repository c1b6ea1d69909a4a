"""FHIR resources become what the console shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override

from clinics.console.record import drugs_of, person_of, problems_of, results_of, when

SEOUL = ZoneInfo("Asia/Seoul")
LOINC = "http://loinc.org"


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Whatever language the test before left active."""
    with override("en"):
        yield


def measured(code: str, value: Any, unit: str, at: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "effectiveDateTime": at,
        "valueQuantity": {"value": value, "code": unit},
    } | more


@pytest.mark.parametrize(
    ("text", "given", "day"),
    [
        ("1948-03-12", "1948-03-12", date(1948, 3, 12)),
        ("1948-03", "1948-03", date(1948, 3, 1)),
        ("1948", "1948", date(1948, 1, 1)),
        ("2026-05-01T16:30:00Z", "2026-05-02", date(2026, 5, 2)),
        ("2026-05-01T16:30:00+09:00", "2026-05-01", date(2026, 5, 1)),
        (None, "", None),
    ],
)
def test_a_date_is_shown_as_precisely_as_it_was_given_and_on_the_city_s_calendar(
    text: str | None, given: str, day: date | None
) -> None:
    found = when(text, SEOUL)

    assert (found.given, found.day) == (given, day)


@pytest.mark.parametrize(
    ("born", "died", "age"),
    [
        ("1948-11-22", None, 78),
        ("1948-11-23", None, 77),
        ("1948-02-29", None, 78),
        ("1948", None, None),
        ("1948-11-22", "2020-01-01", 71),
        (None, None, None),
    ],
)
def test_an_age_is_completed_years_and_unknown_without_a_day_of_birth(
    born: str | None, died: str | None, age: int | None
) -> None:
    patient = {"resourceType": "Patient", "id": "1"}
    patient |= {"birthDate": born} if born else {}
    patient |= {"deceasedDateTime": died} if died else {}

    assert person_of(patient).age(date(2026, 11, 22)) == age


def test_values_in_different_units_are_never_drawn_together() -> None:
    results = results_of([
        measured("2093-3", 190, "mg/dL", "2025-01-01"),
        measured("2093-3", Decimal("4.9"), "mmol/L", "2026-01-01"),
    ])  # fmt: skip

    assert sorted(series.unit for series in results.series) == ["mg/dL", "mmol/L"]


def test_what_was_entered_in_error_is_not_a_result() -> None:
    assert not results_of([measured("2093-3", 190, "mg/dL", "2025-01-01", status="entered-in-error")]).series


def test_points_stand_in_time_s_order_whatever_the_order_of_the_answer() -> None:
    results = results_of([measured("2093-3", value, "mg/dL", f"2026-0{value}-01") for value in (3, 1, 2)])

    assert [int(point.value) for point in results.series[0].lines[0].points] == [1, 2, 3]


@pytest.mark.parametrize(
    ("value", "beyond"), [(Decimal("201"), "high"), (Decimal("200"), ""), (Decimal("39.9"), "low"), (Decimal(40), "")]
)
def test_a_value_is_outside_only_of_the_range_that_came_with_it(value: Decimal, beyond: str) -> None:
    range_ = [{"low": {"value": 40}, "high": {"value": 200}}]
    with_range = results_of([measured("2093-3", value, "mg/dL", "2026-01-01", referenceRange=range_)])
    without = results_of([measured("2093-3", value, "mg/dL", "2026-01-01")])

    assert with_range.series[0].lines[0].latest.beyond == beyond
    assert without.series[0].lines[0].latest.beyond == ""


def test_blood_pressure_is_one_chart_with_two_lines() -> None:
    panel = {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"code": "vital-signs"}]}],
        "code": {"coding": [{"system": LOINC, "code": "85354-9"}]},
        "effectiveDateTime": "2026-05-01",
        "component": [
            {
                "code": {"coding": [{"system": LOINC, "code": code}]},
                "valueQuantity": {"value": value, "code": "mm[Hg]"},
            }
            for code, value in (("8480-6", 140), ("8462-4", 85))
        ],
    }
    (series,) = results_of([panel]).series

    assert [(str(line.name), int(line.latest.value)) for line in series.lines] == [
        ("Systolic blood pressure", 140),
        ("Diastolic blood pressure", 85),
    ]
    assert str(series.unit) == "mmHg"


def test_a_measurement_that_failed_says_why_and_is_never_a_zero() -> None:
    absent = measured("2093-3", 0, "mg/dL", "2026-01-01")
    del absent["valueQuantity"]
    absent["dataAbsentReason"] = {"coding": [{"code": "not-performed"}]}
    results = results_of([absent])

    assert not results.series
    assert [(str(one.name), one.absent, str(one.value)) for one in results.answers] == [
        ("Total cholesterol", True, "not performed")
    ]


def test_only_the_newest_answer_to_a_question_is_shown() -> None:
    asked = [
        {
            "resourceType": "Observation",
            "status": "final",
            "code": {"text": "Lives alone"},
            "effectiveDateTime": at,
            "valueBoolean": answer,
        }
        for at, answer in (("2020-01-01", False), ("2026-01-01", True))
    ]

    assert [(one.value, one.when.given) for one in results_of(asked).answers] == [(True, "2026-01-01")]


def condition(code: str, recorded: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "code": {"coding": [{"system": "kcd", "code": code, "display": code}]},
        "recordedDate": recorded,
        "clinicalStatus": {"coding": [{"code": "active"}]},
    } | more


def test_a_diagnosis_of_several_visits_is_one_line_with_its_first_date_and_its_newest_state() -> None:
    over = {"clinicalStatus": {"coding": [{"code": "resolved"}]}}
    problems = problems_of([
        condition("J06.9", "2026-02-01", **over),
        condition("J06.9", "2025-01-01"),
        condition("I10", "2024-01-01"),
    ])  # fmt: skip

    assert [(one.code, one.since.given, one.active, one.count) for one in problems] == [
        ("I10", "2024-01-01", True, 1),
        ("J06.9", "2025-01-01", False, 2),
    ]


def test_a_refuted_diagnosis_is_not_shown() -> None:
    refuted = {"verificationStatus": {"coding": [{"code": "refuted"}]}}

    assert not problems_of([condition("I10", "2024-01-01", **refuted)])


def test_a_medicine_is_one_line_and_what_is_still_taken_comes_first() -> None:
    requests = [
        {
            "resourceType": "MedicationRequest",
            "status": status,
            "authoredOn": at,
            "medicationCodeableConcept": {"text": name},
            "dosageInstruction": [{"text": f"{name} {at[:4]}"}],
        }
        for name, at, status in (
            ("paracetamol", "2024-01-01", "completed"),
            ("losartan", "2026-01-01", "active"),
            ("losartan", "2023-01-01", "completed"),
        )
    ]

    assert [(one.name, one.dosage, one.since.given, one.active) for one in drugs_of(requests)] == [
        ("losartan", "losartan 2026", "2023-01-01", True),
        ("paracetamol", "paracetamol 2024", "2024-01-01", False),
    ]
