"""Tamper evidence of the access log: committed rows are sealed in 64 hash chains, with a signed checkpoint each minute.

A sealer follows the writers, so that no request waits for a chain (docs/adr/0005-audit-chain.md). Row numbers are drawn
from a sequence and may commit out of order: the sealer takes the last number drawn, waits until every transaction that
was writing to the log then has ended, and from then on knows that rows up to it are complete. A gap is a rollback.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.db import transaction

from health_platform.fhir.access.context import service
from health_platform.fhir.access.session import Cursor, open_session

SHARDS = 64
ROUND = 100_000
"""Rows under one checkpoint at most."""
CHUNK = 5_000
START = bytes(32)
"""What stands before the first block of a shard and the first checkpoint."""
_LOCK = 0x6175646974

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Row numbers up to ``through`` are sealed; ``heads`` is the SHA-256 of the 64 shards' last digests, ``previous``
    that of the checkpoint before. ``key`` is the id of the public key that checks ``signature``."""

    number: int
    made: datetime
    through: int
    rows: int
    heads: bytes
    previous: bytes
    key: str
    signature: bytes = b""

    @property
    def content(self) -> bytes:
        """What is signed."""
        return orjson.dumps(
            [self.number, round(self.made.timestamp() * 1e6), self.through, self.rows, self.heads.hex(),
             self.previous.hex(), self.key]
        )  # fmt: skip

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.content + self.signature).digest()

    def line(self) -> str:
        """The checkpoint as a line of JSON, to be kept elsewhere."""
        return orjson.dumps({"content": self.content.decode(), "signature": self.signature.hex()}).decode()


CHECKPOINT_COLUMNS = "number, made, through, rows, heads, previous, key, signature"


def checkpoint_of(row: Sequence[Any]) -> Checkpoint:
    values: list[Any] = [bytes(value) if isinstance(value, memoryview) else value for value in row]
    return Checkpoint(*values)


ROW_COLUMNS = (
    "aid, (extract(epoch FROM recorded) * 1000000)::bigint, patients, outcome, action, interaction, actor, role,"
    " organization, client, purpose, request_id, entities, writes, address, basis, encode(query, 'base64')"
)


def rows_between(cursor: Cursor, after: int, through: int) -> Iterator[tuple[Any, ...]]:
    """The rows with ``after < aid <= through`` in the order of their numbers, with ROW_COLUMNS."""
    while True:
        cursor.execute(
            f"SELECT {ROW_COLUMNS} FROM fhir_audit WHERE aid > %s AND aid <= %s ORDER BY aid LIMIT %s",
            [after, through, CHUNK],
        )
        rows = cursor.fetchall()
        yield from rows
        if len(rows) < CHUNK:
            return
        after = rows[-1][0]


def digest_of(row: tuple[Any, ...]) -> bytes:
    """SHA-256 of every column of a row, its number among them."""
    return hashlib.sha256(orjson.dumps(row)).digest()


def block_digest(previous: bytes, shard: int, number: int, aids: Sequence[int], digests: bytes) -> bytes:
    """What the next block of the shard builds on."""
    head = orjson.dumps([shard, number, aids])
    return hashlib.sha256(previous + head + digests).digest()


def heads_digest(heads: Sequence[bytes]) -> bytes:
    return hashlib.sha256(b"".join(heads)).digest()


# ---- keys


@lru_cache(maxsize=4)
def _signer(encoded: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(encoded, validate=True))


def key_id(public: Ed25519PublicKey) -> str:
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16]


def public_keys() -> dict[str, Ed25519PublicKey]:
    """By id: the keys of AUDIT_PUBLIC_KEYS, and that of AUDIT_SIGNING_KEY where this process has it."""
    known = [
        Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True)) for key in settings.AUDIT_PUBLIC_KEYS
    ]
    if settings.AUDIT_SIGNING_KEY:
        known.append(_signer(settings.AUDIT_SIGNING_KEY).public_key())
    return {key_id(key): key for key in known}


# ---- sealing


def seal(patience: float = 5.0) -> list[Checkpoint]:
    """Seal what was committed since the last checkpoint, and sign one for each ROUND of rows; at least one.

    Empty when another process seals, or when a transaction that writes to the log did not end within ``patience``
    seconds: its rows could come in between. Raises ValueError without AUDIT_SIGNING_KEY.
    """
    made: list[Checkpoint] = []
    while True:
        checkpoint, more = _seal_round(patience)
        if checkpoint is None:
            return made
        made.append(checkpoint)
        _keep_elsewhere(checkpoint)
        if not more:
            return made


def _seal_round(patience: float) -> tuple[Checkpoint | None, bool]:
    """One transaction; whether there is more to seal."""
    signer = _signer(settings.AUDIT_SIGNING_KEY)
    with open_session(service("audit-sealer", "HSYSADMIN")) as session:
        cursor = session.cursor
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not _one(cursor)[0]:
            return None, False
        last = last_checkpoint(cursor)
        horizon = _complete_through(cursor, patience)
        if horizon is None:
            log.warning("the access log is not sealed: a transaction that writes to it does not end")
            return None, False
        after = last.through if last else 0
        through, rows = _digests(cursor, after, horizon)
        number = last.number + 1 if last else 1
        heads = _write_blocks(cursor, number, rows)
        cursor.execute("SELECT clock_timestamp()")
        unsigned = Checkpoint(
            number, _one(cursor)[0], through, sum(map(len, rows.values())), heads_digest(heads),
            last.digest if last else START, key_id(signer.public_key()),
        )  # fmt: skip
        signed = replace(unsigned, signature=signer.sign(unsigned.content))
        cursor.execute(
            f"INSERT INTO fhir_audit_checkpoint ({CHECKPOINT_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            _fields(signed),
        )
        return signed, through < horizon


def _fields(value: Checkpoint) -> list[Any]:
    return [getattr(value, name) for name in Checkpoint.__slots__]


def _one(cursor: Cursor) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = cursor.fetchone()
    if row is None:
        raise LookupError("the statement gave no row")
    return row


def last_checkpoint(cursor: Cursor) -> Checkpoint | None:
    cursor.execute(f"SELECT {CHECKPOINT_COLUMNS} FROM fhir_audit_checkpoint ORDER BY number DESC LIMIT 1")
    row = cursor.fetchone()
    return checkpoint_of(row) if row else None


_DRAWN = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM fhir_audit_aid_seq"
# Whoever draws a number holds this lock before it does, and until its transaction has ended.
_WRITERS = """
SELECT DISTINCT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = 'fhir_audit'::regclass AND mode = 'RowExclusiveLock'
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()
"""


def _complete_through(cursor: Cursor, patience: float) -> int | None:
    """The row number up to which no row can come any more; None when that is not known within ``patience`` s."""
    cursor.execute(_DRAWN)
    drawn: int = _one(cursor)[0]
    deadline = time.monotonic() + patience
    writers: set[str] | None = None
    while True:
        cursor.execute(_WRITERS)
        now = {row[0] for row in cursor.fetchall()}
        writers = now if writers is None else writers & now
        if not writers:
            return drawn
        if time.monotonic() > deadline:
            return None
        time.sleep(0.01)


def _digests(cursor: Cursor, after: int, horizon: int) -> tuple[int, dict[int, list[tuple[int, bytes]]]]:
    """Numbers and digests of the next rows by shard, at most ROUND, and the number through which they go."""
    shards: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
    for count, row in enumerate(rows_between(cursor, after, horizon), 1):
        shards[row[0] % SHARDS].append((row[0], digest_of(row)))
        if count == ROUND:
            return row[0], shards
    return horizon, shards


def _write_blocks(cursor: Cursor, checkpoint: int, rows: dict[int, list[tuple[int, bytes]]]) -> list[bytes]:
    """One block for each shard with rows; the heads of all shards afterwards."""
    cursor.execute("SELECT DISTINCT ON (shard) shard, number, digest FROM fhir_audit_block ORDER BY shard, number DESC")
    last = {shard: (number, bytes(digest)) for shard, number, digest in cursor.fetchall()}
    blocks = []
    for shard, pairs in sorted(rows.items()):
        number, previous = last.get(shard, (0, START))
        aids, digests = [aid for aid, _ in pairs], b"".join(digest for _, digest in pairs)
        digest = block_digest(previous, shard, number + 1, aids, digests)
        last[shard] = number + 1, digest
        blocks.append((shard, number + 1, checkpoint, aids, digests, digest))
    cursor.executemany(
        "INSERT INTO fhir_audit_block (shard, number, checkpoint, aids, digests, digest)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        blocks,
    )
    return [last[shard][1] if shard in last else START for shard in range(SHARDS)]


def _keep_elsewhere(checkpoint: Checkpoint) -> None:
    if not settings.AUDIT_CHECKPOINT_FILE:
        return

    def append() -> None:
        with Path(settings.AUDIT_CHECKPOINT_FILE).open("a", encoding="ascii") as file:
            file.write(checkpoint.line() + "\n")

    transaction.on_commit(append)
