"""What a health centre measures of a citizen's function: SPPB, gait, grip, chair stands, TUG, falls, SARC-F (pure).

SPPB points: Guralnik 1994 (doi 10.1093/geronj/49.2.M85), 4-metre walk. How the measurements depend on age, sex and
frailty is the project's own assumption.
"""

from __future__ import annotations

from datetime import date
from math import exp

from health_platform.demo.city.draw import Draw
from health_platform.demo.city.person import Person
from health_platform.demo.city.physiology import Dates, Values, body_mass_index, has

# Beyond this time the five chair stands count as not done (60 s), and none is recorded.
CHAIR_STANDS_LIMIT = 60.0
_UNABLE = 2.6


def function_values(draw: Draw, person: Person, on: date, diagnoses: Dates) -> Values:
    """One assessment. `chair_stands` is missing for those who cannot do them."""
    burden = frailty(person, on, diagnoses)
    gait_speed = max(0.2, min(1.7, 1.16 - 0.14 * burden - (0.04 if person.female else 0.0) + draw.normal(0, 0.08)))
    stands = 9.6 * exp(0.2 * burden + draw.normal(0, 0.12))
    able = burden < _UNABLE and stands <= CHAIR_STANDS_LIMIT
    balance = balance_points(draw, burden)
    right, left = _grips(draw, person, on)
    falls = draw.count(0.28 * exp(0.45 * burden), 6)
    values: Values = {
        "gait_speed": gait_speed,
        "sppb_balance": balance,
        "sppb": balance + gait_points(4 / gait_speed) + chair_points(stands if able else None),
        "grip_right": right,
        "grip_left": left,
        "tug": 8.8 * exp(0.22 * burden + draw.normal(0, 0.1)),
        "falls_12_months": falls,
    }
    return {**values, **_sarc_f(values, burden), **({"chair_stands": stands} if able else {})}


def frailty(person: Person, on: date, diagnoses: Dates) -> float:
    """How frail a citizen is: 0 at 65 on average, growing with age and disease."""
    diseases = 0.9 * has(diagnoses, "stroke", on) + 0.5 * has(diagnoses, "dementia", on)
    joints = 0.35 * has(diagnoses, "knee_arthrosis", on)
    return 0.06 * (person.age(on) - 65) + 0.75 * person.traits.frailty + diseases + joints


def balance_points(draw: Draw, burden: float) -> int:
    """0 to 4 points of the three stands."""
    steadiness = 3.9 - 0.75 * max(0.0, burden - 0.3) + draw.normal(0, 0.5)
    return max(0, min(4, round(steadiness)))


def gait_points(seconds: float) -> int:
    """SPPB points of a 4-metre walk in seconds."""
    return 4 if seconds < 4.82 else 3 if seconds <= 6.20 else 2 if seconds <= 8.70 else 1


def chair_points(seconds: float | None) -> int:
    """SPPB points of five chair stands in seconds; None where they could not be done."""
    if seconds is None or seconds > CHAIR_STANDS_LIMIT:
        return 0
    return 4 if seconds <= 11.19 else 3 if seconds < 13.70 else 2 if seconds < 16.70 else 1


def _grips(draw: Draw, person: Person, on: date) -> tuple[float, float]:
    age, traits = person.age(on), person.traits
    mean, decline, spread = (24.0, 0.32, 2.6) if person.female else (39.0, 0.52, 4.0)
    build = 0.35 * (body_mass_index(person, age) - 24)
    right = mean - decline * (max(age, 45.0) - 62) + build + spread * traits.strength - 0.4 * spread * traits.frailty
    right = max(5.0, right + draw.normal(0, 1.2))
    return right, max(4.0, right - draw.normal(1.5, 1.0))


def _sarc_f(values: Values, burden: float) -> Values:
    slow = values["gait_speed"]
    return {
        "sarc_f_strength": _grade(burden, 1.0, 2.2),
        "sarc_f_walking": _grade(-slow, -0.9, -0.6),
        "sarc_f_chair": _grade(burden, 1.1, 2.4),
        "sarc_f_stairs": _grade(burden, 0.8, 2.0),
        "sarc_f_falls": _grade(values["falls_12_months"], 1, 4),
    }


def _grade(value: float, some: float, much: float) -> float:
    """0, 1 or 2: below `some`, below `much`, from `much` on."""
    return float((value >= some) + (value >= much))
