"""Planted names, telephone and resident numbers stand in the record and nowhere else: in no log at the finest level,
no error that somebody else gets, no message of the queue, and no table but those named here with their reason."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings
from django.db import connection
from django.test import Client as HttpClient

from health_platform.fhir.access.session import open_session
from tests.builders import FHIR, OPERATOR
from tests.fhir.conftest import City
from tests.live import LiveServer

NAME, PHONE, RESIDENT = "김마루한솔", "010-7301-9942", "500301-2345678"
PLANTED = (NAME, PHONE, RESIDENT, PHONE.replace("-", ""), RESIDENT.replace("-", ""))
HOLDS = {
    "fhir_resource": "the record: current versions",
    "fhir_history": "the record: earlier versions",
    "fhir_string": "the record's index: names are searched by their text",
}


def patient(**members: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "name": [{"text": NAME}],
        "telecom": [{"system": "phone", "value": PHONE}],
        "identifier": [{"system": "urn:bitgoeul:citizen", "value": "C-9001"}],
        "address": [{"text": f"{NAME}의 집"}],
    } | members


class Collected(logging.Handler):
    """Every line that any logger writes, with its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(logging.Formatter("%(name)s %(message)s").format(record))


@pytest.fixture
def collected() -> Iterator[Collected]:
    handler = Collected()
    known = [each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    # What LOG_LEVEL=DEBUG brings about: the settings hold back the loggers that they name.
    held_back = tuple(held_back_levels())
    loggers = [logging.root, *(each for each in known if not each.name.startswith(held_back))]
    held = [each for each in known if each.name in held_back]
    for each in held:
        each.addHandler(handler)
    before = [(each, each.level, each.propagate) for each in loggers]
    for each in loggers:
        each.setLevel(logging.DEBUG)
        each.addHandler(handler)
    yield handler
    for each in held:
        each.removeHandler(handler)
    for each, level, propagate in before:
        each.removeHandler(handler)
        each.setLevel(level)
        each.propagate = propagate


def held_back_levels() -> dict[str, str]:
    """The loggers that the settings name, with their level."""
    configured: Any = settings.LOGGING
    return {name: each["level"] for name, each in configured["loggers"].items()}


def found_in(text: str) -> list[str]:
    return [each for each in PLANTED if each in text]


def use(city: City) -> tuple[str, list[Any]]:
    """The planted person is written, read, searched for, sent wrongly and asked for by a stranger; her id, and what
    others were answered."""
    id = city.system.post(f"{FHIR}/Patient", patient()).json()["id"]
    city.system.put(f"{FHIR}/Patient/{id}", patient(id=id, gender="female"))
    city.system.get(f"{FHIR}/Patient?name={NAME}&phone={PHONE}&identifier={RESIDENT}")
    city.system.send(
        "POST", f"{FHIR}/Patient/_search", f"name={NAME}".encode(), Content_Type="application/x-www-form-urlencoded"
    )
    city.system.post(f"{FHIR}/Patient", patient(gender=NAME, birthDate=RESIDENT))
    with_number = patient(identifier=[{"system": "urn:oid:1.2.410.100110.10.1", "value": RESIDENT}])
    assert city.system.post(f"{FHIR}/Patient", with_number).status_code == 422
    city.system.send("POST", f"{FHIR}/Patient", f'{{"resourceType": "Patient", "{NAME}'.encode())
    city.system.post(f"{FHIR}/Patient", patient(), If_None_Exist=f"identifier={RESIDENT}")
    browser = HttpClient(raise_request_exception=False)
    others = [
        city.stranger.get(f"{FHIR}/Patient/{id}"),
        city.other_clinician.get(f"{FHIR}/Patient/{id}/_history/1"),
        city.other_system.put(f"{FHIR}/Patient/{id}", {"resourceType": "Patient", "id": id}),
        browser.get(f"/console/patients/{id}"),
        browser.get("/no/such/page"),
        browser.post("/oauth/sign-in", {"username": PHONE, "password": RESIDENT}),
        browser.post("/oauth/token", {"grant_type": "password", "username": "a", "password": RESIDENT}),
    ]
    browser.post("/api/v1/session", {"username": NAME, "password": RESIDENT}, content_type="application/json")
    browser.post("/api/v1/triage", {"note": NAME}, content_type="application/json")
    city.system.send("POST", "/v2/models/caide/infer", {"inputs": [{"name": NAME, "data": [RESIDENT]}]})
    return id, others


def test_planted_names_and_numbers_stand_in_no_log_and_no_error_page(city: City, collected: Collected) -> None:
    _, others = use(city)
    assert [found_in(line) for line in collected.lines if found_in(line)] == []
    assert collected.lines
    assert all(response.status_code >= 400 or "sign-in" in str(response.headers) or response.status_code == 200
               for response in others)  # fmt: skip
    assert [found_in(answer.content.decode().replace(f'value="{PHONE}"', "")) for answer in others] == [[]] * len(
        others
    )


def test_what_writes_whole_pages_and_statements_is_held_back() -> None:
    assert held_back_levels() == {"django.request": "ERROR", "django.template": "INFO", "django.db.backends": "INFO"}


def test_a_careless_line_is_found(collected: Collected) -> None:
    logging.getLogger("health_platform.fhir").debug("stored %s", patient())
    assert [found_in(line) for line in collected.lines if found_in(line)]


def test_planted_names_and_numbers_stand_in_no_other_table(city: City) -> None:
    use(city)
    assert sorted(holding() - set(HOLDS)) == []
    assert "fhir_resource" in holding()


def holding() -> set[str]:
    """The tables in whose rows something planted stands, as text or as bytes."""
    wanted = [*PLANTED, *(each.encode().hex() for each in PLANTED)]
    with open_session(OPERATOR) as session:
        session.cursor.execute("SELECT set_config('bitgoeul.log', 'all', true)")
        held = set()
        for name in connection.introspection.table_names():
            session.cursor.execute(
                f"SELECT EXISTS (SELECT 1 FROM {name} t WHERE t::text LIKE ANY(%s))", [[f"%{each}%" for each in wanted]]
            )
            if session.cursor.fetchone() == (True,):
                held.add(name)
    return held


def test_planted_names_and_numbers_stand_in_no_message_and_no_file_of_a_process(live: LiveServer) -> None:
    headers = {"Authorization": f"Bearer {live.token()}", "Content-Type": "application/fhir+json"}
    created = requests.post(f"{live.fhir}/Patient", json=patient(), headers=headers, timeout=20)
    assert created.status_code == 201
    requests.get(f"{live.fhir}/Patient", params={"name": NAME}, headers=headers, timeout=20)
    requests.post(f"{live.fhir}/Patient", json=patient(gender=NAME), headers=headers, timeout=20)
    requests.get(f"{live.base}/no/such/page", params={"name": NAME}, timeout=20)
    files = [file for file in live.processes.home.rglob("*") if file.is_file()]
    assert any(file.suffix == ".log" for file in files)
    assert [str(file) for file in files if any(each.encode() in _read(file) for each in PLANTED)] == []


def _read(file: Path) -> bytes:
    """What a file holds; a message may be taken between the listing and the reading."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
