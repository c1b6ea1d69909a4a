"""When a citizen's diseases begin and which are treated (pure).

High blood pressure, diabetes, high cholesterol and kidney disease begin when the untreated value first crosses the
limit that defines them (140 mm[Hg], 126 mg/dL, 240 mg/dL, 60 mL/min/1.73 m2). The others are drawn with a chance
that depends on age, sex and what the citizen already has; these chances are the project's own assumptions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import exp

from health_platform.demo.city.draw import Draw
from health_platform.demo.city.person import DAYS_PER_YEAR, Person
from health_platform.demo.city.physiology import (
    Dates,
    body_mass_index,
    filtration,
    has,
    height,
    untreated_cholesterol,
    untreated_glucose,
    untreated_systolic,
)

_FIRST_AGE = 25
_TREATED = {
    "hypertension": 0.85, "diabetes": 0.85, "dyslipidaemia": 0.65, "kidney_disease": 0.0, "copd": 0.7,
    "osteoporosis": 0.5, "stroke": 0.9, "dementia": 0.7, "depression": 0.6, "knee_arthrosis": 0.5,
}  # fmt: skip
_KNOWN = {"hypertension": 0.85, "diabetes": 0.85, "dyslipidaemia": 0.75, "kidney_disease": 0.55}


@dataclass(frozen=True, slots=True)
class Course:
    """Diseases by name: when each began, which of them clinics know of, and since when each is treated."""

    onset: Dates = field(default_factory=dict)
    known: Dates = field(default_factory=dict)
    treated: Dates = field(default_factory=dict)


def build_course(draw: Draw, person: Person, today: date) -> Course:
    """The diseases of a citizen up to today."""
    onset = _crossings(draw, person, today)
    onset.update(_drawn(draw, person, today, onset))
    known = {name: since for name, since in onset.items() if draw.chance(_KNOWN.get(name, 1.0))}
    return Course(onset, known, _treatments(draw, known, today))


def course_of(known: Dates, today: date) -> Course:
    """A course in which everything is known and treated within a month."""
    return Course(known, known, {name: min(today, since + timedelta(days=30)) for name, since in known.items()})


def _treatments(draw: Draw, known: Dates, today: date) -> dict[str, date]:
    begun = {
        name: since + timedelta(days=draw.integer(0, 300))
        for name, since in known.items()
        if draw.chance(_TREATED.get(name, 0.0))
    }
    return {name: since for name, since in begun.items() if since <= today}


def _crossings(draw: Draw, person: Person, today: date) -> dict[str, date]:
    onset: dict[str, date] = {}
    limits: dict[str, Callable[[float], bool]] = {
        "hypertension": lambda age: untreated_systolic(person, age) >= 140,
        "diabetes": lambda age: untreated_glucose(person, age) >= 126,
        "dyslipidaemia": lambda age: untreated_cholesterol(person, age) >= 240,
        "kidney_disease": lambda age: filtration(person, _at(person, age), onset) < 60,
    }
    for name, crossed in limits.items():
        years = (age for age in range(_FIRST_AGE, person.completed_years(today) + 1) if crossed(age))
        first = next(years, None)
        if first is not None:
            onset[name] = min(today, _at(person, first) + timedelta(days=draw.integer(0, 364)))
    return onset


def _at(person: Person, age: float) -> date:
    return person.birth_date + timedelta(days=round(age * DAYS_PER_YEAR))


def _drawn(draw: Draw, person: Person, today: date, onset: Dates) -> dict[str, date]:
    age = person.completed_years(today)
    found: dict[str, date] = {}
    for name, chance in _chances(person, today, onset).items():
        if draw.chance(chance):
            years = draw.uniform(0, min(12.0, age - 19.0))
            found[name] = today - timedelta(days=round(years * DAYS_PER_YEAR))
    return found


def _chances(person: Person, today: date, onset: Dates) -> dict[str, float]:
    age, traits = person.age(today), person.traits
    smoker = person.background.smoking != "never"
    weight = body_mass_index(person, age) * (height(person, today) / 100) ** 2
    thin_bones = -4.0 + 0.09 * (age - 50) - 0.07 * (weight - 57) if person.female else -5.2 + 0.07 * (age - 60)
    worn_knees = -3.2 + 0.06 * (age - 55) + 0.35 * traits.adiposity + (0.9 if person.female else 0.0)
    blocked_vessels = -4.2 + 0.055 * (age - 65) + 0.5 * has(onset, "hypertension", today)
    diabetic = 0.5 * has(onset, "diabetes", today)
    return {
        "osteoporosis": _logistic(thin_bones) if age >= 50 else 0.0,
        "knee_arthrosis": _logistic(worn_knees) if age >= 45 else 0.0,
        "stroke": _logistic(blocked_vessels + diabetic + 0.4 * smoker) if age >= 50 else 0.0,
        "copd": _logistic(-4.3 + 0.05 * (age - 60) + 1.6 * smoker) if age >= 45 else 0.0,
        "dementia": _logistic(-3.6 + 0.14 * (age - 75) + 0.4 * traits.frailty) if age >= 65 else 0.0,
        "depression": _logistic(-2.8 + (0.4 if person.female else 0.0) + 0.3 * traits.frailty),
    }


def _logistic(value: float) -> float:
    return 1 / (1 + exp(-value))
