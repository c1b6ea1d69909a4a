"""Scores against tables written by hand from the printed bands, each boundary on both sides."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

import pytest

from inference.triage.case import StrokeSigns, TriageCase
from inference.triage.scores import NotApplicable, be_fast, cpss, lams, news2, qsofa, rts, shock_index, sipa, t_rts
from inference.triage.vital_signs import Acvpu, Avpu, VitalSigns, age_from_quantity

ADULT = age_from_quantity(50, "a")
NORMAL = VitalSigns(
    respiratory_rate=16,
    oxygen_saturation=98,
    systolic_blood_pressure=120,
    heart_rate=70,
    body_temperature=36.8,
    glasgow_coma_scale=15,
    acvpu=Acvpu.ALERT,
    oxygen_given=False,
)


def adult(**vital_signs: Any) -> TriageCase:
    return TriageCase(age=ADULT, vital_signs=replace(NORMAL, **vital_signs))


NEWS2_BANDS: list[tuple[str, dict[float, int]]] = [
    ("respiratory_rate", {0: 3, 7: 3, 8: 3, 9: 1, 10: 1, 11: 1, 12: 0, 16: 0, 20: 0, 21: 2, 24: 2, 25: 3, 60: 3}),
    ("oxygen_saturation", {70: 3, 91: 3, 91.5: 3, 92: 2, 93: 2, 93.5: 2, 94: 1, 95: 1, 95.5: 1, 96: 0, 100: 0}),
    (
        "systolic_blood_pressure",
        {50: 3, 90: 3, 91: 2, 100: 2, 101: 1, 110: 1, 111: 0, 120: 0, 219: 0, 220: 3, 260: 3},
    ),
    ("heart_rate", {30: 3, 40: 3, 41: 1, 50: 1, 51: 0, 90: 0, 91: 1, 110: 1, 111: 2, 130: 2, 131: 3, 200: 3}),
    (
        "body_temperature",
        {
            30.0: 3,
            35.0: 3,
            35.05: 3,
            35.1: 1,
            36.0: 1,
            36.05: 1,
            36.1: 0,
            38.0: 0,
            38.05: 1,
            38.1: 1,
            39.0: 1,
            39.05: 2,
            39.1: 2,
            42.0: 2,
        },
    ),
]


@pytest.mark.parametrize(
    ("name", "value", "points"), [(name, value, p) for name, band in NEWS2_BANDS for value, p in band.items()]
)
def test_news2_gives_the_printed_points_at_every_boundary(name: str, value: float, points: int) -> None:
    assert news2(adult(**{name: value})).value == points


NEWS2_SCALE_2 = [
    (82, False, 3),
    (83, False, 3),
    (84, False, 2),
    (85, False, 2),
    (86, False, 1),
    (87, False, 1),
    (88, False, 0),
    (92, False, 0),
    (93, False, 0),
    (97, False, 0),
    (100, False, 0),
    (83, True, 3),
    (84, True, 2),
    (86, True, 1),
    (87, True, 1),
    (88, True, 0),
    (92, True, 0),
    (93, True, 1),
    (94, True, 1),
    (95, True, 2),
    (96, True, 2),
    (97, True, 3),
    (100, True, 3),
]


@pytest.mark.parametrize(("saturation", "oxygen", "points"), NEWS2_SCALE_2)
def test_news2_scale_2_holds_for_a_hypercapnic_target(saturation: int, oxygen: bool, points: int) -> None:
    score = news2(adult(oxygen_saturation=saturation, oxygen_given=oxygen, hypercapnic_target=True))
    assert score.value == points + (2 if oxygen else 0)


@pytest.mark.parametrize(("code", "points"), [("A", 0), ("C", 3), ("V", 3), ("P", 3), ("U", 3)])
def test_news2_scores_anything_but_alert_with_three(code: str, points: int) -> None:
    assert news2(adult(acvpu=Acvpu(code), glasgow_coma_scale=None)).value == points


def test_news2_scores_oxygen_with_two() -> None:
    assert news2(adult(oxygen_given=True)).value == 2


def test_news2_reaches_twenty_points() -> None:
    worst = VitalSigns(
        respiratory_rate=30,
        oxygen_saturation=80,
        systolic_blood_pressure=80,
        heart_rate=140,
        body_temperature=34.0,
        acvpu=Acvpu.UNRESPONSIVE,
        oxygen_given=True,
    )
    assert news2(TriageCase(age=ADULT, vital_signs=worst)).value == 20


def test_news2_without_any_value_ranges_from_nothing_to_twenty_and_names_all_it_lacked() -> None:
    score = news2(TriageCase(age=ADULT))
    assert (score.value, score.minimum, score.maximum) == (None, 0, 20)
    assert set(score.lacking) == {
        "respiratory_rate",
        "oxygen_saturation",
        "oxygen_given",
        "systolic_blood_pressure",
        "heart_rate",
        "acvpu",
        "body_temperature",
    }


def test_news2_on_scale_2_with_unknown_oxygen_depends_on_it_only_above_92() -> None:
    unsure = news2(adult(oxygen_saturation=97, oxygen_given=None, hypercapnic_target=True))
    assert (unsure.minimum, unsure.maximum, unsure.lacking) == (0, 5, ("oxygen_given",))
    sure = news2(adult(oxygen_saturation=90, oxygen_given=None, hypercapnic_target=True))
    assert (sure.minimum, sure.maximum) == (0, 2)


def test_avpu_alone_leaves_confusion_open_and_a_full_glasgow_score_closes_it() -> None:
    open_score = news2(adult(acvpu=None, avpu=Avpu.ALERT, glasgow_coma_scale=None))
    assert (open_score.minimum, open_score.maximum, open_score.lacking) == (0, 3, ("acvpu",))
    assert news2(adult(acvpu=None, avpu=Avpu.ALERT, glasgow_coma_scale=15)).value == 0
    assert news2(adult(acvpu=None, avpu=Avpu.ALERT, glasgow_coma_scale=14)).value == 3


@pytest.mark.parametrize(("value", "unit", "applies"), [(15, "a", False), (16, "a", True), (3, "mo", False)])
def test_news2_does_not_apply_under_sixteen_and_is_then_never_zero(value: int, unit: str, applies: bool) -> None:
    score = news2(replace(adult(), age=age_from_quantity(value, unit)))
    assert (score.applicable, score.value) == ((True, 0) if applies else (False, None))
    assert score.reason is (None if applies else NotApplicable.CHILD)


def test_news2_does_not_apply_in_pregnancy() -> None:
    score = news2(replace(adult(heart_rate=140), pregnancy=True))
    assert (score.applicable, score.reason, score.minimum) == (False, NotApplicable.PREGNANCY, None)


def test_news2_of_a_person_of_unknown_age_says_that_it_may_not_apply() -> None:
    score = news2(replace(adult(), age=None))
    assert (score.applicable, score.value, score.lacking) == (None, None, ("age",))


@pytest.mark.parametrize(
    ("vital_signs", "points"),
    [
        ({"respiratory_rate": 21}, 0),
        ({"respiratory_rate": 22}, 1),
        ({"systolic_blood_pressure": 101}, 0),
        ({"systolic_blood_pressure": 100}, 1),
        ({"glasgow_coma_scale": 15}, 0),
        ({"glasgow_coma_scale": 14}, 1),
        ({"glasgow_coma_scale": None, "acvpu": Acvpu.CONFUSION}, 1),
        ({"respiratory_rate": 22, "systolic_blood_pressure": 100, "glasgow_coma_scale": 3}, 3),
    ],
)
def test_qsofa_counts_each_criterion_from_its_boundary(vital_signs: dict[str, Any], points: int) -> None:
    assert qsofa(adult(**vital_signs)).value == points


def test_qsofa_does_not_apply_under_eighteen_and_ranges_over_what_is_missing() -> None:
    assert qsofa(replace(adult(), age=age_from_quantity(17, "a"))).reason is NotApplicable.CHILD
    score = qsofa(adult(respiratory_rate=None, systolic_blood_pressure=90))
    assert (score.minimum, score.maximum, score.lacking) == (1, 2, ("respiratory_rate",))


@pytest.mark.parametrize(
    ("heart_rate", "systolic", "value"), [(89, 100, 0.89), (90, 100, 0.9), (100, 100, 1.0), (63, 70, 0.9)]
)
def test_shock_index_is_heart_rate_over_systolic_pressure(heart_rate: int, systolic: int, value: float) -> None:
    assert shock_index(adult(heart_rate=heart_rate, systolic_blood_pressure=systolic)).value == value


def test_shock_index_is_open_without_a_pressure_and_not_applicable_without_a_measurable_one() -> None:
    open_index = shock_index(adult(systolic_blood_pressure=None))
    assert (open_index.minimum, open_index.maximum, open_index.lacking) == (0, inf, ("systolic_blood_pressure",))
    assert shock_index(adult(systolic_blood_pressure=0)).reason is NotApplicable.NO_BLOOD_PRESSURE


SIPA_TABLE = [
    (3, None),
    (4, 1.22),
    (6, 1.22),
    (7, 1.0),
    (12, 1.0),
    (13, 0.9),
    (16, 0.9),
    (17, None),
]


@pytest.mark.parametrize(("years", "limit"), SIPA_TABLE)
def test_sipa_is_positive_only_above_the_limit_of_the_age(years: int, limit: float | None) -> None:
    def of(heart_rate: float) -> float | None:
        case = adult(heart_rate=heart_rate, systolic_blood_pressure=100)
        return sipa(replace(case, age=age_from_quantity(years, "a"))).value

    if limit is None:
        assert of(200) is None
    else:
        assert of(round(100 * limit)) == 1.0
        assert (of(round(100 * limit) + 1) or 0) > 1.0


GLASGOW_CODES = {15: 4, 13: 4, 12: 3, 9: 3, 8: 2, 6: 2, 5: 1, 4: 1, 3: 0}
SYSTOLIC_CODES = {200: 4, 90: 4, 89: 3, 76: 3, 75: 2, 50: 2, 49: 1, 1: 1, 0: 0}
RESPIRATORY_CODES = {10: 4, 29: 4, 30: 3, 60: 3, 9: 2, 6: 2, 5: 1, 1: 1, 0: 0}


@pytest.mark.parametrize("glasgow", GLASGOW_CODES)
@pytest.mark.parametrize("systolic", SYSTOLIC_CODES)
@pytest.mark.parametrize("rate", RESPIRATORY_CODES)
def test_rts_weighs_and_t_rts_adds_the_printed_codes(glasgow: int, systolic: int, rate: int) -> None:
    case = adult(glasgow_coma_scale=glasgow, systolic_blood_pressure=systolic, respiratory_rate=rate)
    case = replace(case, injury=True)
    codes = (GLASGOW_CODES[glasgow], SYSTOLIC_CODES[systolic], RESPIRATORY_CODES[rate])
    assert t_rts(case).value == sum(codes)
    assert rts(case).value == pytest.approx(0.9368 * codes[0] + 0.7326 * codes[1] + 0.2908 * codes[2], abs=1e-9)


def test_rts_of_the_unharmed_parts_is_its_published_maximum() -> None:
    assert rts(replace(adult(), injury=True)).value == 7.8408


def test_trauma_scores_apply_to_the_injured_and_say_when_injury_is_unknown() -> None:
    assert t_rts(replace(adult(), injury=False)).reason is NotApplicable.NOT_INJURED
    assert (t_rts(adult()).applicable, t_rts(adult()).lacking) == (None, ("injury",))
    partial = t_rts(replace(adult(glasgow_coma_scale=None), injury=True))
    assert (partial.minimum, partial.maximum, partial.lacking) == (8, 12, ("glasgow_coma_scale",))


def test_stroke_scales_share_one_examination() -> None:
    signs = StrokeSigns(face=True, arm_drift=2, grip=2, speech=False, balance=False, eyes=True)
    case = TriageCase(stroke_signs=signs)
    assert (cpss(case).value, be_fast(case).value, lams(case).value) == (2, 3, 5)


@pytest.mark.parametrize(("face", "arm", "grip", "total"), [(False, 0, 0, 0), (True, 1, 1, 3), (True, 2, 1, 4)])
def test_lams_adds_face_arm_and_grip(face: bool, arm: int, grip: int, total: int) -> None:
    assert lams(TriageCase(stroke_signs=StrokeSigns(face=face, arm_drift=arm, grip=grip))).value == total


def test_stroke_scales_name_what_was_not_examined() -> None:
    case = TriageCase(stroke_signs=StrokeSigns(face=True))
    assert (cpss(case).minimum, cpss(case).maximum) == (1, 3)
    assert cpss(case).lacking == ("stroke_arm_drift", "stroke_speech")
    assert (lams(case).minimum, lams(case).maximum, lams(case).lacking) == (1, 5, ("stroke_arm_drift", "stroke_grip"))
    assert be_fast(TriageCase()).maximum == 5
