"""One key, one effect: on a database of its own, with real commits and real outages."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.utils import ProgrammingError
from django.http import HttpResponse

from health_platform.demo.embedded.postgres import Cluster
from health_platform.fhir import outbox
from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.access.session import open_session
from health_platform.fhir.repository import Repository
from inference.triage import store
from inference.triage.device_token import Device
from inference.triage.hospital_source import EMERGENCY_ROOMS, load_snapshot
from inference.triage.models import TriageRecord
from inference.triage.recording import CircuitBreaker, Deadline
from tests.databases import copy_of, point_django_at
from tests.inference.triage.conftest import BODY, Endpoint, device_token

OPERATOR = AccessContext(actor="Device/tests", role=Role.OPERATOR, scopes=frozenset({"system/*.cruds"}))


@pytest.fixture(scope="module")
def own_database(cluster: Cluster, template: str, django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Threads commit here, so the database is not that of the other tests."""
    settings = connections.settings["default"]
    before = {name: settings[name] for name in ("NAME", "USER", "PASSWORD", "HOST")}
    with django_db_blocker.unblock(), copy_of(cluster, template, f"{template}_triage") as url:
        point_django_at(url)
        yield
        connections.close_all()
        settings.update(before)
        connections["default"].settings_dict.update(before)


@pytest.fixture
def recording(own_database: None, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """The endpoint with the real store and a patient deadline, so that a slow machine does not look like an outage."""
    patient: Deadline[store.Written] = Deadline(60.0, CircuitBreaker(3, pause_s=0.5))
    monkeypatch.setattr(store, "_deadline", lambda: patient)
    return Endpoint(record=store.record)


def level_and_reasons(response: HttpResponse) -> Any:
    document = json.loads(response.content)
    return {name: document[name] for name in ("level", "range", "reasons", "missing", "scores", "red_flags", "pack")}


def records(key: str) -> list[TriageRecord]:
    """What stands under a key, as the operator sees it."""
    with open_session(OPERATOR):
        return list(TriageRecord.objects.filter(key=key))


def encounters(key: str) -> list[dict[str, Any]]:
    """The Encounters of a key, once the worker has done its part."""
    outbox.drain()
    query = {"identifier": f"urn:bitgoeul:triage|ambulance-7/{key}"}
    return Repository(OPERATOR).search("Encounter", query).resources()


def test_an_assessment_is_recorded_with_its_encounter_and_observations(recording: Endpoint) -> None:
    response = recording(key="first-key-1")
    assert json.loads(response.content)["recorded"] is True
    [encounter] = encounters("first-key-1")
    [record] = records("first-key-1")
    assert (record.encounter, bytes(record.answer)) == (encounter["id"], response.content)
    query = {"encounter": f"Encounter/{encounter['id']}", "_count": "50"}
    observations = Repository(OPERATOR).search("Observation", query).resources()
    values = [o["valueInteger"] for o in observations if "valueInteger" in o]
    assert values == [2]
    assert len(observations) >= 8


def test_the_same_key_and_body_give_the_same_bytes_and_one_record(recording: Endpoint) -> None:
    first = recording(key="repeat-key-1")
    later = replace(recording, now=recording.now.replace(hour=5), language="ko")(key="repeat-key-1")
    assert later.content == first.content
    assert len(encounters("repeat-key-1")) == 1


def test_the_same_key_with_another_body_is_refused_and_changes_nothing(recording: Endpoint) -> None:
    first = recording(key="conflict-key")
    refused = recording({**BODY, "pregnancy": False}, key="conflict-key")
    assert refused.status_code == 422
    assert recording(key="conflict-key").content == first.content
    assert len(encounters("conflict-key")) == 1


def test_two_devices_may_use_the_same_key(recording: Endpoint) -> None:
    recording(key="shared-key")
    other = device_token(Device("ambulance-8", "fire-station-1"))
    assert recording({}, key="shared-key", token=other).status_code == 200
    assert len(records("shared-key")) == 2


def test_a_hundred_at_once_under_one_key_give_one_record_and_the_same_bytes(recording: Endpoint) -> None:
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: recording(key="hundred-key").content, range(100)))
    assert len(set(answers)) == 1
    assert json.loads(answers[0])["recorded"] is True
    assert len(records("hundred-key")) == 1
    assert len(encounters("hundred-key")) == 1


def test_recorded_means_a_durable_row_from_which_the_worker_makes_the_resources_once(recording: Endpoint) -> None:
    response = recording(key="durable-key-1")
    [row] = records("durable-key-1")
    assert (row.encounter, bytes(row.answer)) == ("", response.content)
    assert row.bundle is not None
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(_made_in_thread, ["durable-key-1"] * 8))
    [encounter] = encounters("durable-key-1")
    [row] = records("durable-key-1")
    assert (row.encounter, row.bundle) == (encounter["id"], None)


def _made_in_thread(key: str) -> None:
    try:
        store.make_resources({"device": "ambulance-7", "organization": "fire-station-1", "key": key})
    finally:
        connections.close_all()


def test_a_worker_that_dies_half_way_leaves_everything_to_the_next(
    recording: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox.drain()
    recording(key="killed-key-1")
    [number] = outbox.open_events()

    def dies(self: TriageRecord, **options: Any) -> None:
        raise SystemError

    with monkeypatch.context() as dying:
        dying.setattr(TriageRecord, "save", dies)
        assert outbox.deliver(number) is False
    [row] = records("killed-key-1")
    assert row.bundle is not None
    query = {"identifier": "urn:bitgoeul:triage|ambulance-7/killed-key-1"}
    assert Repository(OPERATOR).search("Encounter", query).resources() == []
    assert outbox.deliver(number) is True
    assert len(encounters("killed-key-1")) == 1


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("nul", {"complaint_text": "a\0b"}),
        ("control", {"complaint_text": "\x01\x1f\x0b"}),
        ("blank", {"complaint_text": " "}),
        ("empty", {"complaint_text": ""}),
        ("long", {"complaint_text": "가" * 500}),
        ("first-year", {"measured_at": "0001-01-01T00:00:00+14:00"}),
        ("last-year", {"measured_at": "9999-12-31T23:59:59-12:00"}),
        ("odd-offset", {"measured_at": "2026-11-22T09:30:00+09:00:30"}),
        ("wide-offset", {"measured_at": "2026-11-22T09:30:00+23:59"}),
        ("nothing", {"vital_signs": None}),
        ("newborn", {"age": {"value": 0, "unit": "d"}}),
    ],
)
def test_whatever_was_recorded_can_be_made_into_resources(recording: Endpoint, name: str, body: dict[str, Any]) -> None:
    response = recording({**BODY, **body}, key=f"edge-{name}")
    assert len(encounters(f"edge-{name}")) == (1 if response.status_code == 200 else 0)
    assert response.status_code in (200, 422)


def test_what_cannot_be_written_as_a_whole_is_not_written_at_all(
    recording: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox.drain()
    monkeypatch.setattr(outbox, "emit", lambda *_: 1 / 0)
    failed = recording(key="broken-key-1")
    assert failed.status_code == 200
    assert json.loads(failed.content)["recorded"] is False
    assert records("broken-key-1") == []


def test_a_device_sees_none_of_anothers_rows_even_without_any_filter(recording: Endpoint) -> None:
    recording(key="locked-row-1")
    recording(key="locked-row-1", token=device_token(Device("ambulance-9", "fire-station-2")))
    seen = {device: _devices_seen_by(device) for device in ("", "ambulance-7", "ambulance-9", "ambulance-10")}
    assert seen == {"": set(), "ambulance-7": {"ambulance-7"}, "ambulance-9": {"ambulance-9"}, "ambulance-10": set()}
    assert len(records("locked-row-1")) == 2


def test_a_device_writes_no_row_in_anothers_name(recording: Endpoint) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        _act_as("ambulance-7")
        TriageRecord.objects.create(
            device="ambulance-9", key="in-its-name", body_sha256="", answer=b"", encounter="", created=recording.now
        )


def _devices_seen_by(device: str) -> set[str]:
    with transaction.atomic():
        _act_as(device)
        return set(TriageRecord.objects.values_list("device", flat=True))


def _act_as(device: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('bitgoeul.device', %s, true)", [device])


def patient_of(organization: str) -> str:
    patient = {"resourceType": "Patient", "managingOrganization": {"reference": f"Organization/{organization}"}}
    return Repository(OPERATOR).create(patient).reference


def test_a_patient_whom_the_devices_institution_cares_for_is_the_subject(recording: Endpoint) -> None:
    patient = patient_of("fire-station-1")
    recording({**BODY, "patient": patient}, key="own-patient-1")
    [encounter] = encounters("own-patient-1")
    assert encounter["subject"]["reference"] == patient


@pytest.mark.parametrize("deleted", [False, True])
def test_a_foreign_patients_record_gains_nothing_and_the_answer_tells_nothing(
    recording: Endpoint, deleted: bool
) -> None:
    patient = patient_of("another-clinic")
    if deleted:
        Repository(OPERATOR).delete("Patient", patient.removeprefix("Patient/"))
    foreign = recording({**BODY, "patient": patient}, key=f"foreign-{deleted}")
    unknown = recording({**BODY, "patient": "Patient/there-is-none"}, key=f"unknown-{deleted}")
    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
    assert json.loads(foreign.content)["recorded"] is True
    for key, stated in ((f"foreign-{deleted}", patient), (f"unknown-{deleted}", "Patient/there-is-none")):
        [encounter] = encounters(key)
        assert encounter["subject"] == {"reference": "#patient"}
        assert [identifier["value"] for identifier in encounter["contained"][0]["identifier"]] == [stated]
    for kind in ("Encounter", "Observation"):
        assert Repository(OPERATOR).search(kind, {"patient": patient}).resources() == []


def _with_database(url_parts: dict[str, Any], action: Callable[[], Any]) -> Any:
    settings = connections.settings["default"]
    before = dict(settings)
    settings.update(url_parts)
    try:
        return action()
    finally:
        settings.clear()
        settings.update(before)


@pytest.fixture
def prompt(recording: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    deadline: Deadline[store.Written] = Deadline(0.25, CircuitBreaker(3, pause_s=0.5))
    monkeypatch.setattr(store, "_deadline", lambda: deadline)
    return recording


def test_an_answer_given_while_the_database_was_down_is_recorded_by_the_repeat(
    recording: Endpoint, prompt: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = _with_database({"HOST": "127.0.0.1", "PORT": "9"}, lambda: prompt(key="outage-key-1"))
    answer = json.loads(down.content)
    assert (answer["recorded"], answer["degraded"]) == (False, True)
    assert records("outage-key-1") == []
    patient: Deadline[store.Written] = Deadline(60.0, CircuitBreaker(3, pause_s=0.5))
    monkeypatch.setattr(store, "_deadline", lambda: patient)
    repeat = recording(key="outage-key-1")
    assert json.loads(repeat.content)["recorded"] is True
    assert level_and_reasons(repeat) == level_and_reasons(down)
    assert len(encounters("outage-key-1")) == 1


def test_a_database_that_hangs_holds_up_the_answer_no_longer_than_the_deadline(prompt: Endpoint) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = str(silent.getsockname()[1])
        started = time.monotonic()
        response = _with_database(
            {"HOST": "127.0.0.1", "PORT": port, "OPTIONS": {"connect_timeout": 2}},
            lambda: [prompt(key=f"hang-key-{n:04}") for n in range(30)][-1],
        )
        assert json.loads(response.content)["recorded"] is False
    # Three calls wait for the deadline of 0.25 s each, then the store is left alone; thirty would take 7.5 s.
    assert time.monotonic() - started < 6


def test_a_row_that_another_transaction_holds_does_not_hold_up_the_answer(prompt: Endpoint) -> None:
    with open_session(OPERATOR):
        TriageRecord.objects.create(
            device="ambulance-7", key="locked-key", body_sha256="", answer=b"", encounter="", created=prompt.now
        )
        response = prompt(key="locked-key")
        transaction.set_rollback(True)
    assert json.loads(response.content)["recorded"] is False


def test_emergency_rooms_are_read_from_the_record(own_database: None) -> None:
    location = {
        "resourceType": "Location",
        "status": "active",
        "name": "가나병원 응급실",
        "telecom": [{"system": "phone", "value": "062-000-0000"}],
        "type": [{"coding": [{"system": EMERGENCY_ROOMS["type"].split("|")[0], "code": "ER"}]}],
        "position": {"latitude": 35.15, "longitude": 126.9},
        "extension": [
            {"url": "urn:bitgoeul:StructureDefinition:emergency-beds", "valueUnsignedInt": 21},
            {"url": "urn:bitgoeul:StructureDefinition:emergency-open-by-night", "valueBoolean": True},
        ],
    }
    stored = Repository(OPERATOR).create(location)
    Repository(OPERATOR).create({"resourceType": "Location", "status": "active", "name": "의원"})
    [room] = load_snapshot().rooms
    assert (room.id, room.name, room.beds) == (stored.reference, "가나병원 응급실", 21)
    assert (room.open_by_day, room.open_by_night) == (None, True)
    assert room.position is not None
    assert room.listed_at is not None
