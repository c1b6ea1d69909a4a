"""The tables of this app: versions of models, what they answered, and where a person's assessment stands.

Results that people read are RiskAssessment resources of the record; these tables say how they came about. Rows about
a person carry the key of the record they belong to and obey the same row-level security as the record itself.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from inference.triage.models import TriageRecord

__all__ = ["AssessmentState", "InferenceRun", "ModelVersion", "ServingDecision", "TriageRecord"]


class ModelVersion(models.Model):
    """A model version of the repository: its card, the SHA-256 of its graph, and whether it serves."""

    model = models.CharField(max_length=64)
    version = models.CharField(max_length=16)
    sha256 = models.CharField(max_length=64)
    card = models.JSONField()
    serving = models.BooleanField(default=False)
    registered = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[ModelVersion]] = models.Manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["model", "version"], name="one_row_per_model_version"),
            models.UniqueConstraint(
                fields=["model"], condition=models.Q(serving=True), name="one_version_of_a_model_serves"
            ),
        ]


class ServingDecision(models.Model):
    """Which version of a model answers, from when on, who decided it and why. Rows are added, never changed (a trigger
    holds that); the newest of a model counts. `mode` and `share` as in inference.runtime.serving."""

    model = models.CharField(max_length=64)
    champion = models.CharField(max_length=16)
    challenger = models.CharField(max_length=16, blank=True)
    mode = models.CharField(max_length=8, blank=True)
    share = models.FloatField(default=0.0)
    decided_by = models.CharField(max_length=200)
    reason = models.CharField(max_length=1000)
    decided = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[ServingDecision]] = models.Manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["model", "-id"], name="serving_newest")]


class InferenceRun(models.Model):
    """One answer of one model version about one person. Rows are added, never changed (a trigger holds that).

    `inputs` are what went in, in the model's units, with dates, sources and origins; `outputs` what came out.
    `risk_assessment` is the logical id of the resource that tells it, empty where nothing is told.
    """

    compartment = models.BigIntegerField()
    patient = models.CharField(max_length=64)
    record_version = models.CharField(max_length=64)
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT)
    feature_hash = models.CharField(max_length=64)
    outcome = models.CharField(max_length=16)
    inputs = models.JSONField()
    outputs = models.JSONField()
    engine = models.CharField(max_length=64)
    provider = models.CharField(max_length=200)
    risk_assessment = models.CharField(max_length=64)
    created = models.DateTimeField()

    objects: ClassVar[models.Manager[InferenceRun]] = models.Manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["patient", "record_version", "model_version"],
                name="one_run_per_patient_record_version_and_model_version",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["patient", "model_version", "-created"], name="run_newest")]


class AssessmentState(models.Model):
    """The current picture of a person: what became of each model, which result stands, and what a plan needs.

    `picture` has `families`, `passed_over`, `alerts` and `rehabilitation` (inference.ageing.assess writes it).
    """

    patient = models.CharField(max_length=64, primary_key=True)
    compartment = models.BigIntegerField()
    record_version = models.CharField(max_length=64)
    assessed = models.DateTimeField()
    picture = models.JSONField()

    objects: ClassVar[models.Manager[AssessmentState]] = models.Manager()
