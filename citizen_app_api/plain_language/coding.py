"""CodeableConcepts: their codes, and the words that came with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Resource = dict[str, Any]


def codings(concept: Resource | None) -> Iterator[tuple[str, str]]:
    """System and code of each coding."""
    for coding in (concept or {}).get("coding", []):
        yield coding.get("system", ""), coding.get("code", "")


def codes_of(concept: Resource | None) -> set[str]:
    """The codes, whatever their system."""
    return {code for _system, code in codings(concept) if code}


def text_of(concept: Resource | None) -> str | None:
    """The words of a concept as recorded: its text, else the first display; None when there are only codes."""
    if not concept:
        return None
    displays = [coding["display"] for coding in concept.get("coding", []) if coding.get("display")]
    return concept.get("text") or next(iter(displays), None)


def first_code(concept: Resource | None) -> str | None:
    """The first code, where nothing better is at hand."""
    return next((code for _system, code in codings(concept) if code), None)
