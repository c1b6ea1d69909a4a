"""What was asked in a search, kept for the auditor: encrypted, for a query names people.

A hash would hide names as well, but then nobody could be shown what was searched for. AES-256-GCM; the first of
AUDIT_QUERY_KEYS encrypts, all of them decrypt. A sealed text is 4 bytes of the key's id, 12 of nonce, the rest.
"""

from __future__ import annotations

import base64
import hashlib
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

LONGEST = 4096
_ID, _NONCE = 4, 12


@lru_cache(maxsize=4)
def _ciphers(keys: tuple[str, ...]) -> dict[bytes, AESGCM]:
    """Ciphers by key id, in the order of the settings. Raises ValueError for a key that is not 32 bytes in base64."""
    raw = [base64.b64decode(key, validate=True) for key in keys]
    if any(len(key) != 32 for key in raw):
        raise ValueError("each of AUDIT_QUERY_KEYS is 32 bytes in base64")
    return {hashlib.sha256(key).digest()[:_ID]: AESGCM(key) for key in raw}


def seal(text: str) -> bytes | None:
    """``text``, at most LONGEST characters of it, encrypted; None for an empty text, or without a key to encrypt it."""
    ciphers = _ciphers(tuple(settings.AUDIT_QUERY_KEYS))
    if not text or not ciphers:
        return None
    key, cipher = next(iter(ciphers.items()))
    nonce = os.urandom(_NONCE)
    return key + nonce + cipher.encrypt(nonce, text[:LONGEST].encode(), None)


def unseal(sealed: bytes | None) -> str | None:
    """The text; None without one, or when its key is gone or it was changed."""
    if not sealed:
        return None
    sealed = bytes(sealed)
    key, nonce, rest = sealed[:_ID], sealed[_ID : _ID + _NONCE], sealed[_ID + _NONCE :]
    cipher = _ciphers(tuple(settings.AUDIT_QUERY_KEYS)).get(key)
    try:
        return cipher.decrypt(nonce, rest, None).decode() if cipher else None
    except InvalidTag:
        return None
