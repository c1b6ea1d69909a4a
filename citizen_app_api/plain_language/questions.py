"""Questions to a clinic and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

Resource = dict[str, Any]
_STATUS: Final = {
    "requested": gettext_noop("sent, not yet opened"),
    "received": gettext_noop("received"),
    "accepted": gettext_noop("being looked at"),
    "in-progress": gettext_noop("being looked at"),
    "on-hold": gettext_noop("being looked at"),
    "completed": gettext_noop("answered"),
    "rejected": gettext_noop("closed without an answer"),
    "cancelled": gettext_noop("closed without an answer"),
    "failed": gettext_noop("closed without an answer"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """A question, where it stands, and the answers so far, oldest first."""

    id: str
    text: str
    sent: str | None
    status: str
    status_text: str
    about: str | None
    answers: list[str]


def questions_of(communications: Sequence[Resource], tasks: Sequence[Resource], patient: str) -> list[Question]:
    """What the citizen sent, newest first; ``communications`` and ``tasks`` newest first."""
    status = {task.get("focus", {}).get("reference", ""): task.get("status", "") for task in tasks}
    sent = [entry for entry in communications if entry.get("sender", {}).get("reference") == f"Patient/{patient}"]
    return [_question(entry, communications, status.get(f"Communication/{entry['id']}", "")) for entry in sent]


def _question(entry: Resource, communications: Sequence[Resource], status: str) -> Question:
    reference = f"Communication/{entry['id']}"
    answers = [
        _text(other)
        for other in reversed(communications)
        if any(origin.get("reference") == reference for origin in other.get("inResponseTo", []))
    ]
    about = next((one.get("reference") for one in entry.get("about", [])), None)
    return Question(
        id=entry["id"],
        text=_text(entry),
        sent=entry.get("sent"),
        status=status,
        status_text=_(_STATUS.get(status, "sent, not yet opened")),
        about=about,
        answers=answers,
    )


def _text(communication: Resource) -> str:
    parts = [part.get("contentString", "") for part in communication.get("payload", [])]
    return "\n".join(part for part in parts if part)
