"""Everybody asks for everything: every route, interaction and operation, by every kind of caller, for one planted
record. Who may not read it never meets its mark, learns nothing of what exists, and changes nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import path

from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES
from health_platform.fhir.repository import Repository
from health_platform.urls import urlpatterns as platform
from tests.builders import OPERATOR
from tests.invariants import access_plans
from tests.invariants.access_plans import Ask, fhir_asks, missing_plans, route_asks
from tests.invariants.planted import Person, World, plant
from tests.minimal import kinds_about_patients

READERS = ("citizen", "citizen in a browser", "clinician", "clinician in a browser", "system", "operator")
STRANGERS = (
    "nobody",
    "stranger",
    "stranger in a browser",
    "clinician of another clinic",
    "clinician of another clinic in a browser",
    "administrator of another clinic in a browser",
    "system of another clinic",
    "system with a narrow scope",
    "ambulance device",
    "ambulance crew",
    "ambulance crew in a browser",
    "auditor",
    "auditor in a browser",
    "clinician who left",
    "expired token",
    "application launched for another",
)
# The types that differ in how they are stored, placed or shown; all of them are tried by the slow test.
KINDS = (
    "Patient", "Observation", "CarePlan", "RiskAssessment", "Consent", "Communication", "Appointment", "Provenance",
    "AuditEvent", "Group",
)  # fmt: skip
READ_BY_ROLE = {"auditor": ("/AuditEvent", "/Provenance")}
"""What a role reads because it is that role: the log is the auditor's to read."""
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def world(db: None, settings: Any) -> World:
    return plant(settings, KINDS)


def test_every_route_interaction_and_operation_has_a_plan() -> None:
    assert missing_plans() == []


def test_no_plan_is_for_a_route_that_is_gone() -> None:
    assert sorted(set(access_plans.PLANS) - set(access_plans.routes())) == []


def test_everybody_is_asked(world: World) -> None:
    assert sorted(world.people) == sorted((*READERS, *STRANGERS))
    assert [person.name for person in world.people.values() if person.reads != (person.name in READERS)] == []


@pytest.mark.parametrize("name", STRANGERS)
def test_who_may_not_read_never_meets_the_record(world: World, name: str) -> None:
    assert leaks(world, world.people[name], [*route_asks(), *fhir_asks(world.record)]) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", STRANGERS)
def test_who_may_not_read_never_meets_any_type(db: None, settings: Any, name: str) -> None:
    world = plant(settings, RESOURCE_TYPES)
    assert leaks(world, world.people[name], fhir_asks(world.record)) == []


def test_the_citizen_never_meets_what_is_withheld(world: World) -> None:
    asks = [*route_asks(), *fhir_asks({"RiskAssessment": world.ids["RiskAssessment"]})]
    reading = [ask for ask in asks if ask.method in ("GET", "HEAD") or "_search" in ask.path]
    for name in ("citizen", "citizen in a browser"):
        person = world.people[name]
        assert [ask.path for ask in reading if world.withheld_mark in text_of(person.send(ask.filled(world.ids)))] == []


@pytest.mark.parametrize("name", READERS)
def test_who_may_read_meets_the_record_where_the_plan_says(world: World, name: str) -> None:
    """Without this, a plan that calls a wrong address would pass for a door that is closed."""
    asks = [*route_asks(), *fhir_asks({kind: world.ids[kind] for kind in ("Patient", "Observation")})]
    expected = [ask.filled(world.ids) for ask in asks if name in ask.seen_by]
    missed = [ask for ask in expected if world.mark not in text_of(world.people[name].send(ask))]
    assert [(ask.method, ask.path) for ask in missed] == []
    assert expected or name == "citizen in a browser"


# ---- that it can fail


def careless(request: HttpRequest, patient: str) -> HttpResponse:
    """A view that asks nobody."""
    return HttpResponse(b"".join(match.stored.body for match in Repository(OPERATOR).search("Patient", {}).matches))


def hasty(request: HttpRequest, patient: str) -> HttpResponse:
    """A view that writes before it refuses."""
    Repository(OPERATOR).create({"resourceType": "Basic", "code": {"text": "half"}})
    return HttpResponse(status=403)


def telltale(request: HttpRequest, patient: str) -> HttpResponse:
    """A view that refuses what exists otherwise than what does not."""
    known = Repository(OPERATOR).search("Patient", {"_id": patient}).matches
    return HttpResponse(status=403 if known else 404)


urlpatterns = [*platform, path("leak/<str:patient>", careless), path("hasty/<str:patient>", hasty),
               path("telltale/<str:patient>", telltale)]  # fmt: skip


@pytest.mark.urls(__name__)
def test_a_new_route_fails_until_it_has_a_plan() -> None:
    assert [text for text in missing_plans() if "'leak/<str:patient>'" in text and "add one to PLANS" in text]


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("method", "door", "what"),
    [
        ("GET", "leak", "shows the record"),
        ("POST", "hasty", "changed what is stored"),
        ("GET", "telltale", "tells that it exists"),
    ],
)
def test_a_view_that_leaks_is_found(world: World, method: str, door: str, what: str) -> None:
    found = leaks(world, world.people["stranger"], [Ask(method, f"/{door}/{{patient}}")])
    assert [what in text for text in found] == [True]


# ---- how it is found


def leaks(world: World, person: Person, asks: list[Ask]) -> list[str]:
    """What went wrong when ``person`` sent these requests."""
    found: list[str] = []
    assert person.browser is not None  # signing in is not what is watched
    state, hers = State(world), world.hers()
    for ask in asks:
        found += _tried(world, person, ask, state)
    if world.hers() != hers:
        found.append(f"{person.name} changed the planted record")
    return found


@dataclass
class State:
    """What is stored, as it was before the request that is looked at."""

    world: World

    def __post_init__(self) -> None:
        self.content, self.written = self.world.everything(), self.world.rows_written()

    def changes(self) -> list[str]:
        """The tables whose content changed since the last time."""
        written = self.world.rows_written()
        if written == self.written:
            return []
        before, self.content = self.content, self.world.everything()
        self.written = written
        return [new[0] for old, new in zip(before, self.content, strict=True) if old != new]


def _tried(world: World, person: Person, ask: Ask, state: State) -> list[str]:
    sent = ask.filled(world.ids)
    response = person.send(sent)
    text = text_of(response)
    what = f"{person.name}: {sent.method} {sent.path} ({response.status_code})"
    found = []
    shown = text.replace(sent.path, "")
    if world.mark in shown and not _echoes(world, ask, text):
        found.append(f"{what} shows the record")
    if world.clinic_mark in shown and not person.of_the_clinic:
        found.append(f"{what} shows what the clinic keeps")
    if response.status_code >= 500:
        found.append(f"{what} is an error of the server")
    changed = state.changes()
    if changed and _is_refusal(response):
        found.append(f"{what} changed what is stored: {changed}")
    theirs = any(part in sent.path for part in READ_BY_ROLE.get(person.name, ()))
    if person.of_the_clinic:
        theirs = world.clinic_mark in shown or _is_the_clinics(world, sent)
    if ask.method in ("GET", "HEAD") and not theirs and (told := _tells(world, person, ask, response)):
        found.append(f"{what} tells that it exists: {told}")
    return found


def _is_the_clinics(world: World, sent: Ask) -> bool:
    return any(world.record[kind] in sent.path for kind in world.record if kind not in kinds_about_patients())


def _echoes(world: World, ask: Ask, text: str) -> bool:
    """Whether the caller sent the mark and the answer only repeats it, as a search does in its link to itself."""
    return "{mark}" in ask.path + ask.body and text.count(world.mark) <= 2


def _is_refusal(response: Any) -> bool:
    return response.status_code >= 400 or "sign-in" in response.headers.get("Location", "")


def _tells(world: World, person: Person, ask: Ask, response: Any) -> str:
    """How the answer differs from the one about a record that does not exist; empty when it does not."""
    known = {name: value for name, value in world.ids.items() if name not in ("clinic", "client", "mark", "number")}
    of_nobody = ask.filled({**world.ids, **dict.fromkeys(known, UNKNOWN)})
    if any(value in ask.path for value in known.values()):
        path = ask.path
        for value in known.values():
            path = path.replace(value, UNKNOWN)
        of_nobody = Ask(ask.method, path, ask.body, ask.content_type, ask.headers).filled(
            {**world.ids, **dict.fromkeys(known, UNKNOWN)}
        )
    sent = ask.filled(world.ids)
    if of_nobody.path == sent.path:
        return ""
    other = person.send(of_nobody)
    if (response.status_code, _neutral(response, known)) == (other.status_code, _neutral(other, known)):
        return ""
    return (
        f"{response.status_code} {_neutral(response, known)[:200]} | {other.status_code} {_neutral(other, known)[:200]}"
    )


def _neutral(response: Any, known: dict[str, str]) -> str:
    """The answer without the ids that were asked for and without what is drawn for each page."""
    text = text_of(response)
    for value in known.values():
        text = text.replace(value, UNKNOWN)
    return re.sub(r'csrfmiddlewaretoken" value="\w+"|nonce="[^"]+"', "", text)


def text_of(response: Any) -> str:
    """Headers and body."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return f"{dict(response.headers)}\n{body.decode(errors='replace')}"
