"""The citizens: reproducible, old enough, and with measurements that hang together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import correlation, fmean

import pytest

from health_platform.demo.city.city import City
from health_platform.demo.city.diagnoses import Course
from health_platform.demo.city.draw import Draw
from health_platform.demo.city.function_tests import chair_points, function_values, gait_points
from health_platform.demo.city.person import Person
from health_platform.demo.city.physiology import clinic_values, serum_creatinine
from tests.demo.conftest import TODAY, sample_of

CITIZENS = 1500


@dataclass(frozen=True)
class Measured:
    """A citizen with one set of values of today."""

    person: Person
    course: Course
    values: dict[str, float]

    @property
    def age(self) -> float:
        return self.person.age(TODAY)


@pytest.fixture(scope="module")
def citizens(city: City) -> list[Measured]:
    measured = []
    for number in range(2, CITIZENS):
        history = city.history(number)
        draw = Draw("today", number)
        values = clinic_values(draw, history.person, TODAY, history.course.onset, history.course.treated)
        values |= function_values(draw, history.person, TODAY, history.course.onset)
        measured.append(Measured(history.person, history.course, values))
    return measured


Value = Callable[[Measured], float]


def named(name: str) -> Value:
    return lambda each: each.values[name]


def related(citizens: list[Measured], one: Value, other: Value) -> float:
    return correlation([one(each) for each in citizens], [other(each) for each in citizens])


def run(seed: str, hash_seed: str) -> bytes:
    command = [sys.executable, "-m", "health_platform.demo.city", "--citizens", "3", "--today", "2026-11-22"]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run([*command, "--seed", seed], env=environment, capture_output=True, check=True).stdout


def test_a_seed_gives_the_same_bytes_in_every_process_and_another_seed_gives_others() -> None:
    first = run("1", "0")
    assert first == run("1", "1")
    assert first != run("2", "0")
    assert all(json.loads(line)["type"] == "transaction" for line in first.splitlines())


def test_a_citizen_is_the_same_however_many_there_are(city: City) -> None:
    again = City(1, TODAY)
    list(again.institutions)
    assert sample_of(city, 7) == sample_of(again, 7)


@pytest.mark.parametrize("count", [1, 2, 3, 10, 100, 300, 2000])
def test_at_least_40_percent_are_65_or_older_whatever_the_number(city: City, count: int) -> None:
    elderly = sum(city.person(number).completed_years(TODAY) >= 65 for number in range(count))
    assert elderly >= 0.4 * count


@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2026, 1, 1), date(2031, 12, 31)])
def test_ages_are_right_relative_to_the_day_given(today: date) -> None:
    then = City(1, today)
    for number in range(200):
        person = then.person(number)
        assert 19 <= person.completed_years(today) <= 97
        assert person.birth_date <= today - timedelta(days=19 * 365)
    assert then.personas.elder.completed_years(today) == 69


def test_identifiers_are_unique(city: City) -> None:
    assert len({city.person(number).identifier for number in range(2000)}) == 2000


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ("age", "systolic", 0.2, 0.7),
        ("age", "fasting_glucose", 0.15, 0.6),
        ("age", "waist", 0.05, 0.5),
        ("age", "creatinine", 0.1, 0.6),
        ("age", "gait_speed", -0.95, -0.5),
        ("age", "chair_stands", 0.5, 0.95),
        ("age", "tug", 0.5, 0.95),
        ("age", "sppb", -0.8, -0.3),
        ("age", "albumin", -0.8, -0.2),
        ("bmi", "waist", 0.6, 0.95),
        ("bmi", "hdl_cholesterol", -0.6, -0.1),
        ("bmi", "fasting_glucose", 0.1, 0.6),
        ("fasting_glucose", "hba1c", 0.7, 0.99),
        ("systolic", "diastolic", 0.3, 0.9),
        ("gait_speed", "sppb", 0.4, 0.95),
        ("grip_right", "grip_left", 0.9, 1.0),
        ("crp", "albumin", -0.7, -0.05),
        ("crp", "lymphocytes", -0.7, -0.05),
    ],
)
def test_measurements_are_correlated_as_in_people(
    citizens: list[Measured], one: str, other: str, low: float, high: float
) -> None:
    able = [each for each in citizens if "chair_stands" in each.values]
    first = (lambda each: each.age) if one == "age" else named(one)
    assert low < related(able, first, named(other)) < high


def test_the_values_lie_in_the_ranges_of_people(citizens: list[Measured]) -> None:
    ranges = {
        "height": (130, 200), "weight": (30, 140), "bmi": (13, 42), "waist": (50, 130), "systolic": (80, 210),
        "diastolic": (40, 130), "total_cholesterol": (90, 380), "hdl_cholesterol": (20, 100), "creatinine": (0.3, 9),
        "fasting_glucose": (55, 300), "hba1c": (4, 13), "uacr": (0.3, 3000), "albumin": (2.8, 5.6), "crp": (0.01, 60),
        "lymphocytes": (5, 60), "mcv": (75, 110), "rdw": (10.5, 18), "leukocytes": (2, 14), "sppb": (0, 12),
        "alkaline_phosphatase": (25, 160), "gait_speed": (0.2, 1.8), "grip_right": (4, 75), "tug": (3, 60),
    }  # fmt: skip
    for each in citizens:
        assessed = {"sppb", "gait_speed", "grip_right", "tug"} if each.age < 60 else set()
        for name in ranges.keys() - assessed:
            low, high = ranges[name]
            assert low <= each.values[name] <= high, (name, each.values[name])
        assert each.values["diastolic"] < each.values["systolic"]


def test_men_are_taller_and_stronger_and_women_have_more_hdl(citizens: list[Measured]) -> None:
    men = [each for each in citizens if not each.person.female]
    women = [each for each in citizens if each.person.female]
    for name, sign in (("height", 1), ("grip_right", 1), ("creatinine", 1), ("hdl_cholesterol", -1)):
        assert sign * (fmean(map(named(name), men)) - fmean(map(named(name), women))) > 0, name
    oldest = [each for each in citizens if each.age >= 85]
    assert sum(each.person.female for each in oldest) > 0.6 * len(oldest)


@pytest.mark.parametrize(
    ("disease", "low", "high"),
    [
        ("hypertension", 0.3, 0.6),
        ("diabetes", 0.15, 0.4),
        ("dyslipidaemia", 0.08, 0.4),
        ("kidney_disease", 0.1, 0.3),
        ("osteoporosis", 0.05, 0.3),
        ("copd", 0.01, 0.15),
        ("stroke", 0.01, 0.12),
        ("dementia", 0.02, 0.12),
        ("depression", 0.03, 0.2),
    ],
)
def test_diseases_are_as_frequent_as_assumed_among_the_old(
    citizens: list[Measured], disease: str, low: float, high: float
) -> None:
    elderly = [each for each in citizens if each.age >= 65]
    assert low < sum(disease in each.course.onset for each in elderly) / len(elderly) < high


def test_diseases_come_together(citizens: list[Measured]) -> None:
    elderly = [each for each in citizens if each.age >= 65]

    def share(disease: str, given: str, *, present: bool) -> float:
        group = [each for each in elderly if (given in each.course.onset) == present]
        return sum(disease in each.course.onset for each in group) / len(group)

    assert share("diabetes", "hypertension", present=True) > 1.2 * share("diabetes", "hypertension", present=False)
    assert share("kidney_disease", "diabetes", present=True) > share("kidney_disease", "diabetes", present=False)


def test_creatinine_gives_back_the_filtration_rate_by_ckd_epi_2021() -> None:
    for female, kappa, alpha, factor in ((True, 0.7, -0.241, 1.012), (False, 0.9, -0.302, 1.0)):
        for rate in (12.0, 55.0, 90.0, 125.0):
            ratio = serum_creatinine(rate, 70, female=female) / kappa
            back = 142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.2 * 0.9938**70 * factor
            assert back == pytest.approx(rate)


@pytest.mark.parametrize(("seconds", "points"), [(4.81, 4), (4.82, 3), (6.20, 3), (6.21, 2), (8.70, 2), (8.71, 1)])
def test_gait_points_follow_the_4_metre_table(seconds: float, points: int) -> None:
    assert gait_points(seconds) == points


@pytest.mark.parametrize(
    ("seconds", "points"),
    [(11.19, 4), (11.2, 3), (13.69, 3), (13.7, 2), (16.69, 2), (16.7, 1), (60, 1), (60.1, 0), (None, 0)],
)
def test_chair_points_follow_the_table(seconds: float | None, points: int) -> None:
    assert chair_points(seconds) == points
