"""The feature vector of a person at a date: what is known, from where, and why the rest is not.

A history (diabetes, stroke, a drug in use ...) is answered in this order:
1. stated: a confirmed diagnosis, a drug in use, a refuted diagnosis, an answered question;
2. measured: HbA1c of 6.5 % or a fasting glucose of 126 mg/dL and more is diabetes (ADA Standards of Care);
3. listed: someone has reviewed the problem list, and the diagnosis is not on it: no;
4. assumed: no entry, in a record of ongoing care (a visit that was no emergency, and at least one diagnosis or, for
   drugs, one prescription, all within USABLE_YEARS): taken as no. The result that stands on it names it;
5. otherwise unknown. An empty record never says no. A suspected diagnosis is unknown too.
Habits and family history are never assumed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from . import record as records
from .histories import DRUGS_EVER, DRUGS_NOW, HISTORIES, Drugs, History
from .quantities import QUANTITIES, QUESTIONS
from .record import Entry, Reading, Record
from .units import from_canonical

USABLE_YEARS = 10  # older values say nothing of today
OLD_YEARS = 2  # older values are used and named as old
DIABETES_HBA1C, DIABETES_GLUCOSE, OBESE_BMI = 6.5, 126.0, 30.0
YEAR = timedelta(days=365.25)


class Origin(StrEnum):
    """How a feature is known."""

    RECORDED = "recorded"
    MEASURED = "measured"
    LISTED = "listed"
    ASSUMED = "assumed"
    CALCULATED = "calculated"


class Reason(StrEnum):
    """Why a feature is not known, or why a reading was passed over."""

    ABSENT = "absent"
    IMPOSSIBLE = "impossible"
    UNIT = "unit"
    LIMIT = "limit"
    TOO_OLD = "too-old"
    LATER = "later"
    SUSPECTED = "suspected"
    BIRTH_DATE = "birth-date"
    SEX = "sex"


@dataclass(frozen=True, slots=True)
class Feature:
    """A known feature in its canonical unit; yes is 1 and no 0. `old` marks a value of more than OLD_YEARS."""

    name: str
    value: float
    unit: str
    origin: Origin
    when: date | None = None
    sources: tuple[str, ...] = ()
    old: bool = False
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """A feature that is not known. `given` and `source` are those of the newest reading that could not be used."""

    name: str
    reason: Reason
    given: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class FeatureVector:
    at: date
    known: Mapping[str, Feature]
    gaps: Mapping[str, Gap] = field(default_factory=dict)
    passed_over: tuple[Gap, ...] = ()
    creatinine: tuple[Reading, ...] = ()
    deceased: bool = False

    def value(self, name: str) -> float | None:
        """None where the feature is not known."""
        found = self.known.get(name)
        return None if found is None else found.value

    def says(self, name: str) -> bool | None:
        """Yes, no or unknown."""
        value = self.value(name)
        return None if value is None else value > 0.5

    def gap(self, name: str) -> Gap:
        return self.gaps.get(name, Gap(name, Reason.ABSENT))

    def with_feature(self, feature: Feature) -> "FeatureVector":
        """The vector with one more known feature (an eGFR that a model has calculated)."""
        gaps = {name: gap for name, gap in self.gaps.items() if name != feature.name}
        return FeatureVector(
            self.at, {**self.known, feature.name: feature}, gaps, self.passed_over, self.creatinine, self.deceased
        )


def completed_years(born: date, at: date) -> int:
    """Age in completed years; a person born on 29 February has a birthday on 1 March of other years."""
    return at.year - born.year - ((at.month, at.day) < (born.month, born.day))


def features(record: Record, at: date) -> FeatureVector:
    """The features of a person as the record knows them on that day; later entries do not count."""
    return _Builder(record, at).vector()


def in_unit(feature: Feature, unit: str) -> float:
    """The value in the unit in which a model takes it. Raises UnknownUnit."""
    quantity = QUANTITIES.get(feature.name)
    if quantity is None or unit == quantity.unit or unit.startswith("{"):
        return feature.value
    return from_canonical(quantity.kind, feature.value, unit)


class _Builder:
    def __init__(self, record: Record, at: date) -> None:
        self.record = record
        self.at = at
        self.until = records.end_of(at)
        self.known: dict[str, Feature] = {}
        self.gaps: dict[str, Gap] = {}
        self.passed: list[Gap] = []
        self.readings = records.readings(record)
        self.diagnoses = [entry for entry in records.diagnoses(record) if self.before(entry.when)]
        self.prescriptions = [entry for entry in records.prescriptions(record, at) if self.before(entry.when)]
        self.visits = [visit for visit in records.visits(record) if self.fresh(visit[0])]
        self.lists = [item for item in records.reviewed_problem_lists(record) if self.fresh(item[0])]

    def vector(self) -> FeatureVector:
        self.person()
        for name in (*QUANTITIES, *QUESTIONS):
            self.reading(name)
        self.derived_body()
        for name, history in HISTORIES.items():
            self.history(name, history)
        for name, drugs in DRUGS_NOW.items():
            self.drug(name, drugs, lambda entry: entry.in_use)
        for name, drugs in DRUGS_EVER.items():
            self.drug(name, drugs, lambda entry: True)
        self.combined()
        return FeatureVector(
            at=self.at,
            known=self.known,
            gaps=self.gaps,
            passed_over=tuple(self.passed),
            creatinine=tuple(item for item in self.readings.get("creatinine", ()) if self.usable(item)),
            deceased=_deceased(self.record.patient),
        )

    def before(self, when: datetime | None) -> bool:
        return when is None or when <= self.until

    def fresh(self, when: datetime) -> bool:
        return when <= self.until and self.until - when <= USABLE_YEARS * YEAR

    def is_old(self, when: datetime) -> bool:
        return self.until - when > OLD_YEARS * YEAR

    def usable(self, reading: Reading) -> bool:
        return not reading.problem and self.fresh(reading.when)

    def add(self, name: str, value: float, origin: Origin, **details: Any) -> None:
        quantity = QUANTITIES.get(name)
        unit = details.pop("unit", quantity.unit if quantity else "{0,1}")
        self.known[name] = Feature(name, value, unit, origin, **details)
        self.gaps.pop(name, None)

    def person(self) -> None:
        gender = self.record.patient.get("gender")
        if gender in ("female", "male"):
            source = (records.reference(self.record.patient),)
            self.add("female", float(gender == "female"), Origin.RECORDED, sources=source)
            self.add("male", float(gender == "male"), Origin.RECORDED, sources=source)
        else:
            self.gaps |= {name: Gap(name, Reason.SEX) for name in ("female", "male")}
        born = str(self.record.patient.get("birthDate", ""))
        whole = records.moment(born) if len(born) == len("2000-01-01") else None
        if whole is None or whole.date() > self.at:
            self.gaps["age"] = Gap("age", Reason.BIRTH_DATE, born)
            return
        years = completed_years(whole.date(), self.at)
        self.add("age", years, Origin.RECORDED, unit="a", sources=(records.reference(self.record.patient),))

    def reading(self, name: str) -> None:
        """The newest usable reading; those passed over before it are kept with the reason."""
        skipped: list[Gap] = []
        for reading in self.readings.get(name, ()):
            if self.usable(reading):
                self.passed += skipped
                self.add(name, reading.value, Origin.RECORDED, when=reading.when.date(), sources=(reading.source,),
                         old=self.is_old(reading.when))  # fmt: skip
                return
            skipped.append(Gap(name, self.why_not(reading), reading.given, reading.source))
        self.gaps[name] = skipped[0] if skipped else Gap(name, Reason.ABSENT)

    def why_not(self, reading: Reading) -> Reason:
        if reading.when > self.until:
            return Reason.LATER
        return Reason(reading.problem) if reading.problem else Reason.TOO_OLD

    def derived_body(self) -> None:
        """BMI as measured, or from height and weight where their date is newer; the stronger hand's grip."""
        height, weight, measured = (self.known.get(name) for name in ("height", "weight", "measured_bmi"))
        if height and weight and weight.when and (measured is None or (measured.when or weight.when) < weight.when):
            bmi = weight.value / (height.value / 100) ** 2
            self.copy("bmi", bmi, Origin.CALCULATED, "kg/m2", height, weight)
        elif measured:
            self.copy("bmi", measured.value, Origin.RECORDED, "kg/m2", measured)
        else:
            self.gaps["bmi"] = Gap("bmi", Reason.ABSENT)
        if (bmi_feature := self.known.get("bmi")) is not None:
            self.copy("obesity", float(bmi_feature.value >= OBESE_BMI), Origin.MEASURED, "{0,1}", bmi_feature)
        if (schooling := self.known.get("education_years")) is not None:
            self.copy("education_below_12_years", float(schooling.value < 12), Origin.RECORDED, "{0,1}", schooling)
        self.stronger_hand()

    def stronger_hand(self) -> None:
        """AWGS 2019 takes the highest of both hands: the best reading of the newest day."""
        series = [item for item in self.readings.get("grip", ()) if self.usable(item)]
        if series:
            best = max((item for item in series if item.when.date() == series[0].when.date()), key=lambda x: x.value)
            self.add("grip", best.value, Origin.RECORDED, when=best.when.date(), sources=(best.source,),
                     old=self.is_old(best.when))  # fmt: skip

    def copy(self, name: str, value: float, origin: Origin, unit: str, *parts: Feature) -> None:
        dates = [part.when for part in parts if part.when]
        self.add(name, value, origin, unit=unit, when=min(dates) if dates else None,
                 sources=tuple(source for part in parts for source in part.sources),
                 old=any(part.old for part in parts))  # fmt: skip

    def history(self, name: str, history: History) -> None:
        answered = self.readings.get(name)
        if answered and self.usable(answered[0]):
            self.reading(name)
            return
        matching = [entry for entry in self.diagnoses if records.names(entry, history)]
        if yes := [entry for entry in matching if entry.certain]:
            self.entry(name, 1.0, yes)
        elif history.drugs and (used := [entry for entry in self.prescriptions if entry.in_use
                                         and records.is_one_of(entry, history.drugs)]):  # fmt: skip
            self.entry(name, 1.0, used)
        elif name == "diabetes" and self.diabetes_measured():
            return
        elif any(entry.certain is None for entry in matching):
            self.gaps[name] = Gap(name, Reason.SUSPECTED, source=matching[0].source)
        elif refuted := [entry for entry in matching if entry.certain is False]:
            self.entry(name, 0.0, refuted)
        else:
            self.not_entered(name, bool(self.diagnoses))

    def diabetes_measured(self) -> bool:
        for test, limit in (("hba1c", DIABETES_HBA1C), ("fasting_glucose", DIABETES_GLUCOSE)):
            value = self.known.get(test)
            if value is not None and value.value >= limit:
                self.copy("diabetes", 1.0, Origin.MEASURED, "{0,1}", value)
                return True
        return False

    def entry(self, name: str, value: float, entries: list[Entry]) -> None:
        newest = max(entries, key=lambda entry: (entry.when is not None, entry.when or self.until, entry.source))
        self.add(name, value, Origin.RECORDED, when=newest.when.date() if newest.when else None,
                 sources=(newest.source,))  # fmt: skip

    def not_entered(self, name: str, documented: bool) -> None:
        """No entry: no by a reviewed list, taken as no in a record of ongoing care, else unknown."""
        if self.lists:
            when, source, _listed = self.lists[0]
            self.add(name, 0.0, Origin.LISTED, when=when.date(), sources=(source,), old=self.is_old(when))
        elif documented and self.visits:
            when, source = self.visits[0]
            self.add(name, 0.0, Origin.ASSUMED, when=when.date(), sources=(source,), old=self.is_old(when))
        else:
            self.gaps[name] = Gap(name, Reason.ABSENT)

    def drug(self, name: str, drugs: Drugs, counts: Callable[[Entry], bool]) -> None:
        answered = self.readings.get(name)
        if answered and self.usable(answered[0]):
            self.reading(name)
            return
        used = [entry for entry in self.prescriptions if counts(entry) and records.is_one_of(entry, drugs)]
        if used:
            self.entry(name, 1.0, used)
        elif self.prescriptions and self.visits:
            when, source = self.visits[0]
            self.add(name, 0.0, Origin.ASSUMED, when=when.date(), sources=(source,), old=self.is_old(when))
        else:
            self.gaps[name] = Gap(name, Reason.ABSENT)

    def combined(self) -> None:
        """Depressive symptoms or an antidepressant, from their parts."""
        parts = [self.known.get(name) for name in ("depression", "antidepressant")]
        found = [part for part in parts if part is not None]
        yes = [part for part in found if part.value > 0.5]
        if yes:
            self.copy("depressive_symptoms_or_antidepressant", 1.0, yes[0].origin, "{0,1}", yes[0])
        elif len(found) == len(parts):
            self.copy("depressive_symptoms_or_antidepressant", 0.0, Origin.ASSUMED, "{0,1}", *found)


def _deceased(patient: Mapping[str, Any]) -> bool:
    return bool(patient.get("deceasedDateTime")) or patient.get("deceasedBoolean") is True
