"""Celery tasks of the record: they take event numbers, may run twice, and are the only carriers of the outbox."""

from __future__ import annotations

from celery import shared_task

from health_platform.fhir import outbox
from health_platform.fhir.access import audit_chain


@shared_task(name="fhir.deliver", ignore_result=True)
def deliver(number: int) -> None:
    """Deliver one event of the outbox."""
    outbox.deliver(number)


@shared_task(name="fhir.sweep", ignore_result=True)
def sweep() -> None:
    """Send again the events that are still open."""
    outbox.sweep()


@shared_task(name="fhir.seal_audit", ignore_result=True)
def seal_audit() -> None:
    """Seal the access log and sign a checkpoint."""
    audit_chain.seal()
