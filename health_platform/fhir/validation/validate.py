"""The one entrance to validation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from health_platform.fhir.outcome import Issue
from health_platform.fhir.validation import structure


def validate(resource: Mapping[str, Any], raw: bytes | None = None) -> list[Issue]:
    """Every issue of a resource, errors and warnings; an empty list means that it may be stored.

    `raw` are the bytes from which `resource` was parsed: with them the check is faster, names written twice are found
    and each issue has line and column.
    """
    return structure.validate_structure(resource if raw is None else raw)
