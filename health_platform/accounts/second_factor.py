"""Time-based one-time passwords (RFC 6238: HMAC-SHA-1, 30 seconds, 6 digits, as authenticators use them) and the
recovery codes that stand in for them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction

from health_platform.accounts.models import RecoveryCode, SecondFactor, User

STEP_SECONDS = 30
_STEPS_APART = 1
_NONCE_BYTES = 12
_RECOVERY_CODES = 10
ISSUER = "Bitgoeul"


def begin(user: User) -> str:
    """A new secret for the person's authenticator, in base 32; it counts once a code of it is confirmed. A confirmed
    one stays as it is: raises ValueError."""
    secret = secrets.token_bytes(20)
    with transaction.atomic():
        found = SecondFactor.objects.select_for_update().filter(user=user).first()
        if found is not None and found.confirmed:
            raise ValueError("this account has an authenticator")
        SecondFactor.objects.update_or_create(user=user, defaults={"secret": _encrypt(user, secret), "last_step": 0})
    return base64.b32encode(secret).decode()


def address(user: User, secret: str) -> str:
    """The otpauth: address that an authenticator reads (Key URI format)."""
    label = quote(f"{ISSUER}:{user.username}", safe="")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': ISSUER})}"


def confirm(user: User, code: str, now: datetime) -> list[str] | None:
    """Make the authenticator count, and give the recovery codes, shown this once. None when the code is wrong."""
    with transaction.atomic():
        factor = SecondFactor.objects.select_for_update().filter(user=user, confirmed=None).first()
        if factor is None or not _accept(factor, code, now):
            return None
        factor.confirmed = now
        factor.save(update_fields=["confirmed"])
        return _new_recovery_codes(user)


def has_one(user: User) -> bool:
    """Whether a password alone does not let ``user`` in: there is an authenticator or a passkey."""
    return has_authenticator(user) or user.passkeys.exists()


def has_authenticator(user: User) -> bool:
    return SecondFactor.objects.filter(user=user, confirmed__isnull=False).exists()


def check(user: User, code: str, now: datetime) -> bool:
    """Whether ``code`` is the authenticator's of this moment, not used before, or a recovery code."""
    with transaction.atomic():
        factor = SecondFactor.objects.select_for_update().filter(user=user, confirmed__isnull=False).first()
        return (factor is not None and _accept(factor, code, now)) or _use_recovery_code(user, code)


def forget_all(user: User) -> None:
    """Neither authenticator nor passkey nor recovery code is good any longer."""
    SecondFactor.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()
    user.passkeys.all().delete()


def forget_authenticator(user: User) -> None:
    SecondFactor.objects.filter(user=user).delete()


def new_recovery_codes(user: User) -> list[str]:
    """Ten of them, shown this once; those before are good no longer."""
    with transaction.atomic():
        return _new_recovery_codes(user)


def code_at(secret: str, now: datetime) -> str:
    """The code that an authenticator with ``secret`` (base 32) shows at ``now``."""
    return _code(base64.b32decode(secret), _step(now))


def _accept(factor: SecondFactor, code: str, now: datetime) -> bool:
    secret = _decrypt(factor.user, bytes(factor.secret))
    typed, current = code.replace(" ", ""), _step(now)
    for step in range(current - _STEPS_APART, current + _STEPS_APART + 1):
        if step > factor.last_step and hmac.compare_digest(_code(secret, step).encode(), typed.encode()):
            factor.last_step = step
            factor.save(update_fields=["last_step"])
            return True
    return False


def _step(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def _code(secret: bytes, step: int) -> str:
    """RFC 4226, section 5.3."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def _new_recovery_codes(user: User) -> list[str]:
    codes = [f"{secrets.randbelow(10**10):010d}" for _ in range(_RECOVERY_CODES)]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(user, code)) for code in codes)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _use_recovery_code(user: User, code: str) -> bool:
    plain = code.replace("-", "").replace(" ", "")
    return RecoveryCode.objects.filter(user=user, digest=_digest(user, plain)).delete()[0] > 0


def _digest(user: User, code: str) -> str:
    return hmac.new(_key(b"recovery code"), f"{user.pk}\0{code}".encode(), hashlib.sha256).hexdigest()


def _key(purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"accounts: " + purpose).derive(
        settings.SECRET_KEY.encode()
    )


def _encrypt(user: User, secret: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(_key(b"authenticator")).encrypt(nonce, secret, _belongs(user))


def _decrypt(user: User, stored: bytes) -> bytes:
    """Raises ValueError when the row was changed or SECRET_KEY is another one."""
    try:
        return AESGCM(_key(b"authenticator")).decrypt(stored[:_NONCE_BYTES], stored[_NONCE_BYTES:], _belongs(user))
    except InvalidTag:
        raise ValueError("the authenticator's secret cannot be read: was SECRET_KEY changed?") from None


def _belongs(user: User) -> bytes:
    return f"accounts_secondfactor.secret.{user.pk}".encode()
