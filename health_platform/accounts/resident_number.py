"""Resident registration numbers where a law gives us one (Personal Information Protection Act, articles 24-2 and 24):
nothing in the platform asks for one, and the record refuses them (health_platform/fhir/resident_numbers.py).

AES-256-GCM; the associated data binds a sealed number to table, column and patient. Keys come from
settings.RESIDENT_NUMBER_KEYS as ``id:base64`` (the first seals, the others open), the key of the index from
settings.RESIDENT_NUMBER_INDEX_KEY: HMAC-SHA-256, for look-up without opening. A number never stands in a message.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import transaction

from health_platform.accounts.models import ResidentNumber

_NONCE_BYTES, _KEY_BYTES = 12, 32
_FORM = re.compile(r"\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])[0-9]\d{6}")
_KEY_ID = re.compile(r"[A-Za-z0-9-]{1,16}")


class NotKept(Exception):
    """There is no key, no legal basis, or what was given is no number. The message names no number."""


def keep(patient: str, number: str, basis: str, now: datetime) -> None:
    """Seal the number of a patient; ``basis`` is the article that gives it, such as "국민건강보험법 시행령 제81조".
    Raises NotKept."""
    plain = _plain(number)
    if not basis.strip():
        raise NotKept("name the article of the law that allows it")
    key_id, key = _sealing_key()
    ResidentNumber.objects.update_or_create(
        patient=patient,
        defaults={
            "key_id": key_id,
            "sealed": _seal(key, plain, patient),
            "index": _index(plain),
            "basis": basis.strip(),
            "kept": now,
        },
    )


def find(number: str) -> str | None:
    """The logical id of the Patient with this number. Raises NotKept."""
    found = ResidentNumber.objects.filter(index=_index(_plain(number))).values_list("patient", flat=True)
    return found.first()


def reveal(patient: str, note: Callable[[], None]) -> str | None:
    """The number of a patient, None without one. ``note`` writes the access log before the number is opened."""
    row = ResidentNumber.objects.filter(patient=patient).first()
    if row is None:
        return None
    note()
    return _open(row)


def forget(patient: str) -> bool:
    """Remove the number: the law's reason for it has ended."""
    return ResidentNumber.objects.filter(patient=patient).delete()[0] > 0


def rotate(batch: int = 500) -> int:
    """Seal anew under the first key what is sealed under others; how many. It may be stopped and started again."""
    key_id, key = _sealing_key()
    done = 0
    while True:
        with transaction.atomic():
            others = ResidentNumber.objects.select_for_update().exclude(key_id=key_id)[:batch]
            for row in others:
                row.sealed, row.key_id = _seal(key, _open(row), row.patient), key_id
                row.save(update_fields=["sealed", "key_id"])
        if not others:
            return done
        done += len(others)


def _plain(number: str) -> str:
    plain = re.sub(r"[\s-]", "", number)
    if _FORM.fullmatch(plain) is None:
        raise NotKept("this is no resident registration number")
    return plain


def _keys() -> dict[str, bytes]:
    """The keys by id, in the order of the setting."""
    found = {}
    for entry in settings.RESIDENT_NUMBER_KEYS:
        id, _colon, text = entry.partition(":")
        found[id] = _decoded(text)
        if _KEY_ID.fullmatch(id) is None:
            raise NotKept("RESIDENT_NUMBER_KEYS is made of id:base64, the id of letters, digits and hyphens")
    return found


def _decoded(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES:
        raise NotKept("a key for resident registration numbers is 32 bytes in base64")
    return key


def _sealing_key() -> tuple[str, bytes]:
    keys = _keys()
    if not keys:
        raise NotKept("set RESIDENT_NUMBER_KEYS: without a key no resident registration number is kept")
    return next(iter(keys.items()))


def _index(plain: str) -> str:
    if not settings.RESIDENT_NUMBER_INDEX_KEY:
        raise NotKept("set RESIDENT_NUMBER_INDEX_KEY: without it no resident registration number is kept or found")
    return hmac.new(_decoded(settings.RESIDENT_NUMBER_INDEX_KEY), plain.encode(), hashlib.sha256).hexdigest()


def _seal(key: bytes, plain: str, patient: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain.encode(), _belongs(patient))


def _open(row: ResidentNumber) -> str:
    key = _keys().get(row.key_id)
    if key is None:
        raise NotKept(f"the key '{row.key_id}' is not among RESIDENT_NUMBER_KEYS")
    sealed = bytes(row.sealed)
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _belongs(row.patient)).decode()
    except InvalidTag:
        raise NotKept("a sealed number was changed, moved, or sealed by another key of this id") from None


def _belongs(patient: str) -> bytes:
    return f"accounts_residentnumber.sealed.{patient}".encode()
