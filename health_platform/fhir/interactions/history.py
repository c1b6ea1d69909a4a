"""history of an instance, a type and the system (FHIR R4, http.html#history)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from health_platform.fhir.body import instant
from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.outcome import BadRequest, IssueType
from health_platform.fhir.record.history import EPOCH, HistoryPage, Version, Versions
from health_platform.fhir.repository import Repository
from health_platform.fhir.search.parameters.date import span
from health_platform.fhir.subset import Part, part, part_of

MAX_COUNT: Final = 1000
_OF_THE_FORM: Final = frozenset({"_format", "_pretty", "_summary", "_elements"})


def history(request: FhirRequest, resource_type: str, id: str) -> FhirResponse:
    page = Repository(request.access).history(resource_type, id, _asked(request))
    return _answer(request, page, f"{resource_type}/{id}/_history", whole="_cursor" not in dict(request.parameters))


def history_of_type(request: FhirRequest, resource_type: str) -> FhirResponse:
    page = Repository(request.access).history_of_type(resource_type, _asked(request))
    return _answer(request, page, f"{resource_type}/_history")


def history_of_all(request: FhirRequest) -> FhirResponse:
    return _answer(request, Repository(request.access).history_of_all(_asked(request)), "_history")


def _asked(request: FhirRequest) -> Versions:
    asked = Versions(())
    seen: set[str] = set()
    for name, value in request.parameters:
        if name in _OF_THE_FORM:
            continue
        if name not in _TAKERS:
            raise BadRequest("The history has no parameter '%(parameter)s'; it has %(known)s.",
                             code=IssueType.NOT_SUPPORTED, expression=(name,), parameter=name,
                             known=", ".join([*_TAKERS, *sorted(_OF_THE_FORM)]))  # fmt: skip
        if name in seen:
            raise BadRequest("%(parameter)s stands twice in the query. Give it once.",
                             expression=(name,), parameter=name)  # fmt: skip
        seen.add(name)
        asked = _TAKERS[name](asked, value)
    return asked


def _since(asked: Versions, value: str) -> Versions:
    return replace(asked, since=_period("_since", value)[0])


def _at(asked: Versions, value: str) -> Versions:
    return replace(asked, at=_period("_at", value))


def _count(asked: Versions, value: str) -> Versions:
    if not value.isascii() or not value.isdigit():
        raise BadRequest("_count cannot be '%(value)s'. Give a whole number from 0 to %(most)s.",
                         expression=("_count",), value=value, most=MAX_COUNT)  # fmt: skip
    return replace(asked, count=min(int(value[:9]), MAX_COUNT))


def _cursor(asked: Versions, value: str) -> Versions:
    return replace(asked, cursor=value)


_TAKERS: Final[dict[str, Callable[[Versions, str], Versions]]] = {
    "_since": _since,
    "_at": _at,
    "_count": _count,
    "_cursor": _cursor,
}


def _period(name: str, value: str) -> tuple[datetime, datetime]:
    # A plus sign that was not escaped arrives as a space.
    found = span(value.strip().replace(" ", "+"))
    if found is None:
        raise BadRequest("%(parameter)s cannot be '%(value)s': it is a date, or an instant such as "
                         "2026-11-22T09:00:00+09:00.", expression=(name,), parameter=name, value=value)  # fmt: skip
    low, high = (EPOCH + timedelta(microseconds=edge) for edge in found)
    return low, high


def _answer(request: FhirRequest, page: HistoryPage, path: str, *, whole: bool = False) -> FhirResponse:
    head: dict[str, Any] = {"resourceType": "Bundle", "type": "history"}
    if whole and page.next is None:
        head["total"] = len(page.versions)
    head["link"] = _links(request, page, f"{request.base}/{path}")
    wanted = part_of(request.parameters)
    entries = b",".join(_entry(version, request.base, wanted) for version in page.versions)
    return FhirResponse(200, orjson.dumps(head)[:-1] + (b',"entry":[' + entries + b"]}" if entries else b"}"))


def _links(request: FhirRequest, page: HistoryPage, address: str) -> list[dict[str, str]]:
    asked = [(name, value) for name, value in request.parameters if name != "_cursor"]
    links = [{"relation": "self", "url": _with_query(address, request.parameters)}]
    if page.next is not None:
        links.append({"relation": "next", "url": _with_query(address, [*asked, ("_cursor", page.next)])})
    return links


def _with_query(address: str, parameters: list[tuple[str, str]]) -> str:
    return f"{address}?{urlencode(parameters)}" if parameters else address


def _entry(version: Version, base: str, wanted: Part) -> bytes:
    stored = version.stored
    method = "DELETE" if version.deleted else "POST" if stored.version == 1 else "PUT"
    about = {
        "fullUrl": f"{base}/{stored.reference}",
        "request": {"method": method, "url": stored.resource_type if method == "POST" else stored.reference},
        "response": {
            "status": {"DELETE": "204", "POST": "201", "PUT": "200"}[method],
            "etag": f'W/"{stored.version}"',
            "lastModified": instant(stored.last_updated),
        },
    }
    rendered = orjson.dumps(about)
    if version.deleted:
        return rendered
    return rendered[:-1] + b',"resource":' + part(stored.body, stored.resource_type, wanted) + b"}"
