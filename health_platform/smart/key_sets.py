"""The public keys of a client (RFC 7517): registered inline, or by address, kept, and fetched anew when they rotate."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from django.conf import settings
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from health_platform.smart.models import Client

KEPT_SECONDS = 300.0
"""How long a fetched key set is used before it is fetched again: a key that was withdrawn is refused after that."""
AGAIN_AFTER_SECONDS = 30.0
"""The shortest time between two fetches that unknown key ids cause."""
TIMEOUT_SECONDS = 5.0
MOST_BYTES = 64 * 1024


class KeysUnavailable(Exception):
    """The client has no usable key set; the message says why."""


class Unfetched(Exception):
    """A document could not be had; the message says why."""


@dataclass(frozen=True, slots=True)
class _Fetched:
    keys: KeySet
    at: float


_fetched: dict[str, _Fetched] = {}


def key_set(client: Client, key_id: str) -> KeySet:
    """The client's keys; fetched anew when ``key_id`` is not among those that are kept. Raises KeysUnavailable."""
    if client.jwks:
        return _parsed(client.jwks)
    if not client.jwks_uri:
        raise KeysUnavailable("no key is registered for this client")
    known, now = _fetched.get(client.jwks_uri), time.monotonic()
    if known and now - known.at < (KEPT_SECONDS if _has(known.keys, key_id) else AGAIN_AFTER_SECONDS):
        return known.keys
    try:
        found = _Fetched(_parsed(fetch(client.jwks_uri)), now)
    except Unfetched as error:
        raise KeysUnavailable(f"the client's key set: {error}") from None
    _fetched[client.jwks_uri] = found
    return found.keys


def _has(keys: KeySet, key_id: str) -> bool:
    return any(key.kid == key_id for key in keys.keys)


def _parsed(document: Any) -> KeySet:
    try:
        keys = KeySet.import_key_set(document)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise KeysUnavailable("the client's key set is not a JSON Web Key Set") from None
    if any(key.is_private for key in keys.keys):
        raise KeysUnavailable("the client's key set holds a private key")
    return keys


def fetch(address: str) -> Any:
    """The document at ``address``: over TLS (the demo takes plain HTTP too), without redirects, of bounded size."""
    if urlsplit(address).scheme != "https" and not getattr(settings, "DEMO", False):
        raise Unfetched("it is not served over https")
    try:
        with requests.get(address, timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True) as answer:
            if answer.status_code != 200:
                raise Unfetched(f"it answered with status {answer.status_code}")
            content = answer.raw.read(MOST_BYTES + 1, decode_content=True)
    except (requests.RequestException, OSError):
        raise Unfetched("it could not be fetched") from None
    if len(content) > MOST_BYTES:
        raise Unfetched("it is too large")
    try:
        return orjson.loads(content)
    except ValueError:
        raise Unfetched("it is not JSON") from None
