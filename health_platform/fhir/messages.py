"""Requests and answers of the FHIR API as values, free of any web framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.bundle.entries import version_of

FHIR_JSON = "application/fhir+json"


def as_utf8(query: str) -> str:
    """A query whose bytes a server read as Latin-1 (PEP 3333), as UTF-8 where it is that: Hangul may come as it is."""
    if query.isascii():
        return query
    try:
        return query.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return query


@dataclass(frozen=True, slots=True)
class FhirRequest:
    """``path`` is relative to the base, ``headers`` have lower-case names, ``base`` is the base address without
    a slash at its end."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    access: AccessContext
    base: str

    @property
    def parameters(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query, keep_blank_values=True)

    @property
    def prefer(self) -> dict[str, str]:
        """The preferences of the Prefer header (RFC 7240), such as ``{"handling": "lenient"}``."""
        parts = self.headers.get("prefer", "").replace(";", ",").split(",")
        return {name.strip(): value.strip() for name, _, value in (part.partition("=") for part in parts) if name}

    @property
    def lenient(self) -> bool:
        return self.prefer.get("handling") == "lenient"

    @property
    def if_match(self) -> int | None:
        return version_of(self.headers.get("if-match"), "If-Match")


@dataclass(frozen=True, slots=True)
class FhirResponse:
    """An HTTP status, headers and exact bytes."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Interaction = Callable[[FhirRequest], FhirResponse]
