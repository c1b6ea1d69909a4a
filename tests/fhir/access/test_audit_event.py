"""The access log as FHIR: AuditEvent and Provenance, for the auditor and for the citizen herself."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlsplit

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.provenance import Provenance

from health_platform.accounts.models import Role, User
from health_platform.fhir.body import serialise
from health_platform.fhir.repository import Repository
from health_platform.fhir.validation import validate
from tests import builders
from tests.builders import FHIR, OPERATOR, Caller, observation
from tests.fhir.conftest import City


@pytest.fixture
def auditor(db: None) -> Caller:
    user = User.objects.create_user(username="auditor", password="a-long-password", role=Role.AUDITOR)
    return builders.caller_for(user)


def resources(caller: Caller, query: str) -> list[dict[str, Any]]:
    answer = caller.get(f"{FHIR}/{query}")
    assert answer.status_code == 200, answer.content
    return [entry["resource"] for entry in answer.json().get("entry", [])]


def people(event: dict[str, Any]) -> list[str]:
    return [entity["what"]["reference"] for entity in event["entity"] if entity.get("role", {}).get("code") == "1"]


def test_every_entry_is_valid_r4_and_valid_to_another_library(city: City, auditor: Caller) -> None:
    pulse = city.system.post(f"{FHIR}/Observation", observation(city.patient)).json()
    city.system.put(f"{FHIR}/Observation/{pulse['id']}", pulse)
    city.clinician.get(f"{FHIR}/Observation?patient={city.patient}")
    city.stranger.get(f"{FHIR}/Observation/{pulse['id']}")
    city.system.delete(f"{FHIR}/Observation/{pulse['id']}")
    events, written = resources(auditor, "AuditEvent?_count=100"), resources(auditor, "Provenance?_count=100")
    assert {event["action"] for event in events} == {"C", "R", "U", "D", "E"}
    assert len(written) >= 3
    for resource in (*events, *written):
        assert [issue for issue in validate(resource, serialise(resource)) if issue.is_error] == []
    for event in events:
        AuditEvent.model_validate(event)
    for each in written:
        Provenance.model_validate(each)


def test_the_auditor_sees_who_asked_what_about_whom_and_the_search_itself(city: City, auditor: Caller) -> None:
    city.clinician.get(f"{FHIR}/Observation?patient={city.patient}&code=8867-4")
    city.system.get(f"{FHIR}/Patient/{city.patient}")
    first, second = resources(auditor, f"AuditEvent?patient={city.patient}")[:2]
    assert (first["subtype"][0]["code"], second["subtype"][0]["code"]) == ("read", "create")
    search = resources(auditor, "AuditEvent?agent=Practitioner/clinician&subtype=search-type")[0]
    user = next(agent for agent in search["agent"] if agent["requestor"])
    assert user["who"] == {"reference": "Practitioner/clinician"}
    assert user["policy"] == ["urn:bitgoeul:legal-basis:PIPA-23-1-1"]
    assert search["agent"][0]["network"] == {"address": "127.0.0.1", "type": "2"}
    query = next(entity["query"] for entity in search["entity"] if "query" in entity)
    assert base64.b64decode(query).decode() == f"Observation?patient={city.patient}&code=8867-4"


def test_what_the_auditor_looks_at_is_in_the_log_as_well(city: City, auditor: Caller) -> None:
    resources(auditor, f"AuditEvent?patient={city.patient}&_count=1")
    seen = resources(city.citizen, "AuditEvent")[0]
    assert (
        next(agent for agent in seen["agent"] if agent["requestor"])["who"]["identifier"]["value"] == "Person/auditor"
    )


def test_a_citizen_sees_what_is_about_her_and_no_other_person(city: City) -> None:
    other = builders.patient(city.clinic, number="C-9")
    Repository(OPERATOR).search("Patient", f"_id={city.patient},{other}")
    city.clinician.get(f"{FHIR}/Patient/{other}")
    events = resources(city.citizen, "AuditEvent")
    assert events
    assert {name for event in events for name in people(event)} == {f"Patient/{city.patient}"}
    assert other not in str(events)
    assert all("query" not in entity for event in events for entity in event["entity"])
    assert resources(city.citizen, f"AuditEvent?patient={other}") == []


@pytest.mark.parametrize("who", ["stranger", "other_clinician", "clinician", "system", "other_system"])
def test_for_nobody_else_the_log_is_there(city: City, who: str, auditor: Caller) -> None:
    city.system.get(f"{FHIR}/Patient/{city.patient}")
    id = resources(auditor, f"AuditEvent?patient={city.patient}")[0]["id"]
    caller = getattr(city, who)
    assert resources(caller, f"AuditEvent?patient={city.patient}") == []
    assert resources(caller, f"Provenance?target=Patient/{city.patient}") == []
    assert caller.get(f"{FHIR}/AuditEvent/{id}").status_code == 404
    assert caller.get(f"{FHIR}/Provenance/{id}").status_code == 404
    assert city.citizen.get(f"{FHIR}/AuditEvent/{id}").status_code == 200
    assert auditor.get(f"{FHIR}/AuditEvent/{id}").status_code == 200


def test_the_auditor_reads_the_log_and_nothing_of_the_record(city: City, auditor: Caller) -> None:
    assert auditor.get(f"{FHIR}/Patient/{city.patient}").status_code == 403
    assert auditor.post(f"{FHIR}/AuditEvent", {"resourceType": "AuditEvent"}).status_code == 403


def test_who_wrote_a_resource_is_told_by_one_provenance_for_the_request(city: City, auditor: Caller) -> None:
    entry = {"resource": observation(city.patient), "request": {"method": "POST", "url": "Observation"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry, entry]}
    locations = [each["response"]["location"] for each in city.system.post(FHIR, bundle).json()["entry"]]
    target = "/".join(locations[0].split("/_history/")[0].split("/")[-2:])
    for caller in (auditor, city.citizen):
        (found,) = resources(caller, f"Provenance?target={target}")
        assert found["id"].startswith("log-")
        assert f"{target}/_history/1" in [each["reference"] for each in found["target"]]
        assert len(found["target"]) == 2
        assert found["agent"][0]["onBehalfOf"] == {"reference": f"Organization/{city.clinic}"}


def test_stored_provenance_follows_what_is_rendered(city: City) -> None:
    pulse = city.system.post(f"{FHIR}/Observation", observation(city.patient)).json()["id"]
    stored = {
        "resourceType": "Provenance",
        "target": [{"reference": f"Observation/{pulse}"}, {"reference": f"Patient/{city.patient}"}],
        "recorded": "2026-05-01T00:00:00Z",
        "agent": [{"who": {"display": "model"}}],
    }
    answer = city.system.post(f"{FHIR}/Provenance", stored)
    assert answer.status_code == 201, answer.content
    ids = [found["id"] for found in resources(city.citizen, f"Provenance?target=Observation/{pulse}")]
    assert ids[-1] == answer.json()["id"]
    assert [id.startswith("log-") for id in ids] == [True, False]
    assert [found["id"] for found in resources(city.clinician, f"Provenance?target=Observation/{pulse}")] == ids[-1:]


def test_pages_go_through_the_log_once(city: City, auditor: Caller) -> None:
    for _ in range(7):
        city.system.get(f"{FHIR}/Patient/{city.patient}")
    seen: list[str] = []
    path = f"/AuditEvent?patient={city.patient}&agent=Device/{clients()}&_count=3"
    while path:
        answer = auditor.get(FHIR + path).json()
        seen += [entry["resource"]["id"] for entry in answer.get("entry", [])]
        following = [link["url"] for link in answer["link"] if link["relation"] == "next"]
        path = f"/AuditEvent?{urlsplit(following[0]).query}" if following else ""
    assert len(seen) == len(set(seen)) == 7


def clients() -> str:
    from health_platform.smart.models import Client

    return str(Client.objects.get(name="clinic").client_id)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("date=ge2020-01-01", True), ("date=lt2020-01-01", False), ("date=2020", False), ("action=R", True),
        ("action=D", False), ("outcome=0", True), ("outcome=8", False), ("entity=Patient/{patient}", True),
        ("entity=Patient/x", False),
    ],
)  # fmt: skip
def test_the_log_is_searched_by(city: City, auditor: Caller, query: str, found: bool) -> None:
    city.system.get(f"{FHIR}/Patient/{city.patient}")
    asked = f"AuditEvent?patient={city.patient}&{query.format(patient=city.patient)}"
    assert bool(resources(auditor, asked)) is found


@pytest.mark.parametrize("query", ["site=x", "_sort=date", "date=ne2020", "entity=1"])
def test_what_the_log_cannot_be_asked_is_an_error_that_says_so(auditor: Caller, query: str) -> None:
    assert auditor.get(f"{FHIR}/AuditEvent?{query}").status_code == 400
