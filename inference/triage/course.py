"""Repeated assessments of one patient: arrival, worst, trend, and what the level at arrival says about the next ones.

The device sends the earlier levels with each repeat, so that the answer stays a pure function of the body.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from inference.triage.assess import LEVELS, Reason, TriageAssessment
from inference.triage.modifiers import Evidence
from inference.triage.rule_pack import Mark, Text

MOST_BELOW_ARRIVAL = 2
CITATION = "Ontario Prehospital CTAS Paramedic Guide"
_ARREST = Text(
    ko="도착 시 심정지였던 환자는 1등급을 유지함",
    en="A patient who was in cardiac arrest on arrival stays at level 1",
)
_BELOW_ARRIVAL = Text(
    ko="처치 후에도 도착 시 등급보다 두 등급을 넘게 낮추지 않음",
    en="After treatment never more than two levels below that of arrival",
)


@dataclass(frozen=True, slots=True)
class EarlierLevel:
    """The level of an earlier assessment of the same patient, and whether the patient was in arrest then."""

    level: int
    at: datetime
    cardiac_arrest: bool = False


class Trend(StrEnum):
    """From the last assessment to this one."""

    IMPROVING = "improving"
    STEADY = "steady"
    WORSENING = "worsening"


@dataclass(frozen=True, slots=True)
class Course:
    """What the assessments of one patient say together; levels, 1 the most urgent."""

    arrival: int
    worst: int
    trend: Trend
    assessments: int


def held(assessment: TriageAssessment, earlier: tuple[EarlierLevel, ...]) -> TriageAssessment:
    """The assessment at the mildest level that its course allows, with the rule as first reason; else unchanged."""
    if not earlier:
        return assessment
    mildest, reason = _mildest(min(earlier, key=lambda each: each.at))
    if assessment.level.number <= mildest and assessment.best <= mildest:
        return assessment
    raises = assessment.level.number > mildest
    level = min(assessment.level.number, mildest)
    return replace(
        assessment,
        level=LEVELS[level],
        best=min(assessment.best, mildest),
        worst=min(assessment.worst, level),
        reasons=(reason, *assessment.reasons) if raises else assessment.reasons,
        missing=tuple(item for item in assessment.missing if item.worst_level < level),
    )


def course_of(level: int, earlier: tuple[EarlierLevel, ...]) -> Course | None:
    """The course that ends with `level`; None for a first assessment."""
    if not earlier:
        return None
    in_order = [each.level for each in sorted(earlier, key=lambda each: each.at)]
    change = level - in_order[-1]
    trend = Trend.STEADY if change == 0 else Trend.IMPROVING if change > 0 else Trend.WORSENING
    return Course(in_order[0], min(*in_order, level), trend, len(in_order) + 1)


def _mildest(arrival: EarlierLevel) -> tuple[int, Reason]:
    if arrival.cardiac_arrest:
        return 1, _reason("course.arrest_on_arrival", 1, Evidence("cardiac_arrest", True, "==", True), _ARREST)
    mildest = min(arrival.level + MOST_BELOW_ARRIVAL, 5)
    evidence = Evidence("arrival_level", arrival.level, "<=", arrival.level)
    return mildest, _reason("course.two_below_arrival", mildest, evidence, _BELOW_ARRIVAL)


def _reason(rule: str, level: int, evidence: Evidence, text: Text) -> Reason:
    return Reason(
        rule=rule,
        level=level,
        evidence=(evidence,),
        source="ctas-paramedic-guide",
        mark=Mark.READ,
        own_level=False,
        text=text,
        citation=CITATION,
    )
