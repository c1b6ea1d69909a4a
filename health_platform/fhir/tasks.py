"""Celery tasks of the record: they take event numbers, may run twice, and are the only carriers of the outbox."""

from __future__ import annotations

from celery import shared_task

from health_platform.fhir import outbox


@shared_task(name="fhir.deliver", ignore_result=True)
def deliver(number: int) -> None:
    """Deliver one event of the outbox."""
    outbox.deliver(number)


@shared_task(name="fhir.sweep", ignore_result=True)
def sweep() -> None:
    """Send again the events that are still open."""
    outbox.sweep()
