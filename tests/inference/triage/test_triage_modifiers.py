"""Vital-sign modifiers of the safety-net pack against tables written by hand, each boundary on both sides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from inference.triage.assess import TriageAssessment, assess
from inference.triage.case import (
    Appearance,
    Bleeding,
    Complaint,
    Mechanism,
    PainOnset,
    PainSite,
    Perfusion,
    RespiratoryDistress,
    StrokeSigns,
    Symptom,
    TriageCase,
)
from inference.triage.rule_pack import safety_net
from inference.triage.vital_signs import Acvpu, VitalSigns, age_from_quantity

PACK = safety_net()
NORMAL = VitalSigns(
    respiratory_rate=16,
    oxygen_saturation=98,
    systolic_blood_pressure=125,
    diastolic_blood_pressure=80,
    heart_rate=75,
    body_temperature=36.8,
    blood_glucose=100,
    glasgow_coma_scale=15,
    acvpu=Acvpu.ALERT,
    oxygen_given=False,
    pain=0,
)
UNREMARKABLE = TriageCase(
    age=age_from_quantity(50, "a"),
    pregnancy=False,
    vital_signs=NORMAL,
    stroke_signs=StrokeSigns(face=False, arm_drift=0, grip=0, speech=False, balance=False, eyes=False),
    complaint=Complaint.OTHER,
    cardiac_arrest=False,
    airway_obstructed=False,
    respiratory_distress=RespiratoryDistress.NONE,
    perfusion=Perfusion.NORMAL,
    appearance=Appearance.WELL,
    suspected_infection=False,
    immunocompromised=False,
    bleeding=Bleeding.NONE,
    bleeding_disorder=False,
    pain_site=PainSite.PERIPHERAL,
    pain_onset=PainOnset.ACUTE,
    injury=False,
    mechanism=frozenset(),
    symptoms=frozenset(),
    ecg_st_elevation=False,
)


def measured(case: TriageCase = UNREMARKABLE, **vital_signs: Any) -> TriageAssessment:
    return assess(replace(case, vital_signs=replace(case.vital_signs, **vital_signs)), PACK)


def found(**findings: Any) -> TriageAssessment:
    return assess(replace(UNREMARKABLE, **findings), PACK)


def rules(assessment: TriageAssessment) -> set[str]:
    return {reason.rule for reason in assessment.reasons}


def test_an_unremarkable_adult_is_level_4_with_nothing_left_open() -> None:
    assessment = found()
    assert (assessment.level.number, assessment.best, assessment.worst) == (4, 4, 4)
    assert (assessment.missing, assessment.reasons) == ((), ())


SATURATION_LEVELS = [(70, 1), (89, 1), (89.9, 1), (90, 2), (91, 2), (91.9, 2), (92, 3), (94, 3), (94.1, 4), (96, 4)]


@pytest.mark.parametrize(("saturation", "level"), SATURATION_LEVELS)
def test_saturation_bands_of_ctas(saturation: float, level: int) -> None:
    assert measured(oxygen_saturation=saturation).level.number == level


@pytest.mark.parametrize(("glasgow", "level"), [(3, 1), (8, 1), (9, 1), (10, 2), (13, 2), (14, 3), (15, 4)])
def test_glasgow_bands_with_nine_at_level_1_until_a_source_settles_it(glasgow: int, level: int) -> None:
    assert measured(glasgow_coma_scale=glasgow).level.number == level


@pytest.mark.parametrize(("code", "level"), [("A", 4), ("C", 3), ("V", 2), ("P", 1), ("U", 1)])
def test_acvpu_alone_gives_a_level_to_adults_and_children(code: str, level: int) -> None:
    assert measured(acvpu=Acvpu(code), glasgow_coma_scale=None).level.number == level
    six = replace(UNREMARKABLE, age=age_from_quantity(6, "a"))
    normal_six = {"heart_rate": 90, "respiratory_rate": 20, "systolic_blood_pressure": 105}
    assert measured(six, acvpu=Acvpu(code), glasgow_coma_scale=None, **normal_six).level.number == level


@pytest.mark.parametrize(("systolic", "level"), [(0, 1), (89, 2), (90, 3), (91, 4), (219, 4), (220, 3)])
def test_adult_systolic_pressure(systolic: int, level: int) -> None:
    assert measured(systolic_blood_pressure=systolic, heart_rate=60).level.number == level


@pytest.mark.parametrize(
    ("systolic", "diastolic", "symptomatic", "level"),
    [
        (219, 129, True, 3),
        (220, 100, True, 2),
        (150, 130, True, 2),
        (150, 130, False, 3),
        (150, 129, False, 4),
        (199, 109, True, 4),
        (200, 109, True, 3),
        (199, 110, True, 3),
        (200, 110, False, 4),
    ],
)
def test_high_pressure_with_and_without_symptoms(systolic: int, diastolic: int, symptomatic: bool, level: int) -> None:
    case = replace(UNREMARKABLE, symptoms=frozenset({Symptom.HEADACHE} if symptomatic else ()))
    found = measured(case, systolic_blood_pressure=systolic, diastolic_blood_pressure=diastolic)
    assert found.level.number == level


@pytest.mark.parametrize(("rate", "level"), [(0, 1), (39, 2), (40, 3), (41, 4), (112, 4), (113, 3), (125, 2), (150, 2)])
def test_adult_heart_rate_with_its_shock_index(rate: int, level: int) -> None:
    assert measured(heart_rate=rate).level.number == level


@pytest.mark.parametrize(("rate", "level"), [(0, 1), (5, 1), (6, 3), (8, 3), (9, 4), (24, 4), (25, 3)])
def test_adult_respiratory_rate(rate: int, level: int) -> None:
    assert measured(respiratory_rate=rate).level.number == level


TEMPERATURES = [(31.9, 2), (32.0, 3), (35.0, 3), (35.1, 4), (38.0, 4), (40.9, 4), (41.0, 2)]


@pytest.mark.parametrize(("temperature", "level"), TEMPERATURES)
def test_temperature_alone(temperature: float, level: int) -> None:
    assert measured(body_temperature=temperature).level.number == level


@pytest.mark.parametrize(
    ("temperature", "findings", "level"),
    [
        (38.1, {"appearance": Appearance.UNWELL}, 3),
        (38.0, {"appearance": Appearance.UNWELL}, 4),
        (38.1, {"appearance": Appearance.SEPTIC}, 2),
        (38.1, {"immunocompromised": True}, 2),
        (38.0, {"immunocompromised": True}, 4),
        (35.9, {"appearance": Appearance.SEPTIC}, 2),
    ],
)
def test_fever_by_appearance_and_immunity(temperature: float, findings: dict[str, Any], level: int) -> None:
    case = replace(UNREMARKABLE, **findings)
    assert measured(case, body_temperature=temperature).level.number == level


def test_three_sirs_criteria_look_septic() -> None:
    assert measured(body_temperature=38.1, heart_rate=91, respiratory_rate=21).level.number == 2
    assert "temperature.fever_septic" not in rules(measured(body_temperature=38.1, heart_rate=90, respiratory_rate=21))
    assert "temperature.fever_septic" not in rules(measured(body_temperature=38.1, heart_rate=91, respiratory_rate=20))


@pytest.mark.parametrize(
    ("months", "temperature", "level"), [(2, 37.9, 4), (2, 38.0, 2), (2, 35.9, 2), (3, 38.0, 4), (3, 38.5, 4)]
)
def test_fever_under_three_months(months: int, temperature: float, level: int) -> None:
    infant = replace(UNREMARKABLE, age=age_from_quantity(months, "mo"))
    found = measured(
        infant, body_temperature=temperature, heart_rate=120, respiratory_rate=40, systolic_blood_pressure=85
    )
    assert found.level.number == level


@pytest.mark.parametrize(
    ("glucose", "symptoms", "level"),
    [
        (54, set(), 3),
        (55, set(), 4),
        (54, {Symptom.CONFUSION}, 2),
        (324, {Symptom.WEAKNESS}, 4),
        (325, {Symptom.WEAKNESS}, 2),
        (325, set(), 3),
        (325, {Symptom.HEADACHE}, 3),
    ],
)
def test_glucose_below_3_and_above_18_mmol(glucose: float, symptoms: set[Symptom], level: int) -> None:
    case = replace(UNREMARKABLE, symptoms=frozenset(symptoms))
    assert measured(case, blood_glucose=glucose).level.number == level


PAIN_LEVELS = [
    (3, "central", "acute", 4),
    (4, "central", "acute", 3),
    (7, "central", "acute", 3),
    (8, "central", "acute", 2),
    (10, "central", "acute", 2),
    (7, "central", "chronic", 4),
    (8, "central", "chronic", 3),
    (7, "peripheral", "acute", 4),
    (8, "peripheral", "acute", 3),
    (10, "peripheral", "chronic", 4),
]


@pytest.mark.parametrize(("pain", "site", "onset", "level"), PAIN_LEVELS)
def test_pain_by_score_site_and_onset(pain: int, site: str, onset: str, level: int) -> None:
    case = replace(UNREMARKABLE, pain_site=PainSite(site), pain_onset=PainOnset(onset))
    assert measured(case, pain=pain).level.number == level


@pytest.mark.parametrize(
    ("findings", "level"),
    [
        ({"cardiac_arrest": True}, 1),
        ({"airway_obstructed": True}, 1),
        ({"respiratory_distress": RespiratoryDistress.SEVERE}, 1),
        ({"respiratory_distress": RespiratoryDistress.MODERATE}, 2),
        ({"respiratory_distress": RespiratoryDistress.MILD}, 3),
        ({"perfusion": Perfusion.SHOCK}, 1),
        ({"perfusion": Perfusion.COMPROMISED}, 2),
        ({"bleeding": Bleeding.LIFE_OR_LIMB}, 2),
        ({"bleeding": Bleeding.MODERATE}, 3),
        ({"bleeding": Bleeding.MINOR}, 4),
        ({"bleeding": Bleeding.MINOR, "bleeding_disorder": True}, 3),
        ({"bleeding": Bleeding.LIFE_OR_LIMB, "bleeding_disorder": True}, 2),
        ({"ecg_st_elevation": True}, 2),
        ({"complaint": Complaint.SEIZURE_ONGOING}, 1),
        ({"complaint": Complaint.CHEST_PAIN_CARDIAC}, 2),
        ({"complaint": Complaint.SYNCOPE}, 3),
        ({"complaint": Complaint.HEADACHE}, 4),
    ],
)
def test_findings_give_their_level(findings: dict[str, Any], level: int) -> None:
    assert found(**findings).level.number == level


@pytest.mark.parametrize("mechanism", list(Mechanism))
def test_each_high_risk_mechanism_is_level_2(mechanism: Mechanism) -> None:
    assert found(injury=True, mechanism=frozenset({mechanism})).level.number == 2


def test_pregnancy_brings_its_own_pressure_limit() -> None:
    pregnant = replace(UNREMARKABLE, pregnancy=True)
    assert measured(pregnant, systolic_blood_pressure=159, diastolic_blood_pressure=109).level.number == 4
    assert measured(pregnant, systolic_blood_pressure=160).level.number == 2
    assert measured(pregnant, diastolic_blood_pressure=110).level.number == 2
    assert measured(systolic_blood_pressure=160).level.number == 4


# Columns: (unit, age), then L1 below, L2 below, L3 below, normal from-to, L3 above, L2 above, L1 above.
HEART_RATE_ROWS = [
    (("mo", 0), (40, 65, 90, 180, 205, 230)),
    (("mo", 2), (40, 65, 90, 180, 205, 230)),
    (("mo", 3), (40, 63, 80, 160, 180, 210)),
    (("mo", 5), (40, 63, 80, 160, 180, 210)),
    (("mo", 6), (40, 60, 80, 140, 160, 180)),
    (("mo", 11), (40, 60, 80, 140, 160, 180)),
    (("a", 1), (40, 58, 75, 130, 145, 165)),
    (("a", 3), (40, 58, 75, 130, 145, 165)),
    (("a", 6), (40, 55, 70, 110, 125, 140)),
    (("a", 10), (30, 45, 60, 90, 105, 120)),
    # Between rows the stricter limit of both neighbours; "0 years" can be any month of the first year.
    (("a", 0), (40, 65, 90, 140, 160, 180)),
    (("a", 4), (40, 58, 75, 110, 125, 140)),
    (("a", 5), (40, 58, 75, 110, 125, 140)),
    (("a", 8), (40, 55, 70, 90, 105, 120)),
    (("a", 14), (30, 45, 60, 90, 105, 120)),
    (("a", 15), (30, 45, 60, 90, 105, 120)),
]
RESPIRATORY_ROWS = [
    (("mo", 2), (10, 20, 30, 60, 70, 80)),
    (("mo", 5), (10, 20, 30, 60, 70, 80)),
    (("mo", 11), (10, 17, 25, 45, 55, 60)),
    (("a", 3), (10, 15, 20, 30, 35, 40)),
    (("a", 6), (8, 12, 16, 24, 28, 32)),
    (("a", 10), (8, 10, 14, 20, 24, 26)),
    (("a", 0), (10, 20, 30, 45, 55, 60)),
    (("a", 4), (10, 15, 20, 24, 28, 32)),
    (("a", 7), (8, 12, 16, 20, 24, 26)),
]


def _expected(value: float, row: tuple[int, ...]) -> int | None:
    low_1, low_2, low_3, high_3, high_2, high_1 = row
    if value < low_1 or value > high_1:
        return 1
    if value < low_2 or value > high_2:
        return 2
    return 3 if value < low_3 or value > high_3 else None


def _child_level(measure: str, unit: str, age: int, value: float) -> int | None:
    measured_value: dict[str, Any] = {measure: value}
    case = TriageCase(age=age_from_quantity(age, unit), vital_signs=VitalSigns(**measured_value))
    assessment = assess(case, PACK)
    levels = [reason.level for reason in assessment.reasons if reason.rule.startswith(f"child.{measure}")]
    return min(levels, default=None)


@pytest.mark.parametrize(
    ("measure", "age", "row"),
    [("heart_rate", age, row) for age, row in HEART_RATE_ROWS]
    + [("respiratory_rate", age, row) for age, row in RESPIRATORY_ROWS],
)
def test_child_tables_at_every_boundary(measure: str, age: tuple[str, int], row: tuple[int, ...]) -> None:
    for limit in row:
        for value in (limit - 1, limit, limit + 1):
            assert _child_level(measure, *age, value) == _expected(value, row), (measure, age, value)


def test_child_tables_end_at_sixteen_years() -> None:
    assert _child_level("heart_rate", "a", 16, 200) is None
    assert _child_level("heart_rate", "a", 16, 20) is None


HYPOTENSION = [
    (("d", 0), 60),
    (("d", 27), 60),
    (("d", 28), 70),
    (("mo", 0), 70),
    (("mo", 11), 70),
    (("a", 0), 70),
    (("a", 1), 72),
    (("a", 5), 80),
    (("a", 10), 90),
    (("a", 11), 90),
    (("a", 14), 90),
]


@pytest.mark.parametrize(("age", "limit"), HYPOTENSION)
def test_hypotension_of_a_child_by_age(age: tuple[str, int], limit: int) -> None:
    def is_hypotensive(systolic: int) -> bool:
        case = TriageCase(
            age=age_from_quantity(age[1], age[0]), vital_signs=VitalSigns(systolic_blood_pressure=systolic)
        )
        return "circulation.child_hypotension" in rules(assess(case, PACK))

    assert is_hypotensive(limit - 1)
    assert not is_hypotensive(limit)


def test_unread_rules_say_so_in_their_reason() -> None:
    marks = {reason.rule: reason.verified for reason in measured(oxygen_saturation=85, heart_rate=160).reasons}
    assert marks["respiration.spo2_90"] is True
    assert marks["circulation.adult_tachycardia"] is False
