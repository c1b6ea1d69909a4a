"""One request on the record: policy, one database transaction, its audit row, its outbox events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, ProgrammingError
from psycopg.errors import InsufficientPrivilege

from health_platform.fhir import knowledge, outbox, rows
from health_platform.fhir.access import audit, policy
from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.access.session import Session, open_session
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.outcome import Conflict, FhirError, Forbidden, Gone, NotFound
from health_platform.fhir.stored import Stored
from health_platform.fhir.terminology.registry import Terminology


@dataclass(slots=True)
class Work:
    """What one request has done so far, for its audit row and its event."""

    session: Session
    now: datetime
    interaction: str
    entities: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    compartments: set[int] = field(default_factory=set)
    """The keys of the records that the request touched, for the audit row."""
    known_patients: set[int] = field(default_factory=set)
    changed: dict[str, list[tuple[str, str, int]]] = field(default_factory=dict)
    pending: list[rows.Row] = field(default_factory=list)
    created: dict[tuple[str, str], Stored] = field(default_factory=dict)
    locks: set[int] = field(default_factory=set)
    _known: knowledge.Known | None = None

    @property
    def access(self) -> AccessContext:
        return self.session.access

    @property
    def known(self) -> knowledge.Known:
        """What is known beside R4, the same for the whole request."""
        if self._known is None:
            self._known = knowledge.current()
        return self._known

    def terminology(self) -> Terminology:
        return self.known.terminology

    def saw(self, stored: Stored, compartment: int) -> None:
        self.entities.append(stored.versioned)
        self.compartments.add(compartment)

    def wrote(self, stored: Stored, compartment: int, patient: str | None) -> None:
        self.written.append(stored.versioned)
        self.compartments.add(compartment)
        if patient:
            self.changed.setdefault(patient, []).append((stored.resource_type, stored.id, stored.version))

    def flush(self) -> None:
        """Write the collected creations; whatever reads the index calls this first."""
        if not self.pending:
            return
        try:
            rows.insert(self.session.cursor, self.pending)
        except IntegrityError as error:
            raise Conflict("An id of this request is in use: send POST, so that the server chooses one.") from error
        self.pending = []


def require(access: AccessContext, interaction: str, resource_type: str | None) -> None:
    """Raise Forbidden unless scope and role allow ``interaction`` on the type; None asks for each entry by itself."""
    if resource_type is not None:
        policy.require(access, interaction, resource_type)


def require_type(resource_type: str | None) -> None:
    """Raise NotFound for what is no type of R4."""
    if resource_type is not None and resource_type not in TYPE_NUMBER:
        raise NotFound("'%(type)s' is not a resource type of FHIR R4.", type=resource_type)


@contextmanager
def open_work(
    access: AccessContext, interaction: str, resource_type: str | None, now: datetime, *, reading: bool = False
) -> Iterator[Work]:
    """One request on the record. Its audit row is durable before the answer goes out; a refusal leaves one too.
    ``reading`` as in `open_session`."""
    require_type(resource_type)
    try:
        require(access, interaction, resource_type)
        with open_session(access, reading=reading) as session:
            work = Work(session, now, interaction)
            yield work
            work.flush()
            if work.written:
                _close(work)
        if not work.written:
            _close(work)
    except (NotFound, Gone, Forbidden, Conflict) as error:
        _record_refusal(access, interaction, error)
        raise
    except ProgrammingError as error:
        if not isinstance(error.__cause__, InsufficientPrivilege):
            raise
        refusal = Forbidden("You would not see what you write: it is of a class of data, or in a record, that is not "
                            "open to you.")  # fmt: skip
        _record_refusal(access, interaction, refusal)
        raise refusal from error


def _close(work: Work) -> None:
    audit.write(
        audit.entry_of(
            work.access,
            work.interaction,
            work.compartments,
            work.entities,
            written=work.written,
            query="\n".join(work.queries),
        )
    )
    for patient, changed in work.changed.items():
        payload = {"patient": patient, "changed": [list(entry) for entry in changed]}
        outbox.emit("patient.changed", payload, subject=patient)


def _record_refusal(access: AccessContext, interaction: str, error: FhirError) -> None:
    entities = [str(error.issues[0].args.get(name, "")) for name in ("type", "id")]
    reference = "/".join(part for part in entities if part)
    audit.write(audit.entry_of(access, interaction, (), [reference], outcome=audit.MINOR_FAILURE))
