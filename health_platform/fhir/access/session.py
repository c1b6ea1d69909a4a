"""One database transaction on behalf of one actor: opens it, tells PostgreSQL who acts, closes it.

What only reads needs no transaction around its statements: each is one with the settings before it, in one round trip.
Under READ COMMITTED every statement sees the state of its own beginning either way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from health_platform.fhir.access import policy, wire
from health_platform.fhir.access.context import AccessContext


class Cursor:
    """Carries out statements, each after ``ahead``."""

    def __init__(self, ahead: Sequence[wire.Call] = ()) -> None:
        self._ahead, self._rows = ahead, wire.Rows([], 0)

    @property
    def rowcount(self) -> int:
        return self._rows.rowcount

    def execute(self, statement: str, values: wire.Values | None = None) -> None:
        self._rows = wire.run([*self._ahead, (statement, values)])[-1]

    def executemany(self, statement: str, values: Iterable[wire.Values]) -> None:
        wire.run([*self._ahead, *((statement, each) for each in values)])

    def fetchone(self) -> wire.Row | None:
        return self._rows.fetchone()

    def fetchall(self) -> list[wire.Row]:
        return self._rows.fetchall()


@dataclass(frozen=True, slots=True)
class Session:
    """An open transaction with the actor's keys (keys.py): ``organization`` is the institution that writes."""

    access: AccessContext
    cursor: Cursor
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
def open_session(access: AccessContext, *, reading: bool = False) -> Iterator[Session]:
    """A transaction in which row-level security lets pass what ``access`` reaches, and nothing else. With ``reading``
    the session promises to change and lock nothing, and each of its statements is a transaction of its own."""
    keys = policy.keys_of(access)
    settings = _telling(policy.session_settings(access, keys) | policy.log_settings(access))
    if reading and not connection.in_atomic_block:
        yield Session(access, Cursor(ahead=[settings]), keys.organization, keys)
        return
    with transaction.atomic():
        cursor = Cursor()
        cursor.execute(*settings)
        yield Session(access, cursor, keys.organization, keys)
        _forget(cursor, settings)


def _telling(settings: dict[str, str]) -> wire.Call:
    """The statement that tells PostgreSQL who acts until the transaction ends."""
    return "SELECT " + ", ".join(f"set_config('{name}', %s, true)" for name in settings), list(settings.values())


def _forget(cursor: Cursor, settings: wire.Call) -> None:
    """Leave no rights behind in a transaction that goes on around this one; an error's rollback does so by itself."""
    if connection.savepoint_ids:
        statement, values = settings
        cursor.execute(statement, ["" for _ in values or ()])
