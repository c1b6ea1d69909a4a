"""Uri parameters (hl7.org/fhir/R4/search.html#uri): exact, case-sensitive; `:above` and `:below` by the path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from health_platform.fhir.search.parameters.criteria import UriBelowCriterion, UriCriterion
from health_platform.fhir.search.parameters.keys import hash64, key
from health_platform.fhir.search.parameters.values import alternatives, unescape
from health_platform.fhir.search.registry import SearchParameter

MODIFIERS: Final = ("", "above", "below")

Adder = Callable[[Iterable[Any], int, list[int]], None]

uri_hash: Final = lru_cache(maxsize=16_384)(hash64)


@lru_cache(maxsize=16_384)
def canonical_hashes(text: str) -> tuple[int, ...]:
    """The hashes of a canonical: as it stands, and without its version `|x`."""
    bare = text.partition("|")[0]
    return (hash64(text),) if bare == text else (hash64(text), hash64(bare))


def add_uris(values: Iterable[Any], mask: int, rows: list[int]) -> None:
    """Add the keys of uri, url and oid values."""
    for value in values:
        rows.append(uri_hash(value) ^ mask)


def add_canonicals(values: Iterable[Any], mask: int, rows: list[int]) -> None:
    """Add the keys of canonical values, with and without version."""
    for value in values:
        for found in canonical_hashes(value):
            rows.append(found ^ mask)


ADDERS: Final[Mapping[str, Adder]] = {"uri": add_uris, "url": add_uris, "canonical": add_canonicals}
"""By FHIR type: adds the keys (hash XOR the parameter's mask) of values."""


def parse(value: str, parameter: SearchParameter, modifier: str = "") -> UriCriterion | UriBelowCriterion:
    """The criterion of a URI, or several with commas. Raises BadRequest."""
    parts = [unescape(part) for part in alternatives(parameter.code, value)]
    if modifier == "below":
        return UriBelowCriterion(parameter, tuple(part.rstrip("/") for part in parts))
    if modifier == "above":
        parts = [above for part in parts for above in _above(part)]
    return UriCriterion(parameter, tuple(key(parameter.id, hash64(part)) for part in parts))


def _above(text: str) -> list[str]:
    """The URL itself and those at the start of its path, with and without a slash at the end."""
    scheme, mark, rest = text.rstrip("/").partition("://")
    steps = rest.split("/") if mark else [text]
    found = [scheme + mark + "/".join(steps[: count + 1]) for count in range(len(steps))] if mark else [text]
    return [one for each in found for one in (each, each + "/")]
