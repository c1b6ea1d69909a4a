"""Commit, then tell: events are rows, written in the transaction of what they tell of.

A row is done only when the transaction of its handler says so, so no broker can lose one: the broker carries row
numbers, and `sweep` sends again whatever is still open. Handlers may run twice and must not mind.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from health_platform.fhir.access import wire
from health_platform.fhir.models import OutboxEvent

Payload = dict[str, Any]
Handler = Callable[[Payload], None]
RESEND_AFTER = timedelta(seconds=30)
MAX_ATTEMPTS = 20
_WRITE = """
INSERT INTO fhir_outbox (topic, payload, subject, created, not_before, attempts, error)
VALUES (%s, %s::jsonb, %s, clock_timestamp(), clock_timestamp(), 0, '') RETURNING id
"""

log = logging.getLogger(__name__)
_handlers: dict[str, list[Handler]] = {}
_senders: list[Callable[[int], None]] = []


def register(topic: str, handler: Handler) -> None:
    """Have ``handler`` called for the events of ``topic``, in the transaction that marks them done.

    Events about one subject that wait together are one call: their payloads are merged, lists joined in order.
    """
    _handlers.setdefault(topic, []).append(handler)


def send_by(sender: Callable[[int], None]) -> None:
    """Set what carries event numbers to a worker (health_platform.celery)."""
    _senders[:] = [sender]


def emit(topic: str, payload: Payload, *, subject: str = "") -> None:
    """Write an event in the open transaction; it is sent after the commit. Without a handler nothing is written."""
    if topic not in _handlers:
        return
    row = wire.run([(_WRITE, [topic, orjson.dumps(payload).decode(), subject])])[0].fetchone()
    assert row is not None  # noqa: S101  (RETURNING)
    transaction.on_commit(lambda: _send(row[0]), robust=True)


def _send(number: int) -> None:
    for sender in _senders:
        sender(number)


def deliver(number: int) -> bool:
    """Run the handlers of event ``number``, and of all that wait with it about its subject, and mark them done, in one
    transaction. False when there was nothing to do.

    A handler's exception leaves the event open, counts the attempt and puts the next one off; it is logged by its
    class alone, for its text could carry a value of a record.
    """
    try:
        with transaction.atomic():
            events = _take(number)
            if not events:
                return False
            payload = _merged([event.payload for event in events])
            for handler in _handlers.get(events[0].topic, []):
                handler(payload)
            OutboxEvent.objects.filter(pk__in=[event.pk for event in events]).update(done=timezone.now())
            return True
    except Exception as error:
        log.warning("event %d failed: %s", number, type(error).__name__)
        _put_off(number, type(error).__name__)
        return False


def _take(number: int) -> list[OutboxEvent]:
    """The open event, locked, with the other open events about its subject that nobody else has locked."""
    waiting = OutboxEvent.objects.select_for_update(skip_locked=True).filter(done=None, attempts__lt=MAX_ATTEMPTS)
    event = waiting.filter(pk=number).first()
    if event is None:
        return []
    if not event.subject:
        return [event]
    others = waiting.filter(topic=event.topic, subject=event.subject).exclude(pk=number)
    return sorted([event, *others], key=lambda each: each.pk)


def _merged(payloads: list[Payload]) -> Payload:
    merged = dict(payloads[0])
    for payload in payloads[1:]:
        for name, value in payload.items():
            merged[name] = merged[name] + value if isinstance(value, list) else value
    return merged


def _put_off(number: int, reason: str) -> None:
    event = OutboxEvent.objects.filter(pk=number).first()
    if event is None:
        return
    event.attempts += 1
    event.error = reason[:200]
    event.not_before = timezone.now() + timedelta(seconds=min(600, 2**event.attempts))
    event.save(update_fields=["attempts", "error", "not_before"])


def open_events(limit: int = 500, older_than: timedelta = timedelta(0)) -> list[int]:
    """Numbers of open events that are due."""
    due = OutboxEvent.objects.filter(
        done=None, attempts__lt=MAX_ATTEMPTS, not_before__lte=timezone.now() - older_than
    ).order_by("pk")
    return list(due.values_list("pk", flat=True)[:limit])


def sweep() -> int:
    """Send what is open and was not done in time, and say how many: a lost message costs half a minute, no event."""
    numbers = open_events(older_than=RESEND_AFTER)
    for number in numbers:
        _send(number)
    return len(numbers)


def drain() -> int:
    """Deliver everything that is due in this process, and say how many: for commands and tests."""
    delivered = 0
    while numbers := open_events():
        worked = sum(deliver(number) for number in numbers)
        delivered += worked
        if not worked:
            break
    return delivered
