"""The citizen API's own rows. Nothing of a citizen's health stands here: that is the record's."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class SignInAttempt(models.Model):
    """A sign-in that has not succeeded. ``key`` is a keyed hash, so that neither what was typed as a name nor an
    address can be read from it."""

    key = models.CharField(max_length=64)
    at = models.DateTimeField()

    objects: ClassVar[models.Manager[SignInAttempt]] = models.Manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["key", "at"], name="sign_in_attempts_of_key")]
