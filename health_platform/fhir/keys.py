"""64-bit keys: how patients and institutions stand in the store's tables."""

from __future__ import annotations

from hashlib import blake2b


def key(text: str) -> int:
    """A stable signed 64-bit hash of ``text``, never 0 (0 stands for "none")."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True) or 1


def patient_key(patient: str) -> int:
    """The key of the compartment of the Patient with logical id ``patient``."""
    return key(f"Patient/{patient}")


def organization_key(organization: str | None) -> int:
    """The key of the Organization with that logical id; 0 for none."""
    return key(f"Organization/{organization}") if organization else 0
