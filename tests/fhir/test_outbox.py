"""Commit, then tell: an event is a row, done only when its handler's own transaction says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from health_platform.fhir import outbox
from health_platform.fhir.models import OutboxEvent
from health_platform.fhir.repository import Repository
from tests import builders
from tests.builders import OPERATOR, observation


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(outbox, "_handlers", {"patient.changed": [seen.append], "told": [seen.append]})
    yield seen


def test_a_write_leaves_an_event_in_its_own_transaction(db: None, calls: list[dict[str, Any]]) -> None:
    patient = builders.patient()
    with pytest.raises(RuntimeError), transaction.atomic():
        Repository(OPERATOR).create(observation(patient))
        raise RuntimeError
    assert [event.payload["changed"][0][0] for event in OutboxEvent.objects.all()] == ["Patient"]


def test_what_waits_about_one_subject_is_one_call_and_all_of_it_is_done(db: None, calls: list[dict[str, Any]]) -> None:
    patient = builders.patient()
    for _ in range(2):
        Repository(OPERATOR).create(observation(patient))
    assert outbox.drain() == 1
    assert [entry[0] for entry in calls[0]["changed"]] == ["Patient", "Observation", "Observation"]
    assert OutboxEvent.objects.filter(done=None).count() == 0
    assert outbox.drain() == 0
    assert len(calls) == 1


def test_a_handler_that_fails_leaves_the_event_open_and_no_trace_of_its_writes(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(payload: dict[str, Any]) -> None:
        OutboxEvent.objects.create(topic="trace", payload={})
        raise ValueError("a name must not reach the log")

    monkeypatch.setattr(outbox, "_handlers", {"told": [fails]})
    outbox.emit("told", {})
    (event,) = OutboxEvent.objects.all()
    assert outbox.deliver(event.pk) is False
    event.refresh_from_db()
    assert (event.done, event.attempts, event.error) == (None, 1, "ValueError")
    assert OutboxEvent.objects.count() == 1


def test_a_lost_message_is_sent_again(db: None, calls: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(outbox, "_senders", [sent.append])
    outbox.emit("told", {})
    OutboxEvent.objects.update(not_before=OutboxEvent.objects.get().not_before - outbox.RESEND_AFTER)
    assert outbox.sweep() == 1
    assert sent == [OutboxEvent.objects.get().pk]
    assert outbox.deliver(sent[0]) is True
    assert outbox.sweep() == 0


def test_without_a_handler_nothing_is_written(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_handlers", {})
    outbox.emit("told", {})
    assert OutboxEvent.objects.count() == 0
