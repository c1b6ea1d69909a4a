"""What a record says, and what it does not: values, units, dates, sources, histories, reasons."""

from datetime import date
from typing import Any

import pytest

from inference.features.record import Record
from inference.features.vector import Origin, Reason, completed_years, features, in_unit
from tests.inference.people import (
    AT,
    ATC,
    KCD8,
    LOINC,
    answered,
    coded,
    condition,
    in_care,
    measured,
    observation,
    patient,
    prescription,
    record,
    visit,
)

SNOMED = "http://snomed.info/sct"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"


@pytest.mark.parametrize(
    ("born", "at", "years"),
    [
        (date(1964, 5, 10), date(2026, 5, 9), 61),
        (date(1964, 5, 10), date(2026, 5, 10), 62),
        (date(1964, 2, 29), date(2026, 2, 28), 61),
        (date(1964, 2, 29), date(2026, 3, 1), 62),
        (date(1964, 2, 29), date(2024, 2, 29), 60),
    ],
)
def test_age_is_in_completed_years(born: date, at: date, years: int) -> None:
    assert completed_years(born, at) == years


@pytest.mark.parametrize("born", ["1964", "1964-05", "", "2030-01-01", "not-a-date"])
def test_a_birth_date_that_is_not_whole_gives_no_age(born: str) -> None:
    vector = features(record(person=patient(born=born)), AT)
    assert vector.value("age") is None
    assert vector.gap("age").reason is Reason.BIRTH_DATE


@pytest.mark.parametrize("gender", ["other", "unknown", None])
def test_a_sex_that_no_equation_has_is_missing(gender: Any) -> None:
    assert features(record(person=patient(gender=gender)), AT).gap("female").reason is Reason.SEX


def test_the_newest_value_counts_with_its_date_and_source() -> None:
    old, new = measured("8480-6", 150, "mm[Hg]", "2025-01-01"), measured("8480-6", 131, "mm[Hg]", "2026-03-04")
    found = features(record(new, old), AT).known["systolic"]
    assert (found.value, found.when, found.sources) == (131, date(2026, 3, 4), (f"Observation/{new['id']}",))


def test_the_time_of_day_and_its_zone_decide_between_two_of_one_day() -> None:
    seoul = measured("8480-6", 120, "mm[Hg]", "2026-03-04T08:00:00+09:00")
    utc = measured("8480-6", 140, "mm[Hg]", "2026-03-04T00:30:00Z")
    assert features(record(seoul, utc), AT).value("systolic") == 140


def test_a_value_after_the_assessment_does_not_count() -> None:
    later = measured("8480-6", 131, "mm[Hg]", "2026-11-23")
    assert features(record(later), AT).gap("systolic").reason is Reason.LATER
    assert features(record(later, measured("8480-6", 150, "mm[Hg]")), AT).value("systolic") == 150


def test_an_impossible_value_is_passed_over_and_named() -> None:
    wrong = measured("8480-6", 1310, "mm[Hg]", "2026-10-01")
    vector = features(record(wrong, measured("8480-6", 128, "mm[Hg]", "2026-01-01")), AT)
    assert vector.value("systolic") == 128
    assert [(gap.name, gap.reason, gap.given) for gap in vector.passed_over] == [
        ("systolic", Reason.IMPOSSIBLE, "1310 mm[Hg]")
    ]


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (measured("8480-6", 1310, "mm[Hg]"), Reason.IMPOSSIBLE),
        (measured("8480-6", 13, "cm[H2O]"), Reason.UNIT),
        (observation("8480-6", valueQuantity={"value": 131}), Reason.UNIT),
        (measured("8480-6", 131, "mm[Hg]", "2016-01-01"), Reason.TOO_OLD),
        (observation("8480-6", valueQuantity={"value": 5, "code": "mm[Hg]", "comparator": "<"}), Reason.LIMIT),
        (measured("8480-6", 131, "mm[Hg]", status="preliminary"), Reason.ABSENT),
        (measured("8480-6", 131, "mm[Hg]", status="entered-in-error"), Reason.ABSENT),
        (observation("8480-6", dataAbsentReason=coded("x", "unknown")), Reason.ABSENT),
        (measured("33914-3", 48, "mL/min/{1.73_m2}"), Reason.ABSENT),
    ],
)
def test_what_cannot_be_used_leaves_a_reason(resource: dict[str, Any], reason: Reason) -> None:
    assert features(record(resource), AT).gap("systolic").reason is reason


def test_old_values_are_used_and_marked() -> None:
    assert features(record(measured("8480-6", 131, "mm[Hg]", "2022-01-01")), AT).known["systolic"].old
    assert not features(record(measured("8480-6", 131, "mm[Hg]", "2025-01-01")), AT).known["systolic"].old


def test_components_of_a_panel_are_read() -> None:
    panel = observation("85354-9")
    panel["component"] = [
        {"code": coded(LOINC, "8480-6"), "valueQuantity": {"value": 134, "code": "mm[Hg]"}},
        {"code": coded(LOINC, "8462-4"), "valueQuantity": {"value": 81, "code": "mm[Hg]"}},
        {"code": coded(LOINC, "8867-4")},
    ]
    vector = features(record(panel), AT)
    assert (vector.value("systolic"), vector.value("diastolic"), vector.value("heart_rate")) == (134, 81, None)


def test_a_width_in_femtolitres_is_not_a_distribution_width_in_percent() -> None:
    vector = features(record(measured("21000-5", 44, "fL"), measured("788-0", 44, "fL")), AT)
    assert vector.value("rdw") is None
    assert vector.gap("rdw").reason is Reason.UNIT


def test_a_filtration_rate_of_another_equation_is_not_taken() -> None:
    vector = features(record(measured("33914-3", 48, "mL/min/{1.73_m2}"), measured("98979-8", 48, "mL/min")), AT)
    assert vector.value("reported_egfr") is None
    assert vector.gap("reported_egfr").reason is Reason.UNIT


def test_values_turn_into_the_unit_that_a_model_takes() -> None:
    vector = features(record(measured("2160-0", 1.0, "mg/dL"), measured("14647-2", 5.0, "mmol/L")), AT)
    assert in_unit(vector.known["creatinine"], "umol/L") == pytest.approx(88.4, abs=0.01)
    assert in_unit(vector.known["total_cholesterol"], "mmol/L") == pytest.approx(5.0, rel=1e-12)


def test_body_mass_index_comes_from_the_newer_of_measurement_and_calculation() -> None:
    height, weight = measured("8302-2", 160, "cm", "2020-01-01"), measured("29463-7", 64, "kg", "2026-10-01")
    old_bmi = measured("39156-5", 30, "kg/m2", "2021-01-01")
    vector = features(record(height, weight, old_bmi), AT)
    assert vector.value("bmi") == pytest.approx(25.0)
    assert vector.known["bmi"].origin is Origin.CALCULATED
    assert vector.known["bmi"].old
    new_bmi = measured("39156-5", 26, "kg/m2", "2026-10-02")
    assert features(record(height, weight, new_bmi), AT).value("bmi") == 26


def test_grip_is_that_of_the_stronger_hand_on_the_newest_day() -> None:
    hands = [measured("83174-3", 24, "kg"), measured("83173-5", 27, "kg"), measured("83174-3", 40, "kg", "2020-01-01")]
    assert features(record(*hands), AT).value("grip") == 27


@pytest.mark.parametrize(
    ("code", "smokes"),
    [("449868002", True), ("428041000124106", True), ("266919005", False), ("8517006", False),
     ("77176002", None), ("266927001", None)],
)  # fmt: skip
def test_smoking_status(code: str, smokes: bool | None) -> None:
    status = observation("72166-2", valueCodeableConcept=coded(SNOMED, code))
    assert features(record(status, *in_care()), AT).says("smoking") is smokes


def test_smoking_is_never_assumed() -> None:
    assert features(record(*in_care()), AT).says("smoking") is None


def test_questions_take_booleans_numbers_and_coded_answers() -> None:
    vector = features(
        record(
            answered("lives-alone", True),
            observation("97876-7", valueCodeableConcept=coded(LOINC, "LA32-8")),
            observation("44260-8", valueCodeableConcept=coded(LOINC, "LA6569-3")),
            answered("sarc-f-chair", 2),
            answered("sarc-f-falls", 9),
        ),
        AT,
    )
    assert vector.says("lives_alone") is True
    assert vector.says("unsteady") is False
    assert vector.value("phq9_9") == 1
    assert vector.value("sarc_f_chair") == 2
    assert vector.gap("sarc_f_falls").reason is Reason.IMPOSSIBLE


@pytest.mark.parametrize(
    "entry",
    [condition("E11.9"), condition("E119"), condition("E14", ICD10CM), condition("44054006", SNOMED),
     prescription("A10BA02"), prescription("A10BA02", "completed", "2026-08-01")],
)  # fmt: skip
def test_diabetes_shows_by_diagnosis_or_drug(entry: dict[str, Any]) -> None:
    found = features(record(entry), AT).known["diabetes"]
    assert (found.value, found.origin) == (1.0, Origin.RECORDED)


@pytest.mark.parametrize(("test", "value", "unit"), [("4548-4", 6.5, "%"), ("1558-6", 126, "mg/dL"),
                                                     ("59261-8", 48, "mmol/mol")])  # fmt: skip
def test_a_diagnostic_measurement_answers_diabetes(test: str, value: float, unit: str) -> None:
    found = features(record(measured(test, value, unit), *in_care()), AT).known["diabetes"]
    assert (found.value, found.origin) == (1.0, Origin.MEASURED)


@pytest.mark.parametrize(("test", "value", "unit"), [("4548-4", 6.4, "%"), ("1558-6", 125, "mg/dL"),
                                                     ("2345-7", 300, "mg/dL")])  # fmt: skip
def test_a_lower_or_not_fasting_value_does_not(test: str, value: float, unit: str) -> None:
    assert features(record(measured(test, value, unit)), AT).says("diabetes") is None


def test_an_empty_record_never_says_no() -> None:
    vector = features(record(), AT)
    for name in ("diabetes", "cardiovascular_disease", "antihypertensive", "statin", "dementia", "depression"):
        assert vector.says(name) is None, name


@pytest.mark.parametrize(
    "resources",
    [
        [visit()],
        [condition("J00")],
        [visit(kind="EMER"), condition("J00")],
        [visit(status="planned"), condition("J00")],
        [visit("2015-01-01"), condition("J00")],
        [visit("2026-12-01"), condition("J00")],
    ],
)
def test_without_ongoing_care_absence_is_unknown(resources: list[dict[str, Any]]) -> None:
    assert features(record(*resources), AT).says("diabetes") is None


def test_in_a_record_of_ongoing_care_absence_is_assumed_and_says_so() -> None:
    found = features(record(*in_care()), AT).known["diabetes"]
    assert (found.value, found.origin, found.when) == (0.0, Origin.ASSUMED, date(2026, 11, 1))
    assert found.sources[0].startswith("Encounter/")


def test_drugs_are_assumed_absent_only_where_prescriptions_reach_the_record() -> None:
    without_any = features(record(visit(), condition("J00")), AT)
    assert without_any.says("antihypertensive") is None
    assert features(record(*in_care()), AT).says("antihypertensive") is False


def test_a_reviewed_problem_list_answers_no() -> None:
    problem_list = {
        "resourceType": "List", "id": "l1", "status": "current", "date": "2026-10-10",
        "code": coded(LOINC, "11450-4"), "emptyReason": coded("http://x", "nilknown"),
    }  # fmt: skip
    found = features(record(problem_list), AT).known["diabetes"]
    assert (found.value, found.origin, found.sources) == (0.0, Origin.LISTED, ("List/l1",))
    not_asked = {**problem_list, "emptyReason": coded("http://x", "notasked")}
    assert features(record(not_asked), AT).says("diabetes") is None


def test_a_refuted_diagnosis_is_no_and_a_suspected_one_unknown() -> None:
    refuted = features(record(condition("E11", verification="refuted"), *in_care()), AT).known["diabetes"]
    assert (refuted.value, refuted.origin) == (0.0, Origin.RECORDED)
    suspected = features(record(condition("E11", verification="provisional"), *in_care()), AT)
    assert suspected.says("diabetes") is None
    assert suspected.gap("diabetes").reason is Reason.SUSPECTED
    wrong = features(record(condition("E11", verification="entered-in-error"), *in_care()), AT)
    assert wrong.says("diabetes") is False


def test_an_answered_question_beats_an_absence() -> None:
    assert features(record(answered("diabetes", False)), AT).says("diabetes") is False
    assert features(record(answered("diabetes", True), *in_care()), AT).says("diabetes") is True


@pytest.mark.parametrize(
    ("status", "when", "in_use"),
    [("active", "2019-01-01", True), ("completed", "2026-08-01", True), ("completed", "2026-01-01", False),
     ("stopped", "2026-11-01", False)],
)  # fmt: skip
def test_a_drug_is_in_use_while_active_or_just_dispensed(status: str, when: str, in_use: bool) -> None:
    vector = features(record(prescription("C09AA02", status, when), *in_care()), AT)
    assert vector.says("antihypertensive") is in_use
    assert vector.says("antihypertensive_ever") is True


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error", "draft"])
def test_a_prescription_that_never_was_does_not_count(status: str) -> None:
    vector = features(record(prescription("C09AA02", status), *in_care()), AT)
    assert vector.says("antihypertensive_ever") is False


def test_the_active_ingredient_of_a_korean_prescription_counts() -> None:
    made = prescription("645302132", system="http://www.hl7korea.or.kr/CodeSystem/hira-edi-medication")
    made["medicationCodeableConcept"]["extension"] = [
        {"url": "…/krcore-medicationIngredient", "valueCodeableConcept": coded(ATC, "C10AA05")}
    ]
    assert features(record(made), AT).says("statin") is True


def test_a_prescription_that_refers_to_a_medication_counts() -> None:
    made = prescription("x")
    del made["medicationCodeableConcept"]
    made["medicationReference"] = {"reference": "Medication/m"}
    drugs = {"Medication/m": {"ingredient": [{"itemCodeableConcept": coded(ATC, "C10AA05")}]}}
    assert features(record(made, drugs=drugs), AT).says("statin") is True


@pytest.mark.parametrize(
    ("code", "feature"),
    [("I10", "hypertension"), ("I63.9", "stroke"), ("G45.9", "stroke_tia"), ("I25.2", "myocardial_infarction"),
     ("I48.0", "atrial_fibrillation"), ("I50.0", "heart_failure"), ("F00.1", "dementia"), ("F32.1", "depression"),
     ("N18.3", "kidney_disease"), ("R73.0", "high_glucose_ever"), ("E78.0", "high_cholesterol"),
     ("I73.9", "vascular_disease"), ("Z99.2", "dialysis_or_transplant")],
)  # fmt: skip
def test_korean_diagnosis_codes_answer_histories(code: str, feature: str) -> None:
    assert features(record(condition(code, KCD8)), AT).says(feature) is True


@pytest.mark.parametrize("code", ["I25.2", "I63", "G45", "I50", "I20.9", "I73.9"])
def test_each_disease_of_heart_and_vessels_ends_prevention(code: str) -> None:
    assert features(record(condition(code)), AT).says("cardiovascular_disease") is True


def test_the_dead_are_marked() -> None:
    assert features(record(person=patient(deceasedBoolean=True)), AT).deceased
    assert features(record(person=patient(deceasedDateTime="2025-01-01")), AT).deceased
    assert not features(record(person=patient(deceasedBoolean=False)), AT).deceased


def test_an_odd_resource_does_not_break_the_rest() -> None:
    odd: list[dict[str, Any]] = [
        {"resourceType": "Observation", "id": "x", "status": "final", "effectiveDateTime": "yesterday"},
        {"resourceType": "Observation", "id": "y", "status": "final", "code": {"text": "sbp"}, "issued": "2026-01-01"},
        observation("8480-6", valueQuantity={}),
        {"resourceType": "Condition", "id": "z"},
        {"resourceType": "MedicationRequest", "id": "w", "status": "active"},
        {"resourceType": "Encounter", "id": "v", "status": "finished"},
    ]
    assert features(record(*odd, measured("8480-6", 131, "mm[Hg]")), AT).value("systolic") == 131
    assert isinstance(record(*odd), Record)
