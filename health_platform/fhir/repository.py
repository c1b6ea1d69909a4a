"""The only door to stored resources: `Repository(AccessContext)`. No context, no data.

Each public method is one request: policy, one database transaction, its audit row, its outbox event. A resource that
the actor does not reach is answered exactly like one that does not exist.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from health_platform.fhir import acceptance, body, bundle, compartment, knowledge, outbox, rows
from health_platform.fhir.access import audit, policy
from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.access.disclosure import page_shown, shown
from health_platform.fhir.access.session import Session, open_session
from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES, TYPE_NUMBER
from health_platform.fhir.disclosure import is_withheld
from health_platform.fhir.keys import key, organization_key, patient_key
from health_platform.fhir.outcome import (
    BadRequest,
    FhirError,
    Forbidden,
    Gone,
    NotFound,
    PreconditionFailed,
    UnprocessableEntity,
)
from health_platform.fhir.search.concepts import search
from health_platform.fhir.search.index import index_values
from health_platform.fhir.search.query import Query, parse_search, text_of
from health_platform.fhir.search.request import SearchRequest
from health_platform.fhir.stored import Page, Stored
from health_platform.fhir.terminology.registry import Terminology

Resource = dict[str, Any]
UNKNOWN = "%(type)s/%(id)s is not known."
_VERSION = (
    "SELECT rid, compartment, custodian, version, deleted, withheld FROM fhir_resource"
    " WHERE id = %(id)s AND type = %(type)s"
)
_CURRENT = (
    "SELECT r.version, r.last_updated, r.deleted, r.body, r.compartment, r.rid FROM fhir_resource r"
    " WHERE r.id = %(id)s AND r.type = %(type)s"
)
_EARLIER = (
    "SELECT h.version, h.last_updated, h.deleted, h.body, h.compartment, h.rid FROM fhir_history h"
    " WHERE h.rid = %(rid)s AND (%(version)s::int IS NULL OR h.version = %(version)s)"
    " AND (%(all)s OR NOT h.withheld) ORDER BY h.version DESC"
)


# The compartment of what names no patient and was written by no institution: the operator's alone.
_NOBODY = key("nobody")


@dataclass(frozen=True, slots=True)
class _Found:
    """The columns of a stored row that a change needs."""

    rid: int
    compartment: int
    custodian: int
    version: int
    deleted: bool
    withheld: bool


@dataclass(slots=True)
class _Work:
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
    _known: knowledge.Known | None = None

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
        if self.pending:
            rows.insert(self.session.cursor, self.pending)
            self.pending = []


class Repository:
    """The stored resources as ``access`` may see and change them.

    Every method raises a FhirError: Forbidden when scope or role do not allow the interaction, NotFound when there is
    nothing within reach, UnprocessableEntity with all issues when a resource is not valid FHIR R4. Nothing is stored
    then.
    """

    def __init__(self, access: AccessContext, now: Callable[[], datetime] = timezone.now) -> None:
        self.access = access
        self._now = now
        self._shared: _Work | None = None

    # ---- reading

    def read(self, resource_type: str, id: str) -> Stored:
        """The current version. Raises Gone when it was deleted."""
        with self._work("read", resource_type) as work:
            stored, compartment = self._current(work, resource_type, id)
            work.saw(stored, compartment)
            return shown(self.access, stored)

    def vread(self, resource_type: str, id: str, version: int) -> Stored:
        """One version. Raises Gone for the version that is the deletion."""
        with self._work("vread", resource_type) as work:
            for stored, compartment, deleted in self._versions(work, resource_type, id, version):
                if deleted:
                    raise Gone("Version %(version)s of %(type)s/%(id)s is its deletion.",
                               version=version, type=resource_type, id=id)  # fmt: skip
                work.saw(stored, compartment)
                return shown(self.access, stored)
            raise NotFound("%(type)s/%(id)s has no version %(version)s.", type=resource_type, id=id, version=version)

    def history(self, resource_type: str, id: str) -> list[tuple[Stored, bool]]:
        """All versions of one resource, newest first, each with whether it is a deletion."""
        with self._work("history-instance", resource_type) as work:
            found = self._versions(work, resource_type, id, None)
            if not found:
                raise NotFound(UNKNOWN, type=resource_type, id=id)
            work.saw(found[0][0], found[0][1])
            return [(shown(self.access, stored), deleted) for stored, _compartment, deleted in found]

    def search(
        self,
        resource_type: str,
        query: Query | SearchRequest,
        *,
        lenient: bool = False,
        asked_as: str = "",
        about: Iterable[str] = (),
    ) -> Page:
        """One page of the matches within reach, with what `_include` adds. For the access log: ``asked_as`` is the
        text where ``query`` is parsed already, ``about`` are patients of whom the answer tells besides."""
        request = query if isinstance(query, SearchRequest) else parse_search(resource_type, query, lenient=lenient)
        with self._work("search-type", resource_type) as work:
            work.queries.append(f"{resource_type}?{asked_as or text_of(query)}")
            work.compartments |= {patient_key(patient) for patient in about}
            work.flush()
            page = search(work.session, request, work.terminology)
            for match in (*page.matches, *page.included):
                work.saw(match.stored, match.compartment)
            return page_shown(self.access, page)

    def access_log(
        self, patient: str, before: int | None = None, limit: int = 20
    ) -> list[tuple[int, audit.AuditEntry]]:
        """Who looked at or changed the record of ``patient``, newest first, older than entry number ``before``.

        For the patient and for those who act for the patient; for others the record is not known.
        """
        if patient not in self.access.patients and not self.access.unrestricted:
            raise NotFound(UNKNOWN, type="Patient", id=patient)
        with open_session(self.access) as session:
            return audit.of_patient(session.cursor, patient_key(patient), before, limit)

    # ---- writing

    def create(self, resource: Resource | bytes, *, if_none_exist: str | None = None) -> Stored:
        """Store a new resource under an id of the server's choice; with ``if_none_exist`` (search criteria) only when
        nothing matches them, else the one match is returned. Raises PreconditionFailed when several match."""
        return self.create_conditionally(resource, if_none_exist)[0]

    def create_conditionally(
        self, resource: Resource | bytes, if_none_exist: str | None, *, expected_type: str | None = None
    ) -> tuple[Stored, bool]:
        """As `create`, and says whether it was created."""
        return self.create_under(resource, new_id(), expected_type=expected_type, if_none_exist=if_none_exist)

    def create_under(
        self, resource: Resource | bytes, id: str, *, expected_type: str | None, if_none_exist: str | None = None
    ) -> tuple[Stored, bool]:
        """As `create_conditionally`, under an ``id`` drawn before: entries of a transaction refer to each other."""
        raw, parsed = _both(resource)
        kind = _known_type(parsed)
        if expected_type not in (None, kind):
            raise BadRequest("The address says %(expected)s, the resource is a %(found)s.",
                             expected=expected_type, found=kind)  # fmt: skip
        with self._work("create", kind) as work:
            if if_none_exist is not None and (found := self._one_match(work, kind, if_none_exist)) is not None:
                return found, False
            return self._create(work, raw, parsed, id), True

    def created(self, resource_type: str, id: str) -> Stored | None:
        """Within a transaction: what it has created under ``id`` so far."""
        if self._shared is None:
            return None
        return self._shared.created.get((resource_type, id))

    def match(self, resource_type: str, criteria: str) -> Stored | None:
        """The one resource that meets ``criteria``, None without any; locks them until the transaction ends."""
        with self._work("search-type", resource_type) as work:
            return self._one_match(work, resource_type, criteria)

    def update(
        self, resource: Resource | bytes, *, if_match: int | None = None, expected: tuple[str, str] | None = None
    ) -> Stored:
        """Store a new version; a resource with an unknown id is created under it (update as create).

        ``expected`` are type and id of the address. Raises PreconditionFailed when ``if_match`` is not the current
        version.
        """
        raw, parsed = _both(resource)
        kind, id = _known_type(parsed), parsed.get("id")
        if not isinstance(id, str) or expected not in (None, (kind, id)):
            raise BadRequest(
                "The address says %(expected)s, the resource %(found)s: 'resourceType' and 'id' must agree with it.",
                expression=(f"{kind}.id",),
                expected="/".join(expected or (kind, "?")),
                found=f"{kind}/{id}" if id else "has no id",
            )
        with self._work("update", kind) as work:
            return self._update(work, raw, parsed, id, if_match)

    def delete(self, resource_type: str, id: str, *, if_match: int | None = None) -> int | None:
        """Delete logically and return the tombstone's version; None when it was deleted before."""
        with self._work("delete", resource_type) as work:
            return self._delete(work, resource_type, id, if_match)

    def transaction(self, request: Resource | bytes) -> Resource:
        """Carry out a transaction Bundle: all entries or none, in the order DELETE, POST, PUT, GET.

        References to a `fullUrl` of the Bundle become references to what is stored. An error names its entry.
        """
        with self._work("transaction", None) as work:
            self._shared = work
            try:
                return bundle.carry_out(self, request, new_id)
            finally:
                self._shared = None

    # ---- one request

    @contextmanager
    def _work(self, interaction: str, resource_type: str | None) -> Iterator[_Work]:
        if resource_type is not None and resource_type not in TYPE_NUMBER:
            raise NotFound("'%(type)s' is not a resource type of FHIR R4.", type=resource_type)
        if self._shared is not None:
            self._require(interaction, resource_type)
            yield self._shared
            return
        try:
            self._require(interaction, resource_type)
            with open_session(self.access) as session:
                work = _Work(session, self._now(), interaction)
                yield work
                work.flush()
                if work.written:
                    self._close(work)
            if not work.written:
                self._close(work)
        except (NotFound, Gone, Forbidden) as error:
            self._record_refusal(interaction, error)
            raise

    def _require(self, interaction: str, resource_type: str | None) -> None:
        if resource_type is not None:
            policy.require(self.access, interaction, resource_type)

    def _close(self, work: _Work) -> None:
        audit.write(
            audit.entry_of(
                self.access,
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

    def _record_refusal(self, interaction: str, error: FhirError) -> None:
        entities = [str(error.issues[0].args.get(name, "")) for name in ("type", "id")]
        reference = "/".join(part for part in entities if part)
        audit.write(audit.entry_of(self.access, interaction, (), [reference], outcome=audit.MINOR_FAILURE))

    # ---- the parts

    def _current(self, work: _Work, resource_type: str, id: str) -> tuple[Stored, int]:
        work.flush()
        condition, parameters = work.session.reach("r")
        statement = _CURRENT + (f" AND {condition}" if condition else "")
        work.session.cursor.execute(statement, {"id": id, "type": TYPE_NUMBER[resource_type], **parameters})
        row = work.session.cursor.fetchone()
        if row is None:
            raise NotFound(UNKNOWN, type=resource_type, id=id)
        if row[2]:
            raise Gone("%(type)s/%(id)s was deleted.", type=resource_type, id=id)
        return Stored(resource_type, id, row[0], row[1], bytes(row[3])), row[4]

    def _versions(
        self, work: _Work, resource_type: str, id: str, version: int | None
    ) -> list[tuple[Stored, int, bool]]:
        work.flush()
        condition, parameters = work.session.reach("r")
        cursor = work.session.cursor
        statement = _CURRENT + (f" AND {condition}" if condition else "")
        cursor.execute(statement, {"id": id, "type": TYPE_NUMBER[resource_type], **parameters})
        current = cursor.fetchone()
        if current is None:
            raise NotFound(UNKNOWN, type=resource_type, id=id)
        found = [current] if version in (None, current[0]) else []
        if version != current[0]:
            everything = self.access.role is not Role.CITIZEN
            cursor.execute(_EARLIER, {"rid": current[5], "version": version, "all": everything})
            found += cursor.fetchall()
        return [(Stored(resource_type, id, row[0], row[1], bytes(row[3])), row[4], row[2]) for row in found]

    def _one_match(self, work: _Work, resource_type: str, criteria: str) -> Stored | None:
        work.flush()
        work.queries.append(f"{resource_type}?{criteria}")
        work.session.cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key(f"{resource_type}?{criteria}")])
        page = search(work.session, replace(parse_search(resource_type, criteria), count=2), work.terminology)
        if len(page.matches) > 1:
            raise PreconditionFailed(
                "More than one %(type)s matches '%(criteria)s': name criteria that one resource alone meets.",
                type=resource_type,
                criteria=criteria,
            )
        if not page.matches:
            return None
        work.saw(page.matches[0].stored, page.matches[0].compartment)
        return page.matches[0].stored

    def _create(self, work: _Work, raw: bytes, resource: Resource, id: str) -> Stored:
        row, patient = self._row(work, raw, resource, id, version=1, rid=None, custodian=work.session.organization)
        if row.resource_type == "Patient":
            author = {work.session.organization} if self.access.role in (Role.SYSTEM, Role.CLINICIAN) else set()
            _set_care(work, row.compartment, resource, author)
            work.known_patients.add(row.compartment)
        work.pending.append(row)
        stored = Stored(row.resource_type, id, 1, row.updated, row.body)
        work.created[row.resource_type, id] = stored
        work.wrote(stored, row.compartment, patient)
        return stored

    def _update(self, work: _Work, raw: bytes, resource: Resource, id: str, if_match: int | None) -> Stored:
        kind: str = resource["resourceType"]
        found = self._for_change(work, kind, id)
        if found is None:
            return self._create_under(work, raw, resource, id, if_match)
        _match_version(if_match, found.version, kind, id)
        row, patient = self._row(
            work, raw, resource, id, version=found.version + 1, rid=found.rid, custodian=found.custodian
        )
        if kind == "Patient":
            _set_care(work, row.compartment, resource, {found.custodian})
        rows.replace(work.session.cursor, row)
        stored = Stored(kind, id, row.version, row.updated, row.body)
        work.wrote(stored, row.compartment, patient)
        return stored

    def _create_under(self, work: _Work, raw: bytes, resource: Resource, id: str, if_match: int | None) -> Stored:
        """Update as create. A Patient gets its id from the server: an id of the client's choice could be one that
        exists beyond the client's reach."""
        kind: str = resource["resourceType"]
        if if_match is not None:
            raise PreconditionFailed(UNKNOWN, type=kind, id=id)
        policy.require(self.access, "create", kind)
        if kind == "Patient" and not self.access.unrestricted:
            raise Forbidden("A %(type)s gets its id from the server: send POST instead of PUT.", type=kind)
        return self._create(work, raw, resource, id)

    def _delete(self, work: _Work, kind: str, id: str, if_match: int | None) -> int | None:
        found = self._for_change(work, kind, id)
        if found is None:
            raise NotFound(UNKNOWN, type=kind, id=id)
        _match_version(if_match, found.version, kind, id)
        if found.deleted:
            return None
        acceptance.refuse_deletion(work.known, self.access, kind, id)
        patient = compartment.patient_of(self._current(work, kind, id)[0].resource())
        version = found.version + 1
        rows.bury(work.session.cursor, found.rid, work.now)
        work.wrote(Stored(kind, id, version, work.now, b""), found.compartment, patient)
        return version

    def _for_change(self, work: _Work, kind: str, id: str) -> _Found | None:
        """The row, locked until the transaction ends; None when there is none within reach.

        What belongs to no patient may be changed by the institution that wrote it, and by nobody else.
        """
        work.flush()
        condition, parameters = work.session.reach("fhir_resource")
        statement = _VERSION + (f" AND {condition}" if condition else "") + " FOR UPDATE"
        work.session.cursor.execute(statement, {"id": id, "type": TYPE_NUMBER[kind], **parameters})
        row = work.session.cursor.fetchone()
        found = _Found(*row) if row else None
        public = found is not None and not found.compartment
        if found and public and not self.access.unrestricted and found.custodian != work.session.organization:
            raise Forbidden("%(type)s/%(id)s belongs to another institution.", type=kind, id=id)
        return found

    def _row(
        self, work: _Work, raw: bytes, resource: Resource, id: str, *, version: int, rid: int | None, custodian: int
    ) -> tuple[rows.Row, str | None]:
        issues = acceptance.issues_of(work.known, self.access.organization, resource, raw)
        if any(issue.is_error for issue in issues):
            raise UnprocessableEntity(issues)
        kind: str = resource["resourceType"]
        patient = id if kind == "Patient" else compartment.patient_of(resource)
        index = index_values({**resource, "id": id})
        updated = work.now.astimezone(UTC)
        place, withheld = self._place(work, resource, patient)
        row = rows.Row(
            rid=rid if rid is not None else rows.row_ids.take(work.session.cursor, 1)[0],
            compartment=place,
            custodian=custodian,
            moment=compartment.moment(kind, index, updated),
            updated=updated,
            version=version,
            resource_type=kind,
            id=id,
            body=body.stamp(raw, id, version, updated),
            index=index,
            withheld=withheld,
        )
        return row, patient

    def _place(self, work: _Work, resource: Resource, patient: str | None) -> tuple[int, bool]:
        """The compartment, and whether the resource is withheld from the citizen."""
        kind: str = resource["resourceType"]
        withheld = is_withheld(resource)
        if patient is not None:
            number = patient_key(patient)
            if kind != "Patient":
                self._require_patient(work, kind, patient, number)
            return number, withheld
        for reference in compartment.targets_of(resource):
            target, _, id = reference.partition("/")
            if target in TYPE_NUMBER and (found := self._for_change(work, target, id)) is not None:
                return found.compartment, withheld or found.withheld
        return (0 if kind in compartment.PUBLIC_TYPES else work.session.organization or _NOBODY), withheld

    def _require_patient(self, work: _Work, kind: str, patient: str, number: int) -> None:
        """A record about a patient needs a patient within reach: unknown and foreign patients read alike."""
        if number in work.known_patients:
            return
        condition, parameters = work.session.reach("r")
        work.session.cursor.execute(
            "SELECT 1 FROM fhir_resource r WHERE r.compartment = %(patient)s AND r.type = %(type)s AND NOT r.deleted"
            + (f" AND {condition}" if condition else ""),
            {"patient": number, "type": TYPE_NUMBER["Patient"], **parameters},
        )
        if work.session.cursor.fetchone() is None:
            raise UnprocessableEntity(
                "The %(type)s is about Patient/%(id)s, which is not known here: create the Patient first.",
                type=kind,
                id=patient,
            )
        work.known_patients.add(number)


def _set_care(work: _Work, patient: int, resource: Resource, author: set[int]) -> None:
    """Let those institutions see the record that the Patient names, and the one that wrote it first; no others."""
    caring = {organization_key(id) for id in compartment.organizations_of(resource)} | author
    cursor = work.session.cursor
    cursor.execute("DELETE FROM fhir_care WHERE patient = %s AND NOT organization = ANY(%s)", [patient, sorted(caring)])
    cursor.execute(
        "INSERT INTO fhir_care (organization, patient, since) SELECT unnest(%s::bigint[]), %s, %s"
        " ON CONFLICT DO NOTHING",
        [sorted(caring - {0}), patient, work.now],
    )


def new_id() -> str:
    """A logical id that cannot be guessed."""
    return str(uuid.uuid4())


def _both(resource: Resource | bytes) -> tuple[bytes, Resource]:
    if isinstance(resource, bytes):
        return resource, body.parse(resource)
    raw = body.serialise(resource)
    return raw, body.parse(raw)


def _known_type(resource: Resource) -> str:
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or kind not in TYPE_NUMBER:
        raise BadRequest(
            "'resourceType' is %(found)s: it must be one of the %(count)s resource types of FHIR R4.",
            expression=("resourceType",),
            found=repr(kind) if kind is not None else "missing",
            count=len(RESOURCE_TYPES),
        )
    return kind


def _match_version(if_match: int | None, version: int, kind: str, id: str) -> None:
    if if_match is not None and if_match != version:
        raise PreconditionFailed(
            "%(type)s/%(id)s is at version %(version)s, not %(asked)s: read it again and repeat the change on it.",
            type=kind,
            id=id,
            version=version,
            asked=if_match,
        )
