"""The people that a demonstration signs in as: citizen 0 and citizen 1, and who treats them (pure).

Citizen 0 is 69 years old and has every measurement, so that every model of the platform gives a result for her:
SCORE2 ends at 69 years, UKB-DRS at 73, KFRE needs a filtration rate below 60. Citizen 1 is her daughter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from health_platform.demo.city.diagnoses import Course, course_of
from health_platform.demo.city.person import Background, Person, Traits, born

ELDER_NUMBER, CARER_NUMBER = 0, 1
AMBULANCE = "ambulance-01"


@dataclass(frozen=True, slots=True)
class Personas:
    """One of each role. Clinicians are identifiers of system urn:bitgoeul:practitioner, clinics institution keys."""

    elder: Person
    carer: Person
    clinic: str
    clinician: str
    other_clinic: str
    other_clinician: str
    centre: str
    ambulance: str = AMBULANCE


def elder(today: date) -> Person:
    """An old citizen who begins to be frail, with kidney disease and treated blood pressure, without diabetes."""
    return Person(
        number=ELDER_NUMBER,
        name="이순례",
        female=True,
        birth_date=born(today, 69, 120),
        district="동구",
        address="광주광역시 동구 남문로 321, (학동)",
        traits=Traits(
            frailty=2.2, blood_pressure=0.9, adiposity=0.2, glucose=0.2, cholesterol=0.9, hdl=-0.3,
            kidney_function=-2.3, albuminuria=1.2, inflammation=0.4, strength=-1.2,
        ),
        background=Background(
            smoking="never", active=False, vegetables=True, education_years=9, lives_alone=True, deprived=False,
            parent_dementia=True, diabetes_family=2,
        ),
        complete=True,
    )  # fmt: skip


def elder_course(today: date) -> Course:
    """Her diseases and how long she has had them."""
    years = {"hypertension": 9, "dyslipidaemia": 6, "knee_arthrosis": 4, "kidney_disease": 3, "osteoporosis": 2}
    return course_of({name: today - timedelta(days=365 * count) for name, count in years.items()}, today)


def carer(today: date) -> Person:
    """Her daughter, in good health."""
    return Person(
        number=CARER_NUMBER,
        name="김영희",
        female=True,
        birth_date=born(today, 45, 40),
        district="동구",
        address="광주광역시 동구 필문대로 115, (산수동)",
        traits=Traits(),
        background=Background(
            smoking="never", active=True, vegetables=True, education_years=16, lives_alone=False, deprived=False,
            parent_dementia=False, diabetes_family=1,
        ),
        complete=True,
    )  # fmt: skip
