"""From the features of a person to a draft plan: the adapter between the record and the pure tables."""

from datetime import date, timedelta

from inference.features.vector import FeatureVector, Origin

from .care_plan import Draft
from .contraindications import Measured, State, gate
from .function_tests import chair_points, sppb, walk_points, weak_grip
from .recommend import Function, fall_risk, recommend

FUNCTION_DAYS = 365  # function changes with the year: an older test does not make a plan
VITAL_SIGN_DAYS = 90  # an older alarm neither forbids nor allows
YOUNGEST = 60
VITAL_SIGNS = ("systolic", "diastolic", "heart_rate", "oxygen_saturation", "temperature", "glucose")
MEASURES = ("sppb", "gait_speed", "tug", "falls_12_months", "grip")


def draft(patient: str, vector: FeatureVector) -> Draft | None:
    """What can be said of a plan; None for the young, the dead, or where no test of function is recent.

    Whether a plan may be written is for the caller to see: `programme.programme` and `gate.plan_possible`.
    """
    age = vector.value("age")
    if vector.deceased or age is None or age < YOUNGEST:
        return None
    measured = function(vector)
    if measured.sppb is None and measured.gait_speed is None:
        return None
    female, grip = vector.says("female"), _recent(vector, "grip")
    return Draft(
        patient=patient,
        age=int(age),
        function=measured,
        programme=recommend(measured),
        falls=fall_risk(measured),
        gate=gate(state(vector)),
        sources={name: source for name in MEASURES if (source := _source(vector, name))},
        assumed=tuple(
            known for name in ("dementia",) if (known := vector.known.get(name)) and known.origin is Origin.ASSUMED
        ),
        grip_is_weak=None if grip is None or female is None else weak_grip(grip, female),
    )


def function(vector: FeatureVector) -> Function:
    """Measured function of the last year."""
    total = _recent(vector, "sppb")
    falls = _recent(vector, "falls_12_months")
    return Function(
        sppb=int(total) if total is not None else _sppb_from_parts(vector),
        gait_speed=_recent(vector, "gait_speed"),
        tug=_recent(vector, "tug"),
        falls=_falls(vector, falls),
        fall_with_injury=_answer(vector, "fall_with_injury"),
        fall_unable_to_rise=_answer(vector, "fall_unable_to_rise"),
        fall_with_faint=_answer(vector, "fall_with_faint"),
        worried_or_unsteady=_either(_answer(vector, "worried"), _answer(vector, "unsteady")),
        dementia=vector.says("dementia"),
    )


def _falls(vector: FeatureVector, counted: float | None) -> int | None:
    """The number of falls; a plain no to having fallen is none, a plain yes does not say how many."""
    if counted is not None:
        return int(counted)
    return 0 if _answer(vector, "fallen_past_year") is False else None


def _either(left: bool | None, right: bool | None) -> bool | None:
    if left or right:
        return True
    return None if left is None or right is None else False


def _sppb_from_parts(vector: FeatureVector) -> int | None:
    """SPPB from balance points, walk and chair stands; the walk counts only with the length of its course."""
    balance, seconds = _recent(vector, "sppb_balance"), _recent(vector, "gait_time")
    course, chair = _recent(vector, "gait_course"), _recent(vector, "chair_stands")
    walk = walk_points(seconds, course / 100) if course is not None else None
    return sppb(None if balance is None else int(balance), walk, chair_points(chair))


def state(vector: FeatureVector) -> State:
    """The vital signs of the last 90 days with their days, and what the record says of conditions."""
    signs = {
        name: Measured(known.value, known.when, known.sources[0] if known.sources else "")
        for name in VITAL_SIGNS
        if (known := vector.known.get(name)) and known.when and _within(vector.at, known.when, VITAL_SIGN_DAYS)
    }
    return State(today=vector.at, vital_signs=signs, heart_disease=vector.says("coronary_heart_disease"))


def _recent(vector: FeatureVector, name: str) -> float | None:
    known = vector.known.get(name)
    if known is None or known.when is None or not _within(vector.at, known.when, FUNCTION_DAYS):
        return None
    return known.value


def _answer(vector: FeatureVector, name: str) -> bool | None:
    value = _recent(vector, name)
    return None if value is None else value > 0.5


def _source(vector: FeatureVector, name: str) -> str:
    known = vector.known.get(name)
    return known.sources[0] if known is not None and _recent(vector, name) is not None and known.sources else ""


def _within(at: date, when: date, days: int) -> bool:
    return at - when <= timedelta(days=days)
