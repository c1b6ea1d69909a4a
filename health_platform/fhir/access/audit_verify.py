"""Checks the access log against its seals: rows, blocks, checkpoints, and what was kept of them elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.utils import timezone

from health_platform.fhir.access.audit_chain import (
    CHECKPOINT_COLUMNS,
    CHUNK,
    SHARDS,
    START,
    Checkpoint,
    block_digest,
    checkpoint_of,
    digest_of,
    heads_digest,
    public_keys,
    rows_between,
)
from health_platform.fhir.access.context import service
from health_platform.fhir.access.session import Cursor, open_session

_LOWEST = -(2**63)
STALE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Finding:
    """``kind`` is one of changed, removed, added, unlinked, block, checkpoint, signature, missing, stale; ``where``
    names the row, block or checkpoint by number."""

    kind: str
    where: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}"


@dataclass(slots=True)
class Report:
    """What was checked, and everything that does not fit. ``unsealed`` rows came after the last checkpoint."""

    rows: int = 0
    checkpoints: int = 0
    unsealed: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, kind: str, where: str) -> None:
        self.findings.append(Finding(kind, where))


@dataclass(slots=True)
class _State:
    """Where the chains stand before the next checkpoint."""

    heads: list[bytes] = field(default_factory=lambda: [START] * SHARDS)
    numbers: list[int] = field(default_factory=lambda: [0] * SHARDS)
    checkpoint: Checkpoint | None = None


def verify(kept: Iterable[str] = ()) -> Report:
    """Check every row, link, block and checkpoint. ``kept`` are lines of AUDIT_CHECKPOINT_FILE: each of them must
    still be in the table, so that the end of the log cannot be cut off together with its checkpoints."""
    report, state, keys = Report(), _State(), public_keys()
    known: dict[int, Checkpoint] = {}
    with open_session(service("audit-verify", "HSYSADMIN")) as session:
        for checkpoint in _checkpoints(session.cursor):
            _check_checkpoint(report, state, checkpoint, keys)
            _check_rows(report, state, checkpoint, session.cursor)
            state.checkpoint = checkpoint
            known[checkpoint.number] = checkpoint
            report.checkpoints += 1
        _check_end(report, state, session.cursor)
    _check_kept(report, known, kept)
    return report


def _checkpoints(cursor: Cursor) -> Iterator[Checkpoint]:
    number = 0
    while True:
        cursor.execute(
            f"SELECT {CHECKPOINT_COLUMNS} FROM fhir_audit_checkpoint WHERE number > %s ORDER BY number LIMIT %s",
            [number, CHUNK],
        )
        found = [checkpoint_of(row) for row in cursor.fetchall()]
        yield from found
        if len(found) < CHUNK:
            return
        number = found[-1].number


def _check_checkpoint(report: Report, state: _State, checkpoint: Checkpoint, keys: dict[str, Ed25519PublicKey]) -> None:
    before, where = state.checkpoint, f"checkpoint {checkpoint.number}"
    if checkpoint.number != (before.number + 1 if before else 1):
        report.add("missing", f"checkpoint {checkpoint.number - 1}")
    if checkpoint.previous != (before.digest if before else START):
        report.add("checkpoint", f"{where} does not follow the one before it")
    if before and (checkpoint.through < before.through or checkpoint.made < before.made):
        report.add("checkpoint", f"{where} goes back")
    key = keys.get(checkpoint.key)
    if key is None:
        report.add("signature", f"{where}: no public key {checkpoint.key} (AUDIT_PUBLIC_KEYS)")
        return
    try:
        key.verify(checkpoint.signature, checkpoint.content)
    except InvalidSignature:
        report.add("signature", where)


def _check_rows(report: Report, state: _State, checkpoint: Checkpoint, cursor: Cursor) -> None:
    after = state.checkpoint.through if state.checkpoint else _LOWEST
    expected = _check_blocks(report, state, checkpoint, cursor)
    if len(expected) != checkpoint.rows:
        report.add("block", f"checkpoint {checkpoint.number} names {checkpoint.rows} rows, its blocks {len(expected)}")
    for row in rows_between(cursor, after, checkpoint.through):
        report.rows += 1
        digest = expected.pop(row[0], None)
        if digest is None:
            report.add("added", f"row {row[0]}")
        elif digest != digest_of(row):
            report.add("changed", f"row {row[0]}")
    for aid in sorted(expected):
        report.add("removed", f"row {aid}")
    if checkpoint.rows:
        _check_links(report, cursor, after, checkpoint.through)


def _check_blocks(report: Report, state: _State, checkpoint: Checkpoint, cursor: Cursor) -> dict[int, bytes]:
    """The digest that each row under the checkpoint must have; the chains move on."""
    cursor.execute(
        "SELECT shard, number, aids, digests, digest FROM fhir_audit_block WHERE checkpoint = %s"
        " ORDER BY shard, number",
        [checkpoint.number],
    )
    expected: dict[int, bytes] = {}
    for shard, number, aids, digests, digest in cursor.fetchall():
        _check_block(report, state, (shard, number, aids, bytes(digests), bytes(digest)))
        expected |= {aid: bytes(digests[32 * index : 32 * index + 32]) for index, aid in enumerate(aids)}
    if heads_digest(state.heads) != checkpoint.heads:
        report.add("checkpoint", f"checkpoint {checkpoint.number} does not agree with the blocks under it")
    return expected


def _check_block(report: Report, state: _State, block: tuple[int, int, list[int], bytes, bytes]) -> None:
    shard, number, aids, digests, digest = block
    if number != state.numbers[shard] + 1:
        report.add("missing", f"block {state.numbers[shard] + 1} of shard {shard}")
    if block_digest(state.heads[shard], shard, number, aids, digests) != digest:
        report.add("block", f"block {number} of shard {shard}")
    state.numbers[shard], state.heads[shard] = number, digest


_UNLINKED = """
SELECT a.aid FROM fhir_audit a, unnest(a.patients) AS patient
WHERE a.aid > %s AND a.aid <= %s
  AND NOT EXISTS (SELECT 1 FROM fhir_audit_link l WHERE l.key = patient AND l.aid = a.aid)
"""


def _check_links(report: Report, cursor: Cursor, after: int, through: int) -> None:
    """Without its link a row is not shown to the patient."""
    cursor.execute(_UNLINKED, [after, through])
    for (aid,) in cursor.fetchall():
        report.add("unlinked", f"row {aid}")


def _check_end(report: Report, state: _State, cursor: Cursor) -> None:
    through = state.checkpoint.through if state.checkpoint else 0
    cursor.execute("SELECT count(*), min(recorded) FROM fhir_audit WHERE aid > %s", [through])
    row: Any = cursor.fetchone()
    report.unsealed = row[0]
    if row[1] is not None and timezone.now() - row[1] > STALE_AFTER:
        report.add("stale", f"rows after {through} wait for a checkpoint since {row[1].isoformat(timespec='seconds')}")


def _check_kept(report: Report, known: dict[int, Checkpoint], kept: Iterable[str]) -> None:
    for line in filter(None, map(str.strip, kept)):
        given = orjson.loads(line)
        number = orjson.loads(given["content"])[0]
        found = known.get(number)
        if found is None:
            report.add("missing", f"checkpoint {number} was kept elsewhere and is not in the table")
        elif (found.content.decode(), found.signature.hex()) != (given["content"], given["signature"]):
            report.add("checkpoint", f"checkpoint {number} differs from the one that was kept elsewhere")
