"""OAuth 2.0 clients, what people have granted to them, and which assertions of theirs were used."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from oauth2_provider.models import AbstractApplication


class Client(AbstractApplication):
    """A registered client. ``organization`` is the logical id of the Organization for which it acts, ``scopes`` the
    SMART scopes that it may ask for, ``role`` one of health_platform.fhir.access.context.Role.

    ``jwks`` (a JSON Web Key Set) or ``jwks_uri`` hold the public keys with which it authenticates by private_key_jwt;
    ``launch_uri`` is where the console sends a browser to start it (EHR launch).
    """

    organization = models.CharField(max_length=64, blank=True)
    role = models.CharField(max_length=20, default="system")
    scopes = models.TextField(default="system/*.cruds")
    jwks = models.JSONField(null=True, blank=True)
    jwks_uri = models.URLField(blank=True, max_length=500)
    launch_uri = models.URLField(blank=True, max_length=500)

    objects: ClassVar[models.Manager[Client]] = models.Manager()

    class Meta(AbstractApplication.Meta):
        swappable = "OAUTH2_PROVIDER_APPLICATION_MODEL"
        constraints: ClassVar = [models.UniqueConstraint(fields=["name"], name="one_client_per_name")]

    @property
    def has_keys(self) -> bool:
        return bool(self.jwks or self.jwks_uri)


class UsedAssertion(models.Model):
    """A client assertion that was accepted; kept until it would have expired, so that it is accepted once."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE)
    jti = models.CharField(max_length=255)
    expires = models.DateTimeField(db_index=True)

    objects: ClassVar[models.Manager[UsedAssertion]] = models.Manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["client", "jti"], name="one_use_per_assertion")]


class EhrLaunch(models.Model):
    """The console has opened an application for a person and a patient. ``handle`` is the SHA-256 of the opaque
    ``launch`` parameter."""

    handle = models.CharField(max_length=64, unique=True)
    client = models.ForeignKey(Client, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    patient = models.CharField(max_length=64)
    encounter = models.CharField(max_length=64, blank=True)
    expires = models.DateTimeField(db_index=True)

    objects: ClassVar[models.Manager[EhrLaunch]] = models.Manager()


class Authorization(models.Model):
    """What a person has granted to an application once, with its launch context; the tokens that come of it refer
    to it. ``organization`` is the institution for which the person acted then; ``session_key`` the browser session to
    whose life ``online_access`` is bound."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="authorizations")
    organization = models.CharField(max_length=64, blank=True, db_default="", default="")
    scope = models.TextField()
    patient = models.CharField(max_length=64, blank=True)
    encounter = models.CharField(max_length=64, blank=True)
    embedded = models.BooleanField(default=False)
    """Started from the console, which shows whose record is open."""
    session_key = models.CharField(max_length=40, blank=True)
    code = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001  (several have none yet)
    """SHA-256 of the authorization code: one that comes a second time ends what the first one gave."""
    created = models.DateTimeField(auto_now_add=True)
    access_tokens: models.ManyToManyField[Any, Any] = models.ManyToManyField(
        "oauth2_provider.AccessToken", related_name="authorizations"
    )
    refresh_tokens: models.ManyToManyField[Any, Any] = models.ManyToManyField(
        "oauth2_provider.RefreshToken", related_name="authorizations"
    )

    objects: ClassVar[models.Manager[Authorization]] = models.Manager()

    def end(self) -> None:
        """Nothing that came of it is good any longer."""
        self.access_tokens.all().delete()
        self.refresh_tokens.all().delete()
