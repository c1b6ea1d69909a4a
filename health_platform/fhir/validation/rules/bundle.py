"""Rules of Bundles (https://hl7.org/fhir/R4/bundle.html): links, full URLs, search results, documents, messages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from health_platform.fhir.definitions import structures
from health_platform.fhir.outcome import Severity
from health_platform.fhir.validation import references
from health_platform.fhir.validation.context import Context, Json, Place

ONCE = frozenset({"self", "first", "previous", "prev", "next", "last"})
# Bundles whose entries are known by their full URL (a batch, a transaction or an answer to one need none).
WITH_FULL_URLS = frozenset({"document", "message", "collection"})
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:.+")
_RESTFUL = re.compile(r"(?P<base>https?://.+)/(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})")


def _entries(value: Json) -> list[tuple[int, dict[str, Any]]]:
    entries = value.get("entry")
    listed = entries if isinstance(entries, list) else []
    return [(index, entry) for index, entry in enumerate(listed) if isinstance(entry, dict)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def links(context: Context, value: Json, place: Place) -> None:
    """Each relation of paging occurs once."""
    seen: set[str] = set()
    stated = value.get("link")
    for index, link in enumerate(stated if isinstance(stated, list) else []):
        relation = _text(link.get("relation")) if isinstance(link, dict) else ""
        if relation in ONCE:
            if relation in seen:
                context.report("bundle-link", (place, "link", index), value=relation)
            seen.add(relation)


def entries(context: Context, value: Json, place: Place) -> None:
    """fullUrl is absolute, and where it is RESTful it ends in the type and id of the resource."""
    kind = _text(value.get("type"))
    for index, entry in _entries(value):
        at: Place = (place, "entry", index)
        url = entry.get("fullUrl")
        if isinstance(url, str) and url:
            _full_url(context, url, entry.get("resource"), at)
        elif kind in WITH_FULL_URLS and "resource" in entry and "fullUrl" not in entry:
            context.report("bundle-full-url-missing", at, kind=kind)
            _relative_references(context, entry["resource"], at, Severity.ERROR)
        elif kind == "transaction" and _is_update(entry):
            _relative_references(context, entry["resource"], at, Severity.WARNING)


def _full_url(context: Context, url: str, resource: Any, place: Place) -> None:
    if not _ABSOLUTE.fullmatch(url):
        context.report("bundle-full-url", place, value=url)
        return
    match = _RESTFUL.fullmatch(url)
    if match is None or match["type"] not in structures.resource_types() or not isinstance(resource, dict):
        return
    identifier = resource.get("id")
    if match["type"] != resource.get("resourceType") or (identifier is not None and identifier != match["id"]):
        expected = f"{resource.get('resourceType')}/{identifier}"
        context.report("bundle-full-url-end", place, value=url, expected=expected)


def _is_update(entry: Json) -> bool:
    """A resource that is put without a full URL. Only one that is new may be without (bundle.html#references); servers
    take it all the same, and read its references as relative to themselves."""
    request = entry.get("request")
    is_put = isinstance(request, dict) and request.get("method") == "PUT"
    return is_put and "resource" in entry and "fullUrl" not in entry


def _relative_references(context: Context, resource: Any, place: Place, severity: Severity) -> None:
    found = [
        (path, reference)
        for path, reference in _references(resource, ((place, "resource", -1)))
        if references.target_type(reference) and ":" not in reference
    ]
    if found and severity is Severity.WARNING:
        context.report_as(severity, "bundle-full-url-missing", place, kind="transaction")
    for path, reference in found:
        context.report_as(severity, "bundle-relative-reference", path, value=reference)


def _references(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """Every literal reference of a resource with its place."""
    if isinstance(value, dict):
        literal = value.get("reference")
        if isinstance(literal, str):
            yield place, literal
        for name, child in value.items():
            if isinstance(child, list):
                for index, item in enumerate(child):
                    yield from _references(item, (place, name, index))
            elif isinstance(child, dict):
                yield from _references(child, (place, name, -1))


def search_results(context: Context, value: Json, place: Place) -> None:
    """What a search found has ids, and matches are of the type that the self link searched."""
    if value.get("type") != "searchset":
        return
    searched = _searched_type(value)
    for index, entry in _entries(value):
        resource, search = entry.get("resource"), entry.get("search")
        if not isinstance(resource, dict) or resource.get("resourceType") == "OperationOutcome":
            continue
        at: Place = ((place, "entry", index), "resource", -1)
        if "id" not in resource:
            context.report("bundle-result-id", at)
        mode = search.get("mode", "match") if isinstance(search, dict) else "match"
        if searched and mode == "match" and resource.get("resourceType") not in (searched, None):
            found = resource.get("resourceType")
            context.report("bundle-result-type", at, found=found, expected=searched)


def _searched_type(value: Json) -> str | None:
    stated = value.get("link")
    for link in stated if isinstance(stated, list) else []:
        if isinstance(link, dict) and link.get("relation") == "self" and isinstance(link.get("url"), str):
            last = urlsplit(link["url"]).path.rstrip("/").rpartition("/")[2]
            return last if last in structures.resource_types() else None
    return None


def document_references(context: Context, value: Json, place: Place) -> None:
    """What the Composition of a document refers to stands in the document, once."""
    listed = _entries(value)
    if value.get("type") != "document" or not listed:
        return
    index, first = listed[0]
    composition = first.get("resource")
    if not isinstance(composition, dict) or composition.get("resourceType") != "Composition":
        return
    at: Place = ((place, "entry", index), "resource", -1)
    relevant = {name: composition[name] for name in _DOCUMENT_PARTS if name in composition}
    for path, reference in _references(relevant, at):
        _must_resolve(context, value, first.get("fullUrl"), reference, path)


_DOCUMENT_PARTS = ("subject", "encounter", "author", "attester", "custodian", "event", "section")


def message_focus(context: Context, value: Json, place: Place) -> None:
    """What a MessageHeader is about stands in the message."""
    listed = _entries(value)
    if value.get("type") != "message" or not listed:
        return
    index, first = listed[0]
    header = first.get("resource")
    if isinstance(header, dict) and header.get("resourceType") == "MessageHeader":
        at: Place = ((place, "entry", index), "resource", -1)
        for path, reference in _references({"focus": header.get("focus", [])}, at):
            _must_resolve(context, value, first.get("fullUrl"), reference, path)


def _must_resolve(context: Context, bundle: Json, base_url: Any, reference: str, place: Place) -> None:
    if reference.startswith("#"):
        return
    count = _matches(bundle, base_url, reference)
    if count == 0:
        context.report("bundle-unresolved", place, value=reference)
    elif count > 1:
        context.report("bundle-ambiguous", place, value=reference, count=count)


def _matches(bundle: Json, base_url: Any, reference: str) -> int:
    """How many entries a reference leads to (https://hl7.org/fhir/R4/bundle.html#references)."""
    plain, _, version = reference.partition("/_history/")
    urls = {plain}
    base = _RESTFUL.fullmatch(base_url) if isinstance(base_url, str) else None
    if base is not None and references.target_type(plain) and ":" not in plain:
        urls = {f"{base['base']}/{plain}"}
    found = Counter(_text(entry.get("fullUrl")) for _, entry in _entries(bundle) if _has_version(entry, version))
    return sum(found[url] for url in urls)


def _has_version(entry: Json, version: str) -> bool:
    resource = entry.get("resource")
    meta = resource.get("meta") if isinstance(resource, dict) else None
    return not version or (isinstance(meta, dict) and meta.get("versionId") == version)
