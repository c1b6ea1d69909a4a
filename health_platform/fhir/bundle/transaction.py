"""Carrying out a transaction Bundle (FHIR R4, http.html#transaction): all entries or none.

Who is who is settled first, under locks; then DELETE, POST, PUT and PATCH, and what only asks comes last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from health_platform.fhir import body
from health_platform.fhir.bundle.entries import Entry, entry_of, given_entries
from health_platform.fhir.bundle.references import names_of, resolved
from health_platform.fhir.outcome import BadRequest, FhirError, Issue, NotFound
from health_platform.fhir.patch.change import change_of
from health_platform.fhir.stored import Stored

if TYPE_CHECKING:
    from health_platform.fhir.repository import Repository

Answer = dict[str, Any]
Ask = Callable[[Entry], Answer]
"""Answers an entry that changes nothing."""
Show = Callable[[Stored], Answer]
"""What the answer of a write carries besides its response."""
_PHASE = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2}
_LAST = 3


def carry_out(
    repository: Repository, raw: bytes, new_id: Callable[[], str], ask: Ask | None, show: Show, base: str
) -> Answer:
    """All entries within the repository's open transaction; the answer's entries stand in the request's order."""
    entries = [entry_of(place, given, base) for place, given in enumerate(given_entries(raw))]
    _refuse_twins(entries)
    entries = _identified(repository, entries, new_id)
    _refuse_overlap(entries)
    answers = _Run(repository, entries, ask or (lambda entry: _get(repository, entry)), show).answers()
    return {
        "resourceType": "Bundle",
        "type": "transaction-response",
        "entry": [answers[entry.place] for entry in entries],
    }


def _refuse_twins(entries: Iterable[Entry]) -> None:
    """Two entries of one name: nobody could say which of them a reference means."""
    seen: set[str] = set()
    for entry in entries:
        if entry.full_url and not entry.is_question and entry.full_url in seen:
            raise BadRequest("The fullUrl '%(url)s' stands twice in the Bundle.",
                             expression=(f"{entry.where}.fullUrl",), url=entry.full_url)  # fmt: skip
        seen.add(entry.full_url or "")


def _identified(repository: Repository, entries: list[Entry], new_id: Callable[[], str]) -> list[Entry]:
    """The entries with the ids under which they will stand, so that they can refer to each other in any order.

    Two conditional creates with the same criteria are one resource.
    """
    repository.lock_criteria((entry.path[0], entry.criteria) for entry in entries if entry.criteria is not None)
    known: dict[tuple[str, str], Entry] = {}
    identified = []
    for entry in entries:
        if entry.criteria is None:
            fresh = new_id() if entry.method == "POST" and not entry.is_question else entry.path[1]
            identified.append(replace(entry, id=fresh))
            continue
        first = known.get((entry.path[0], entry.criteria))
        if first is None:
            first = known[entry.path[0], entry.criteria] = _matched(repository, entry, entry.criteria, new_id)
        elif {first.method, entry.method} != {"POST"}:
            raise BadRequest("The same criteria stand in two entries that change something.",
                             expression=(f"{entry.where}.request",))  # fmt: skip
        identified.append(replace(entry, id=first.id, found=first.found))
    return identified


def _matched(repository: Repository, entry: Entry, criteria: str, new_id: Callable[[], str]) -> Entry:
    """The entry with what meets its criteria; without a match with the id of what will be created."""
    try:
        found = repository.match(entry.path[0], criteria)
    except FhirError as error:
        raise _in_entry(error, entry) from error
    if found is not None:
        return replace(entry, id=found.id, found=found)
    if entry.method == "DELETE":
        return entry
    if entry.method == "PATCH":
        missing = NotFound("No %(type)s matches '%(criteria)s'.", type=entry.path[0], criteria=criteria)
        raise _in_entry(missing, entry)
    given = body.parse(entry.resource or b"{}").get("id") if entry.method == "PUT" else None
    return replace(entry, id=given if isinstance(given, str) else new_id())


def _refuse_overlap(entries: Iterable[Entry]) -> None:
    seen: set[tuple[str, str]] = set()
    for entry in entries:
        if entry.method not in ("PUT", "PATCH", "DELETE") or entry.id is None or entry.is_question:
            continue
        identity = (entry.path[0], entry.id)
        if identity in seen:
            raise BadRequest("%(type)s/%(id)s is changed twice: one transaction may change a resource once.",
                             expression=(entry.where,), type=identity[0], id=identity[1])  # fmt: skip
        seen.add(identity)


def _order(entry: Entry) -> tuple[int, int, str, str]:
    """R4's order. Within the writes Patients come first and Provenances last, since the record of the others hangs on
    theirs; what is locked is locked in one order, so that two transactions do not wait for each other."""
    if entry.is_question:
        return _LAST, 0, "", ""
    kind, phase = entry.path[0], _PHASE[entry.method]
    if phase and kind == "Patient":
        return _PHASE["POST"], -1, kind, entry.id or ""
    if phase and kind == "Provenance":
        return _LAST - 1, 1, kind, entry.id or ""
    return phase, 0, kind, entry.id or ""


class _Run:
    """The entries of one transaction, one after the other."""

    def __init__(self, repository: Repository, entries: list[Entry], ask: Ask, show: Show) -> None:
        self._repository, self._entries, self._ask, self._show = repository, entries, ask, show
        targets = {
            entry.full_url: f"{entry.path[0]}/{entry.id}"
            for entry in entries
            if entry.full_url and entry.id and not entry.is_question
        }
        self._names = names_of(targets)
        self._matches: dict[tuple[str, str], str | None] = {}

    def answers(self) -> dict[int, Answer]:
        answers: dict[int, Answer] = {}
        asked = False
        for entry in sorted(self._entries, key=_order):
            if entry.is_question and not asked:
                self._repository.flush()
                asked = True
            try:
                answers[entry.place] = self._perform(entry)
            except FhirError as error:
                raise _in_entry(error, entry) from error
        return answers

    def _perform(self, entry: Entry) -> Answer:
        if entry.is_question:
            return self._ask(entry)
        kind, id = entry.path[0], entry.id
        if entry.method == "DELETE":
            if id is not None:
                self._repository.delete(kind, id, if_match=entry.if_match)
            return {"response": {"status": "204 No Content"}}
        if entry.method == "POST" and entry.found is not None:
            return self._response(entry.found, "200 OK")
        assert entry.resource is not None and id is not None  # noqa: S101  (entry_of, _identified)
        if entry.method == "POST":
            return self._create(entry, kind, id)
        if entry.method == "PUT":
            raw = self._resolved(entry, kind)
            stored = self._repository.update_under(raw, (kind, id), if_match=entry.if_match)
            return self._response(stored, "200 OK" if stored.version > 1 else "201 Created")
        change = change_of(self._resolved(entry, "Parameters"), entry.content_type)
        return self._response(self._repository.patch(kind, id, change, if_match=entry.if_match), "200 OK")

    def _create(self, entry: Entry, kind: str, id: str) -> Answer:
        twin = self._repository.created(kind, id) if entry.if_none_exist is not None else None
        if twin is not None:
            return self._response(twin, "200 OK")
        stored, _ = self._repository.create_under(self._resolved(entry, kind), id, expected_type=kind)
        return self._response(stored, "201 Created")

    def _resolved(self, entry: Entry, kind: str) -> bytes:
        return resolved(entry.resource or b"", kind, entry.full_url, self._names, self._match)

    def _match(self, kind: str, criteria: str) -> str | None:
        if (kind, criteria) not in self._matches:
            found = self._repository.match(kind, criteria)
            self._matches[kind, criteria] = found.reference if found else None
        return self._matches[kind, criteria]

    def _response(self, stored: Stored, status: str) -> Answer:
        about = {
            "status": status,
            "location": stored.versioned,
            "etag": f'W/"{stored.version}"',
            "lastModified": body.instant(stored.last_updated),
        }
        shown = self._show(stored)
        return {**shown, "response": {**about, **shown.get("response", {})}}


def _get(repository: Repository, entry: Entry) -> Answer:
    """A read or a search for our own code; over HTTP the router answers."""
    kind, id = entry.path
    if id is not None:
        stored = repository.read(kind, id)
        return {"response": {"status": "200 OK"}, "resource": stored.resource()}
    page = repository.search(kind, entry.query)
    matches = [{"resource": match.stored.resource(), "search": {"mode": "match"}} for match in page.matches]
    matches += [{"resource": match.stored.resource(), "search": {"mode": "include"}} for match in page.included]
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": matches}
    return {"response": {"status": "200 OK"}, "resource": bundle}


def whole(stored: Stored) -> Answer:
    """The resource itself, for `Prefer: return=representation`."""
    return {"resource": msgspec.Raw(stored.body)}


def nothing(_stored: Stored) -> Answer:
    return {}


def _in_entry(error: FhirError, entry: Entry) -> FhirError:
    """The same error with expressions that lead from the Bundle to the fault."""
    issues = [replace(issue, expression=_within(issue, entry.where)) for issue in error.issues]
    return FhirError(error.status, issues)


def _within(issue: Issue, where: str) -> tuple[str, ...]:
    if not issue.expression:
        return (where,)
    return tuple(
        expression
        if expression.startswith("Bundle.")
        else f"{where}.resource.{expression.partition('.')[2]}".rstrip(".")
        for expression in issue.expression
    )
