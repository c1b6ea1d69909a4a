"""A citizen's history as the transactions that the institutions send: first the home clinic, then the others (pure).

The home clinic's transaction creates the Patient, on condition that the identifier is new. The other institutions write
about a Patient that exists, so their transactions need its reference. References to institutions and staff come from a
directory; without one they are conditional references, which every R4 server resolves in a transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from clinics.registry.kr_core import INSTITUTION_SYSTEM
from health_platform.demo.city import codes, resources
from health_platform.demo.city.chart import Chart
from health_platform.demo.city.diagnoses import Course
from health_platform.demo.city.draw import Draw
from health_platform.demo.city.function_tests import function_values
from health_platform.demo.city.person import Person
from health_platform.demo.city.physiology import Values, clinic_values, has, untreated_glucose
from health_platform.demo.city.resources import Setting
from health_platform.demo.city.staff import StaffMember
from health_platform.demo.city.visits import HOME_DISEASES, Care, Kind, Visit

_BASIC = ("height", "weight", "bmi", "waist")
_BASIC_LABORATORY = ("total_cholesterol", "hdl_cholesterol", "fasting_glucose", "creatinine")
_EXTENDED_LABORATORY = (
    *("hba1c", "uacr", "albumin", "crp", "lymphocytes", "mcv", "rdw", "leukocytes", "alkaline_phosphatase"),
)
_FUNCTION_TESTS = (*("gait_speed", "sppb_balance", "chair_stands", "sppb", "grip_right", "grip_left", "tug"),)
_SARC_F = ("sarc_f_strength", "sarc_f_walking", "sarc_f_chair", "sarc_f_stairs", "sarc_f_falls")
_FOLLOW_UP_LABORATORY = {
    "diabetes": ("hba1c", "fasting_glucose"),
    "kidney_disease": ("creatinine", "uacr"),
    "hypertension": ("creatinine",),
    "dyslipidaemia": ("total_cholesterol",),
}
# A test that a check-up leaves out: waist and urine are skipped most often.
_SKIPPED = {"waist": 0.2, "height": 0.5, "uacr": 0.5}
_OTHERWISE_SKIPPED = 0.05
_PRESCRIPTION_LASTS = timedelta(days=450)


@dataclass(frozen=True, slots=True)
class Directory:
    """Literal references by identifier of institution and staff member; what is not there stays conditional."""

    references: Mapping[str, str] = field(default_factory=dict)

    def organization(self, key: str) -> str:
        """The reference to an institution's Organization."""
        return self.references.get(key, f"Organization?identifier={INSTITUTION_SYSTEM}|{key}")

    def practitioner(self, member: StaffMember) -> str:
        """The reference to a Practitioner."""
        identifier = member.identifier
        return self.references.get(identifier, f"Practitioner?identifier={codes.PRACTITIONER}|{identifier}")


@dataclass(frozen=True, slots=True)
class History:
    """All that ten years left in the records of a citizen's institutions. `staff` holds each institution's people."""

    person: Person
    course: Course
    care: Care
    visits: tuple[Visit, ...]
    staff: Mapping[str, Sequence[StaffMember]]
    seed: int

    @property
    def others(self) -> tuple[str, ...]:
        """The institutions that care for the person beside the home clinic: those that were visited."""
        return tuple(dict.fromkeys(each.institution for each in self.visits if each.institution != self.care.home))

    def home_bundle(self, directory: Directory) -> dict[str, Any]:
        """The home clinic's transaction: the Patient is its first entry."""
        chart = self._chart(self.care.home)
        others = [directory.organization(key) for key in self.others]
        patient = resources.patient(self.person, directory.organization(self.care.home), others)
        condition = f"identifier={codes.CITIZEN}|{self.person.identifier}"
        subject = chart.add(patient, condition)
        self._write(chart, self.care.home, subject, directory)
        return chart.bundle()

    def other_bundles(self, directory: Directory, patient: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """(institution, transaction) of each other institution that the citizen visited; `patient` is a reference."""
        for key in self.others:
            chart = self._chart(key)
            self._write(chart, key, patient, directory)
            yield key, chart.bundle()

    def _chart(self, key: str) -> Chart:
        draw = Draw(self.seed, "chart", self.person.number, key)
        return Chart(draw, self.person.identifier, key, complete=self.person.complete)

    def _write(self, chart: Chart, key: str, subject: str, directory: Directory) -> None:
        Record(self, chart, key, subject, directory).write()


class Record:
    """Writes one institution's visits into its chart, and knows what it has written before."""

    def __init__(self, history: History, chart: Chart, key: str, subject: str, directory: Directory) -> None:
        self._person, self._course, self._home = history.person, history.course, history.care.home == key
        self._chart, self._subject = chart, subject
        self._visits = [visit for visit in history.visits if visit.institution == key]
        self._draw = Draw(history.seed, "record", history.person.number, key)
        self._organization = directory.organization(key)
        self._staff = [directory.practitioner(member) for member in history.staff[key]]
        self._specialties = [disease for disease, place in history.care.specialists.items() if place == key]
        self._conditions: dict[str, str] = {}
        self._prescribed: dict[str, tuple[str, codes.Medicine]] = {}
        self._medicines: dict[str, codes.Medicine] = {}

    def write(self) -> None:
        """All visits in their order; at the end of the last one the lists are reviewed."""
        writers = {
            Kind.CHECK_UP: self._check_up,
            Kind.FOLLOW_UP: self._follow_up,
            Kind.ACUTE: self._acute,
            Kind.SPECIALIST: self._specialist,
            Kind.ASSESSMENT: self._assessment,
        }
        for visit in self._visits:
            setting = self._setting(visit)
            values = clinic_values(self._draw, self._person, visit.on, self._course.onset, self._course.treated)
            writers[visit.kind](visit, setting, values)
            if visit is self._visits[-1] and self._home and (self._person.complete or self._draw.chance(0.6)):
                self._review(setting)

    def _setting(self, visit: Visit) -> Setting:
        practitioner = self._staff[-1] if visit.kind is Kind.ASSESSMENT else self._staff[0]
        return self._chart.setting(visit.on, self._subject, self._organization, practitioner)

    def _check_up(self, visit: Visit, setting: Setting, values: Values) -> None:
        self._chart.blood_pressure(setting, values)
        self._chart.measure(setting, self._kept((*_BASIC, *_BASIC_LABORATORY)), values)
        last = not any(other.kind is Kind.CHECK_UP and other.on > visit.on for other in self._visits)
        if self._person.complete or (last and self._person.age(visit.on) >= 40 and self._draw.chance(0.7)):
            self._chart.measure(setting, self._kept(_EXTENDED_LABORATORY), values)
        if self._person.complete or self._draw.chance(0.8):
            self._chart.add(resources.smoking_status(setting, self._person.background.smoking))
        if last and (self._person.complete or self._draw.chance(0.5)):
            self._questionnaire(setting, visit.on)
        self._home_care(visit, setting)

    def _follow_up(self, visit: Visit, setting: Setting, values: Values) -> None:
        self._chart.blood_pressure(setting, values)
        diseases = [name for name in HOME_DISEASES if has(self._course.known, name, visit.on)]
        tests = dict.fromkeys(test for name in diseases for test in _FOLLOW_UP_LABORATORY.get(name, ()))
        self._chart.measure(setting, self._kept(tests), values)
        if "copd" in diseases:
            self._chart.measure(setting, ("oxygen_saturation",), values)
        self._home_care(visit, setting)

    def _acute(self, visit: Visit, setting: Setting, values: Values) -> None:
        fever = {"temperature": values["temperature"] + self._draw.uniform(0.3, 1.8), "pulse": values["pulse"] + 8}
        self._chart.measure(setting, ("temperature", "pulse"), fever)
        self._chart.add(resources.condition(setting, "cold", visit.on.isoformat(), resolved=True))
        self._chart.add(resources.medication_request(setting, codes.MEDICINES["cold"][0], active=False))

    def _specialist(self, visit: Visit, setting: Setting, values: Values) -> None:
        self._chart.blood_pressure(setting, values)
        self._diagnose(visit, setting, self._specialties)
        self._prescribe(visit, setting, self._specialties)

    def _assessment(self, visit: Visit, setting: Setting, values: Values) -> None:
        tests = function_values(self._draw, self._person, visit.on, self._course.onset)
        self._chart.blood_pressure(setting, values)
        self._chart.measure(setting, self._kept((*("weight",), *_FUNCTION_TESTS)), {**values, **tests})
        fallen = tests["falls_12_months"] > 0
        question = resources.coded(codes.LOINC, *codes.FALLEN_PAST_YEAR)
        self._chart.add(resources.yes_no(setting, question, answer=fallen))
        self._chart.measure(setting, ("falls_12_months", *_SARC_F), tests)
        if visit is self._visits[-1]:
            self._questionnaire(setting, visit.on)

    def _kept(self, names: Sequence[str] | Mapping[str, None]) -> list[str]:
        """The tests that are really done this time."""
        if self._person.complete:
            return list(names)
        return [name for name in names if not self._draw.chance(_SKIPPED.get(name, _OTHERWISE_SKIPPED))]

    def _home_care(self, visit: Visit, setting: Setting) -> None:
        diseases = [name for name in HOME_DISEASES if has(self._course.known, name, visit.on)]
        self._diagnose(visit, setting, diseases)
        self._prescribe(visit, setting, diseases)

    def _diagnose(self, visit: Visit, setting: Setting, diseases: Sequence[str]) -> None:
        for name in diseases:
            if name not in self._conditions and has(self._course.known, name, visit.on):
                onset = self._course.known[name].strftime("%Y-%m" if self._draw.chance(0.5) else "%Y")
                self._conditions[name] = self._chart.add(resources.condition(setting, name, onset))

    def _prescribe(self, visit: Visit, setting: Setting, diseases: Sequence[str]) -> None:
        """At the first visit under treatment and at the last one; only the last prescription is still active."""
        last = visit is [each for each in self._visits if each.kind is not Kind.ACUTE][-1]
        for name in diseases:
            if name not in codes.MEDICINES or not has(self._course.treated, name, visit.on):
                continue
            if name in self._medicines and not last:
                continue
            medicine = self._medicines.setdefault(name, self._draw.pick(codes.MEDICINES[name]))
            request = resources.medication_request(setting, medicine, active=last)
            self._prescribed[name] = (self._chart.add(request), medicine)

    def _questionnaire(self, setting: Setting, on: date) -> None:
        background = self._person.background
        glucose = untreated_glucose(self._person, self._person.age(on))
        answers = {
            "active_30_minutes_daily": background.active,
            "vegetables_daily": background.vegetables,
            "antihypertensive_ever": has(self._course.treated, "hypertension", on),
            "high_glucose_ever": has(self._course.known, "diabetes", on) or glucose > 112,
            "parent_dementia": background.parent_dementia,
            "lives_alone": background.lives_alone,
            "material_deprivation": background.deprived,
        }
        for name in self._kept(tuple(answers)):
            question = resources.coded(codes.ASSESSMENT, *codes.YES_NO[name])
            self._chart.add(resources.yes_no(setting, question, answer=answers[name]))
        numbers: Values = {
            "education_years": background.education_years,
            "diabetes_family_history": background.diabetes_family,
        }
        self._chart.measure(setting, self._kept(tuple(numbers)), numbers)

    def _review(self, setting: Setting) -> None:
        problems = list(self._conditions.values())
        medicines = [reference for reference, _ in self._prescribed.values()]
        self._chart.add(resources.reviewed_list(setting, "11450-4", "Problem list", problems))
        self._chart.add(resources.reviewed_list(setting, "10160-0", "Medication list", medicines))
