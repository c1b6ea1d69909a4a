"""What a model would say if a measurement or a habit were another: a difference in the model, never an effect. Pure.

Only measurements and habits can be supposed. Treatments, diagnoses, the history and drinking cannot: the published
weight of a treatment is often positive, because the treated were ill before, and a page that let people take theirs
away would advise them to stop it. What is said of an age, a sex or a family is not theirs to change either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from inference.features.quantities import QUANTITIES
from inference.features.units import UnknownUnit, to_canonical
from inference.features.vector import Feature, FeatureVector, Origin
from inference.runtime.base import InferenceClient

from .families import FAMILIES
from .family import Candidate
from .run import Assessment, Card, Outcome, OutputValue, assess

MEASUREMENTS: Final = frozenset(
    {
        "systolic",
        "diastolic",
        "total_cholesterol",
        "hdl_cholesterol",
        "hba1c",
        "fasting_glucose",
        "bmi",
        "waist",
        "grip",
        "gait_speed",
        "chair_stands",
    }
)
HABITS: Final = frozenset(
    {"smoking", "active_30_minutes_daily", "active_twice_weekly", "physically_inactive", "vegetables_daily"}
)
CHANGEABLE: Final = MEASUREMENTS | HABITS
_KINDS: Final = {"bmi": ("kg/m2", "kg/m2")}  # calculated from height and weight: it has no codes of its own


class NotChangeable(ValueError):
    """What was supposed cannot be: `code` is feature, unused, unit, value or nothing."""

    def __init__(self, code: str, feature: str = "", given: str = "") -> None:
        super().__init__(code, feature, given)
        self.code, self.feature, self.given = code, feature, given


@dataclass(frozen=True, slots=True)
class Supposed:
    """``value`` in the UCUM ``unit``; of a habit 1 is yes and 0 no, and the unit is empty."""

    feature: str
    value: float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """The leading output as the record stands and as supposed. ``outside`` names what is beyond the model's range:
    then there is no number for it."""

    model: str
    version: str
    before: OutputValue | None
    after: OutputValue | None
    outside: tuple[str, ...] = ()


def changeable(card: Card) -> list[str]:
    """The features of a model that can be supposed to be others."""
    return [name for name in dict.fromkeys(item["feature"] for item in card["inputs"]) if name in CHANGEABLE]


def what_if(vector: FeatureVector, card: Card, supposed: Mapping[str, Supposed], client: InferenceClient) -> Difference:
    """Raises NotChangeable for what cannot be supposed, InferenceError where no engine answers."""
    candidate = _candidate(card["id"])
    if not supposed:
        raise NotChangeable("nothing")
    changed = vector
    for one in supposed.values():
        changed = changed.with_feature(_feature(one, card))
    before = assess(candidate, card, vector, client)
    after = assess(candidate, card, changed, client)
    outside = tuple(use.feature for use in after.outside)
    return Difference(card["id"], card["version"], _lead(before), _lead(after), outside)


def _candidate(model: str) -> Candidate:
    return next(one for family in FAMILIES for one in family.candidates if one.model == model)


def _feature(one: Supposed, card: Card) -> Feature:
    if one.feature not in CHANGEABLE:
        raise NotChangeable("feature", one.feature)
    if one.feature not in changeable(card):
        raise NotChangeable("unused", one.feature)
    if one.feature in HABITS:
        if one.value not in (0, 1) or one.unit:
            raise NotChangeable("value", one.feature, f"{one.value:g}")
        return Feature(one.feature, one.value, "{0,1}", Origin.ASSUMED)
    quantity = QUANTITIES.get(one.feature)
    kind, unit = (quantity.kind, quantity.unit) if quantity else _KINDS[one.feature]
    try:
        value = to_canonical(kind, one.value, one.unit or unit)
    except UnknownUnit:
        raise NotChangeable("unit", one.feature, one.unit) from None
    if quantity and not quantity.possible[0] <= value <= quantity.possible[1]:
        raise NotChangeable("value", one.feature, f"{one.value:g} {one.unit or unit}")
    return Feature(one.feature, value, unit, Origin.ASSUMED)


def _lead(assessment: Assessment) -> OutputValue | None:
    if assessment.outcome is not Outcome.GIVEN:
        return None
    lead: Any = next((output for output in assessment.outputs if output.lead), None)
    return lead if lead is not None and lead.value is not None else None
