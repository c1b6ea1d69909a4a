"""How often each caller may ask, in this process: `RATE_LIMITS`, and the header fields that tell of it
(draft-ietf-httpapi-ratelimit-headers-10, RateLimit-Policy and RateLimit).

Each policy has buckets of its own, so that strangers use up nothing of those who have signed in, and nobody anything of
the ambulances.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from time import monotonic

from django.conf import settings

from health_platform.fhir.access import origin
from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.access.token_bucket import Buckets, Quota, Taken

CLIENT, PERSON, ADDRESS, TRIAGE = "client", "person", "address", "triage"
_PEOPLE = frozenset({Role.CITIZEN, Role.CLINICIAN, Role.AUDITOR})
Limits = Mapping[str, tuple[int, int] | None]


@dataclass(frozen=True, slots=True)
class Usage:
    """A counted request: under which policy, and what is left."""

    policy: str
    quota: Quota
    taken: Taken

    @property
    def refused(self) -> bool:
        return not self.taken.allowed

    @property
    def seconds(self) -> int:
        return self.taken.seconds

    @property
    def headers(self) -> dict[str, str]:
        fields = {
            "RateLimit-Policy": f'"{self.policy}";q={self.quota.requests};w={self.quota.seconds}',
            "RateLimit": f'"{self.policy}";r={self.taken.remaining};t={self.taken.seconds}',
        }
        return fields | {"Retry-After": str(self.seconds)} if self.refused else fields


class _Policies:
    """The buckets of each policy; other limits bring new ones."""

    def __init__(self) -> None:
        self._limits: Limits = {}
        self._buckets: dict[str, tuple[Quota, Buckets]] = {}

    def take(self, policy: str, key: Hashable) -> Usage | None:
        if settings.RATE_LIMITS is not self._limits:
            self._follow(settings.RATE_LIMITS)
        if policy not in self._buckets:
            return None
        quota, buckets = self._buckets[policy]
        return Usage(policy, quota, buckets.take(key, monotonic()))

    def _follow(self, limits: Limits) -> None:
        quotas = {name: Quota(*limit) for name, limit in limits.items() if limit}
        self._buckets = {name: (quota, Buckets(quota)) for name, quota in quotas.items()}
        self._limits = limits


_policies = _Policies()


def count(access: AccessContext | None, person: str = "") -> Usage | None:
    """Count a request for who acts: by ``access``, or by the account ``person`` of a session, or else by the address.
    None where no limit is set."""
    if access is not None and access.actor:
        return _policies.take(PERSON if access.role in _PEOPLE else CLIENT, (access.actor, access.client))
    return _policies.take(PERSON, person) if person else _policies.take(ADDRESS, neighbourhood(origin.address()))


def count_device(name: str) -> Usage | None:
    """Count a request for triage: each device has a bucket, and nothing else takes from it."""
    return _policies.take(TRIAGE, name)


@lru_cache(maxsize=4096)
def neighbourhood(address: str) -> str:
    """What one subscriber holds: an IPv4 address, or the /64 of an IPv6 address (RFC 6177), whose other half anybody
    in it may choose anew for each request."""
    if ":" not in address:
        return address
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return parsed.exploded[:19]
    return address
