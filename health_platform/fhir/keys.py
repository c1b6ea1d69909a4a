"""64-bit keys: how references, patients, institutions and parameter values stand in the store's narrow tables."""

from __future__ import annotations

from hashlib import blake2b

_MASK = (1 << 64) - 1
_SIGN = 1 << 63
_GOLDEN = 0x9E3779B97F4A7C15


def key(text: str) -> int:
    """A stable signed 64-bit hash of ``text``, never 0 (0 stands for "none")."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True) or 1


def parameter_key(parameter: int, value: int) -> int:
    """The key of ``value`` (a hash) as a value of the search parameter with number ``parameter``."""
    mixed = (value ^ (parameter * _GOLDEN)) & _MASK
    return mixed - (1 << 64) if mixed & _SIGN else mixed


def patient_key(patient: str) -> int:
    """The key of the compartment of the Patient with logical id ``patient``."""
    return key(f"Patient/{patient}")


def organization_key(organization: str | None) -> int:
    """The key of the Organization with that logical id; 0 for none."""
    return key(f"Organization/{organization}") if organization else 0
