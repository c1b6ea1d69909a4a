"""What the console's pages read, each through the Repository with the clinician's own rights."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from clinics.console.emergency import Notice, notices_of
from clinics.console.record import (
    Drug,
    Person,
    Problem,
    Results,
    drugs_of,
    person_of,
    problems_of,
    results_of,
)
from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.repository import Repository

MOST = 1000
PER_PAGE = 20
MOST_ARRIVALS = 50
ARRIVALS_WITHIN = timedelta(hours=24)
_ACTIVE = "planned,arrived,triaged,in-progress,onleave"


@dataclass(frozen=True, slots=True)
class Record:
    """A patient's record as far as one page shows it. ``cut`` names what is older than the page reaches."""

    person: Person
    age: int | None
    results: Results
    problems: tuple[Problem, ...]
    drugs: tuple[Drug, ...]
    cut: bool


def person(access: AccessContext, patient: str) -> Person:
    """Who the patient is. Raises NotFound for an unknown patient and for one of another institution alike."""
    return person_of(Repository(access).read("Patient", patient).resource())


def record(access: AccessContext, patient: str) -> Record:
    """The patient's results, conditions and medicines: the newest 1,000 of each."""
    repository = Repository(access)
    zone = timezone.get_current_timezone()
    found = person_of(repository.read("Patient", patient).resource())
    pages = [
        repository.search(kind, {"patient": patient, "_count": str(MOST)})
        for kind in ("Observation", "Condition", "MedicationRequest")
    ]
    observations, conditions, requests = (page.resources() for page in pages)
    return Record(
        person=found,
        age=found.age(timezone.localdate()),
        results=results_of(observations, zone),
        problems=problems_of(conditions, zone),
        drugs=drugs_of(requests, zone),
        cut=any(page.next for page in pages),
    )


@dataclass(frozen=True, slots=True)
class Search:
    """What a clinician looks for: at least one of the three."""

    name: str = ""
    birth_date: str = ""
    identifier: str = ""

    @property
    def empty(self) -> bool:
        return not (self.name or self.birth_date or self.identifier)


@dataclass(frozen=True, slots=True)
class Found:
    """One page of patients; ``after`` continues it."""

    people: tuple[tuple[Person, int | None], ...]
    after: str | None


def birth_date_of(text: str) -> str | None:
    """``1948-03-12`` from ``19480312``, ``1948.3.12`` or ``1948-03-12``; None for anything else."""
    match = re.fullmatch(r"\s*(\d{4})(?:(\d{2})(\d{2})|[-./ ]+(\d{1,2})[-./ ]+(\d{1,2})\.?)\s*", text)
    if match is None:
        return None
    year, month, day = (int(part) for part in match.groups() if part is not None)
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def find(access: AccessContext, search: Search, after: str | None = None) -> Found:
    """Patients of the institution whose name begins so, born on that day, with that identifier."""
    query: dict[str, str | list[str]] = {"_count": str(PER_PAGE)}
    wanted = {"name": search.name, "birthdate": search.birth_date, "identifier": search.identifier}
    query |= {parameter: _literal(value) for parameter, value in wanted.items() if value}
    if after:
        query["_cursor"] = after
    page = Repository(access).search("Patient", query)
    today = timezone.localdate()
    people = [person_of(resource) for resource in page.resources()]
    return Found(tuple((one, one.age(today)) for one in people), page.next)


def _literal(value: str) -> str:
    """A value in which comma, bar and dollar mean themselves (FHIR R4, search.html#escaping)."""
    return re.sub(r"([\\,$|])", r"\\\1", value)


def arrivals(access: AccessContext, now: datetime) -> tuple[Notice, ...]:
    """The institution's emergency encounters of the last 24 hours that have not ended, newest first."""
    repository = Repository(access)
    encounters = repository.search(
        "Encounter",
        {
            "class": "http://terminology.hl7.org/CodeSystem/v3-ActCode|EMER",
            "service-provider": f"Organization/{access.organization}",
            "status": _ACTIVE,
            "date": f"sa{(now - ARRIVALS_WITHIN).isoformat(timespec='seconds')}",
            "_sort": "-date",
            "_count": str(MOST_ARRIVALS),
        },
    ).resources()
    if not encounters:
        return ()
    references = ",".join(f"Encounter/{one['id']}" for one in encounters)
    observations = repository.search("Observation", {"encounter": references, "_count": str(MOST)}).resources()
    return notices_of(encounters, observations)
