"""A patient's record as the console shows it: FHIR resources become values to show (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from clinics.console import terms

Resource = Mapping[str, Any]
_NOT_RESULTS = frozenset({"entered-in-error", "cancelled"})
CITIZEN_SYSTEM = "urn:bitgoeul:citizen"


@dataclass(frozen=True, slots=True)
class When:
    """A FHIR date or dateTime: as precise as it was given, and the day by which it is drawn."""

    text: str
    day: date | None

    @property
    def given(self) -> str:
        """``2026-05-01``, ``2026-05`` or ``2026``; "" without a date."""
        return self.text[:10]


def when(text: str | None, local: Any = None) -> When:
    """The date of a FHIR date, dateTime or instant; a time is put on the calendar of the zone ``local``."""
    if not text:
        return When("", None)
    if len(text) > 10 and local is not None:
        day = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(local).date()
        return When(day.isoformat(), day)
    parts = [int(part) for part in text[:10].split("-")]
    return When(text[:10], date(*[*parts, 1, 1][:3]))


@dataclass(frozen=True, slots=True)
class Person:
    """Who a Patient is. ``born`` may be as imprecise as the record has it."""

    id: str
    name: str
    gender: str
    born: When
    died: When | None
    identifiers: tuple[str, ...]
    phone: str
    address: str

    def age(self, today: date) -> int | None:
        """Completed years; None unless the day of birth is known."""
        if self.born.day is None or len(self.born.text) < 10:
            return None
        end = self.died.day if self.died and self.died.day else today
        start = self.born.day
        return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def person_of(patient: Resource) -> Person:
    """Of a Patient."""
    died = patient.get("deceasedDateTime")
    return Person(
        id=str(patient["id"]),
        name=_name(patient),
        gender=str(patient.get("gender", "unknown")),
        born=when(patient.get("birthDate")),
        died=when(died) if died else When("", None) if patient.get("deceasedBoolean") else None,
        identifiers=tuple(one["value"] for one in patient.get("identifier", []) if one.get("value")),
        phone=next((one.get("value", "") for one in patient.get("telecom", []) if one.get("system") == "phone"), ""),
        address=next((one.get("text", "") for one in patient.get("address", []) if one.get("text")), ""),
    )


def _name(patient: Resource) -> str:
    names = sorted(patient.get("name", []), key=lambda one: one.get("use") != "official")
    for name in names:
        text = name.get("text") or "".join([name.get("family", ""), *name.get("given", [])])
        if text:
            return str(text)
    return ""


@dataclass(frozen=True, slots=True)
class Point:
    """One measured value, with the reference range that its laboratory gave."""

    when: When
    value: Decimal
    comparator: str
    low: Decimal | None
    high: Decimal | None
    preliminary: bool

    @property
    def beyond(self) -> str:
        """``high`` or ``low`` outside the range, "" within it or without one."""
        if self.high is not None and self.value > self.high:
            return "high"
        return "low" if self.low is not None and self.value < self.low else ""


@dataclass(frozen=True, slots=True)
class Line:
    """The values of one measurement in one unit, oldest first."""

    name: Any
    unit: Any
    points: tuple[Point, ...]

    @property
    def latest(self) -> Point:
        return self.points[-1]


@dataclass(frozen=True, slots=True)
class Series:
    """What one chart shows: one line, or the lines of a panel such as blood pressure. Values in different units are
    never drawn together."""

    key: str
    name: Any
    unit: Any
    category: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A result that is no quantity, or an Observation that says why there is none."""

    name: Any
    when: When
    value: Any
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Results:
    """The results of a patient over time."""

    series: tuple[Series, ...]
    answers: tuple[Answer, ...]

    def of(self, category: str) -> tuple[Series, ...]:
        return tuple(one for one in self.series if one.category == category)


_CATEGORIES = ("vital-signs", "laboratory", "exam")
# What a person was asked is told as the newest answer, not drawn.
_ASKED = frozenset({"survey", "social-history"})


def results_of(observations: Iterable[Resource], zone: Any = None) -> Results:
    """Sorted out of Observations in any order. What was entered in error does not count."""
    points: dict[tuple[str, str, str], dict[str, list[Point]]] = defaultdict(lambda: defaultdict(list))
    names: dict[str, Any] = {}
    answers: list[Answer] = []
    for observation in observations:
        if observation.get("status") in _NOT_RESULTS:
            continue
        code = observation.get("code", {})
        at = when(observation.get("effectiveDateTime") or observation.get("effectivePeriod", {}).get("start"), zone)
        names.setdefault(terms.key_of(code), terms.name_of(code))
        for part in () if _category(observation) in _ASKED else _quantities(observation):
            key = (terms.key_of(code), _unit_code(part["valueQuantity"]), _category(observation))
            line = terms.key_of(part["code"])
            names.setdefault(line, terms.name_of(part["code"]))
            points[key][line].append(_point(part, at, observation))
        answers += _answers(observation, at)
    answers.sort(key=lambda one: (one.when.text, str(one.name)), reverse=True)
    series = [_series(key, lines, names) for key, lines in points.items()]
    return Results(tuple(sorted(series, key=_place)), _latest(answers))


def _place(series: Series) -> tuple[int, int, str]:
    known = series.category in _CATEGORIES
    category = _CATEGORIES.index(series.category) if known else len(_CATEGORIES)
    return category, terms.position(series.key.rpartition("|")[0]), str(series.name)


def _latest(answers: list[Answer]) -> tuple[Answer, ...]:
    """The newest answer to each question; what could not be measured is told once a day."""
    seen: dict[tuple[str, str], Answer] = {}
    for one in answers:
        seen.setdefault((str(one.name), one.when.text if one.absent else ""), one)
    return tuple(seen.values())


def _series(key: tuple[str, str, str], lines: Mapping[str, list[Point]], names: Mapping[str, Any]) -> Series:
    code, unit_code, category = key
    unit = terms.unit(unit_code)
    drawn = tuple(
        Line(names[line], unit, tuple(sorted(points, key=lambda point: point.when.text)))
        for line, points in lines.items()
    )
    return Series(f"{code}|{unit_code}", names[code], unit, category, drawn)


def _quantities(observation: Resource) -> Iterator[Resource]:
    """The Observation and its components, where they carry a quantity with a value."""
    for part in (observation, *observation.get("component", [])):
        if part.get("valueQuantity", {}).get("value") is not None and "code" in part:
            yield part


def _unit_code(quantity: Resource) -> str:
    return str(quantity.get("code") or quantity.get("unit") or "")


def _category(observation: Resource) -> str:
    codes = [coding.get("code", "") for one in observation.get("category", []) for coding in one.get("coding", [])]
    return next((code for code in codes if code in _CATEGORIES), codes[0] if codes else "")


def _point(part: Resource, at: When, observation: Resource) -> Point:
    quantity = part["valueQuantity"]
    ranges = part.get("referenceRange") or [{}]
    low, high = (ranges[0].get(side, {}).get("value") for side in ("low", "high"))
    return Point(
        when=at,
        value=Decimal(quantity["value"]),
        comparator=str(quantity.get("comparator", "")),
        low=None if low is None else Decimal(low),
        high=None if high is None else Decimal(high),
        preliminary=observation.get("status") in ("registered", "preliminary"),
    )


def _answers(observation: Resource, at: When) -> Iterator[Answer]:
    for part in (observation, *observation.get("component", [])):
        name = terms.name_of(part.get("code", {}))
        reason = part.get("dataAbsentReason")
        if reason is not None:
            code = next((coding.get("code", "") for coding in reason.get("coding", [])), "")
            yield Answer(name, at, terms.ABSENT.get(code) or terms.name_of(reason), absent=True)
        elif "valueCodeableConcept" in part:
            yield Answer(name, at, _concept(part["valueCodeableConcept"]))
        elif "valueBoolean" in part:
            yield Answer(name, at, part["valueBoolean"])
        elif "valueQuantity" in part and _category(observation) in _ASKED:
            quantity = part["valueQuantity"]
            yield Answer(name, at, f"{quantity.get('value', '')} {terms.unit(_unit_code(quantity))}".strip())
        else:
            value = part.get("valueString", part.get("valueInteger"))
            if value is not None:
                yield Answer(name, at, value)


def _concept(concept: Resource) -> Any:
    for coding in concept.get("coding", []):
        known = terms.answer(coding.get("system", ""), coding.get("code", ""))
        if known is not None:
            return known
    return terms.name_of(concept)


@dataclass(frozen=True, slots=True)
class Problem:
    """A Condition: what, since when, and whether it lasts."""

    name: Any
    code: str
    since: When
    active: bool
    confirmed: bool
    count: int = 1


def problems_of(conditions: Iterable[Resource], zone: Any = None) -> tuple[Problem, ...]:
    """Conditions, those that last first, then by date. The same diagnosis of several visits is one line, which tells
    its first date and how often it was recorded; it lasts when the newest record says so."""
    merged: dict[str, Problem] = {}
    recorded = sorted(conditions, key=lambda one: str(one.get("recordedDate") or one.get("onsetDateTime") or ""))
    for condition in recorded:
        if _code(condition, "verificationStatus") in ("entered-in-error", "refuted"):
            continue
        problem = _problem(condition, zone)
        key = terms.key_of(condition.get("code", {})) or str(problem.name)
        before = merged.get(key)
        merged[key] = replace(
            problem,
            since=before.since if before and before.since.text else problem.since,
            count=before.count + 1 if before else 1,
        )
    return tuple(sorted(sorted(merged.values(), key=lambda one: one.since.text), key=lambda one: not one.active))


def _problem(condition: Resource, zone: Any) -> Problem:
    code = condition.get("code", {})
    onset = condition.get("onsetDateTime") or condition.get("onsetPeriod", {}).get("start")
    return Problem(
        name=terms.name_of(code),
        code=next((one.get("code", "") for one in code.get("coding", [])), ""),
        since=when(onset or condition.get("recordedDate"), zone),
        active=_code(condition, "clinicalStatus") not in ("resolved", "inactive", "remission"),
        confirmed=_code(condition, "verificationStatus") in ("", "confirmed"),
    )


@dataclass(frozen=True, slots=True)
class Drug:
    """A medicine that was ordered: the newest prescription of it."""

    name: Any
    dosage: str
    since: When
    latest: When
    active: bool


def drugs_of(requests: Iterable[Resource], zone: Any = None) -> tuple[Drug, ...]:
    """MedicationRequests, one line a medicine; those still taken first."""
    merged: dict[str, Drug] = {}
    for request in sorted(requests, key=lambda one: str(one.get("authoredOn", ""))):
        if request.get("status") in ("entered-in-error", "draft"):
            continue
        concept = request.get("medicationCodeableConcept") or {
            "text": request.get("medicationReference", {}).get("display")
        }
        dosage = next((one["text"] for one in request.get("dosageInstruction", []) if one.get("text")), "")
        at = when(request.get("authoredOn"), zone)
        key = terms.key_of(concept)
        since = merged[key].since if key in merged else at
        merged[key] = Drug(terms.name_of(concept), dosage, since, at, request.get("status") == "active")
    return tuple(sorted(merged.values(), key=lambda one: (not one.active, str(one.name))))


def _code(resource: Resource, element: str) -> str:
    concept = resource.get(element, {})
    return next((str(one.get("code", "")) for one in concept.get("coding", [])), "")
