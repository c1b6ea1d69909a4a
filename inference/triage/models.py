"""Which device sent what under which key, and the answer it got."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class TriageRecord(models.Model):
    """One assessment under one idempotency key. `answer` holds the exact bytes that were sent.

    `bundle` is what is still to be written into the record (a transaction Bundle as JSON); null once it stands there,
    with `encounter` its logical id.
    """

    device = models.CharField(max_length=128)
    key = models.CharField(max_length=200)
    body_sha256 = models.CharField(max_length=64)
    answer = models.BinaryField()
    bundle = models.BinaryField(null=True)
    encounter = models.CharField(max_length=64)
    created = models.DateTimeField()

    objects: ClassVar[models.Manager[TriageRecord]] = models.Manager()

    class Meta:
        db_table = "inference_triage_record"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["device", "key"], name="one_triage_record_per_device_and_key")
        ]
