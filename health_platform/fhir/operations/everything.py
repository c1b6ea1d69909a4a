"""Patient/$everything (https://hl7.org/fhir/R4/patient-operation-everything.html): a person's record, page by page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES, TYPE_NUMBER
from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.operations.parameters import Inputs, read_inputs
from health_platform.fhir.outcome import BadRequest, IssueType
from health_platform.fhir.record.everything import DEFAULT_COUNT, Everything
from health_platform.fhir.record.history import EPOCH
from health_platform.fhir.repository import Repository
from health_platform.fhir.search.parameters.date import span
from health_platform.fhir.stored import Match, Page

MAX_COUNT: Final = 1000
_KNOWN: Final = ("start", "end", "_since", "_type", "_count", "_cursor")
_OF_THE_FORM: Final = ("_format", "_pretty")


def everything(request: FhirRequest, kind: str, id: str | None) -> FhirResponse:
    inputs = read_inputs(request)
    patient = _patient(request, id)
    page = Repository(request.access).everything(patient, _asked(inputs))
    return FhirResponse(200, _searchset(page, patient, inputs, request.base))


def _patient(request: FhirRequest, id: str | None) -> str:
    if id is not None:
        return id
    own = sorted(request.access.patients)
    if len(own) != 1:
        raise BadRequest(
            "Name the person: Patient/[id]/$everything. Only who has one record of the own may leave it out."
        )
    return own[0]


def _asked(inputs: Inputs) -> Everything:
    for name, _ in inputs.values:
        if name not in (*_KNOWN, *_OF_THE_FORM):
            raise BadRequest("$everything has no parameter '%(name)s'; it has %(known)s.",
                             code=IssueType.NOT_SUPPORTED, expression=(name,), name=name,
                             known=", ".join(_KNOWN))  # fmt: skip
    start, end, since = (_period(inputs, name) for name in ("start", "end", "_since"))
    count = inputs.number("_count")
    return Everything(
        types=_types(inputs),
        since=EPOCH + timedelta(microseconds=since[0]) if since else None,
        start=start[0] if start else None,
        end=end[1] if end else None,
        count=DEFAULT_COUNT if count is None else min(max(count, 1), MAX_COUNT),
        cursor=inputs.text("_cursor") or None,
    )


def _types(inputs: Inputs) -> tuple[str, ...]:
    named = [kind.strip() for value in inputs.all("_type") for kind in str(value).split(",") if kind.strip()]
    for kind in named:
        if kind not in TYPE_NUMBER:
            raise BadRequest("'%(type)s' is not a resource type of FHIR R4.", expression=("_type",), type=kind)
    return tuple(dict.fromkeys(named)) or RESOURCE_TYPES


def _period(inputs: Inputs, name: str) -> tuple[int, int] | None:
    text = inputs.text(name)
    if not text:
        return None
    found = span(text.replace(" ", "+"))
    if found is None:
        raise BadRequest("%(parameter)s cannot be '%(value)s': it is a date, or an instant such as "
                         "2026-11-22T09:00:00+09:00.", expression=(name,), parameter=name, value=text)  # fmt: skip
    return found


def _searchset(page: Page, patient: str, inputs: Inputs, base: str) -> bytes:
    address = f"{base}/Patient/{patient}/$everything"
    asked = [(name, str(value)) for name, value in inputs.values]
    links = [{"relation": "self", "url": _with_query(address, asked)}]
    if page.next is not None:
        rest = [(name, value) for name, value in asked if name != "_cursor"]
        links.append({"relation": "next", "url": _with_query(address, [*rest, ("_cursor", page.next)])})
    head: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "link": links}
    entries = [_entry(match, b"match", base) for match in page.matches]
    entries += [_entry(match, b"include", base) for match in page.included]
    return orjson.dumps(head)[:-1] + (b',"entry":[' + b",".join(entries) + b"]}" if entries else b"}")


def _with_query(address: str, parameters: list[tuple[str, str]]) -> str:
    return f"{address}?{urlencode(parameters)}" if parameters else address


def _entry(match: Match, mode: bytes, base: str) -> bytes:
    address = f"{base}/{match.stored.reference}".encode()
    return b'{"fullUrl":"%s","resource":%s,"search":{"mode":"%s"}}' % (address, match.stored.body, mode)
