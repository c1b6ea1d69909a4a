"""A software authenticator: keys by cryptography, the bytes of WebAuthn Level 2 (6.1, 6.5.1, 5.8.1) put together here
and not by the library that the server uses."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def websafe(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def unwebsafe(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """One passkey on one device. ``count`` 0 stays 0, as with passkeys that are synchronised."""

    origin: str = "https://testserver"
    domain: str = "testserver"
    flags: int = PRESENT | VERIFIED
    count: int = 0
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    handle: bytes = b""

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to PublicKeyCredentialCreationOptions, without attestation."""
        self.handle = unwebsafe(options["user"]["id"])
        data = self._data(ATTESTED) + bytes(16) + struct.pack(">H", len(self.id)) + self.id + self._cose()
        attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData" + _bytes(data)
        client = self._client("webauthn.create", options["challenge"])
        return self._credential({"clientDataJSON": websafe(client), "attestationObject": websafe(attestation)})

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to PublicKeyCredentialRequestOptions."""
        self.count += 1 if self.count else 0
        data, client = self._data(), self._client("webauthn.get", options["challenge"])
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._credential(
            {
                "clientDataJSON": websafe(client),
                "authenticatorData": websafe(data),
                "signature": websafe(signature),
                "userHandle": websafe(self.handle),
            }
        )

    def _data(self, more: int = 0) -> bytes:
        domain = hashlib.sha256(self.domain.encode()).digest()
        return domain + bytes([self.flags | more]) + struct.pack(">I", self.count)

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _cose(self) -> bytes:
        """{1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}"""
        public = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (public.x, public.y))
        return b"\xa5\x01\x02\x03\x26\x20\x01\x21" + _bytes(x) + b"\x22" + _bytes(y)

    def _credential(self, response: dict[str, str]) -> dict[str, Any]:
        id = websafe(self.id)
        return {"id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {}, "response": response}


def _bytes(value: bytes) -> bytes:
    """A byte string in CBOR."""
    if len(value) < 256:
        return b"\x58" + bytes([len(value)]) + value
    return b"\x59" + struct.pack(">H", len(value)) + value
