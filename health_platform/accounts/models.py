"""Who signs in: people, and the institutions for which they act."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person is to the platform; the access policy asks it."""

    CITIZEN = "citizen", _("Citizen")
    CLINICIAN = "clinician", _("Clinician")
    AMBULANCE = "ambulance", _("Ambulance crew")
    ADMINISTRATOR = "administrator", _("Centre administrator")
    AUDITOR = "auditor", _("Auditor")


class User(AbstractUser):  # type: ignore[django-manager-missing]
    """A person's account. ``practitioner`` and ``patient`` are the logical ids of the FHIR resources that stand for
    the person in the record; a clinician who is also a citizen of the city has both.
    """

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    display_name = models.CharField(_("name"), max_length=120)
    role = models.CharField(max_length=20, choices=Role, default=Role.CITIZEN)
    practitioner = models.CharField(max_length=64, blank=True)
    patient = models.CharField(max_length=64, blank=True, db_index=True)

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name


class Membership(models.Model):
    """A person acts for an institution. ``organization`` is the logical id of its FHIR Organization."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organization = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    since = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Membership]] = models.Manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "organization"], name="one_membership_per_institution")
        ]
        ordering: ClassVar = ["since"]


class SignInAttempt(models.Model):
    """One attempt to sign in, under a keyed hash of account or address (throttle.py)."""

    key = models.CharField(max_length=64)
    at = models.DateTimeField()

    objects: ClassVar[models.Manager[SignInAttempt]] = models.Manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["key", "at"]), models.Index(fields=["at"])]


class SecondFactor(models.Model):
    """The secret of a person's authenticator (RFC 6238), encrypted. ``last_step`` is the time step of the last code
    that was accepted: none is accepted twice. It counts only once ``confirmed``."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="second_factor")
    secret = models.BinaryField()
    last_step = models.BigIntegerField(default=0)
    confirmed = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[SecondFactor]] = models.Manager()


class RecoveryCode(models.Model):
    """A code that stands in for the authenticator once, as a keyed hash; used ones are removed."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64, unique=True)

    objects: ClassVar[models.Manager[RecoveryCode]] = models.Manager()


class OpenSession(models.Model):
    """A browser session of a person, for the list from which the person ends it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="open_sessions")
    session_key = models.CharField(max_length=40, unique=True)
    began = models.DateTimeField(auto_now_add=True)
    device = models.CharField(max_length=200, blank=True)

    objects: ClassVar[models.Manager[OpenSession]] = models.Manager()


class Passkey(models.Model):
    """A WebAuthn credential of a person. ``public`` is its attested credential data (WebAuthn Level 2, 6.5.1),
    ``count`` the signature counter that it showed last."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="passkeys")
    credential = models.BinaryField(unique=True, max_length=1023)
    public = models.BinaryField()
    count = models.BigIntegerField(default=0)
    name = models.CharField(max_length=60)
    made = models.DateTimeField()
    used = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Passkey]] = models.Manager()

    class Meta:
        ordering: ClassVar = ["made"]


class Challenge(models.Model):
    """A challenge of a WebAuthn ceremony that is open, as SHA-256: it is answered once. ``user`` is None for a
    sign-in."""

    digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True)
    expires = models.DateTimeField(db_index=True)

    objects: ClassVar[models.Manager[Challenge]] = models.Manager()


class OutsideIdentity(models.Model):
    """A person signs in through an OpenID Connect provider (settings.IDENTITY_PROVIDERS) as its ``subject``."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="outside_identities")
    provider = models.CharField(max_length=40)
    subject = models.CharField(max_length=255)
    connected = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[OutsideIdentity]] = models.Manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "subject"], name="one_account_per_outside_identity"),
            models.UniqueConstraint(fields=["user", "provider"], name="one_identity_per_provider"),
        ]


class ProvenIdentity(models.Model):
    """A person has proven who she is (proofing). ``index`` is the keyed hash of the connecting information (CI) of the
    proof: one person has one account. Nothing else of the proof is kept."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="proven_identity")
    index = models.CharField(max_length=64, unique=True)
    method = models.CharField(max_length=40)
    proven = models.DateTimeField()

    objects: ClassVar[models.Manager[ProvenIdentity]] = models.Manager()


class BindingCode(models.Model):
    """A code that an institution hands to a patient in person; with a proven identity of the same name and birth date
    it binds an account to ``patient``. Code and ``name`` are kept as keyed hashes."""

    digest = models.CharField(max_length=64, unique=True)
    patient = models.CharField(max_length=64)
    name = models.CharField(max_length=120)
    birth_date = models.DateField()
    expires = models.DateTimeField(db_index=True)

    objects: ClassVar[models.Manager[BindingCode]] = models.Manager()


class ResidentNumber(models.Model):
    """A resident registration number that a law gives us (resident_number.py): ``sealed`` under the key ``key_id``,
    ``index`` its keyed hash for look-up, ``basis`` the article that allows it."""

    patient = models.CharField(max_length=64, unique=True)
    key_id = models.CharField(max_length=16, db_index=True)
    sealed = models.BinaryField()
    index = models.CharField(max_length=64, unique=True)
    basis = models.CharField(max_length=120)
    kept = models.DateTimeField()

    objects: ClassVar[models.Manager[ResidentNumber]] = models.Manager()


class CarerCode(models.Model):
    """A code by which a citizen shows a person who wants her as a carer which ``patient`` she is; kept as a keyed
    hash."""

    digest = models.CharField(max_length=64, unique=True)
    patient = models.CharField(max_length=64, db_index=True)
    expires = models.DateTimeField(db_index=True)

    objects: ClassVar[models.Manager[CarerCode]] = models.Manager()
