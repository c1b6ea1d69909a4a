"""The 64-bit keys of the index: a hash of the value, mixed with the parameter's number."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b, sha256


def hash64(text: str) -> int:
    """A signed 64-bit hash, the same on every machine and in every release (BLAKE2b, RFC 7693)."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def own_hash(resource_type: str, identifier: str) -> int:
    """The hash of a resource of this server, under which references to it stand.

    The column fhir_resource.self holds the same number, which PostgreSQL computes (SHA-256, FIPS 180-4).
    """
    return int.from_bytes(sha256(f"{resource_type}/{identifier}".encode()).digest()[:8], "big", signed=True)


@cache
def parameter_mask(parameter_id: int) -> int:
    """What `key` mixes in for a parameter."""
    return hash64(f"search parameter {parameter_id}")


def key(parameter_id: int, value_hash: int) -> int:
    """The key of a value under a parameter: `value_hash` XOR the parameter's mask, again a signed 64-bit integer."""
    return value_hash ^ parameter_mask(parameter_id)
