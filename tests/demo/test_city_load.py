"""The city loads over HTTP, each transaction with the token of the institution that writes it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from health_platform.demo.city.city import City
from health_platform.demo.city.history import Directory
from health_platform.demo.load import (
    REGISTER,
    LoadError,
    Progress,
    first_institutions,
    load_citizens,
    load_city,
    load_first,
    load_institutions,
)
from tests.builders import FHIR, Caller, clinic_client, operator_client
from tests.demo.conftest import sample_of

CITIZENS = 3


class Server:
    """Posts transactions to the platform: the institutions named with their own clients, the others as the operator.

    A hundred clients would take most of the test's time: each has its secret hashed.
    """

    def __init__(self, with_client: set[str]) -> None:
        self.register = operator_client()
        self.with_client = with_client
        self.clients: dict[str, Caller] = {}
        self.sent = 0

    def post(self, key: str, bundle: dict[str, Any]) -> dict[str, Any]:
        response = self._caller(key).post(FHIR, bundle)
        assert response.status_code == 200, response.content.decode()
        self.sent += len(bundle["entry"])
        return dict(json.loads(response.content))

    def organization(self, key: str) -> str:
        found = self.search(self.register, "Organization", identifier=f"urn:bitgoeul:institution|{key}")
        return str(found[0]["id"])

    def search(self, caller: Caller, resource_type: str, **query: str) -> list[dict[str, Any]]:
        response = caller.get(f"{FHIR}/{resource_type}?{urlencode({'_count': '500', **query})}")
        assert response.status_code == 200, response.content.decode()
        return [entry["resource"] for entry in json.loads(response.content).get("entry", ())]

    def _caller(self, key: str) -> Caller:
        if key == REGISTER or key not in self.with_client:
            return self.register
        if key not in self.clients:
            self.clients[key] = clinic_client(key, self.organization(key))
        return self.clients[key]


@pytest.mark.django_db
def test_the_first_citizens_load_and_their_institutions_alone_see_them(city: City) -> None:
    histories = [city.history(number) for number in range(CITIZENS)]
    institutions = {key for each in histories for key in (each.care.home, *each.others)}
    server, seen = Server(institutions), list[Progress]()
    directory = load_first(server.post, city, CITIZENS, seen.append)
    assert [each.stage for each in seen if each.done == each.total] == ["institutions", "staff", "citizens"]
    assert len(server.search(server.register, "Patient")) == CITIZENS
    for number in range(CITIZENS):
        _assert_stored(server, city, number)
    personas = city.personas
    assert _names(server, personas.clinic) >= {"이순례"}
    assert "이순례" not in _names(server, personas.other_clinic)
    assert "이순례" in _names(server, personas.centre)
    assert directory.organization(personas.clinic).startswith("Organization/")

    before = server.sent
    load_citizens(server.post, city, directory, range(CITIZENS), is_loaded=lambda _: True)
    again = load_institutions(server.post, city, [personas.clinic])
    assert server.sent - before == 3
    assert again == {personas.clinic: directory.organization(personas.clinic)}
    assert len(server.search(server.register, "Patient")) == CITIZENS


def _names(server: Server, key: str) -> set[str]:
    caller = server.clients.get(key) or clinic_client(f"{key} again", server.organization(key))
    return {patient["name"][0]["text"] for patient in server.search(caller, "Patient")}


def _assert_stored(server: Server, city: City, number: int) -> None:
    expected = sample_of(city, number)
    identifier = f"urn:bitgoeul:citizen|{expected.history.person.identifier}"
    (patient,) = server.search(server.register, "Patient", identifier=identifier)
    for kind in ("Observation", "Condition", "Encounter", "MedicationRequest", "List"):
        stored = server.search(server.register, kind, patient=patient["id"])
        assert len(stored) == sum(each["resourceType"] == kind for each in expected.resources), (number, kind)


def test_the_institutions_that_come_first_take_part_or_have_an_emergency_room(city: City) -> None:
    first = first_institutions(city)
    assert set(city.staff) <= set(first)
    assert 100 < len(first) < 121


def test_the_whole_city_comes_after_its_first_citizens(city: City) -> None:
    sent: list[dict[str, Any]] = []

    def answer(_key: str, bundle: dict[str, Any]) -> dict[str, Any]:
        sent.append(bundle)
        kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
        locations = [f"{kind}/{len(sent)}-{place}/_history/1" for place, kind in enumerate(kinds)]
        return {"resourceType": "Bundle", "entry": [{"response": {"location": where}} for where in locations]}

    stages: list[Progress] = []
    load_city(answer, city, 5, stages.append, first=2)
    finished = [(each.stage, each.total) for each in stages if each.done == each.total]
    first = len(first_institutions(city))
    assert finished == [
        ("institutions", first),
        ("staff", 100),
        ("citizens", 2),
        ("institutions", 2331 - first),
        ("citizens", 3),
    ]
    resources = [entry["resource"] for bundle in sent for entry in bundle["entry"]]
    assert sum(each["resourceType"] == "Patient" for each in resources) == 5
    assert sum(each["resourceType"] == "Organization" for each in resources) == 2331
    references = {each["subject"]["reference"] for each in resources if "subject" in each}
    assert not any("?" in reference for reference in references)


def test_a_refused_transaction_is_an_error_that_says_who_sent_it(city: City) -> None:
    with pytest.raises(LoadError, match="the register: a transaction was refused"):
        load_institutions(lambda _key, _bundle: {"resourceType": "OperationOutcome"}, city, list(city.staff))


def test_an_answer_without_a_location_is_an_error(city: City) -> None:
    def answer(_key: str, bundle: dict[str, Any]) -> dict[str, Any]:
        return {"resourceType": "Bundle", "entry": [{"response": {"status": "201"}} for _ in bundle["entry"]]}

    with pytest.raises(LoadError, match="names no location"):
        load_citizens(answer, city, Directory(), range(1))
