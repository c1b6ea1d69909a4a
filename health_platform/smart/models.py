"""OAuth 2.0 clients: the systems of institutions, and the applications of people."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from oauth2_provider.models import AbstractApplication


class Client(AbstractApplication):
    """A registered client. ``organization`` is the logical id of the Organization for which it acts, ``scopes`` the
    SMART v2 scopes that it may ask for, ``role`` one of health_platform.fhir.access.context.Role.
    """

    organization = models.CharField(max_length=64, blank=True)
    role = models.CharField(max_length=20, default="system")
    scopes = models.TextField(default="system/*.cruds")

    class Meta(AbstractApplication.Meta):
        swappable = "OAUTH2_PROVIDER_APPLICATION_MODEL"
        constraints: ClassVar = [models.UniqueConstraint(fields=["name"], name="one_client_per_name")]
