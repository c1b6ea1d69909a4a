"""Who did what to whose record: one row for each request, rendered as AuditEvent when asked (IHE BALP)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.backends.utils import CursorWrapper

from health_platform.fhir.access.context import AccessContext

SUCCESS, MINOR_FAILURE = 0, 4
ACTION = {
    "create": "C",
    "read": "R",
    "vread": "R",
    "history-instance": "R",
    "search-type": "E",
    "update": "U",
    "delete": "D",
    "transaction": "E",
}


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A row of the access log as a citizen may see it."""

    recorded: datetime
    interaction: str
    actor: str
    role: str
    organization: str
    purpose: str
    entities: list[str]


def record(
    cursor: CursorWrapper,
    access: AccessContext,
    interaction: str,
    patients: Iterable[int],
    entities: list[str],
    *,
    outcome: int = SUCCESS,
) -> None:
    """Write the audit row of one request in the open transaction. ``entities`` are versioned references."""
    cursor.execute(
        "INSERT INTO fhir_audit (recorded, patients, outcome, action, interaction, actor, role, organization, client,"
        " purpose, request_id, entities) VALUES (clock_timestamp(), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            sorted(set(patients) - {0}),
            outcome,
            ACTION[interaction],
            interaction,
            access.actor,
            str(access.role),
            access.organization or "",
            access.client,
            access.purpose,
            access.request_id,
            entities,
        ],
    )


def of_patient(cursor: CursorWrapper, patient: int, before: int | None, limit: int) -> list[tuple[int, AuditEntry]]:
    """The newest ``limit`` entries about a patient (a key), older than entry number ``before``, with their numbers."""
    cursor.execute(
        "SELECT aid, recorded, interaction, actor, role, organization, purpose, entities FROM fhir_audit"
        " WHERE patients @> ARRAY[%s]::bigint[] AND outcome = 0 AND (%s::bigint IS NULL OR aid < %s)"
        " ORDER BY aid DESC LIMIT %s",
        [patient, before, before, limit],
    )
    return [(row[0], AuditEntry(*row[1:])) for row in cursor.fetchall()]
