"""Rows of the store: how a resource becomes them, and the statements that write them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from health_platform.fhir.access.session import Cursor
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.search.index import IndexRows

BLOCK = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """A version of a resource with everything that the store keeps of it. Keys as in keys.py, ``moment`` in µs."""

    rid: int
    compartment: int
    custodian: int
    moment: int
    updated: datetime
    version: int
    resource_type: str
    id: str
    body: bytes
    index: IndexRows = field(repr=False)
    withheld: bool = False
    sensitive: int = 0


class _RowIds:
    """Hands out row ids from blocks of the sequence: one round trip for a thousand rows."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = self._end = 0

    def take(self, cursor: Cursor, count: int) -> range:
        with self._lock:
            if self._next + count > self._end:
                cursor.execute("SELECT nextval('fhir_rid') FROM generate_series(1, %s)", [count // BLOCK + 2])
                blocks = sorted(row[0] for row in cursor.fetchall())
                start = self._longest_run(blocks, count)
                self._next, self._end = start
            taken = range(self._next, self._next + count)
            self._next += count
            return taken

    @staticmethod
    def _longest_run(blocks: list[int], count: int) -> tuple[int, int]:
        """The first run of adjacent blocks with room for ``count``; other processes may have drawn between ours."""
        start = end = blocks[0]
        end = start + BLOCK
        for block in blocks[1:]:
            if end - start >= count:
                break
            start, end = (start, block + BLOCK) if block == end else (block, block + BLOCK)
        if end - start < count:
            raise RuntimeError("no run of row ids long enough: repeat the request")
        return start, end


row_ids = _RowIds()

_RESOURCE = """
INSERT INTO fhir_resource
    (rid, compartment, custodian, moment, last_updated, version, type, deleted, withheld, sensitive, id, body)
SELECT r.rid, r.compartment, r.custodian, r.moment, r.updated, 1, r.type, false, r.withheld, r.sensitive, r.id, r.body
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::smallint[],
            %s::boolean[], %s::smallint[], %s::text[], %s::bytea[])
    AS r (rid, compartment, custodian, moment, updated, type, withheld, sensitive, id, body)
"""
_KEPT = """
INSERT INTO fhir_history (rid, compartment, custodian, last_updated, version, type, deleted, withheld, sensitive, body)
SELECT rid, compartment, custodian, last_updated, version, type, deleted, withheld, sensitive, body
FROM fhir_resource WHERE rid = %s
"""
_REPLACE = """
UPDATE fhir_resource SET compartment = %s, moment = %s, last_updated = %s, version = %s, deleted = %s,
    withheld = %s, sensitive = %s, body = %s
WHERE rid = %s
"""
_BURY = """
UPDATE fhir_resource SET last_updated = %s, version = version + 1, deleted = true, body = '' WHERE rid = %s
"""
INDEX_TABLES = ("token", "reference", "uri", "date", "quantity", "number", "string", "composite")


def insert(cursor: Cursor, rows: Sequence[Row]) -> None:
    """Write first versions with their index rows."""
    cursor.execute(
        _RESOURCE,
        [
            [row.rid for row in rows],
            [row.compartment for row in rows],
            [row.custodian for row in rows],
            [row.moment for row in rows],
            [row.updated for row in rows],
            [TYPE_NUMBER[row.resource_type] for row in rows],
            [row.withheld for row in rows],
            [row.sensitive for row in rows],
            [row.id for row in rows],
            [row.body for row in rows],
        ],
    )
    _insert_index(cursor, rows)


def replace(cursor: Cursor, row: Row) -> None:
    """Write a later version; the one before goes to the history."""
    cursor.execute(_KEPT, [row.rid])
    values = (
        row.compartment,
        row.moment,
        row.updated,
        row.version,
        False,
        row.withheld,
        row.sensitive,
        row.body,
        row.rid,
    )
    cursor.execute(_REPLACE, values)
    _clear_index(cursor, row.rid)
    _insert_index(cursor, [row])


def bury(cursor: Cursor, rid: int, updated: datetime) -> None:
    """Write the tombstone of a deletion: logical, the versions before it stay in the history."""
    cursor.execute(_KEPT, [rid])
    cursor.execute(_BURY, [updated, rid])
    _clear_index(cursor, rid)


def _clear_index(cursor: Cursor, rid: int) -> None:
    deletions = ", ".join(f"{table} AS (DELETE FROM fhir_{table} WHERE rid = %(rid)s)" for table in INDEX_TABLES)
    cursor.execute(f"WITH {deletions} SELECT 1", {"rid": rid})


_COLUMN_TYPES = {"param": "smallint", "low": "bigint", "high": "bigint", "value": "text"}
_FLOATS = {"low": "float8", "high": "float8"}
_ARRAYS = {"keys": "bigint[]", "lows": "float8[]", "highs": "float8[]", "texts": "text[]"}


def _columns(names: str, types: dict[str, str] = _COLUMN_TYPES) -> tuple[tuple[str, str], ...]:
    """Column names with their types; what is not said is a bigint."""
    return tuple((name, types.get(name, _COLUMN_TYPES.get(name, "bigint"))) for name in names.split())


_COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "token": _columns("compartment key moment rid"),
    "reference": _columns("compartment key moment rid"),
    "uri": _columns("compartment key rid"),
    "date": _columns("compartment low high rid param"),
    "quantity": _columns("compartment key low high rid", _FLOATS),
    "number": _columns("compartment low high rid param", _FLOATS),
    "string": _columns("compartment rid param value"),
    "composite": _columns("compartment key rid keys lows highs texts", _ARRAYS),
}


def _insert_index(cursor: Cursor, rows: Sequence[Row]) -> None:
    tables = {name: values for name, values in _index_values(rows).items() if values}
    if not tables:
        return
    parts, parameters = [], []
    for name, values in tables.items():
        columns = _COLUMNS[name]
        names = ", ".join(column for column, _ in columns)
        # An array of arrays would come apart in unnest: these travel as texts.
        arrays = ", ".join("%s::text[]" if kind.endswith("[]") else f"%s::{kind}[]" for _, kind in columns)
        taken = ", ".join(f"{column}::{kind}" for column, kind in columns)
        parts.append(
            f"{name} AS (INSERT INTO fhir_{name} ({names}) SELECT {taken} FROM unnest({arrays}) AS n ({names}))"
        )
        parameters += [list(column) for column in zip(*values, strict=True)]
    cursor.execute(f"WITH {', '.join(parts)} SELECT 1", parameters)


def _array(values: Sequence[object]) -> str:
    """A PostgreSQL array as it is written."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


def _index_values(rows: Sequence[Row]) -> dict[str, list[tuple[Any, ...]]]:
    values: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _COLUMNS}
    for row in rows:
        compartment, rid, moment, index = row.compartment, row.rid, row.moment, row.index
        values["token"] += [(compartment, key, moment, rid) for key in index.token]
        values["reference"] += [(compartment, key, moment, rid) for key in index.reference]
        values["uri"] += [(compartment, key, rid) for key in index.uri]
        values["date"] += [(compartment, low, high, rid, parameter) for parameter, low, high in index.date]
        values["quantity"] += [(compartment, key, low, high, rid) for _, key, low, high in index.quantity]
        values["number"] += [(compartment, low, high, rid, parameter) for parameter, low, high in index.number]
        values["composite"] += [
            (compartment, key, rid, _array(keys), _array(lows), _array(highs), None if texts is None else _array(texts))
            for key, keys, lows, highs, texts in index.composite
        ]
        values["string"] += [(compartment, rid, parameter, text) for parameter, text in index.string]
    return values
