"""A citizen's word to her clinic: a Communication that holds it, and a Task that waits in the clinic's worklist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from citizen_app_api.resources.bundle import creations

Resource = dict[str, Any]
TASK: Final = "urn:bitgoeul:CodeSystem:task"
QUESTION, TROUBLE = "citizen-question", "exercise-trouble"
_MESSAGE: Final = "urn:uuid:5b1f0a1e-5f0c-4a52-9a3c-6d3f6a1a7b01"
_REQUEST: Final = "urn:uuid:5b1f0a1e-5f0c-4a52-9a3c-6d3f6a1a7b02"


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: ``code`` says what the clinic is asked to do, ``about`` refers to what it is about."""

    text: str
    code: str
    patient: str
    clinic: str
    """The logical id of the Organization."""
    about: str | None = None
    urgent: bool = False


def message_entries(message: Message, now: datetime, identifier: Resource | None) -> list[tuple[str, Resource]]:
    """The Communication and its Task, as (fullUrl, resource)."""
    return [(_MESSAGE, _communication(message, now, identifier)), (_REQUEST, _task(message, now, identifier))]


def message_bundle(message: Message, now: datetime, identifier: Resource | None) -> Resource:
    """A transaction that sends ``message``."""
    return creations(message_entries(message, now, identifier))


def _priority(message: Message) -> str:
    return "urgent" if message.urgent else "routine"


def _communication(message: Message, now: datetime, identifier: Resource | None) -> Resource:
    person = {"reference": f"Patient/{message.patient}"}
    return {
        "resourceType": "Communication",
        **({"identifier": [identifier]} if identifier else {}),
        "status": "completed",
        "category": [{"coding": [{"system": TASK, "code": message.code}]}],
        "priority": _priority(message),
        "subject": person,
        **({"about": [{"reference": message.about}]} if message.about else {}),
        "sent": now.isoformat(),
        "recipient": [{"reference": f"Organization/{message.clinic}"}],
        "sender": person,
        "payload": [{"contentString": message.text}],
    }


def _task(message: Message, now: datetime, identifier: Resource | None) -> Resource:
    person = {"reference": f"Patient/{message.patient}"}
    return {
        "resourceType": "Task",
        **({"identifier": [identifier]} if identifier else {}),
        "status": "requested",
        "intent": "order",
        "priority": _priority(message),
        "code": {"coding": [{"system": TASK, "code": message.code}]},
        "focus": {"reference": _MESSAGE},
        "for": person,
        "authoredOn": now.isoformat(),
        "requester": person,
        "owner": {"reference": f"Organization/{message.clinic}"},
    }
