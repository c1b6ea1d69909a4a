"""What a literal reference says by its form alone (hl7.org/fhir/R4/references.html#literal)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from health_platform.fhir.definitions.resource_types import TYPE_NUMBER

_VERSION: Final = "/_history/"
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")


@dataclass(frozen=True, slots=True)
class LiteralReference:
    """`base` is empty for a relative reference and ends with a slash otherwise; `version` is empty without one."""

    base: str
    type: str
    id: str
    version: str = ""

    @property
    def local(self) -> str:
        """`Type/id`."""
        return f"{self.type}/{self.id}"


@lru_cache(maxsize=8_192)
def parse_reference(text: str) -> LiteralReference | None:
    """The parts of `[base/]Type/id[/_history/version]`; None for a contained, `urn:` or any other reference."""
    path, _, version = text.partition(_VERSION)
    head, _, identifier = path.rpartition("/")
    base, slash, name = head.rpartition("/")
    if name not in TYPE_NUMBER or not _ID.fullmatch(identifier):
        return None
    if base and "://" not in base:
        return None
    return LiteralReference(base + slash, name, identifier, version)


def reference_type(reference: Any, resource: Mapping[str, Any]) -> str | None:
    """The type that a Reference points at, as its form, the contained resource or `Reference.type` says; else None."""
    if not isinstance(reference, Mapping):
        return None
    text = reference.get("reference")
    if text:
        if text[0] == "#":
            return _contained_type(text[1:], resource)
        literal = parse_reference(text)
        if literal is not None:
            return literal.type
    declared: str | None = reference.get("type")
    return declared


def _contained_type(identifier: str, resource: Mapping[str, Any]) -> str | None:
    if not identifier:
        name: str | None = resource.get("resourceType")
        return name
    for contained in resource.get("contained", ()):
        if contained.get("id") == identifier:
            found: str | None = contained.get("resourceType")
            return found
    return None
