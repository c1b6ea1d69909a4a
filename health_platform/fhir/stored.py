"""What comes out of the store: versions of resources, and pages of matches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from health_platform.fhir import body
from health_platform.fhir.outcome import Issue


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of a resource. ``body`` holds the exact bytes of the answer, ``id`` and ``meta`` filled in;
    ``hints`` are the warnings and hints about what has just been written."""

    resource_type: str
    id: str
    version: int
    last_updated: datetime
    body: bytes
    hints: tuple[Issue, ...] = ()

    @property
    def reference(self) -> str:
        return f"{self.resource_type}/{self.id}"

    @property
    def versioned(self) -> str:
        return f"{self.resource_type}/{self.id}/_history/{self.version}"

    def resource(self) -> dict[str, Any]:
        """The parsed resource; decimals are Decimal."""
        return body.parse(self.body)


@dataclass(frozen=True, slots=True)
class Match:
    """A resource on a page, with the key of whose record it is part of (0: everyone's)."""

    stored: Stored
    compartment: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search. ``next`` continues it, None at the end; ``total`` only when asked for; ``included_cut``
    says that more would have been included than a page holds."""

    matches: list[Match]
    included: list[Match]
    next: str | None
    total: int | None = None
    included_cut: bool = False

    def resources(self) -> list[dict[str, Any]]:
        """The matches, parsed, in order; without what `_include` added."""
        return [match.stored.resource() for match in self.matches]
