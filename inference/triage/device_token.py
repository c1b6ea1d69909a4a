"""Signed tokens of ambulance devices (JWT, RFC 7519), verified from public keys in memory: no database takes part."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeGuard

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey

AUDIENCE = "bitgoeul-triage"
ALGORITHMS = ("Ed25519", "EdDSA", "ES256")
CLOCK_TOLERANCE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Device:
    """A verified device: its id and the logical id of the Organization for which it acts."""

    id: str
    organization: str


class TokenRefused(Exception):
    """The token does not open this door. `authenticated` tells a valid token without the right (403) from no proof."""

    def __init__(self, reason: str, *, authenticated: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.authenticated = authenticated


def public_keys(text: str) -> KeySet:
    """The public keys of a JSON Web Key Set. Raises ValueError when it holds a private key or an unsuitable one."""
    document = json.loads(text)
    for key in document["keys"]:
        if "d" in key:
            raise ValueError("the key set holds a private key: leave out the member d")
        if key.get("crv") not in ("Ed25519", "P-256"):
            raise ValueError(f"key {key.get('kid')}: use an Ed25519 or a P-256 key")
    return KeySet.import_key_set(document)


def verify(token: str, keys: KeySet, now: datetime) -> Device:
    """The device that `token` was signed for. Raises TokenRefused."""
    try:
        decoded = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise TokenRefused("signature") from error
    claims = decoded.claims
    expires = claims.get("exp")
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        raise TokenRefused("expiry_missing")
    if now.timestamp() > expires + CLOCK_TOLERANCE.total_seconds():
        raise TokenRefused("expired")
    not_before = claims.get("nbf", 0)
    if not isinstance(not_before, int | float) or now.timestamp() < not_before - CLOCK_TOLERANCE.total_seconds():
        raise TokenRefused("not_yet_valid")
    return _device(claims)


def _device(claims: dict[str, Any]) -> Device:
    audience = claims.get("aud")
    audiences: Sequence[object] = audience if isinstance(audience, list) else [audience]
    if AUDIENCE not in audiences:
        raise TokenRefused("audience", authenticated=True)
    device, organization = claims.get("sub"), claims.get("org")
    if not (_is_logical_id(device) and _is_logical_id(organization)):
        raise TokenRefused("device_or_organization", authenticated=True)
    return Device(device, organization)


def _is_logical_id(value: object) -> TypeGuard[str]:
    """Whether `value` can stand in a FHIR reference (R4, datatypes.html#id)."""
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", value) is not None


def issue(private_key: OKPKey | ECKey, device: Device, now: datetime, lifetime: timedelta) -> str:
    """A token for `device`, signed with an Ed25519 or P-256 key."""
    algorithm = "Ed25519" if isinstance(private_key, OKPKey) else "ES256"
    header = {"alg": algorithm, "typ": "JWT", "kid": private_key.kid or private_key.thumbprint()}
    claims = {
        "sub": device.id,
        "org": device.organization,
        "aud": AUDIENCE,
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
    }
    return jwt.encode(header, claims, private_key, algorithms=list(ALGORITHMS))


class KeyFile:
    """A key set that is read again when its file changes; `source` is a path, or the JSON text itself."""

    def __init__(self, source: str) -> None:
        self._text = source if source.lstrip().startswith("{") else ""
        self._path = None if self._text or not source else Path(source)
        self._stamp: tuple[int, int] | None = None
        self._keys = public_keys(self._text) if self._text else KeySet([])

    def keys(self) -> KeySet:
        """The keys now; the last good ones while the file cannot be read."""
        if self._path is None:
            return self._keys
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                self._keys, self._stamp = public_keys(self._path.read_text("utf-8")), stamp
        except (OSError, ValueError, KeyError, JoseError):
            return self._keys
        return self._keys
