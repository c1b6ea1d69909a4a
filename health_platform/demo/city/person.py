"""A made-up citizen: age, sex, home, habits, and the hidden traits behind all later measurements (pure).

The shares and correlations below are the project's own assumptions, chosen in the order of magnitude known of older
Koreans; they are no estimate of anyone and must not be used as one.

- Ages: 9 of every 20 citizens are 65 or older, whatever the number of citizens; adults only, from 19 years.
- Women are 49 % below 65 and more the older the group, for they live longer.
- Traits are standard normal values. A shared metabolic factor ties blood pressure, adiposity, glucose and lipids
  together; a shared factor of ageing ties frailty to kidney function.
- Smoking is frequent in men and rare in women; years of education fall with age and more so for women.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

from health_platform.demo.city.draw import Draw
from health_platform.demo.city.names import person_name
from health_platform.demo.city.places import POPULATION, address, districts

_CYCLE = 20
_ELDERLY_OF_CYCLE = frozenset({0, 2, 4, 7, 9, 11, 13, 16, 18})
_ELDERLY_AGES = {(65, 69): 33, (70, 74): 24, (75, 79): 18, (80, 84): 14, (85, 89): 8, (90, 97): 3}
_YOUNGER_AGES = {(19, 29): 16, (30, 39): 18, (40, 49): 24, (50, 59): 26, (60, 64): 16}
DAYS_PER_YEAR = 365.2425


@dataclass(frozen=True, slots=True)
class Traits:
    """Standard normal values that do not change in a life; higher is more of what the name says."""

    frailty: float = 0.0
    blood_pressure: float = 0.0
    adiposity: float = 0.0
    glucose: float = 0.0
    cholesterol: float = 0.0
    hdl: float = 0.0
    kidney_function: float = 0.0
    albuminuria: float = 0.0
    inflammation: float = 0.0
    strength: float = 0.0
    stature: float = 0.0


@dataclass(frozen=True, slots=True)
class Background:
    """What a questionnaire asks. `diabetes_family`: 0 none, 1 distant, 2 parent, sibling or child (FINDRISC)."""

    smoking: str
    active: bool
    vegetables: bool
    education_years: int
    lives_alone: bool
    deprived: bool
    parent_dementia: bool
    diabetes_family: int


@dataclass(frozen=True, slots=True)
class Person:
    """A citizen. `complete` people have every measurement, none implausible: the personas."""

    number: int
    name: str
    female: bool
    birth_date: date
    district: str
    address: str
    traits: Traits
    background: Background
    complete: bool = False

    @property
    def identifier(self) -> str:
        """The value of the identifier of system urn:bitgoeul:citizen."""
        return f"BG-{self.number:07d}"

    def age(self, on: date) -> float:
        """Age in years, with its fraction."""
        return (on - self.birth_date).days / DAYS_PER_YEAR

    def completed_years(self, on: date) -> int:
        """Age in completed years, as a person says it."""
        return on.year - self.birth_date.year - ((on.month, on.day) < (self.birth_date.month, self.birth_date.day))


def build_person(draw: Draw, number: int, today: date) -> Person:
    """The citizen of this number."""
    elderly = number % _CYCLE in _ELDERLY_OF_CYCLE
    low, high = draw.weighted(_ELDERLY_AGES if elderly else _YOUNGER_AGES)
    age = draw.integer(low, high)
    birth_date = born(today, age, draw.integer(0, 364))
    female = draw.chance(0.49 if age < 65 else min(0.8, 0.53 + 0.01 * (age - 65)))
    district = districts()[draw.weighted(POPULATION)]
    return Person(
        number=number,
        name=person_name(draw, female=female, born=birth_date.year),
        female=female,
        birth_date=birth_date,
        district=district.name,
        address=address(draw, district, district.dong(draw), today),
        traits=_traits(draw),
        background=_background(draw, age, female=female),
    )


def born(today: date, age: int, days: int) -> date:
    """The birth date of someone who turned `age` that many days ago (0 to 364)."""
    birthday = today - timedelta(days=days)
    day = min(birthday.day, 28) if birthday.month == 2 else birthday.day
    return date(birthday.year - age, birthday.month, day)


def _traits(draw: Draw) -> Traits:
    metabolic, ageing = draw.normal(), draw.normal()

    def tied(factor: float, weight: float) -> float:
        return weight * factor + sqrt(1 - weight**2) * draw.normal()

    return Traits(
        frailty=tied(ageing, 0.7),
        blood_pressure=tied(metabolic, 0.4),
        adiposity=tied(metabolic, 0.6),
        glucose=tied(metabolic, 0.5),
        cholesterol=tied(metabolic, 0.2),
        hdl=tied(metabolic, -0.4),
        kidney_function=tied(ageing, -0.4),
        albuminuria=tied(metabolic, 0.3),
        inflammation=tied(ageing, 0.4),
        strength=tied(ageing, -0.3),
        stature=draw.normal(),
    )


def _background(draw: Draw, age: int, *, female: bool) -> Background:
    return Background(
        smoking=_smoking(draw, age, female=female),
        active=draw.chance(0.45 if age < 65 else 0.38),
        vegetables=draw.chance(0.6),
        education_years=_education_years(draw, age, female=female),
        lives_alone=draw.chance(0.12 + (0.12 if age >= 65 else 0) + (0.1 if age >= 65 and female else 0)),
        deprived=draw.chance(0.08 if age < 65 else 0.18),
        parent_dementia=draw.chance(0.14),
        diabetes_family=draw.weighted({0: 0.66, 1: 0.1, 2: 0.24}),
    )


def _smoking(draw: Draw, age: int, *, female: bool) -> str:
    if female:
        return draw.weighted({"never": 0.91, "former": 0.05, "current": 0.04})
    current = 0.34 if age < 60 else 0.18
    former = 0.25 if age < 45 else 0.5
    return draw.weighted({"current": current, "former": former, "never": 1 - current - former})


def _education_years(draw: Draw, age: int, *, female: bool) -> int:
    mean = 14.0 - 0.16 * max(0, age - 45) - (0.06 * max(0, age - 50) if female else 0)
    return min(20, max(0, round(draw.normal(mean, 2.5))))
