"""Passkeys: WebAuthn Level 2 (https://www.w3.org/TR/webauthn-2/), discoverable and with user verification, so that one
of them is both factors: the device that holds it, and the finger, face or PIN that opens it.

A ceremony is a challenge and its answer. The challenge is kept as a hash until it is answered, once, or five minutes.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from health_platform.accounts.models import Challenge, Passkey, User

OPEN_FOR = timedelta(minutes=5)
MOST_PASSKEYS = 10
_ALGORITHMS = frozenset({-7, -8, -257})
"""COSE: ES256, EdDSA, RS256."""
_NAME, _ALGORITHM = "Bitgoeul", 3
_MALFORMED = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    NotImplementedError,
    AssertionError,
    struct.error,
)
Credential = Mapping[str, Any]


class NotProven(Exception):
    """The answer proves nothing; the message says why, for a log."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where the ceremony takes place: the relying party's id (a domain) and the origin that a browser names."""

    domain: str
    origin: str


def site_of(request: HttpRequest) -> Site:
    host = request.get_host()
    return Site(host.rpartition(":")[0] or host, f"{request.scheme}://{host}")


def registration_options(user: User, site: Site, now: datetime) -> dict[str, Any]:
    """What a browser needs to make a passkey for ``user`` (PublicKeyCredentialCreationOptions, as JSON)."""
    known = [_public(passkey) for passkey in user.passkeys.all()]
    person = PublicKeyCredentialUserEntity(id=_handle(user), name=user.username, display_name=user.display_name)
    options, state = _server(site).register_begin(
        person,
        known,
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    _keep(state["challenge"], user, now)
    return dict(options)["publicKey"]  # type: ignore[no-any-return]


def register(user: User, site: Site, credential: Credential, name: str, now: datetime) -> Passkey:
    """Keep the passkey that a browser made. Raises NotProven."""
    if user.passkeys.count() >= MOST_PASSKEYS:
        raise NotProven(f"at most {MOST_PASSKEYS} passkeys")
    try:
        asked = RegistrationResponse.from_dict(credential).response.client_data.challenge
        state = _take(asked, user, now)
        found = _server(site).register_complete(state, credential)
    except _MALFORMED as error:
        raise NotProven(str(error) or type(error).__name__) from None
    public = found.credential_data
    if public is None or public.public_key[_ALGORITHM] not in _ALGORITHMS:
        raise NotProven("an algorithm that was not asked for")
    try:
        with transaction.atomic():
            return Passkey.objects.create(
                user=user,
                credential=public.credential_id,
                public=bytes(public),
                count=found.counter,
                name=name.strip()[:60] or "Passkey",
                made=now,
            )
    except IntegrityError:
        raise NotProven("this passkey is registered already") from None


def sign_in_options(site: Site, now: datetime) -> dict[str, Any]:
    """What a browser needs to offer its passkeys (PublicKeyCredentialRequestOptions, as JSON). It names none."""
    options, state = _server(site).authenticate_begin(user_verification=UserVerificationRequirement.REQUIRED)
    _keep(state["challenge"], None, now)
    return dict(options)["publicKey"]  # type: ignore[no-any-return]


def check(site: Site, credential: Credential, now: datetime) -> User:
    """Whose passkey has answered a challenge of a sign-in. Raises NotProven."""
    try:
        answer = AuthenticationResponse.from_dict(credential)
        state = _take(answer.response.client_data.challenge, None, now)
        with transaction.atomic():
            passkey = (
                Passkey.objects.select_for_update(of=("self",)).select_related("user").get(credential=answer.raw_id)
            )
            _server(site).authenticate_complete(state, [_public(passkey)], credential)
            _check_owner(passkey, answer)
            passkey.count, passkey.used = answer.response.authenticator_data.counter, now
            passkey.save(update_fields=["count", "used"])
    except (*_MALFORMED, Passkey.DoesNotExist) as error:
        raise NotProven(str(error) or type(error).__name__) from None
    return passkey.user


def _check_owner(passkey: Passkey, answer: AuthenticationResponse) -> None:
    """The account is on, the handle is its own, and the counter went on: one that did not is that of a copy
    (WebAuthn Level 2, 6.1.1). Authenticators without a counter always show 0."""
    handle, count = answer.response.user_handle, answer.response.authenticator_data.counter
    if not passkey.user.is_active:
        raise ValueError("the account is switched off")
    if handle is not None and not hmac.compare_digest(bytes(handle), _handle(passkey.user)):
        raise ValueError("the passkey names another person")
    if (count or passkey.count) and count <= passkey.count:
        raise ValueError("the signature counter did not go on: the passkey may have been copied")


def _server(site: Site) -> Fido2Server:
    party = PublicKeyCredentialRpEntity(id=site.domain, name=_NAME)
    return Fido2Server(party, verify_origin=lambda origin: origin == site.origin)


def _public(passkey: Passkey) -> AttestedCredentialData:
    return AttestedCredentialData(bytes(passkey.public))


def _handle(user: User) -> bytes:
    """What the authenticator keeps as the person's id: it tells nothing of her (WebAuthn Level 2, 14.6.1)."""
    return hmac.new(settings.SECRET_KEY.encode(), f"passkey user {user.pk}".encode(), hashlib.sha256).digest()


def _keep(challenge: str, user: User | None, now: datetime) -> None:
    Challenge.objects.filter(expires__lt=now).delete()
    Challenge.objects.create(digest=_digest(challenge), user=user, expires=now + OPEN_FOR)


def _take(challenge: bytes, user: User | None, now: datetime) -> dict[str, Any]:
    """The state of the ceremony, which ends here. Raises ValueError when none is open for ``user``."""
    text = websafe_encode(challenge)
    ended, _by_model = Challenge.objects.filter(digest=_digest(text), user=user, expires__gt=now).delete()
    if not ended:
        raise ValueError("no ceremony is open for this challenge")
    return {"challenge": text, "user_verification": UserVerificationRequirement.REQUIRED}


def _digest(challenge: str) -> str:
    return hashlib.sha256(challenge.encode()).hexdigest()
