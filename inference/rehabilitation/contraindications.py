"""The no-exercise gate: what forbids a session, what a clinician has to clear first, and what has to be measured. Pure.

Published values differ; the strictest one wins. Sources: IBPC 2024 (PMC10959113, table 1), pulmonaryrehab.com.au,
a BMJ Open protocol's exclusion table. Numbers for glucose are general knowledge: they can only make the gate stricter.
A vital sign that was not measured on the day is unknown, never normal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Decision(StrEnum):
    """From the gravest to the mildest."""

    REFER = "refer"
    STOP = "stop"
    POSTPONE = "postpone"
    CLEARANCE = "clearance"
    MEASURE = "measure"
    ALLOWED = "allowed"


GRAVITY = list(Decision)


@dataclass(frozen=True, slots=True)
class Measured:
    value: float
    when: date
    source: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """What is known before a session: vital signs by name, diagnoses and answers that are true, and which are known.

    Names of vital signs: systolic, diastolic (mm[Hg]), heart_rate (/min), oxygen_saturation (%), temperature (Cel),
    glucose (mg/dL). `conditions` says yes, no or None (unknown) for the keys of CONDITIONS.
    """

    today: date
    vital_signs: Mapping[str, Measured] = field(default_factory=dict)
    conditions: Mapping[str, bool | None] = field(default_factory=dict)
    heart_disease: bool | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """`limit` is crossed when the value is above (or below) it; `or_equal` when reaching it is enough."""

    measure: str
    decision: Decision
    limit: float
    above: bool
    source: str
    or_equal: bool = False
    heart_disease_only: bool = False

    def crossed(self, value: float) -> bool:
        if self.or_equal and value == self.limit:
            return True
        return value > self.limit if self.above else value < self.limit


@dataclass(frozen=True, slots=True)
class Barrier:
    """Something that stands against a session: `measured` False for a value from another day or none at all."""

    name: str
    decision: Decision
    source: str
    value: float | None = None
    limit: float | None = None
    when: date | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """`decision` is the gravest of the barriers; `barriers` in that order."""

    decision: Decision
    barriers: tuple[Barrier, ...]

    @property
    def plan_possible(self) -> bool:
        """A plan may be drafted: nothing forbids exercise, though something may have to be cleared or measured."""
        return self.decision in (Decision.CLEARANCE, Decision.MEASURE, Decision.ALLOWED)


IBPC, PULMONARY, BMJ, KNOWN = "PMC10959113, table 1", "pulmonaryrehab.com.au", "BMJ Open, table 1", "general knowledge"

RULES = (
    Rule("systolic", Decision.STOP, 180, True, IBPC),
    Rule("systolic", Decision.CLEARANCE, 160, True, IBPC, or_equal=True),
    Rule("diastolic", Decision.STOP, 100, True, IBPC),
    Rule("diastolic", Decision.CLEARANCE, 100, True, IBPC, or_equal=True),
    Rule("heart_rate", Decision.STOP, 120, True, PULMONARY),
    Rule("heart_rate", Decision.STOP, 100, True, PULMONARY, heart_disease_only=True),
    Rule("heart_rate", Decision.CLEARANCE, 100, True, PULMONARY, or_equal=True),
    Rule("oxygen_saturation", Decision.STOP, 88, False, PULMONARY),
    Rule("temperature", Decision.POSTPONE, 38, True, BMJ),
    Rule("glucose", Decision.POSTPONE, 70, False, KNOWN),
    Rule("glucose", Decision.POSTPONE, 250, True, KNOWN),
)

NEEDED = ("systolic", "diastolic", "heart_rate", "oxygen_saturation", "temperature")

CONDITIONS: Mapping[str, tuple[Decision, str]] = {
    "unstable_angina_or_chest_pain": (Decision.REFER, IBPC),
    "infarction_within_a_month": (Decision.REFER, IBPC),
    "uncontrolled_arrhythmia": (Decision.REFER, IBPC),
    "decompensated_heart_failure": (Decision.REFER, IBPC),
    "severe_symptomatic_aortic_stenosis": (Decision.REFER, IBPC),
    "acute_myocarditis_or_pericarditis": (Decision.REFER, IBPC),
    "aortic_dissection": (Decision.REFER, IBPC),
    "acute_embolism_or_thrombosis": (Decision.REFER, IBPC),
    "new_neurological_deficit": (Decision.REFER, KNOWN),
    "fainting": (Decision.REFER, KNOWN),
    "unexplained_breathlessness": (Decision.REFER, KNOWN),
    "recent_fall_with_head_injury_or_fracture": (Decision.REFER, KNOWN),
    "surgery_within_six_weeks_without_clearance": (Decision.REFER, KNOWN),
    "acute_infection": (Decision.POSTPONE, BMJ),
    "orthostatic_drop_with_symptoms": (Decision.POSTPONE, BMJ),
    "uncontrolled_diabetes": (Decision.POSTPONE, BMJ),
}

END_SESSION = ("angina", "pallor", "confusion", "ataxia", "cyanosis", "heart_rate_above_limit", "abnormal_gait")


def gate(state: State) -> Gate:
    """Every barrier, the gravest first; without one the session is allowed."""
    found = [barrier for name in dict.fromkeys(rule.measure for rule in RULES) if (barrier := _vital(name, state))]
    found += [
        Barrier(name, decision, source)
        for name, (decision, source) in CONDITIONS.items()
        if state.conditions.get(name) is True
    ]
    found += [
        Barrier(name, Decision.MEASURE, "not measured today", when=_when(name, state))
        for name in NEEDED
        if _when(name, state) != state.today
    ]
    ordered = sorted(found, key=lambda barrier: GRAVITY.index(barrier.decision))
    return Gate(ordered[0].decision if ordered else Decision.ALLOWED, tuple(ordered))


def _when(name: str, state: State) -> date | None:
    measured = state.vital_signs.get(name)
    return None if measured is None else measured.when


def _vital(name: str, state: State) -> Barrier | None:
    """The gravest rule that the newest value crosses; a rule for heart disease holds unless that is excluded."""
    measured = state.vital_signs.get(name)
    if measured is None:
        return None
    crossed = [
        rule
        for rule in RULES
        if rule.measure == name
        and rule.crossed(measured.value)
        and (not rule.heart_disease_only or state.heart_disease is not False)
    ]
    if not crossed:
        return None
    gravest = min(crossed, key=lambda rule: GRAVITY.index(rule.decision))
    return Barrier(name, gravest.decision, gravest.source, measured.value, gravest.limit, measured.when)


def highest_heart_rate(age: int) -> int:
    """Beats a minute at which a session ends: 210 - 0.65 * age (pulmonaryrehab.com.au), rounded down."""
    return int(210 - 0.65 * age)
