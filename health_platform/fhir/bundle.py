"""Carrying out a transaction Bundle (FHIR R4, http.html#transaction)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from health_platform.fhir import body
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.outcome import BadRequest, FhirError, Issue, UnprocessableEntity
from health_platform.fhir.stored import Stored

if TYPE_CHECKING:
    from health_platform.fhir.repository import Repository

MAX_ENTRIES = 5000
_ORDER = ("DELETE", "POST", "PUT", "GET")
_REFERENCE = re.compile(rb'"reference"\s*:\s*"([^"\\]+)"')
_ETAG = re.compile(r'(?:W/)?"?(\d+)"?')


class _Request(msgspec.Struct, rename="camel"):
    method: str
    url: str
    if_none_exist: str | None = None
    if_match: str | None = None


class _Entry(msgspec.Struct, rename="camel"):
    request: _Request | None = None
    full_url: str | None = None
    resource: msgspec.Raw = msgspec.Raw()


class _Bundle(msgspec.Struct, rename="camel"):
    type: str
    entry: list[_Entry] = []


@dataclass(frozen=True, slots=True)
class Entry:
    """One request of a Bundle. ``id`` is known beforehand for what is created under it; ``found`` is what already
    meets the criteria of a conditional create."""

    place: int
    method: str
    url: str
    full_url: str | None
    resource: bytes | None
    if_none_exist: str | None
    if_match: int | None
    id: str | None = None
    found: Stored | None = None

    @property
    def path(self) -> tuple[str, str | None]:
        """Type and logical id of the address."""
        kind, _, id = self.url.partition("?")[0].strip("/").partition("/")
        return kind, id or None

    @property
    def query(self) -> str:
        return self.url.partition("?")[2]


def entries_of(raw: bytes) -> list[Entry]:
    """The entries of a Bundle of type transaction or batch, checked for what a request needs."""
    try:
        parsed = msgspec.json.decode(raw, type=_Bundle)
    except msgspec.DecodeError as error:
        raise BadRequest("The Bundle is not well formed: %(fault)s.", fault=str(error)) from None
    if len(parsed.entry) > MAX_ENTRIES:
        raise BadRequest("The Bundle has %(count)s entries; send at most %(most)s at a time.",
                         count=len(parsed.entry), most=MAX_ENTRIES)  # fmt: skip
    return [_entry(place, given) for place, given in enumerate(parsed.entry)]


def _entry(place: int, given: _Entry) -> Entry:
    where = f"Bundle.entry[{place}]"
    request = given.request
    if request is None or request.method not in _ORDER:
        raise BadRequest("The entry needs a 'request' whose method is GET, POST, PUT or DELETE.",
                         expression=(f"{where}.request",))  # fmt: skip
    if request.method in ("POST", "PUT") and not bytes(given.resource):
        raise BadRequest("A %(method)s entry needs a 'resource'.", expression=(where,), method=request.method)
    entry = Entry(
        place=place,
        method=request.method,
        url=request.url,
        full_url=given.full_url,
        resource=bytes(given.resource) or None,
        if_none_exist=request.if_none_exist,
        if_match=version_of(request.if_match, f"{where}.request.ifMatch"),
    )
    kind, id = entry.path
    if kind not in TYPE_NUMBER:
        raise BadRequest("'%(url)s' does not begin with a resource type of FHIR R4.",
                         expression=(f"{where}.request.url",), url=request.url)  # fmt: skip
    if (request.method == "POST") == (id is not None) and request.method != "GET":
        form = "Type" if request.method == "POST" else "Type/id"
        raise BadRequest("A %(method)s entry needs an address of the form %(form)s.",
                         expression=(f"{where}.request.url",), method=request.method, form=form)  # fmt: skip
    return entry


def version_of(etag: str | None, expression: str) -> int | None:
    """The version that an If-Match names, such as ``W/"3"``. Raises BadRequest for another form."""
    if etag is None:
        return None
    match = _ETAG.fullmatch(etag.strip())
    if match is None:
        raise BadRequest(
            "'%(etag)s' is not a version: send W/\"3\" for version 3.", expression=(expression,), etag=etag
        )
    return int(match[1])


def carry_out(repository: Repository, request: dict[str, Any] | bytes, new_id: Callable[[], str]) -> dict[str, Any]:
    """All entries within the repository's open transaction; the answer's entries stand in the request's order."""
    raw = request if isinstance(request, bytes) else body.serialise(request)
    entries = _identified(repository, entries_of(raw), new_id)
    _refuse_overlap(entries)
    targets = {entry.full_url: f"{entry.path[0]}/{entry.id}" for entry in entries if entry.full_url and entry.id}
    answers: dict[int, dict[str, Any]] = {}
    # Patients first among their likes: a record about a patient needs the patient.
    for entry in sorted(entries, key=lambda entry: (_ORDER.index(entry.method), entry.path[0] != "Patient")):
        try:
            answers[entry.place] = _perform(repository, entry, targets)
        except FhirError as error:
            raise _in_entry(error, entry) from error
    return {
        "resourceType": "Bundle",
        "type": "transaction-response",
        "entry": [answers[entry.place] for entry in entries],
    }


def _identified(repository: Repository, entries: list[Entry], new_id: Callable[[], str]) -> list[Entry]:
    """The entries with the ids under which they will stand, so that they can refer to each other in any order.

    Two conditional creates with the same criteria are one resource.
    """
    conditional: dict[tuple[str, str], Entry] = {}
    identified = []
    for entry in entries:
        if entry.method != "POST":
            identified.append(replace(entry, id=entry.path[1]))
        elif entry.if_none_exist is None:
            identified.append(replace(entry, id=new_id()))
        else:
            criteria = (entry.path[0], entry.if_none_exist)
            if criteria not in conditional:
                found = _match(repository, entry, entry.if_none_exist)
                conditional[criteria] = replace(entry, id=found.id if found else new_id(), found=found)
            first = conditional[criteria]
            identified.append(replace(entry, id=first.id, found=first.found))
    return identified


def _match(repository: Repository, entry: Entry, criteria: str) -> Stored | None:
    try:
        return repository.match(entry.path[0], criteria)
    except FhirError as error:
        raise _in_entry(error, entry) from error


def _refuse_overlap(entries: list[Entry]) -> None:
    seen: set[tuple[str, str]] = set()
    for entry in entries:
        if entry.method in ("PUT", "DELETE") and entry.id is not None:
            identity = (entry.path[0], entry.id)
            if identity in seen:
                raise BadRequest("%(type)s/%(id)s is changed twice: one transaction may change a resource once.",
                                 expression=(f"Bundle.entry[{entry.place}]",),
                                 type=identity[0], id=identity[1])  # fmt: skip
            seen.add(identity)


def resolve(raw: bytes, target_of: Callable[[str], str | None]) -> bytes:
    """``raw`` with every reference for which ``target_of`` knows another one replaced by it."""

    def replacement(match: re.Match[bytes]) -> bytes:
        target = target_of(match[1].decode())
        return match[0] if target is None else b'"reference":"' + target.encode() + b'"'

    return _REFERENCE.sub(replacement, raw)


def _target_of(repository: Repository, targets: dict[str, str], reference: str) -> str | None:
    """What a reference of the Bundle means in the store: a fullUrl, or criteria that one resource meets."""
    known = targets.get(reference)
    if known is not None:
        return known
    if reference.startswith(("urn:uuid:", "urn:oid:")):
        raise UnprocessableEntity("'%(reference)s' is the fullUrl of no entry in this Bundle.", reference=reference)
    kind, question, criteria = reference.partition("?")
    if not question or kind not in TYPE_NUMBER:
        return None
    found = repository.match(kind, criteria)
    if found is None:
        raise UnprocessableEntity("Nothing matches the conditional reference '%(reference)s'.", reference=reference)
    targets[reference] = found.reference
    return found.reference


def _perform(repository: Repository, entry: Entry, targets: dict[str, str]) -> dict[str, Any]:
    kind, id = entry.path
    if entry.method == "DELETE" and id is not None:
        repository.delete(kind, id, if_match=entry.if_match)
        return {"response": {"status": "204 No Content"}}
    if entry.method == "GET":
        return _get(repository, entry)
    if entry.found is not None:
        return _response(entry.found, "200 OK")
    assert entry.resource is not None and entry.id is not None  # noqa: S101  (checked in _entry and _identified)
    raw = resolve(entry.resource, lambda reference: _target_of(repository, targets, reference))
    if entry.method == "PUT":
        stored = repository.update(raw, if_match=entry.if_match, expected=(kind, entry.id))
        return _response(stored, "200 OK" if stored.version > 1 else "201 Created")
    twin = repository.created(kind, entry.id) if entry.if_none_exist is not None else None
    if twin is not None:
        return _response(twin, "200 OK")
    return _response(repository.create_under(raw, entry.id, expected_type=kind)[0], "201 Created")


def _get(repository: Repository, entry: Entry) -> dict[str, Any]:
    kind, id = entry.path
    if id is not None:
        stored = repository.read(kind, id)
        return _response(stored, "200 OK") | {"resource": stored.resource()}
    page = repository.search(kind, entry.query)
    matches = [{"resource": match.stored.resource(), "search": {"mode": "match"}} for match in page.matches]
    matches += [{"resource": match.stored.resource(), "search": {"mode": "include"}} for match in page.included]
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": matches}
    return {"response": {"status": "200 OK"}, "resource": bundle}


def _response(stored: Stored, status: str) -> dict[str, Any]:
    return {
        "response": {
            "status": status,
            "location": f"{stored.reference}/_history/{stored.version}",
            "etag": f'W/"{stored.version}"',
            "lastModified": body.instant(stored.last_updated),
        }
    }


def _in_entry(error: FhirError, entry: Entry) -> FhirError:
    """The same error with expressions that lead from the Bundle to the fault."""
    where = f"Bundle.entry[{entry.place}]"
    issues = [replace(issue, expression=_within(issue, where)) for issue in error.issues]
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
