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


@dataclass(frozen=True, slots=True)
class Session:
    """An open transaction with the actor's keys (keys.py): ``organization`` is the institution that writes."""

    access: AccessContext
    cursor: CursorWrapper
    organization: int
    keys: policy.Keys

    def reach(self, alias: str) -> tuple[str, dict[str, Any]]:
        """The condition on a table of versions of resources, and its parameters (policy.py)."""
        return policy.reach(self.access, self.keys, alias)

    def reach_of_records(self, alias: str) -> tuple[str, dict[str, Any]]:
        """The condition on a table that has a compartment alone."""
        return policy.reach_of_records(self.access, self.keys, alias)

    def few_compartments(self, limit: int) -> list[int] | None:
        """All compartments within reach where there are at most ``limit``, else None."""
        return policy.few_compartments(self.cursor, self.access, self.keys, limit)


@contextmanager
def open_session(access: AccessContext) -> Iterator[Session]:
    """A transaction in which row-level security lets pass what ``access`` reaches, and nothing else."""
    keys = policy.keys_of(access)
    settings = policy.session_settings(access, keys) | policy.log_settings(access)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT " + ", ".join("set_config(%s, %s, true)" for _ in settings),
            [part for setting in settings.items() for part in setting],
        )
        yield Session(access, cursor, keys.organization, keys)
        _forget(cursor, settings)


def _forget(cursor: CursorWrapper, settings: dict[str, str]) -> None:
    """Leave no rights behind in a transaction that goes on around this one; an error's rollback does so by itself."""
    if not connection.savepoint_ids:
        return
    cursor.execute("SELECT " + ", ".join("set_config(%s, '', true)" for _ in settings), list(settings))
