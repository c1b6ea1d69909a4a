"""One database transaction on behalf of one actor: opens it, tells PostgreSQL who acts, closes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from health_platform.fhir.access import policy
from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.keys import organization_key, patient_key


@dataclass(frozen=True, slots=True)
class Session:
    """An open transaction with the actor's keys (keys.py)."""

    access: AccessContext
    cursor: CursorWrapper
    organization: int
    own: list[int]

    def reach(self, alias: str) -> tuple[str, dict[str, Any]]:
        return policy.reach(self.access, self.organization, self.own, alias)


@contextmanager
def open_session(access: AccessContext) -> Iterator[Session]:
    """A transaction in which row-level security lets pass what ``access`` reaches, and nothing else."""
    organization = organization_key(access.organization)
    own = policy.own_compartments(organization, sorted(patient_key(patient) for patient in access.patients))
    settings = policy.session_settings(access, organization, own)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT " + ", ".join("set_config(%s, %s, true)" for _ in settings),
            [part for setting in settings.items() for part in setting],
        )
        yield Session(access, cursor, organization, own)
        _forget(cursor, settings)


def _forget(cursor: CursorWrapper, settings: dict[str, str]) -> None:
    """Leave no rights behind in a transaction that goes on around this one; an error's rollback does so by itself."""
    if not connection.savepoint_ids:
        return
    cursor.execute("SELECT " + ", ".join("set_config(%s, '', true)" for _ in settings), list(settings))
