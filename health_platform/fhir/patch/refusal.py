"""How both kinds of patch say that they do not fit: which operation, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Final

from health_platform.fhir.outcome import BadRequest, FhirError, Issue, IssueType, Severity, UnprocessableEntity

MAX_OPERATIONS: Final = 1000
Reason = tuple[str, Mapping[str, object]]
"""A msgid with its arguments."""


def refuse_too_many(operations: Sized) -> None:
    if len(operations) > MAX_OPERATIONS:
        raise BadRequest("The patch has %(count)s operations; send at most %(most)s at a time.",
                         count=len(operations), most=MAX_OPERATIONS)  # fmt: skip


def unfit(number: int, kind: str, path: str, place: tuple[str, ...], reason: Reason) -> FhirError:
    """The error of operation ``number``, which stands at ``place``: first which one, then why."""
    text = "Operation %(number)s of the patch (%(op)s %(path)s) cannot be carried out."
    which = Issue(Severity.ERROR, IssueType.PROCESSING, text, place, args={"number": number, "op": kind, "path": path})
    why = Issue(Severity.ERROR, IssueType.PROCESSING, reason[0], place, args=reason[1])
    return UnprocessableEntity([which, why])
