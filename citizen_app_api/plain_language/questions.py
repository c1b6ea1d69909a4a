"""Questions to a clinic and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as word

Resource = dict[str, Any]
_STATUS: Final = {
    "requested": word("sent, not yet opened"),
    "received": word("received"),
    "accepted": word("being looked at"),
    "in-progress": word("being looked at"),
    "on-hold": word("being looked at"),
    "completed": word("answered"),
    "rejected": word("closed without an answer"),
    "cancelled": word("closed without an answer"),
    "failed": word("closed without an answer"),
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
