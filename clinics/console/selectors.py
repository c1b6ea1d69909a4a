"""What the console's pages read, each through the Repository with the clinician's own rights."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language

from clinics.console.emergency import Notice, notices_of
from clinics.console.plans import Plan, plan_of
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
from clinics.console.risks import Family, Lead, RiskCard, Unanswered, deciders, families_of, lead_of, model_of
from clinics.console.worklist import Place, Stage, page
from health_platform.accounts.models import User
from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.repository import Repository
from inference import services as inference
from inference.services import Rehabilitation

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


@dataclass(frozen=True, slots=True)
class Judgement:
    """What models say of a patient, what clinicians made of it, and the plans. ``assessed`` is None while no
    assessment has run; ``alerts`` are to be seen at once."""

    families: tuple[Family, ...]
    unreviewed: int
    assessed: datetime | None
    alerts: tuple[str, ...]
    passed_over: tuple[str, ...]
    rehabilitation: Rehabilitation | None

    @property
    def unanswered(self) -> tuple[Unanswered, ...]:
        """What could not be assessed, by disease."""
        return tuple(one for family in self.families for one in family.unanswered)

    def find(self, risk: str) -> tuple[Family, RiskCard] | None:
        """The card of the RiskAssessment with that id, and its disease; None when it is not a current result."""
        return next(
            ((family, card) for family in self.families for card in family.cards if card.result.id == risk), None
        )


def judgement(access: AccessContext, patient: str) -> Judgement:
    """Raises NotFound for an unknown patient and for one of another institution alike."""
    picture = inference.picture_of(Repository(access), patient)
    cards = {result.model: inference.model_card(result.model) for result in picture.results}
    zone = timezone.get_current_timezone()
    return Judgement(
        families=families_of(picture, cards, names_of(deciders(picture)), zone),
        unreviewed=sum(result.unreviewed for result in picture.results),
        assessed=picture.assessed,
        alerts=picture.alerts,
        passed_over=picture.passed_over,
        rehabilitation=picture.rehabilitation,
    )


def names_of(references: Iterable[str]) -> dict[str, str]:
    """The names of practitioners who have an account, by reference."""
    ids = [one.removeprefix("Practitioner/") for one in references]
    if not ids:
        return {}
    found = User.objects.filter(practitioner__in=ids).values_list("practitioner", "display_name")
    return {f"Practitioner/{practitioner}": name for practitioner, name in found}


def plans(access: AccessContext, patient: str) -> tuple[tuple[Plan, str], ...]:
    """The patient's rehabilitation plans, newest first, each with the name of who signed it."""
    zone = timezone.get_current_timezone()
    found = [plan_of(one, zone) for one in inference.plans_for(Repository(access), patient)]
    names = names_of({one.signer for one in found if one.signer})
    return tuple((one, names.get(one.signer, one.signer)) for one in found)


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
    query |= {parameter: literal(value) for parameter, value in wanted.items() if value}
    if after:
        query["_cursor"] = after
    page = Repository(access).search("Patient", query)
    today = timezone.localdate()
    people = [person_of(resource) for resource in page.resources()]
    return Found(tuple((one, one.age(today)) for one in people), page.next)


def literal(value: str) -> str:
    """A value in which comma, bar and dollar mean themselves (FHIR R4, search.html#escaping)."""
    return re.sub(r"([\\,$|])", r"\\\1", value)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line of the worklist: who, where the patient stands, and the result that decides it."""

    person: Person
    age: int | None
    place: Place
    lead: Lead | None


@dataclass(frozen=True, slots=True)
class Worklist:
    """One page of the worklist; ``after`` continues it."""

    lines: tuple[Waiting, ...]
    after: str | None


def worklist(access: AccessContext, stage: Stage | None, after: str | None) -> Worklist:
    """The institution's patients in the order of the worklist. Raises BadRequest for a cursor of somebody's own."""
    rows, following = page(access, stage, after, PER_PAGE)
    repository = Repository(access)
    people = _by_id(repository, "Patient", [row.patient for row in rows])
    leads = _by_id(repository, "RiskAssessment", [row.place.lead for row in rows if row.place.lead])
    today, zone = timezone.localdate(), timezone.get_current_timezone()
    lines = []
    for row in rows:
        if row.patient in people:
            found, lead = person_of(people[row.patient]), leads.get(row.place.lead)
            lines.append(Waiting(found, found.age(today), row.place, _lead(lead, zone) if lead else None))
    return Worklist(tuple(lines), following)


def _by_id(repository: Repository, kind: str, ids: list[str]) -> dict[str, dict[str, Any]]:
    if not ids:
        return {}
    found = repository.search(kind, {"_id": ",".join(ids), "_count": str(len(ids))}).resources()
    return {one["id"]: one for one in found}


def _lead(resource: dict[str, Any], zone: Any) -> Lead:
    card = inference.model_card(model_of(resource))
    # A result keeps the name of its model in the language of the record; the card has it in English.
    stored = resource.get("method", {}).get("text", card["title"])
    return lead_of(resource, card, stored if get_language() == settings.LANGUAGE_CODE else card["title"], zone)


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
