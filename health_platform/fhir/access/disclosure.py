"""What of a resource an actor is shown. KR Core 2.0.0: a patient sees of an entered-in-error resource id and status."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from health_platform.fhir import body
from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.stored import Match, Page, Stored

_ENTERED_IN_ERROR = "entered-in-error"
_STATUS = ("status", "verificationStatus")


def shown(access: AccessContext, stored: Stored) -> Stored:
    """``stored``, for a citizen without the content of what was entered in error."""
    if access.role is not Role.CITIZEN or _ENTERED_IN_ERROR.encode() not in stored.body:
        return stored
    return cut(stored) if is_entered_in_error(stored) else stored


def is_entered_in_error(stored: Stored) -> bool:
    """Whether the resource says that it should never have been."""
    resource = stored.resource()
    return any(_is_entered_in_error(resource.get(name)) for name in _STATUS)


def cut(stored: Stored) -> Stored:
    """``stored`` without its content."""
    resource = stored.resource()
    kept = {name: resource[name] for name in ("resourceType", "id", *_STATUS) if name in resource}
    return replace(stored, body=body.serialise(kept))


def page_shown(access: AccessContext, page: Page) -> Page:
    """A page of a search as ``access`` may see it."""
    if access.role is not Role.CITIZEN:
        return page

    def each(matches: list[Match]) -> list[Match]:
        return [replace(match, stored=shown(access, match.stored)) for match in matches]

    return replace(page, matches=each(page.matches), included=each(page.included))


def _is_entered_in_error(value: Any) -> bool:
    if isinstance(value, dict):
        return any(coding.get("code") == _ENTERED_IN_ERROR for coding in value.get("coding", ()))
    return bool(value == _ENTERED_IN_ERROR)
