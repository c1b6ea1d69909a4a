"""Who did what to whose record, when, from where and on which legal basis: one narrow row for each request.

The rows are rendered as AuditEvent and Provenance when asked (audit_event.py, provenance.py) and sealed in chains
afterwards (audit_chain.py). PIPA's standard of safety measures asks for id, time, place, data subject and action.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

import orjson
from django.db import OperationalError, connection

from health_platform.fhir.access import audit_query, origin, wire
from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.access.session import Cursor
from health_platform.fhir.keys import key, patient_key

SUCCESS, MINOR_FAILURE = 0, 4
"""http://hl7.org/fhir/audit-event-outcome."""
ACTION = {
    "create": "C",
    "read": "R",
    "vread": "R",
    "history-instance": "R",
    "history-type": "R",
    "history-system": "R",
    "search-type": "E",
    "update": "U",
    "patch": "U",
    "delete": "D",
    "transaction": "E",
    "export": "R",
    "consent": "U",
}
"""http://hl7.org/fhir/audit-event-action by interaction; what is not named here is executed (E)."""

# The reading of the law that stands behind a purpose, unless a consent or a contract says more: the Personal
# Information Protection Act (PIPA) by article, paragraph and item. A city has it confirmed by its own counsel.
LEGAL_BASIS = {
    "PATRQT": "PIPA-35",
    "TREAT": "PIPA-23-1-1",
    "ETREAT": "PIPA-15-1-5",
    "BTG": "PIPA-15-1-5",
    "HRESCH": "PIPA-28-2",
    "HSYSADMIN": "PIPA-29",
    "HCOMPL": "PIPA-29",
}
_REFERENCE = re.compile(r"[A-Za-z]+(/[A-Za-z0-9\-.]{1,64}(/_history/\d+)?)?")


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


@dataclass(frozen=True, slots=True)
class Entry:
    """A row to be written: the columns of fhir_audit, and ``links``, the keys under which it is found. ``query`` is
    encrypted, in base64."""

    links: list[int]
    patients: list[int]
    outcome: int
    action: str
    interaction: str
    actor: str
    role: str
    organization: str
    client: str
    purpose: str
    request_id: str
    entities: list[str]
    writes: int
    address: str
    basis: str
    query: str | None


def entry_of(
    access: AccessContext,
    interaction: str,
    patients: Iterable[int],
    read: Iterable[str] = (),
    *,
    written: Iterable[str] = (),
    outcome: int = SUCCESS,
    query: str = "",
) -> Entry:
    """The row of one request.

    ``patients`` are the keys of the records that it touched, ``read`` and ``written`` versioned references. What is
    no reference (a refused request may name anything) is left out.
    """
    keys = sorted(set(patients) - {0})
    writes = [reference for reference in written if _REFERENCE.fullmatch(reference)]
    sealed = audit_query.seal(query)
    return Entry(
        links=sorted({*keys, *(key(reference.partition("/_history/")[0]) for reference in writes)}),
        patients=keys,
        outcome=outcome,
        action=ACTION.get(interaction, "E"),
        interaction=interaction,
        actor=access.actor,
        role=str(access.role),
        organization=access.organization or "",
        client=access.client,
        purpose=access.purpose,
        request_id=access.request_id,
        entities=writes + [reference for reference in read if _REFERENCE.fullmatch(reference)],
        writes=len(writes),
        address=origin.address(),
        basis=LEGAL_BASIS.get(access.purpose, ""),
        query=b64encode(sealed).decode() if sealed else None,
    )


_INSERT = """
WITH given AS MATERIALIZED (
    SELECT nextval('fhir_audit_aid_seq') AS aid, g.* FROM json_to_recordset(%s::json) AS g (
        links bigint[], patients bigint[], outcome smallint, action text, interaction text, actor text, role text,
        organization text, client text, purpose text, request_id text, entities text[], writes integer, address text,
        basis text, query text)
), link AS (
    INSERT INTO fhir_audit_link (key, aid) SELECT key, aid FROM given, unnest(links) AS key
)
INSERT INTO fhir_audit (aid, recorded, patients, outcome, action, interaction, actor, role, organization, client,
    purpose, request_id, entities, writes, address, basis, query) OVERRIDING SYSTEM VALUE
SELECT aid, clock_timestamp(), patients, outcome, action::"char", interaction, actor, role, organization, client,
    purpose, request_id, entities, writes, address, basis, decode(query, 'base64') FROM given
"""


def insert(entries: Sequence[Entry]) -> None:
    """Write rows in the open transaction, or in one of their own."""
    wire.run([(_INSERT, [orjson.dumps(entries).decode()])])


def write(entry: Entry) -> None:
    """Make a row durable before returning: in the open transaction where there is one, which then makes it durable,
    else with the rows of other requests of this process that wait for the same."""
    if connection.in_atomic_block:
        insert([entry])
    else:
        _commits.write(entry)


class _GroupCommit:
    """One commit for the rows of all requests that wait at the same time. Who comes while nobody writes, writes what
    waits, the own row among it; the others sleep until theirs are written, or until it is their turn to write."""

    def __init__(self, insert: Callable[[Sequence[Entry]], None]) -> None:
        self._insert, self._lock = insert, Lock()
        self._waiting: list[_Ticket] = []
        self._writing = False

    def write(self, entry: Entry) -> None:
        ticket = _Ticket(entry)
        with self._lock:
            self._waiting.append(ticket)
            first, self._writing = not self._writing, True
        if not first:
            ticket.woken.acquire()
        if not ticket.done:
            self._write_waiting()
        if ticket.error is not None:
            raise OperationalError("the access log was not written") from ticket.error

    def _write_waiting(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting, []
        error: Exception | None = None
        try:
            self._insert([ticket.entry for ticket in batch])
        except Exception as problem:  # each that waits must hear of it
            error = problem
        with self._lock:
            following = self._waiting[:1]
            self._writing = bool(following)
        for ticket in batch:
            ticket.done, ticket.error = True, error
            ticket.woken.release()
        for ticket in following:
            ticket.woken.release()


class _Ticket:
    """``woken`` is held until the row is written, or until its request has to write the next batch."""

    __slots__ = ("done", "entry", "error", "woken")

    def __init__(self, entry: Entry) -> None:
        self.entry, self.done, self.woken = entry, False, Lock()
        self.error: Exception | None = None
        self.woken.acquire()


_commits = _GroupCommit(insert)


def note(
    access: AccessContext,
    interaction: str,
    patients: Iterable[str] = (),
    read: Iterable[str] = (),
    *,
    written: Iterable[str] = (),
    outcome: int = SUCCESS,
    query: str = "",
) -> None:
    """Record what goes past the Repository, such as an ``export``, a change of ``consent`` or ``emergency-access``: in
    the open transaction if there is one, else in its own. ``patients`` are logical ids."""
    keys = [patient_key(patient) for patient in patients]
    write(entry_of(access, interaction, keys, read, written=written, outcome=outcome, query=query))


def login(access: AccessContext | None, *, client: str = "", success: bool = True, interaction: str = "login") -> None:
    """Record a sign-in (or, by ``interaction``, a ``logout``). ``access`` is None when nobody known signed in: what was
    typed as a name is not kept, for it may be anything."""
    actor = access or AccessContext(actor="", role=Role.CITIZEN, purpose="", client=client)
    note(actor, interaction, actor.patients, outcome=SUCCESS if success else MINOR_FAILURE)


_OF_PATIENT = """
SELECT a.aid, a.recorded, a.interaction, a.actor, a.role, a.organization, a.purpose, a.entities
FROM fhir_audit_link l JOIN fhir_audit a ON a.aid = l.aid
WHERE l.key = %s AND a.outcome = 0 AND (%s::bigint IS NULL OR l.aid < %s)
ORDER BY l.aid DESC LIMIT %s
"""


def of_patient(cursor: Cursor, patient: int, before: int | None, limit: int) -> list[tuple[int, AuditEntry]]:
    """The newest ``limit`` entries about a patient (a key), older than entry number ``before``, with their numbers."""
    cursor.execute(_OF_PATIENT, [patient, before, before, limit])
    return [(row[0], AuditEntry(*row[1:])) for row in cursor.fetchall()]
