"""search of a type (FHIR R4, http.html#search): GET with a query, POST with a form."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import orjson
from django.utils.translation import gettext

from health_platform.fhir import subset
from health_platform.fhir.access.audit_event import may_read
from health_platform.fhir.interactions import access_log
from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.outcome import Issue, IssueType, Severity, operation_outcome
from health_platform.fhir.repository import Repository
from health_platform.fhir.search.query import parse_search
from health_platform.fhir.search.request import SearchRequest, Summary
from health_platform.fhir.search.sql import include
from health_platform.fhir.stored import Match, Page


def search(request: FhirRequest, resource_type: str) -> FhirResponse:
    asked = parse_search(resource_type, request.parameters, lenient=request.lenient, base=request.base + "/")
    text = urlencode(request.parameters)
    if resource_type in access_log.RENDERED and may_read(request.access):
        page = access_log.search(request.access, asked, request.parameters, text)
    else:
        page = Repository(request.access).search(resource_type, asked, asked_as=text)
    return FhirResponse(200, searchset(shaped(page, asked), asked, request, resource_type))


def shaped(page: Page, asked: SearchRequest) -> Page:
    """The page in the form that `_summary` and `_elements` ask for. What is included is shown whole, unless
    `_elements` names its type."""
    if asked.summary is Summary.FALSE and not asked.elements:
        return page
    if asked.summary is Summary.COUNT:
        return page
    of_matches = subset.Part(subset.Summary(asked.summary), asked.elements)
    of_included = replace(of_matches, elements=tuple(name for name in asked.elements if "." in name))
    return replace(
        page,
        matches=[_part(match, of_matches) for match in page.matches],
        included=[_part(match, of_included) for match in page.included],
    )


def _part(match: Match, asked: subset.Part) -> Match:
    shown = subset.part(match.stored.body, match.stored.resource_type, asked)
    return replace(match, stored=replace(match.stored, body=shown))


def searchset(page: Page, asked: SearchRequest, request: FhirRequest, path: str) -> bytes:
    """The searchset Bundle, joined from stored bytes: nothing is parsed."""
    base = request.base.encode()
    head: dict[str, object] = {"resourceType": "Bundle", "type": "searchset"}
    if page.total is not None:
        head["total"] = page.total
    head["link"] = _links(page, asked, request, path)
    entries = [_entry(match, b"match", base) for match in page.matches]
    entries += [_entry(match, b"include", base) for match in page.included]
    issues = [*_ignored(asked), *_left_out(page)]
    if issues:
        outcome = {"resource": operation_outcome(issues, gettext), "search": {"mode": "outcome"}}
        entries.append(orjson.dumps(outcome))
    return orjson.dumps(head)[:-1] + (b',"entry":[' + b",".join(entries) + b"]}" if entries else b"}")


def _links(page: Page, asked: SearchRequest, request: FhirRequest, path: str) -> list[dict[str, str]]:
    address = f"{request.base}/{path}" if path else request.base
    understood = [(name, value) for name, value in request.parameters if name not in asked.ignored]
    links = [{"relation": "self", "url": _with_query(address, understood)}]
    if page.next is not None:
        rest = [(name, value) for name, value in understood if name != "_cursor"]
        links.append({"relation": "next", "url": _with_query(address, [*rest, ("_cursor", page.next)])})
    return links


def _with_query(address: str, parameters: list[tuple[str, str]]) -> str:
    return f"{address}?{urlencode(parameters)}" if parameters else address


def _entry(match: Match, mode: bytes, base: bytes) -> bytes:
    stored = match.stored
    address = b"%s/%s" % (base, stored.reference.encode())
    return b'{"fullUrl":"%s","resource":%s,"search":{"mode":"%s"}}' % (address, stored.body, mode)


def _ignored(asked: SearchRequest) -> list[Issue]:
    text = "The search parameter '%(parameter)s' is not supported and was ignored."
    return [
        Issue(Severity.WARNING, IssueType.NOT_SUPPORTED, text, (name,), args={"parameter": name})
        for name in asked.ignored
    ]


def _left_out(page: Page) -> list[Issue]:
    text = (
        "More resources would be included than an answer holds (%(most)s): ask for a smaller page by _count, or for "
        "fewer kinds."
    )
    issue = Issue(
        Severity.WARNING, IssueType.TOO_COSTLY, text, ("_include", "_revinclude"), args={"most": include.MOST}
    )
    return [issue] if page.included_cut else []
