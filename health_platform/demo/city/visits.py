"""Which visits a citizen made in the last ten years, and where (pure).

Fewer than real people make: a citizen of 2,000 stands for how the data look, not for how much there is. Everyone is
asked to a check-up every two years and four of five go; those with a known disease are seen about once a year;
specialists see what is theirs; the district's centre measures the function of older citizens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from health_platform.demo.city.diagnoses import Course
from health_platform.demo.city.draw import Draw
from health_platform.demo.city.person import Person

HISTORY_DAYS = 3652
_CHECK_UP_DAYS = 730
HOME_DISEASES = ("hypertension", "diabetes", "dyslipidaemia", "kidney_disease", "copd")


class Kind(StrEnum):
    """What a visit is for."""

    CHECK_UP = "check-up"
    FOLLOW_UP = "follow-up"
    ACUTE = "acute"
    SPECIALIST = "specialist"
    ASSESSMENT = "assessment"


@dataclass(frozen=True, slots=True)
class Care:
    """The institutions (keys) that care for a citizen: `specialists` by disease, where it is not the home clinic's."""

    home: str
    centre: str
    specialists: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit; `disease` is the reason of a specialist's."""

    on: date
    kind: Kind
    institution: str
    disease: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """The days of which records exist: from `start` up to the day before `today`."""

    start: date
    today: date

    def day(self, draw: Draw, since: date | None = None) -> date:
        """Any day, or any since the one given."""
        start = max(self.start, since or self.start)
        return start + timedelta(days=draw.integer(0, max(0, (self.today - start).days - 1)))


def plan_visits(draw: Draw, person: Person, course: Course, care: Care, today: date) -> tuple[Visit, ...]:
    """All visits, the first one first."""
    grown_up = person.birth_date + timedelta(days=round(19.1 * 365.25))
    window = Window(max(today - timedelta(days=HISTORY_DAYS), min(grown_up, today - timedelta(days=1))), today)
    visits = [
        *_check_ups(draw, person, care, window),
        *_follow_ups(draw, person, course, care, window),
        *_acute(draw, care, window),
        *_specialists(draw, course, care, window),
        *_assessments(draw, person, care, window),
    ]
    return tuple(sorted(visits, key=lambda visit: (visit.on, visit.kind)))


def _check_ups(draw: Draw, person: Person, care: Care, window: Window) -> Iterator[Visit]:
    on = window.today - timedelta(days=30 if person.complete else draw.integer(1, _CHECK_UP_DAYS))
    while on >= window.start:
        if person.complete or draw.chance(0.8):
            yield Visit(on, Kind.CHECK_UP, care.home)
        on -= timedelta(days=_CHECK_UP_DAYS + draw.integer(-40, 40))


def _follow_ups(draw: Draw, person: Person, course: Course, care: Care, window: Window) -> Iterator[Visit]:
    known = [course.known[name] for name in HOME_DISEASES if name in course.known]
    if not known:
        return
    on = max(window.start, min(known)) + timedelta(days=draw.integer(0, 200))
    while on < window.today:
        if person.complete or draw.chance(0.8):
            yield Visit(on, Kind.FOLLOW_UP, care.home)
        on += timedelta(days=draw.integer(300, 430))


def _acute(draw: Draw, care: Care, window: Window) -> Iterator[Visit]:
    for _ in range(draw.count(1.0, 4)):
        yield Visit(window.day(draw), Kind.ACUTE, care.home)


def _specialists(draw: Draw, course: Course, care: Care, window: Window) -> Iterator[Visit]:
    for disease, institution in care.specialists.items():
        if disease not in course.known:
            continue
        since = min(course.known[disease], window.today - timedelta(days=1))
        yield Visit(max(window.start, since), Kind.SPECIALIST, institution, disease)
        for _ in range(draw.count(1.2, 3)):
            yield Visit(window.day(draw, since), Kind.SPECIALIST, institution, disease)


def _assessments(draw: Draw, person: Person, care: Care, window: Window) -> Iterator[Visit]:
    age = person.completed_years(window.today)
    chance = 0.75 if age >= 65 else 0.4 if age >= 60 else 0.0
    if not (person.complete and age >= 60) and not draw.chance(chance):
        return
    latest = window.today - timedelta(days=14 if person.complete else draw.integer(5, 420))
    yield Visit(latest, Kind.ASSESSMENT, care.centre)
    if person.complete or draw.chance(0.4):
        yield Visit(latest - timedelta(days=draw.integer(340, 720)), Kind.ASSESSMENT, care.centre)
