"""The outbox, and what the record knows beside FHIR R4. The record itself has no models: its tables are written and
read by rows.py and search/sql.py alone."""

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


class LoadedPackage(models.Model):
    """A package in FHIR's NPM form that an operator loaded; versions stand side by side, the last one loaded answers
    where no version is asked for."""

    name = models.CharField(max_length=200)
    version = models.CharField(max_length=100)
    canonical = models.CharField(max_length=500, blank=True)
    loaded = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager[LoadedPackage]] = models.Manager()

    class Meta:
        db_table = "fhir_package"
        constraints: ClassVar = [models.UniqueConstraint(fields=["name", "version"], name="fhir_package_once")]


class PackageResource(models.Model):
    """A StructureDefinition, CodeSystem, ValueSet or ConceptMap of a package; ``body`` is its JSON."""

    package = models.ForeignKey(LoadedPackage, on_delete=models.CASCADE, related_name="resources")
    resource_type = models.CharField(max_length=40)
    url = models.CharField(max_length=500)
    version = models.CharField(max_length=100, blank=True)
    body = models.TextField()

    objects: ClassVar[models.Manager[PackageResource]] = models.Manager()

    class Meta:
        db_table = "fhir_package_resource"


class LoadedCodeSystem(models.Model):
    """A code system from a publisher's file; its concepts are rows of fhir_concept (migration 0003)."""

    url = models.CharField(max_length=500)
    version = models.CharField(max_length=100)
    title = models.CharField(max_length=200)
    count = models.PositiveIntegerField(default=0)
    loaded = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager[LoadedCodeSystem]] = models.Manager()

    class Meta:
        db_table = "fhir_code_system"
        constraints: ClassVar = [models.UniqueConstraint(fields=["url", "version"], name="fhir_code_system_once")]


class Contract(models.Model):
    """What an institution agreed to. Under KR Core its systems delete nothing: they mark as entered in error."""

    organization = models.CharField(max_length=64, primary_key=True)
    kr_core = models.BooleanField(default=False)

    objects: ClassVar[models.Manager[Contract]] = models.Manager()

    class Meta:
        db_table = "fhir_contract"


class ProfileRule(models.Model):
    """A profile to which resources of a type must conform when the institution writes them, or are told where they do
    not. Of several required profiles of one type a resource must conform to one."""

    organization = models.CharField(max_length=64)
    resource_type = models.CharField(max_length=64)
    profile = models.CharField(max_length=500)
    required = models.BooleanField()

    objects: ClassVar[models.Manager[ProfileRule]] = models.Manager()

    class Meta:
        db_table = "fhir_profile_rule"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "profile"], name="fhir_profile_rule_once")
        ]
