"""The outbox. The record itself has no models: its tables are written and read by store.py and search/sql.py alone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class OutboxEvent(models.Model):
    """Something that happened, written in the transaction that made it happen; done when its handler's own
    transaction says so (outbox.py). Open events of one topic about one ``subject`` are handled together."""

    topic = models.CharField(max_length=60)
    subject = models.CharField(max_length=64, default="")
    payload: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    created = models.DateTimeField(auto_now_add=True)
    not_before = models.DateTimeField(auto_now_add=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)
    done = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[OutboxEvent]] = models.Manager()

    class Meta:
        db_table = "fhir_outbox"
        indexes: ClassVar = [
            models.Index(fields=["not_before"], condition=models.Q(done=None), name="fhir_outbox_open"),
            models.Index(fields=["topic", "subject"], condition=models.Q(done=None), name="fhir_outbox_subject"),
        ]
