"""From a query string, or pairs, to a SearchRequest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlencode

from django.utils import timezone

from health_platform.fhir.search.request import SearchRequest, parse_request

Query = str | Mapping[str, str | list[str]] | Sequence[tuple[str, str]]


def parse_search(resource_type: str, query: Query, *, lenient: bool = False, base: str = "") -> SearchRequest:
    """The search that ``query`` asks for. ``base`` is the server's address with a closing slash.

    Raises BadRequest naming the parameter that is wrong, unknown or not supported.
    """
    return parse_request(resource_type, _pairs(query), lenient=lenient, now=timezone.now(), base=base)


def text_of(query: Query | SearchRequest) -> str:
    """The query as it is written after the question mark; empty for what is parsed already."""
    return "" if isinstance(query, SearchRequest) else query if isinstance(query, str) else urlencode(_pairs(query))


def _pairs(query: Query) -> list[tuple[str, str]]:
    if isinstance(query, str):
        return parse_qsl(query, keep_blank_values=True)
    if isinstance(query, Mapping):
        return [
            (name, value)
            for name, values in query.items()
            for value in ([values] if isinstance(values, str) else values)
        ]
    return list(query)
