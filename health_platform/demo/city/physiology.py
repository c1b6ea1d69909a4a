"""What a citizen's body measures at a date, given age, sex, traits and diagnoses (pure).

Every equation is the project's own assumption in the order of magnitude of Korean adults, except where a source is
named. What they are meant to keep: blood pressure, glucose and waist rise with age; kidney function falls by about
0.7 mL/min/1.73 m2 a year and faster with diabetes and high blood pressure; frailty slows the gait and the chair
stands and weakens the grip; treatment lowers what it treats.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from math import exp

from health_platform.demo.city.draw import Draw
from health_platform.demo.city.person import Person

Values = dict[str, float]
Dates = Mapping[str, date]


def years_since(dates: Dates, name: str, on: date) -> float:
    """Years since the named event, 0 where it has not happened by then."""
    since = dates.get(name)
    return 0.0 if since is None else max(0.0, (on - since).days / 365.2425)


def has(dates: Dates, name: str, on: date) -> bool:
    """Whether the named event lies at or before the date."""
    return name in dates and dates[name] <= on


def body_mass_index(person: Person, age: float) -> float:
    """kg/m2. It rises to middle age and falls in old age."""
    mean = 24.9 - 0.0025 * (age - 50) ** 2 if age < 50 else 24.9 - 0.04 * max(0.0, age - 70)
    menopause = 0.04 * min(20.0, max(0.0, age - 45))
    return max(15.5, mean + ((menopause - 1.2) if person.female else 0.0) + 3.0 * person.traits.adiposity)


def height(person: Person, today: date) -> float:
    """cm. The older generation is smaller, and everyone shrinks."""
    age = person.age(today)
    tallest = 161.5 if person.female else 174.0
    return tallest - 0.14 * (age - 20) + 5.4 * person.traits.stature


def untreated_systolic(person: Person, age: float) -> float:
    """mm[Hg]. Lower in women before menopause, and the sexes meet in old age."""
    sex = -7.0 + 0.28 * min(30.0, max(0.0, age - 45)) if person.female else 0.0
    adiposity = 0.5 * (body_mass_index(person, age) - 24)
    ageing = 0.46 * (age - 45) if age > 45 else 0.25 * (age - 45)
    return 121 + ageing + sex + adiposity + 15.5 * person.traits.blood_pressure


def untreated_glucose(person: Person, age: float) -> float:
    """Fasting, mg/dL, skewed to the right."""
    rise = 0.0045 * (age - 40) + 0.012 * (body_mass_index(person, age) - 24)
    family = 0.04 * person.background.diabetes_family
    return 93 * exp(rise + family + 0.16 * person.traits.glucose)


def untreated_cholesterol(person: Person, age: float) -> float:
    """Total, mg/dL: it rises after menopause and falls after 65."""
    menopause = 12.0 if person.female and age > 52 else 0.0
    return 198 + menopause - 0.8 * max(0.0, age - 65) + 34 * person.traits.cholesterol


def filtration(person: Person, on: date, diagnoses: Dates) -> float:
    """The true glomerular filtration rate, mL/min/1.73 m2."""
    age = person.age(on)
    diseases = 0.6 * years_since(diagnoses, "diabetes", on) + 0.35 * years_since(diagnoses, "hypertension", on)
    rate = 110 - 0.7 * max(0.0, age - 30) - diseases + 12 * person.traits.kidney_function
    return max(8.0, min(135.0, rate))


def serum_creatinine(filtration_rate: float, age: float, *, female: bool) -> float:
    """mg/dL: the creatinine for which CKD-EPI 2021 (doi 10.1056/NEJMoa2102953) gives this rate."""
    kappa, alpha = (0.7, -0.241) if female else (0.9, -0.302)
    ratio = filtration_rate / (142 * 0.9938**age * (1.012 if female else 1.0))
    return float(kappa * ratio ** (1 / (alpha if ratio > 1 else -1.2)))


def clinic_values(draw: Draw, person: Person, on: date, diagnoses: Dates, medicines: Dates) -> Values:
    """One visit's vital signs and laboratory values, in the units of `codes.MEASURES`."""
    return {
        **_body(draw, person, on),
        **_circulation(draw, person, on, medicines),
        **_metabolism(draw, person, on, medicines),
        **_kidney(draw, person, on, diagnoses),
        **_blood_count(draw, person, on),
    }


def _body(draw: Draw, person: Person, on: date) -> Values:
    index = body_mass_index(person, person.age(on)) + draw.normal(0, 0.4)
    metres = height(person, on) / 100
    sex = (84.0, 78.0)[person.female]
    waist = sex + 2.3 * (index - 24) + 0.15 * (person.age(on) - 50) + draw.normal(0, 3.0)
    return {"height": 100 * metres, "weight": index * metres**2, "bmi": index, "waist": waist}


def _circulation(draw: Draw, person: Person, on: date, medicines: Dates) -> Values:
    age, treated = person.age(on), has(medicines, "hypertension", on)
    untreated = untreated_systolic(person, age)
    systolic = untreated - (12 + 0.25 * max(0.0, untreated - 140) if treated else 0.0) + draw.normal(0, 7)
    diastolic = 77 - 0.008 * (age - 52) ** 2 + 0.38 * (systolic - 122) + draw.normal(0, 5)
    pulse = 71 + 2 * person.traits.frailty + draw.normal(0, 8)
    saturation = 97.6 - (2.5 if has(medicines, "copd", on) else 0.0) + draw.normal(0, 0.8)
    return {
        "systolic": max(88.0, systolic),
        "diastolic": max(45.0, min(diastolic, systolic - 20)),
        "pulse": max(44.0, pulse),
        "oxygen_saturation": min(100.0, saturation),
        "temperature": draw.normal(36.5, 0.25),
    }


def _metabolism(draw: Draw, person: Person, on: date, medicines: Dates) -> Values:
    age, traits = person.age(on), person.traits
    glucose = untreated_glucose(person, age)
    if has(medicines, "diabetes", on):
        glucose = min(glucose, 122 + 0.4 * (glucose - 122))
    glucose = max(62.0, glucose + draw.normal(0, 6))
    cholesterol = untreated_cholesterol(person, age) * (0.72 if has(medicines, "dyslipidaemia", on) else 1.0)
    sex = 7.0 if person.female else 0.0
    hdl = 46 + sex - 0.8 * (body_mass_index(person, age) - 24) + 8 * traits.hdl + draw.normal(0, 3)
    return {
        "fasting_glucose": glucose,
        "hba1c": max(4.2, 5.5 + 0.028 * (glucose - 98) + draw.normal(0, 0.2)),
        "total_cholesterol": max(95.0, cholesterol + draw.normal(0, 9)),
        "hdl_cholesterol": max(22.0, hdl),
    }


def _kidney(draw: Draw, person: Person, on: date, diagnoses: Dates) -> Values:
    rate = filtration(person, on, diagnoses)
    creatinine = serum_creatinine(rate, person.age(on), female=person.female) * exp(draw.normal(0, 0.03))
    lowest = 0.42 if person.female else 0.52
    disease = 0.8 * has(diagnoses, "diabetes", on) + 0.4 * has(diagnoses, "hypertension", on)
    log_uacr = 2.0 + disease + 0.04 * max(0.0, 60 - rate) + 0.7 * person.traits.albuminuria
    return {"creatinine": max(lowest, creatinine), "uacr": exp(log_uacr + draw.normal(0, 0.25))}


def _blood_count(draw: Draw, person: Person, on: date) -> Values:
    age, traits = person.age(on), person.traits
    smoker = person.background.smoking == "current"
    return {
        "albumin": 4.45 - 0.007 * (age - 40) - 0.09 * traits.inflammation + draw.normal(0, 0.15),
        "crp": 0.8 * exp(0.01 * (age - 50) + 0.2 * traits.adiposity + 0.7 * traits.inflammation + draw.normal(0, 0.4)),
        "lymphocytes": max(6.0, 34 - 0.1 * (age - 50) - 2.5 * traits.inflammation + draw.normal(0, 5)),
        "mcv": 91 + 0.05 * (age - 50) + (1.5 if smoker else 0.0) + draw.normal(0, 3.5),
        "rdw": max(11.2, 12.8 + 0.012 * (age - 50) + 0.3 * traits.frailty + draw.normal(0, 0.5)),
        "leukocytes": max(2.6, 6.1 + (0.8 if smoker else 0.0) + 0.4 * traits.inflammation + draw.normal(0, 1.2)),
        "alkaline_phosphatase": max(30.0, 66 + 0.25 * (age - 50) + 3 * traits.inflammation + draw.normal(0, 14)),
    }
