"""The requests of a Bundle of type batch or transaction (FHIR R4, http.html#transaction), checked and as values."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

import msgspec

from health_platform.fhir import body
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.outcome import BadRequest, TooLarge
from health_platform.fhir.stored import Stored

MAX_ENTRIES: Final = 5000
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_ETAG = re.compile(r'(?:W/)?"?(\d+)"?')


class _Request(msgspec.Struct, rename="camel"):
    method: str
    url: str
    if_none_exist: str | None = None
    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None


class Given(msgspec.Struct, rename="camel"):
    """An entry as it was sent."""

    request: _Request | None = None
    full_url: str | None = None
    resource: msgspec.Raw = msgspec.Raw()


class _Bundle(msgspec.Struct, rename="camel"):
    type: str
    entry: list[Given] = []


class _Binary(msgspec.Struct, rename="camel"):
    resource_type: str
    content_type: str = ""
    data: str = ""


class _Kind(msgspec.Struct, rename="camel"):
    resource_type: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One request of a Bundle. ``url`` is relative to the base. ``id`` is known beforehand for what is created under
    it; ``found`` is what already meets the criteria of a conditional interaction."""

    place: int
    method: str
    url: str
    full_url: str | None = None
    resource: bytes | None = None
    content_type: str = "application/fhir+json"
    if_none_exist: str | None = None
    if_match: int | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    id: str | None = None
    found: Stored | None = None

    @property
    def where(self) -> str:
        return f"Bundle.entry[{self.place}]"

    @property
    def address(self) -> str:
        """The address without its query."""
        return self.url.partition("?")[0].strip("/")

    @property
    def path(self) -> tuple[str, str | None]:
        """Type and logical id of the address."""
        kind, _, id = self.address.partition("/")
        return kind, id or None

    @property
    def query(self) -> str:
        return self.url.partition("?")[2]

    @property
    def is_operation(self) -> bool:
        return "$" in self.address

    @property
    def is_question(self) -> bool:
        """Whether it is answered from what is there when all changes are made: a GET or an operation."""
        return self.method in ("GET", "HEAD") or self.is_operation

    @property
    def criteria(self) -> str | None:
        """The criteria of a conditional interaction."""
        if self.is_question:
            return None
        if self.method == "POST":
            return self.if_none_exist
        return None if self.path[1] is not None else self.query


def kind_of(raw: bytes) -> str:
    """The type of a Bundle, or another word for what is none. Raises BadRequest."""
    try:
        found = msgspec.json.decode(raw, type=_Kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        body.parse(raw)
        return ""
    except RecursionError:
        raise body.too_deep() from None
    return found.type if found.resource_type == "Bundle" else ""


def given_entries(raw: bytes) -> list[Given]:
    """The entries as they were sent. Raises BadRequest, TooLarge."""
    try:
        parsed = msgspec.json.decode(raw, type=_Bundle)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest("The Bundle is not well formed: %(fault)s.", fault=str(error)) from None
    except RecursionError:
        raise body.too_deep() from None
    if len(parsed.entry) > MAX_ENTRIES:
        raise TooLarge("The Bundle has %(count)s entries; send at most %(most)s at a time.",
                       count=len(parsed.entry), most=MAX_ENTRIES)  # fmt: skip
    return parsed.entry


def entry_of(place: int, given: Given, base: str = "") -> Entry:
    """An entry, checked for what its request needs. ``base`` is the server's address. Raises BadRequest."""
    where = f"Bundle.entry[{place}]"
    request = given.request
    if request is None or request.method not in METHODS:
        raise BadRequest("The entry needs a 'request' whose method is one of %(methods)s.",
                         expression=(f"{where}.request",), methods=", ".join(METHODS))  # fmt: skip
    content, content_type = _content(request.method, bytes(given.resource) or None, where)
    entry = Entry(
        place=place,
        method=request.method,
        url=request.url.removeprefix(base + "/") if base else request.url,
        full_url=given.full_url,
        resource=content,
        content_type=content_type,
        if_none_exist=request.if_none_exist,
        if_match=version_of(request.if_match, f"{where}.request.ifMatch"),
        if_none_match=request.if_none_match,
        if_modified_since=request.if_modified_since,
    )
    _check(entry)
    return entry


def _content(method: str, raw: bytes | None, where: str) -> tuple[bytes | None, str]:
    """The body of the request. A JSON Patch travels in a Binary."""
    if method != "PATCH" or raw is None:
        return raw, "application/fhir+json"
    try:
        binary = msgspec.json.decode(raw, type=_Binary)
        if binary.resource_type == "Binary":
            return base64.b64decode(binary.data, validate=True), binary.content_type
    except (msgspec.DecodeError, binascii.Error):
        raise BadRequest("A PATCH entry needs a Parameters resource, or a Binary with a JSON Patch.",
                         expression=(f"{where}.resource",)) from None  # fmt: skip
    return raw, "application/fhir+json"


def _check(entry: Entry) -> None:
    if entry.is_question:
        return
    if entry.method != "DELETE" and entry.resource is None:
        raise BadRequest("A %(method)s entry needs a 'resource'.", expression=(entry.where,), method=entry.method)
    kind, id = entry.path
    if kind not in TYPE_NUMBER:
        raise BadRequest("'%(url)s' does not begin with a resource type of FHIR R4.",
                         expression=(f"{entry.where}.request.url",), url=entry.url)  # fmt: skip
    fits = id is None if entry.method == "POST" else id is not None or "?" in entry.url
    if not fits or (id is not None and "/" in id):
        form = "Type" if entry.method == "POST" else "Type/id or Type?criteria"
        raise BadRequest("A %(method)s entry needs an address of the form %(form)s.",
                         expression=(f"{entry.where}.request.url",), method=entry.method, form=form)  # fmt: skip


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
