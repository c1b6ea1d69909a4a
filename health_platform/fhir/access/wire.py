"""Statements of the record on Django's connection: prepared, binary, several of them in one round trip.

A request of the FHIR API needs few statements and always the same ones, so planning them and waiting for each costs
more than carrying them out. libpq's pipeline mode (PostgreSQL, libpq-pipeline-mode.html) sends them together; what
stands before one synchronisation point is one transaction unless one is open already. Values are adapted by psycopg.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from select import POLLIN, POLLOUT, poll
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection
from psycopg import Connection, OperationalError
from psycopg.adapt import AdaptersMap, PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.types.numeric import Int8BinaryDumper

Values = Sequence[Any] | Mapping[str, Any]
Call = tuple[str, Values | None]
"""A statement with its values: ``%s`` with a sequence, ``%(name)s`` with a mapping, as it stands with None."""
Row = tuple[Any, ...]
_Key = tuple[bytes, tuple[int, ...]]
"""A prepared statement: its text and the types of its values."""

KEPT = 256
"""How many statements a connection keeps prepared."""
# A text without a type takes the one that its place in the statement asks for.
_TEXT, _BINARY = PyFormat.AUTO, PyFormat.BINARY
_DONE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
_PLACEHOLDER = re.compile(r"%(?:\((?P<name>\w+)\)s|(?P<other>[s%]))")


class Rows:
    """What a statement gave. Reads like a cursor."""

    __slots__ = ("_next", "_rows", "rowcount")

    def __init__(self, rows: list[Row], rowcount: int) -> None:
        self._rows, self._next, self.rowcount = rows, 0, rowcount

    def fetchone(self) -> Row | None:
        if self._next >= len(self._rows):
            return None
        self._next += 1
        return self._rows[self._next - 1]

    def fetchall(self) -> list[Row]:
        rest = self._rows[self._next :]
        self._next = len(self._rows)
        return rest


def run(calls: Sequence[Call]) -> list[Rows]:
    """Carry out ``calls`` in one round trip, in the open transaction or in one of their own.

    Raises Django's DatabaseError for the first that fails; without an open transaction none of them has happened then.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors:
        raw = connection.connection
        if raw.autocommit or raw.pgconn.transaction_status != TransactionStatus.IDLE:
            return _wire_of(raw).run(calls)
        # Django's atomic leaves it to the first statement to begin.
        return _wire_of(raw).run([("BEGIN", None), *calls])[1:]


def renew() -> None:
    """Let go of a connection on which the server has something to say while nobody asked: it is ending."""
    raw = connection.connection
    if raw is not None and not connection.in_atomic_block and (raw.closed or _wire_of(raw).is_disturbed()):
        connection.close()


@lru_cache(maxsize=4096)
def _compiled(statement: str) -> tuple[bytes, tuple[str | int, ...]]:
    """The statement with ``$1``, ``$2`` ..., and the name or place of the value for each of them."""
    keys: dict[str | int, int] = {}
    taken = 0

    def number(match: re.Match[str]) -> str:
        nonlocal taken
        if match["other"] == "%":
            return "%"
        value: str | int = match["name"] or taken
        taken += match["name"] is None
        return f"${keys.setdefault(value, len(keys) + 1)}"

    text = _PLACEHOLDER.sub(number, statement)
    return text.encode(), tuple(keys)


class _Context:
    """psycopg's adaptation for a connection, with every integer an eight-byte one: the type of a value, and with it the
    prepared statement, does not depend on how large the number is."""

    def __init__(self, raw: Connection[Any]) -> None:
        self.connection = raw
        self.adapters = AdaptersMap(raw.adapters)
        self.adapters.register_dumper(int, Int8BinaryDumper)


class _Wire:
    """One connection and the statements that are prepared on it."""

    def __init__(self, raw: Connection[Any]) -> None:
        self._libpq = raw.pgconn
        self._transformer = Transformer(_Context(raw))
        self._prepared: dict[_Key, bytes] = {}
        self._drawn = 0
        self._poll = poll()

    def run(self, calls: Sequence[Call]) -> list[Rows]:
        adapted = [self._adapted(*call) for call in calls]
        self._make_room(len(calls))
        libpq = self._libpq
        prepared: list[_Key | None] = []
        libpq.enter_pipeline_mode()
        try:
            for key, values, formats in adapted:
                fresh = key not in self._prepared
                name = self._prepare(key) if fresh else self._prepared.pop(key)
                self._prepared[key] = name  # the one used last stands last
                libpq.send_query_prepared(name, values, formats, result_format=1)
                prepared += (key, None) if fresh else (None,)
            libpq.pipeline_sync()
            results = self._results()
        except BaseException:
            self._give_up()
            raise
        libpq.exit_pipeline_mode()
        self._raise_first(results, prepared)
        return [self._rows(result) for result, key in zip(results, prepared, strict=True) if key is None]

    def is_disturbed(self) -> bool:
        self._poll.register(self._libpq.socket, POLLIN)
        return bool(self._poll.poll(0))

    def _adapted(self, statement: str, given: Values | None) -> tuple[_Key, Sequence[Any], Sequence[Any]]:
        if given is None:
            return (statement.encode(), ()), (), ()
        text, names = _compiled(statement)
        if not names:
            return (text, ()), (), ()
        values = [given[name] for name in names]  # type: ignore[index]
        transformer = self._transformer
        dumped = transformer.dump_sequence(values, [_TEXT if type(value) is str else _BINARY for value in values])
        return (text, transformer.types or ()), dumped, transformer.formats or ()

    def _prepare(self, key: _Key) -> bytes:
        self._drawn += 1
        name = b"wire_%d" % self._drawn
        self._libpq.send_prepare(name, *key)
        return name

    def _make_room(self, count: int) -> None:
        while self._prepared and len(self._prepared) + count > KEPT:
            oldest = next(iter(self._prepared))
            self._libpq.exec_(b"DEALLOCATE " + self._prepared.pop(oldest))

    def _results(self) -> list[PGresult]:
        """The results up to the synchronisation point, those of preparations among them."""
        libpq = self._libpq
        found: list[PGresult] = []
        self._flush()
        while True:
            while libpq.is_busy():
                self._wait(POLLIN)
                libpq.consume_input()
            result = libpq.get_result()
            if result is None:
                if libpq.status != ConnStatus.OK:
                    raise OperationalError("the connection was lost")
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                return found
            found.append(result)

    def _flush(self) -> None:
        """Send what is queued; what the server answers meanwhile is taken in, or both sides would wait."""
        libpq = self._libpq
        while libpq.flush():
            if self._wait(POLLIN | POLLOUT) & POLLIN:
                libpq.consume_input()

    def _wait(self, for_what: int) -> int:
        self._poll.register(self._libpq.socket, for_what)
        return self._poll.poll()[0][1]

    def _raise_first(self, results: list[PGresult], prepared: list[_Key | None]) -> None:
        if all(each.status in _DONE for each in results):
            return
        for result, key in zip(results, prepared, strict=False):
            if key is not None and result.status not in _DONE:
                self._prepared.pop(key, None)
        raise error_from_result(next(each for each in results if each.status == ExecStatus.FATAL_ERROR))

    def _give_up(self) -> None:
        """Nobody can say in which state the connection is: no request gets it again."""
        self._prepared.clear()
        self._libpq.finish()

    def _rows(self, result: PGresult) -> Rows:
        if result.status != ExecStatus.TUPLES_OK:
            return Rows([], result.command_tuples or 0)
        self._transformer.set_pgresult(result)
        return Rows(self._transformer.load_rows(0, result.ntuples, tuple), result.ntuples)


_wires: WeakKeyDictionary[Connection[Any], _Wire] = WeakKeyDictionary()


def _wire_of(raw: Connection[Any]) -> _Wire:
    if raw.closed:
        raise OperationalError("the connection is closed")
    found = _wires.get(raw)
    if found is None:
        found = _wires[raw] = _Wire(raw)
    return found
