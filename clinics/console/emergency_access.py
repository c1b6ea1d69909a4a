"""Opening a record in an emergency ("break glass"): who treats somebody whose record is closed to her says why, sees
the emergency summary at once and the rest by a second act. It closes by itself (health_platform.fhir.emergency).

A person is found by full name and day of birth, one at a time, and finding is opening: nobody looks around here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics.console import selectors
from clinics.console.access import Clinician, for_clinicians
from clinics.console.charts import groups_of
from clinics.console.record import Drug, Person, Problem, Results, drugs_of, person_of, problems_of, results_of
from clinics.console.terms import name_of
from health_platform.fhir import emergency
from health_platform.fhir.access.context import AccessContext, service
from health_platform.fhir.emergency import Emergency
from health_platform.fhir.outcome import NotFound, UnprocessableEntity
from health_platform.fhir.repository import Repository

Resource = dict[str, Any]
PURPOSE = "ETREAT"
_GONE = frozenset({"entered-in-error", "refuted", "inactive", "resolved"})


@dataclass(frozen=True, slots=True)
class Allergy:
    name: str
    severe: bool
    reactions: str


@dataclass(frozen=True, slots=True)
class Opened:
    """What an emergency access shows: the summary, and ``results`` once it was widened."""

    person: Person
    age: int | None
    allergies: tuple[Allergy, ...]
    drugs: tuple[Drug, ...]
    taken: tuple[str, ...]
    problems: tuple[Problem, ...]
    results: Results | None
    cut: bool


@require_http_methods(["GET", "POST"])
@for_clinicians
def index(request: HttpRequest, clinician: Clinician) -> HttpResponse:
    """What the clinician has open now, and the form that opens a record."""
    asked = {name: request.POST.get(name, "").strip() for name in ("name", "birth_date", "identifier", "reason")}
    problem = ""
    if request.method == "POST":
        try:
            patient = _found(clinician.access, asked)
            emergency.open_emergency_access(clinician.access, patient, asked["reason"])
            return redirect("console:opened", patient=patient)
        except Unclear as error:
            problem = str(error)
        except UnprocessableEntity:
            problem = _("Write in one line why you need the record now: at least five characters.")
    context = {
        "section": "emergency-access",
        "asked": asked,
        "problem": problem,
        "opened": [(one, _person(clinician.access, one)) for one in emergency.emergencies(clinician.access)],
    }
    return render(request, "console/emergency_access.html", context, status=422 if problem else 200)


class Unclear(Exception):
    """Nobody, or more than one person, was found; the message says what to do."""


def _found(access: AccessContext, asked: dict[str, str]) -> str:
    """The logical id of the one person with this name and day of birth. Raises Unclear."""
    born = selectors.birth_date_of(asked["birth_date"])
    if not asked["name"] or not born:
        raise Unclear(_("Give the full name and the day of birth, such as 1948-03-12."))
    if len(asked["reason"]) < 5:
        raise Unclear(_("Write in one line why you need the record now: at least five characters."))
    query = {"name:exact": selectors.literal(asked["name"]), "birthdate": born, "_count": "2"}
    if asked["identifier"]:
        query["identifier"] = selectors.literal(asked["identifier"])
    searching = replace(service("emergency-search", PURPOSE), actor=access.actor, organization=access.organization)
    found = Repository(searching).search("Patient", query).resources()
    if len(found) != 1:
        raise Unclear(
            _("Several people have this name and day of birth: give a number of the person too.")
            if found
            else _("Nobody with this full name and day of birth was found. Check the spelling.")
        )
    return str(found[0]["id"])


def _person(access: AccessContext, opened: Emergency) -> Person:
    return person_of(Repository(emergency.acting(access)).read("Patient", opened.patient).resource())


@require_GET
@for_clinicians
def opened(request: HttpRequest, clinician: Clinician, patient: str) -> HttpResponse:
    """The record that was opened, as far as it was."""
    return _page(request, clinician, patient)


@require_POST
@for_clinicians
def widen(request: HttpRequest, clinician: Clinician, patient: str) -> HttpResponse:
    """The second, deliberate act, with a reason of its own."""
    reason = request.POST.get("reason", "").strip()
    try:
        emergency.widen(clinician.access, patient, reason)
    except UnprocessableEntity:
        problem = _("Write in one line why you need the record now: at least five characters.")
        return _page(request, clinician, patient, status=422, problem=problem, reason=reason)
    messages.success(request, _("The whole record is open now."))
    return redirect("console:opened", patient=patient)


def _page(request: HttpRequest, clinician: Clinician, patient: str, status: int = 200, **more: Any) -> HttpResponse:
    now_open = next((one for one in emergency.emergencies(clinician.access) if one.patient == patient), None)
    if now_open is None:
        raise NotFound("%(type)s/%(id)s is not known.", type="Patient", id=patient)
    record = record_of(emergency.acting(clinician.access), now_open, timezone.now())
    context = {
        "section": "emergency-access",
        "open": now_open,
        "record": record,
        "groups": groups_of(record.results) if record.results is not None else [],
        "minutes": max(0, int((now_open.until - timezone.now()).total_seconds()) // 60),
    }
    return render(request, "console/emergency_record.html", context | more, status=status)


def record_of(access: AccessContext, found: Emergency, now: datetime) -> Opened:
    """The record with the rights of the emergency: the policy decides what is in it."""
    repository, zone = Repository(access), timezone.get_current_timezone()
    person = person_of(repository.read("Patient", found.patient).resource())
    kinds = ["AllergyIntolerance", "MedicationRequest", "MedicationStatement", "Condition"]
    kinds += ["Observation"] if found.widened else []
    pages = [repository.search(kind, {"patient": found.patient, "_count": str(selectors.MOST)}) for kind in kinds]
    by_kind = {kind: page.resources() for kind, page in zip(kinds, pages, strict=True)}
    return Opened(
        person=person,
        age=person.age(timezone.localdate(now)),
        allergies=allergies_of(by_kind["AllergyIntolerance"]),
        drugs=drugs_of(by_kind["MedicationRequest"], zone),
        taken=taken_of(by_kind["MedicationStatement"]),
        problems=problems_of(by_kind["Condition"], zone),
        results=results_of(by_kind["Observation"], zone) if found.widened else None,
        cut=any(page.next for page in pages),
    )


def allergies_of(resources: Iterable[Resource]) -> tuple[Allergy, ...]:
    """Those that hold, the dangerous ones first (AllergyIntolerance.criticality)."""
    found = [
        Allergy(
            name=str(name_of(one.get("code", {}))),
            severe=one.get("criticality") == "high",
            reactions=", ".join(
                str(name_of(sign)) for reaction in one.get("reaction", ()) for sign in reaction.get("manifestation", ())
            ),
        )
        for one in resources
        if not (_codes(one.get("verificationStatus")) | _codes(one.get("clinicalStatus"))) & _GONE
    ]
    return tuple(sorted(found, key=lambda allergy: not allergy.severe))


def taken_of(resources: Iterable[Resource]) -> tuple[str, ...]:
    """Medicines that the person is said to take (MedicationStatement), each once."""
    taken = [one for one in resources if one.get("status") in ("active", "intended", "unknown", "on-hold")]
    return tuple(dict.fromkeys(str(name_of(one.get("medicationCodeableConcept", {}))) for one in taken))


def _codes(concept: Resource | None) -> set[str]:
    return {str(coding.get("code")) for coding in (concept or {}).get("coding", ())}
