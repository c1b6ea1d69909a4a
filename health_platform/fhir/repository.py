"""The only door to stored resources: `Repository(AccessContext)`. No context, no data.

Each public method is one request: policy, one database transaction, its audit row, its outbox event (record/work.py).
A resource that the actor does not reach is answered exactly like one that does not exist.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from health_platform.fhir import body
from health_platform.fhir.access import audit, policy
from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.access.disclosure import page_shown, shown
from health_platform.fhir.access.session import open_session
from health_platform.fhir.bundle import transaction
from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES, TYPE_NUMBER
from health_platform.fhir.keys import patient_key
from health_platform.fhir.outcome import BadRequest, Forbidden, Gone, NotFound, PreconditionFailed
from health_platform.fhir.patch.change import Change
from health_platform.fhir.record import everything, history, labels, reading, writing
from health_platform.fhir.record.history import HistoryPage, Versions
from health_platform.fhir.record.reading import UNKNOWN
from health_platform.fhir.record.work import Work, open_work, require, require_type
from health_platform.fhir.search.concepts import search
from health_platform.fhir.search.query import Query, parse_search, text_of
from health_platform.fhir.search.request import SearchRequest
from health_platform.fhir.stored import Page, Stored

Resource = dict[str, Any]
MAX_VERSION = 2**31 - 1


class Repository:
    """The stored resources as ``access`` may see and change them.

    Every method raises a FhirError: Forbidden when scope or role do not allow the interaction, NotFound when there is
    nothing within reach, UnprocessableEntity with all issues when a resource is not valid FHIR R4. Nothing is stored
    then.
    """

    def __init__(self, access: AccessContext, now: Callable[[], datetime] = timezone.now) -> None:
        self.access = access
        self._now = now
        self._shared: Work | None = None

    # ---- reading

    def read(self, resource_type: str, id: str) -> Stored:
        """The current version. Raises Gone when it was deleted."""
        with self._work("read", resource_type, reading=True) as work:
            stored, compartment = reading.current(work, resource_type, id)
            work.saw(stored, compartment)
            return shown(self.access, stored)

    def vread(self, resource_type: str, id: str, version: int) -> Stored:
        """One version. Raises Gone for the version that is the deletion."""
        with self._work("vread", resource_type, reading=True) as work:
            reading.current_row(work, resource_type, id)
            asked = Versions((resource_type,), id, min(version, MAX_VERSION), count=1)
            for found in history.page(work, asked).versions:
                if found.deleted:
                    raise Gone("Version %(version)s of %(type)s/%(id)s is its deletion.",
                               version=version, type=resource_type, id=id)  # fmt: skip
                work.saw(found.stored, found.compartment)
                return shown(self.access, found.stored)
            raise NotFound("%(type)s/%(id)s has no version %(version)s.", type=resource_type, id=id, version=version)

    def history(self, resource_type: str, id: str, asked: Versions | None = None) -> HistoryPage:
        """The versions of one resource, newest first. Raises NotFound."""
        with self._work("history-instance", resource_type, reading=True) as work:
            reading.current_row(work, resource_type, id)
            return self._versions(work, replace(asked or Versions(()), types=(resource_type,), id=id))

    def history_of_type(self, resource_type: str, asked: Versions) -> HistoryPage:
        """The versions of all resources of a type, newest first."""
        with self._work("history-type", resource_type, reading=True) as work:
            return self._versions(work, replace(asked, types=(resource_type,)))

    def history_of_all(self, asked: Versions) -> HistoryPage:
        """The versions of all resources of the types that the scopes allow, newest first."""
        with self._work("history-system", None, reading=True) as work:
            types = tuple(kind for kind in RESOURCE_TYPES if policy.allows(self.access, "history-type", kind))
            if not types:
                raise Forbidden("The token's scopes allow the history of no type.")
            return self._versions(work, replace(asked, types=types))

    def _versions(self, work: Work, asked: Versions) -> HistoryPage:
        found = history.page(work, asked)
        for version in found.versions:
            work.saw(version.stored, version.compartment)
        visible = [replace(version, stored=shown(self.access, version.stored)) for version in found.versions]
        return replace(found, versions=visible)

    def everything(self, patient: str, asked: everything.Everything) -> Page:
        """One page of a person's record, as far as reach and scopes go. Raises NotFound."""
        with self._work("search-type", "Patient", reading=True) as work:
            work.queries.append(f"Patient/{patient}/$everything")
            reading.current(work, "Patient", patient)
            types = tuple(kind for kind in asked.types if policy.allows(self.access, "search-type", kind))
            page = everything.page(work, patient, replace(asked, types=types))
            for match in (*page.matches, *page.included):
                work.saw(match.stored, match.compartment)
            return page_shown(self.access, page)

    def labels_in_use(self, resource_type: str) -> Resource:
        """The profiles, tags and security labels of a type's resources within reach, as a Meta. Raises BadRequest for
        who reaches more records than can be looked through."""
        with self._work("search-type", resource_type, reading=True) as work:
            return labels.in_use(work, resource_type)

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
        with self._work("search-type", resource_type, reading=True) as work:
            work.queries.append(f"{resource_type}?{asked_as or text_of(query)}")
            work.compartments |= {patient_key(patient) for patient in about}
            work.flush()
            page = search(work.session, [request], work.terminology)
            for match in (*page.matches, *page.included):
                work.saw(match.stored, match.compartment)
            return page_shown(self.access, page)

    def search_types(self, requests: Sequence[SearchRequest], asked_as: str) -> Page:
        """One page of the matches of several types together, of those that the scopes allow. Raises Forbidden where
        they allow none."""
        allowed = [one for one in requests if policy.allows(self.access, "search-type", one.resource_type)]
        first = (allowed or requests)[0].resource_type
        with self._work("search-type", first, reading=True) as work:
            work.queries.append(asked_as)
            work.flush()
            page = search(work.session, allowed, work.terminology)
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
            if if_none_exist is not None and (found := reading.one_match(work, kind, if_none_exist)) is not None:
                return found, False
            return writing.create(work, raw, parsed, id), True

    def created(self, resource_type: str, id: str) -> Stored | None:
        """Within a transaction: what it has created under ``id`` so far."""
        if self._shared is None:
            return None
        return self._shared.created.get((resource_type, id))

    def match(self, resource_type: str, criteria: str) -> Stored | None:
        """The one resource that meets ``criteria``, None without any; locks them until the transaction ends."""
        with self._work("search-type", resource_type) as work:
            return reading.one_match(work, resource_type, criteria)

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
            raise _disagree(parsed, "/".join(expected or (kind, "?")))
        with self._work("update", kind) as work:
            return writing.update(work, raw, parsed, id, if_match)

    def update_under(
        self, resource: Resource | bytes, place: tuple[str, str], *, if_match: int | None = None
    ) -> Stored:
        """As `update`, under type and id of ``place``; a resource that brings no id takes that one."""
        raw, parsed = _both(resource)
        kind, id = place
        if _known_type(parsed) != kind or parsed.get("id", id) != id:
            raise _disagree(parsed, f"{kind}/{id}")
        with self._work("update", kind) as work:
            return writing.update(work, raw, parsed | {"id": id}, id, if_match)

    def update_matching(
        self, resource: Resource | bytes, criteria: str, *, expected_type: str, if_match: int | None = None
    ) -> Stored:
        """Conditional update: a new version of the one resource that meets ``criteria``; without a match a new
        resource, under the id that it brings. Raises PreconditionFailed when several match."""
        raw, parsed = _both(resource)
        kind, given = _known_type(parsed), parsed.get("id")
        if kind != expected_type:
            raise _disagree(parsed, expected_type)
        with self._work("update", kind) as work:
            found = reading.one_match(work, kind, criteria)
            if found is None and given is None:
                policy.require(self.access, "create", kind)
                _refuse_if_match(kind, criteria, if_match)
                return writing.create(work, raw, parsed, new_id())
            if found is not None and given not in (None, found.id):
                raise _disagree(parsed, found.reference)
            id = found.id if found is not None else str(given)
            return writing.update(work, raw, parsed | {"id": id}, id, if_match)

    def patch(self, resource_type: str, id: str, change: Change, *, if_match: int | None = None) -> Stored:
        """Store ``change`` of the current version, accepted like an update."""
        with self._work("patch", resource_type) as work:
            return shown(self.access, writing.patch(work, resource_type, id, change, if_match))

    def patch_matching(
        self, resource_type: str, criteria: str, change: Change, *, if_match: int | None = None
    ) -> Stored:
        """Conditional patch of the one resource that meets ``criteria``. Raises NotFound without a match."""
        with self._work("patch", resource_type) as work:
            found = reading.one_match(work, resource_type, criteria)
            if found is None:
                raise NotFound("No %(type)s matches '%(criteria)s'.", type=resource_type, criteria=criteria)
            return shown(self.access, writing.patch(work, resource_type, found.id, change, if_match))

    def delete(self, resource_type: str, id: str, *, if_match: int | None = None) -> int | None:
        """Delete logically and return the tombstone's version; None when it was deleted before."""
        with self._work("delete", resource_type) as work:
            return writing.delete(work, resource_type, id, if_match)

    def delete_matching(self, resource_type: str, criteria: str, *, if_match: int | None = None) -> int | None:
        """Conditional delete of the one resource that meets ``criteria``; None when nothing does. Raises
        PreconditionFailed when several do: this server deletes one at a time."""
        with self._work("delete", resource_type) as work:
            found = reading.one_match(work, resource_type, criteria)
            return None if found is None else writing.delete(work, resource_type, found.id, if_match)

    def transaction(
        self,
        request: Resource | bytes,
        *,
        ask: transaction.Ask | None = None,
        show: transaction.Show = transaction.nothing,
        base: str = "",
    ) -> Resource:
        """Carry out a transaction Bundle: all entries or none, in the order DELETE, POST, PUT and PATCH, GET.

        References to a `fullUrl` of the Bundle become references to what is stored. An error names its entry. ``ask``
        answers what only asks (reads and searches are known without it), ``show`` says what the answer carries of what
        was written, ``base`` is the server's address.
        """
        raw = request if isinstance(request, bytes) else body.serialise(request)
        with self._work("transaction", None) as work:
            self._shared = work
            try:
                return transaction.carry_out(self, raw, new_id, ask, show, base)
            finally:
                self._shared = None

    def lock_criteria(self, criteria: Iterable[tuple[str, str]]) -> None:
        """Within a transaction: lock what its conditional entries look for, before the first of them looks."""
        if self._shared is not None:
            reading.lock(self._shared, (reading.condition_key(kind, query) for kind, query in criteria))

    def flush(self) -> None:
        """Within a transaction: write what has been collected, so that others of its questions see it."""
        if self._shared is not None:
            self._shared.flush()

    # ---- one request

    @contextmanager
    def _work(self, interaction: str, resource_type: str | None, *, reading: bool = False) -> Iterator[Work]:
        if self._shared is not None:
            require_type(resource_type)
            require(self.access, interaction, resource_type)
            yield self._shared
            return
        with open_work(self.access, interaction, resource_type, self._now(), reading=reading) as work:
            yield work


def new_id() -> str:
    """A logical id that cannot be guessed."""
    return str(uuid.uuid4())


def _both(resource: Resource | bytes) -> tuple[bytes, Resource]:
    if isinstance(resource, bytes):
        return resource, body.parse(resource)
    raw = body.serialise(resource)
    return raw, body.parse(raw)


def _disagree(resource: Resource, expected: str) -> BadRequest:
    kind, id = resource.get("resourceType"), resource.get("id")
    if not id:
        return BadRequest(
            "The resource has no 'id': give it the one of the address, %(expected)s.",
            expression=(f"{kind}.id",),
            expected=expected,
        )
    return BadRequest(
        "The address says %(expected)s, the resource %(found)s: 'resourceType' and 'id' must agree with it.",
        expression=(f"{kind}.id",),
        expected=expected,
        found=f"{kind}/{id}",
    )


def _refuse_if_match(kind: str, criteria: str, if_match: int | None) -> None:
    if if_match is not None:
        raise PreconditionFailed("No %(type)s matches '%(criteria)s'.", type=kind, criteria=criteria)


def _known_type(resource: Resource) -> str:
    kind = resource.get("resourceType")
    if kind is None:
        raise BadRequest(
            "'resourceType' is missing: it must be one of the %(count)s resource types of FHIR R4.",
            expression=("resourceType",),
            count=len(RESOURCE_TYPES),
        )
    if not isinstance(kind, str) or kind not in TYPE_NUMBER:
        raise BadRequest(
            "'resourceType' is %(found)s: it must be one of the %(count)s resource types of FHIR R4.",
            expression=("resourceType",),
            found=repr(kind),
            count=len(RESOURCE_TYPES),
        )
    return kind
