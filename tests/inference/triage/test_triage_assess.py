"""The whole answer: worst finding wins, unknown is a range, nothing unread reassures."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inference.triage.assess import LEVELS, Assumption, assess
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
from inference.triage.rule_pack import Mark, safety_net
from inference.triage.vital_signs import Acvpu, Avpu, VitalSigns, age_from_quantity

PACK = safety_net()

optional = st.none()
ages = st.one_of(
    st.builds(age_from_quantity, st.integers(0, 110), st.just("a")),
    st.builds(age_from_quantity, st.integers(0, 47), st.just("mo")),
    st.builds(age_from_quantity, st.integers(0, 60), st.just("d")),
)
flags = st.none() | st.booleans()


def number(low: int, high: int) -> st.SearchStrategy[float | None]:
    return st.none() | st.integers(low, high)


vital_signs = st.builds(
    VitalSigns,
    respiratory_rate=number(0, 80),
    oxygen_saturation=number(60, 100),
    systolic_blood_pressure=number(0, 260),
    diastolic_blood_pressure=number(0, 150),
    heart_rate=number(0, 240),
    body_temperature=st.none() | st.integers(300, 420).map(lambda tenths: tenths / 10),
    blood_glucose=number(20, 600),
    glasgow_coma_scale=number(3, 15),
    pain=number(0, 10),
    acvpu=st.none() | st.sampled_from(Acvpu),
    avpu=st.none() | st.sampled_from(Avpu),
    oxygen_given=flags,
    hypercapnic_target=flags,
)
cases = st.builds(
    TriageCase,
    age=st.none() | ages,
    pregnancy=flags,
    vital_signs=vital_signs,
    stroke_signs=st.builds(
        StrokeSigns,
        face=flags,
        arm_drift=st.none() | st.integers(0, 2),
        grip=st.none() | st.integers(0, 2),
        speech=flags,
        balance=flags,
        eyes=flags,
    ),
    complaint=st.none() | st.sampled_from(Complaint),
    cardiac_arrest=st.none() | st.just(False),
    airway_obstructed=st.none() | st.just(False),
    respiratory_distress=st.none() | st.sampled_from(RespiratoryDistress),
    perfusion=st.none() | st.sampled_from(Perfusion),
    appearance=st.none() | st.sampled_from(Appearance),
    suspected_infection=flags,
    immunocompromised=flags,
    bleeding=st.none() | st.sampled_from(Bleeding),
    bleeding_disorder=flags,
    pain_site=st.none() | st.sampled_from(PainSite),
    pain_onset=st.none() | st.sampled_from(PainOnset),
    injury=flags,
    mechanism=st.none() | st.frozensets(st.sampled_from(Mechanism), max_size=2),
    symptoms=st.none() | st.frozensets(st.sampled_from(Symptom), max_size=3),
    ecg_st_elevation=flags,
)


@given(cases)
@settings(max_examples=100, deadline=None)
def test_the_level_is_that_of_the_worst_reason_and_lies_in_its_own_range(case: TriageCase) -> None:
    assessment = assess(case, PACK)
    levels = [reason.level for reason in assessment.reasons]
    assert assessment.level.number == min(levels, default=4)
    assert assessment.worst <= assessment.level.number <= assessment.best


@given(cases, st.sampled_from([f.name for f in fields(VitalSigns) if f.name != "hypercapnic_target"]))
@settings(max_examples=100, deadline=None)
def test_the_range_without_a_vital_sign_holds_the_level_with_it(case: TriageCase, name: str) -> None:
    removed: dict[str, Any] = {name: None}
    without = replace(case, vital_signs=replace(case.vital_signs, **removed))
    full, partial = assess(case, PACK), assess(without, PACK)
    assert partial.worst <= full.level.number
    # An input beside others that stay missing can end only the cap on what is not yet measured.
    assert full.best <= partial.best


@given(cases, st.sampled_from([f.name for f in fields(TriageCase) if f.name not in ("vital_signs", "stroke_signs")]))
@settings(max_examples=100, deadline=None)
def test_the_range_without_a_finding_is_never_better_than_the_truth_allows(case: TriageCase, name: str) -> None:
    removed: dict[str, Any] = {name: None}
    without = assess(replace(case, **removed), PACK)
    assert without.worst <= assess(case, PACK).level.number


WORSENING: list[tuple[str, list[float]]] = [
    ("oxygen_saturation", [98, 95, 94, 93, 91, 89, 80]),
    ("respiratory_rate", [16, 21, 25, 40]),
    ("respiratory_rate", [16, 11, 8, 5, 0]),
    ("heart_rate", [75, 95, 115, 135, 155, 200]),
    ("heart_rate", [75, 50, 40, 39, 0]),
    ("systolic_blood_pressure", [125, 108, 99, 90, 85, 40, 0]),
    ("systolic_blood_pressure", [180, 205, 220, 260]),
    ("body_temperature", [36.8, 38.1, 39.1, 41.0]),
    ("body_temperature", [36.8, 36.0, 35.0, 31.9]),
    ("glasgow_coma_scale", [15, 14, 13, 9, 3]),
    ("pain", [0, 4, 8, 10]),
    ("blood_glucose", [100, 54, 30]),
    ("blood_glucose", [100, 325, 600]),
]


def _levels_along(case: TriageCase, signs: VitalSigns, name: str, values: list[float]) -> list[int]:
    changes: list[dict[str, Any]] = [{name: value} for value in values]
    return [assess(replace(case, vital_signs=replace(signs, **change)), PACK).level.number for change in changes]


@given(cases, st.sampled_from(WORSENING))
@settings(max_examples=100, deadline=None)
def test_worsening_a_vital_sign_never_lowers_the_severity(case: TriageCase, path: tuple[str, list[float]]) -> None:
    name, values = path
    child = case.age is not None and case.age.years < 16
    assume(not (child and name in ("heart_rate", "respiratory_rate")))
    # On scale 2 with oxygen a high saturation is itself abnormal, and the shock index falls when the pressure rises.
    signs = replace(case.vital_signs, hypercapnic_target=False)
    signs = replace(signs, heart_rate=None) if values[-1] == 260 else signs
    levels = _levels_along(case, signs, name, values)
    assert levels == sorted(levels, reverse=True), (name, values, levels)


@given(cases, st.integers(0, 15), st.sampled_from(["heart_rate", "respiratory_rate"]))
@settings(max_examples=100, deadline=None)
def test_a_child_whose_rate_rises_is_never_less_severe(case: TriageCase, years: int, name: str) -> None:
    case = replace(case, age=age_from_quantity(years, "a"))
    levels = _levels_along(case, case.vital_signs, name, [float(rate) for rate in range(60, 240, 15)])
    first_normal = levels.index(max(levels))
    assert levels[first_normal:] == sorted(levels[first_normal:], reverse=True)


def test_a_case_has_no_place_for_sex_name_or_district() -> None:
    inputs = {f.name for kind in (TriageCase, VitalSigns, StrokeSigns) for f in fields(kind)}
    assert inputs.isdisjoint({"sex", "gender", "name", "address", "district", "nationality"})


def test_nothing_known_is_not_reassuring() -> None:
    assessment = assess(TriageCase(age=age_from_quantity(40, "a")), PACK)
    assert (assessment.level.number, assessment.worst, assessment.best) == (3, 1, 5)
    assert [reason.rule for reason in assessment.reasons] == ["unmeasured.adult"]
    assert {"oxygen_saturation", "acvpu", "complaint"} <= {item.name for item in assessment.missing}


def test_each_missing_input_says_how_severe_it_could_make_the_level() -> None:
    signs = VitalSigns(
        respiratory_rate=16, systolic_blood_pressure=120, heart_rate=70, acvpu=Acvpu.ALERT, oxygen_given=False
    )
    assessment = assess(TriageCase(age=age_from_quantity(40, "a"), vital_signs=signs, injury=False), PACK)
    worst = {item.name: item.worst_level for item in assessment.missing}
    assert worst["oxygen_saturation"] == 1
    assert worst["body_temperature"] == 2
    assert worst["perfusion"] == 1
    assert "mechanism" not in worst
    assert "glasgow_coma_scale" not in worst
    assert "heart_rate" not in worst


def _well(unit: str, age: int, **changes: Any) -> TriageCase:
    signs = VitalSigns(
        respiratory_rate=18,
        oxygen_saturation=99,
        systolic_blood_pressure=115,
        heart_rate=80,
        body_temperature=36.8,
        glasgow_coma_scale=15,
        acvpu=Acvpu.ALERT,
        oxygen_given=False,
        pain=0,
    )
    case = TriageCase(
        age=age_from_quantity(age, unit),
        pregnancy=False,
        vital_signs=signs,
        complaint=Complaint.DRESSING_OR_PRESCRIPTION,
        suspected_infection=False,
    )
    return replace(case, **changes)


def test_level_5_takes_an_adult_with_everything_known_and_normal() -> None:
    assessment = assess(_well("a", 30), PACK)
    assert (assessment.level.number, [r.rule for r in assessment.reasons]) == (5, ["non_urgent.adult"])


@pytest.mark.parametrize("age", [("a", 10), ("a", 14), ("a", 15), ("a", 6), ("mo", 8)])
def test_no_child_is_ever_level_5_nor_said_to_be_able_to_be(age: tuple[str, int]) -> None:
    assessment = assess(_well(*age), PACK)
    assert assessment.level.number < 5
    assert assessment.best < 5


@pytest.mark.parametrize("changes", [{"pregnancy": True}, {"pregnancy": None}, {"suspected_infection": None}])
def test_level_5_is_not_given_where_a_needed_answer_is_missing_or_adverse(changes: dict[str, Any]) -> None:
    assert assess(_well("a", 30, **changes), PACK).level.number == 4


def test_unknown_age_takes_the_adult_rules_and_keeps_both_ends_of_the_range_open() -> None:
    case = replace(_well("a", 30), age=None)
    case = replace(case, vital_signs=replace(case.vital_signs, heart_rate=135, respiratory_rate=35))
    assessment = assess(case, PACK)
    assert Assumption.AGE_PRESUMED_ADULT in assessment.assumptions
    assert assessment.level.number == 2
    assert (assessment.worst, assessment.best) == (1, 4)
    assert assess(replace(case, age=age_from_quantity(3, "mo")), PACK).level.number == 4


def test_every_reason_carries_rule_value_threshold_and_source() -> None:
    case = _well("a", 70)
    case = replace(case, vital_signs=replace(case.vital_signs, oxygen_saturation=91, respiratory_rate=26))
    reasons = {reason.rule: reason for reason in assess(case, PACK).reasons}
    saturation = reasons["respiration.spo2_92"]
    assert [(e.name, e.value, e.comparator, e.threshold) for e in saturation.evidence] == [
        ("oxygen_saturation", 91, "<", 92)
    ]
    assert (saturation.mark, saturation.verified, saturation.own_level) == (Mark.READ, True, False)
    score = reasons["score.news2_5"]
    assert [(e.name, e.value, e.comparator, e.threshold) for e in score.evidence] == [("news2", 6, ">=", 5)]
    assert score.own_level
    assert {reason.source for reason in reasons.values()} <= set(PACK.document.sources)


def test_a_score_in_part_known_raises_as_soon_as_its_minimum_reaches_the_threshold() -> None:
    signs = VitalSigns(respiratory_rate=26, systolic_blood_pressure=88, heart_rate=70, acvpu=Acvpu.CONFUSION)
    assessment = assess(TriageCase(age=age_from_quantity(60, "a"), vital_signs=signs), PACK)
    assert "score.news2_7" in {reason.rule for reason in assessment.reasons}


@pytest.mark.parametrize(
    ("case", "flag", "pathway"),
    [
        (TriageCase(cardiac_arrest=True), "cardiac_arrest", "resuscitation"),
        (TriageCase(stroke_signs=StrokeSigns(speech=True)), "stroke", "stroke_centre"),
        (
            TriageCase(stroke_signs=StrokeSigns(face=True, arm_drift=2, grip=1)),
            "stroke_large_vessel",
            "thrombectomy_centre",
        ),
        (TriageCase(ecg_st_elevation=True), "myocardial_infarction", "pci_centre"),
        (TriageCase(mechanism=frozenset({Mechanism.FALL_6_M})), "major_trauma", "trauma_centre"),
        (
            TriageCase(
                suspected_infection=True,
                vital_signs=VitalSigns(respiratory_rate=24, systolic_blood_pressure=95, heart_rate=80),
            ),
            "sepsis",
            "sepsis_bundle",
        ),
    ],
)
def test_red_flags_open_their_pathway(case: TriageCase, flag: str, pathway: str) -> None:
    flags_found = {suspicion.code: suspicion.pathway for suspicion in assess(case, PACK).red_flags}
    assert flags_found.get(flag) == pathway


def test_a_red_flag_that_was_not_looked_for_is_not_excluded_and_names_what_is_missing() -> None:
    signs = StrokeSigns(face=False, arm_drift=0, grip=0, balance=False, eyes=False)
    case = _well("a", 60, stroke_signs=signs)
    assessment = assess(case, PACK)
    stroke = next(s for s in assessment.not_excluded if s.code == "stroke")
    assert stroke.missing == ("stroke_speech",)
    known = assess(replace(case, stroke_signs=replace(signs, speech=False)), PACK)
    assert "stroke" not in {s.code for s in (*known.red_flags, *known.not_excluded)}


def test_the_five_levels_have_their_names_colours_and_target_minutes() -> None:
    assert [(n, level.code, level.colour, level.target_minutes) for n, level in LEVELS.items()] == [
        (1, "resuscitation", "blue", 0),
        (2, "emergent", "red", 15),
        (3, "urgent", "yellow", 30),
        (4, "less_urgent", "green", 60),
        (5, "non_urgent", "white", 120),
    ]


def test_two_runs_on_the_same_case_and_pack_are_equal() -> None:
    case = _well("a", 70, injury=None)
    assert assess(case, PACK) == assess(case, PACK)
