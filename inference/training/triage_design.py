"""The terms of the level model: steps of measurements, concepts of the complaint, and a few products of two.

A step rises from 0 to 1 between two values of a measurement and is 0 where the measurement is unknown, so an unknown
sign pushes nowhere. The values are the usual edges of clinical bands, chosen before any fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inference.triage.level_model import MEASUREMENTS

Matrix = npt.NDArray[np.float64]
SHOCK_INDEX = "shock_index"
COLUMNS = (*MEASUREMENTS, SHOCK_INDEX)


@dataclass(frozen=True, slots=True)
class Step:
    """0 at `start` and before, 1 at `end` and beyond; `start` above `end` is a falling measurement."""

    measure: str
    start: float
    end: float

    @property
    def name(self) -> str:
        return f"{self.measure} {self.start:g} to {self.end:g}"


STEPS = (
    *(Step("age", years - 7.5, years + 7.5) for years in (35, 50, 65, 80)),
    Step("systolic_blood_pressure", 110, 90),
    Step("systolic_blood_pressure", 90, 70),
    Step("systolic_blood_pressure", 130, 160),
    Step("systolic_blood_pressure", 160, 190),
    Step("diastolic_blood_pressure", 90, 120),
    Step("heart_rate", 80, 100),
    Step("heart_rate", 100, 130),
    Step("heart_rate", 60, 45),
    Step("respiratory_rate", 20, 24),
    Step("respiratory_rate", 24, 30),
    Step("body_temperature", 37.2, 38),
    Step("body_temperature", 38, 39),
    Step("body_temperature", 36, 35),
    Step("oxygen_saturation", 97, 94),
    Step("oxygen_saturation", 94, 88),
    Step(SHOCK_INDEX, 0.6, 0.9),
    Step(SHOCK_INDEX, 0.9, 1.3),
    *(Step("pain", score - 1, score) for score in (4, 5, 6, 7)),
    Step("pain", 1, 0),
    *(Step("responsiveness", depth - 1, depth) for depth in (1, 2, 3)),
    Step("ambulance_119", 0, 1),
    Step("ambulance_private", 0, 1),
    Step("walking", 0, 1),
    Step("injury", 0, 1),
)
AGE_50, AGE_65 = STEPS[1].name, STEPS[2].name
PAIN_5, NO_PAIN = "pain 4 to 5", "pain 1 to 0"
BY_119, INJURY = "ambulance_119 0 to 1", "injury 0 to 1"
PRODUCTS = (
    ("chest_pain", AGE_50),
    ("chest_pain", AGE_65),
    ("dyspnoea", BY_119),
    ("abdominal_pain", PAIN_5),
    ("abdominal_pain", AGE_65),
    ("fever", AGE_65),
    ("fever", "shock_index 0.6 to 0.9"),
    ("dizziness", AGE_65),
    ("headache", PAIN_5),
    ("limb_pain", AGE_65),
    (INJURY, BY_119),
    (NO_PAIN, INJURY),
)


@dataclass(frozen=True, slots=True)
class Design:
    """The terms for a lexicon's concepts, in the order of the model's weights."""

    concepts: tuple[str, ...]

    @property
    def simple(self) -> tuple[str, ...]:
        return (*(step.name for step in STEPS), *self.concepts)

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.simple, *(f"{first} x {second}" for first, second in PRODUCTS))

    @property
    def findings(self) -> tuple[str, ...]:
        """What each term is about: a measurement or a concept, for the reader of an explanation."""
        of_steps = [step.measure for step in STEPS]
        return (*of_steps, *self.concepts, *(_finding(first) for first, _second in PRODUCTS))

    def pairs(self) -> list[tuple[int, int]]:
        place = {name: index for index, name in enumerate(self.simple)}
        return [(place[first], place[second]) for first, second in PRODUCTS]

    def matrix(self, measurements: Matrix, concepts: Matrix) -> Matrix:
        """The terms of each row: what the graph computes, written a second time in NumPy."""
        with np.errstate(invalid="ignore", divide="ignore"):
            columns = np.column_stack([measurements, measurements[:, 3] / measurements[:, 1]])
        steps = [_rise(columns[:, COLUMNS.index(step.measure)], step) for step in STEPS]
        simple = np.column_stack([*steps, concepts])
        return np.column_stack([simple, *(simple[:, first] * simple[:, second] for first, second in self.pairs())])


def _rise(values: Matrix, step: Step) -> Matrix:
    risen = np.clip((values - step.start) / (step.end - step.start), 0.0, 1.0)
    return np.where(np.isnan(risen), 0.0, risen)


def _finding(first: str) -> str:
    steps = {step.name: step.measure for step in STEPS}
    return steps.get(first, first)
