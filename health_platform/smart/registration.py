"""Registering the system of an institution: who it is, by which keys it signs, what it may ask for."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.access.scopes import parse
from health_platform.fhir.outcome import FhirError
from health_platform.fhir.repository import Repository
from health_platform.smart.models import Client
from health_platform.smart.scopes import INTROSPECTION

_CURVE, _LEAST_RSA_BITS = "P-384", 2048
_READER = AccessContext(actor="Device/registration", role=Role.SYSTEM, scopes=frozenset({"system/Organization.r"}))


class NotRegistered(Exception):
    """The message says what is wrong and how to mend it."""


@dataclass(frozen=True, slots=True)
class Registration:
    """``organization`` is the logical id of the institution's Organization; either ``jwks``, a JSON Web Key Set of
    public keys, or ``jwks_uri``, its https address."""

    name: str
    organization: str
    scopes: tuple[str, ...]
    jwks: dict[str, Any] | None = None
    jwks_uri: str = ""


def register(asked: Registration) -> Client:
    """A new client of an institution, for Backend Services. Raises NotRegistered."""
    _check_scopes(asked.scopes)
    _check_organization(asked.organization)
    if (asked.jwks is None) == (not asked.jwks_uri):
        raise NotRegistered("Give either a key set or the address of one.")
    if asked.jwks is not None:
        _check_keys(asked.jwks)
    elif urlsplit(asked.jwks_uri).scheme != "https" or not urlsplit(asked.jwks_uri).hostname:
        raise NotRegistered(f"'{asked.jwks_uri}' is not an https address.")
    try:
        with transaction.atomic():
            client: Client = Client.objects.create(
                name=asked.name,
                organization=asked.organization,
                scopes=" ".join(asked.scopes),
                jwks=asked.jwks,
                jwks_uri=asked.jwks_uri,
                client_secret=secrets.token_urlsafe(32),
                client_type=Client.CLIENT_CONFIDENTIAL,
                authorization_grant_type=Client.GRANT_CLIENT_CREDENTIALS,
            )
    except IntegrityError:
        raise NotRegistered(f"There is a client '{asked.name}' already: choose another name.") from None
    return client


def _check_scopes(scopes: tuple[str, ...]) -> None:
    for scope in scopes:
        found = parse(scope)
        if scope == INTROSPECTION:
            continue
        if found is None or found.level != "system" or found.constraint:
            raise NotRegistered(f"'{scope}' is not a scope for a system: such as system/Observation.rs.")
    if not scopes:
        raise NotRegistered("Name at least one scope, such as system/*.rs.")


def _check_organization(organization: str) -> None:
    try:
        Repository(_READER).read("Organization", organization)
    except FhirError:
        text = f"There is no Organization/{organization} in the record: give the logical id of the institution."
        raise NotRegistered(text) from None


def _check_keys(jwks: dict[str, Any]) -> None:
    """Public keys that can sign ES384 or RS384, each with a key id of its own."""
    try:
        keys = KeySet.import_key_set(jwks).keys  # type: ignore[arg-type]
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise NotRegistered("The key set is not a JSON Web Key Set (RFC 7517).") from None
    if any(key.is_private for key in keys):
        raise NotRegistered("The key set holds a private key. Keep that to yourself, and make a new pair.")
    documents = [key.as_dict() for key in keys]
    ids = [document.get("kid") for document in jwks["keys"]]
    if not all(ids) or len(set(ids)) != len(ids):
        raise NotRegistered("Each key needs a key id ('kid') of its own.")
    if not all(_usable(document) for document in documents):
        raise NotRegistered("Keys are elliptic on P-384 (ES384), or RSA with at least 2,048 bits (RS384).")


def _usable(key: dict[str, Any]) -> bool:
    if key.get("kty") == "EC":
        return key.get("crv") == _CURVE
    return key.get("kty") == "RSA" and len(str(key.get("n", ""))) * 6 >= _LEAST_RSA_BITS
