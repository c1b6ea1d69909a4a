"""private_key_jwt: a client proves by a signed assertion who it is (RFC 7523; SMART App Launch 2.2,
client-confidential-asymmetric.html)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.db import IntegrityError, transaction
from joserfc import jws
from joserfc.errors import JoseError

from health_platform.smart.key_sets import KeysUnavailable, key_set
from health_platform.smart.models import Client, UsedAssertion

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("ES384", "RS384")
LONGEST = timedelta(minutes=5)
_CLOCKS_DIFFER = timedelta(seconds=5)
_MOST_CHARACTERS = 8192


class InvalidAssertion(Exception):
    """The assertion proves nothing; the message says why."""


@dataclass(frozen=True, slots=True)
class _Claims:
    issuer: str
    jti: str
    expires: datetime


def authenticate(assertion: str, audience: str, now: datetime) -> Client:
    """The client that signed ``assertion`` for ``audience`` (the token endpoint's address), used here for the first
    time. Raises InvalidAssertion."""
    key_id, payload = _unverified(assertion)
    client = Client.objects.filter(client_id=str(payload.get("iss", ""))).first()
    if client is None:
        raise InvalidAssertion("'iss' is not a registered client")
    _verify(assertion, client, key_id)
    claims = _checked(payload, client.client_id, audience, now)
    _use_once(client, claims, now)
    return client


def _unverified(assertion: str) -> tuple[str, dict[str, Any]]:
    """The key id and the payload, before anything is known of their truth."""
    if len(assertion) > _MOST_CHARACTERS:
        raise InvalidAssertion("the assertion is too long")
    try:
        found = jws.extract_compact(assertion.encode())
        header, payload = found.headers(), orjson.loads(found.payload)
    except (JoseError, ValueError):
        raise InvalidAssertion("the assertion is not a signed JWT") from None
    if header.get("alg") not in ALGORITHMS:
        raise InvalidAssertion(f"sign with {' or '.join(ALGORITHMS)}")
    if not isinstance(header.get("kid"), str) or not isinstance(payload, dict):
        raise InvalidAssertion("the header needs a 'kid', and the payload is an object")
    return header["kid"], payload


def _verify(assertion: str, client: Client, key_id: str) -> None:
    try:
        keys = key_set(client, key_id)
        jws.deserialize_compact(assertion.encode(), keys, algorithms=list(ALGORITHMS))
    except KeysUnavailable as error:
        raise InvalidAssertion(str(error)) from None
    except (JoseError, ValueError):
        raise InvalidAssertion("no key of the client has made this signature") from None


def _checked(payload: dict[str, Any], client_id: str, audience: str, now: datetime) -> _Claims:
    if payload.get("sub") != client_id:
        raise InvalidAssertion("'sub' is the client's id, like 'iss'")
    named = payload.get("aud")
    if audience not in (named if isinstance(named, list) else [named]):
        raise InvalidAssertion(f"'aud' is {audience}")
    expires = _moment(payload, "exp")
    if expires is None or not now < expires <= now + LONGEST + _CLOCKS_DIFFER:
        raise InvalidAssertion("'exp' is in the future, by at most 5 minutes")
    begins = _moment(payload, "nbf")
    if begins is not None and begins > now + _CLOCKS_DIFFER:
        raise InvalidAssertion("'nbf' is not in the future")
    jti = payload.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= 255 or "\0" in jti:
        raise InvalidAssertion("'jti' is a text of at most 255 characters")
    return _Claims(client_id, jti, expires)


def _moment(payload: dict[str, Any], name: str) -> datetime | None:
    """A NumericDate; None where there is none. Raises InvalidAssertion for what is not one."""
    value = payload.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**40:
        raise InvalidAssertion(f"'{name}' is a number of seconds")
    return datetime.fromtimestamp(value, UTC)


def _use_once(client: Client, claims: _Claims, now: datetime) -> None:
    UsedAssertion.objects.filter(expires__lt=now - LONGEST).delete()
    try:
        with transaction.atomic():
            UsedAssertion.objects.create(client=client, jti=claims.jti, expires=claims.expires)
    except IntegrityError:
        raise InvalidAssertion("this 'jti' was used before") from None
