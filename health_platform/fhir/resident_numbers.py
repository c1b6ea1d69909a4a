"""Resident registration numbers (of foreigners as well) are no part of the record: the Personal Information Protection
Act, article 24-2, allows them only where a law says so, and then encrypted. So a resource that carries one is refused
(docs/adr/0007-resident-numbers.md). Pure.

A number is six digits of a birth date, a digit for century and sex (1 to 8), six more; those given before October 2020
end in a check digit. In resources about persons whatever looks like one is refused; elsewhere, where six and seven
digits may be a specimen's number, only text in which the check digit is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from health_platform.fhir.outcome import Issue, IssueType, Severity

_DATE = r"\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_BEFORE, _AFTER = r"(?<![\d.-])", r"(?![\d.]?\d|-\d)"
_WRITTEN = re.compile(rf"{_BEFORE}{_DATE}[-‐‑–]\s?[1-8]\d{{6}}{_AFTER}")
_PLAIN = re.compile(rf"\s*{_DATE}[1-8]\d{{6}}\s*")
_ANY = re.compile(rb"\d{6}(?:-|\xe2\x80[\x90\x91\x93]|\\u201[013])?\s?[1-8]\d{6}")
_PERSONS = frozenset({"Patient", "RelatedPerson", "Person", "Practitioner"})
_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)


def refusals(resource: Mapping[str, Any], raw: bytes) -> list[Issue]:
    """An error for each place that holds a number; it names the place and never the number."""
    if _ANY.search(raw) is None:
        return []
    kind = str(resource.get("resourceType", ""))
    strict = kind in _PERSONS
    return [_refusal(place) for place in _places(resource, kind, strict=strict)]


def _places(value: Any, path: str, *, strict: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        inner = strict or value.get("resourceType") in _PERSONS
        for name, each in value.items():
            yield from _places(each, f"{path}.{name}", strict=inner)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _places(each, f"{path}[{number}]", strict=strict)
    elif isinstance(value, str) and _holds_one(value, path, strict=strict):
        yield path


def _holds_one(text: str, path: str, *, strict: bool) -> bool:
    if strict and path.endswith(".value") and _PLAIN.fullmatch(text):
        return True
    identifies = path.endswith(".value") and "dentifier" in path
    return any(strict or (not identifies and is_checked(found[0])) for found in _WRITTEN.finditer(text))


def is_checked(number: str) -> bool:
    """Whether the last digit is the check digit of the twelve before it, as it was until October 2020."""
    digits = [int(character) for character in number if character.isdecimal()]
    total = sum(weight * digit for weight, digit in zip(_WEIGHTS, digits, strict=False))
    return (11 - total % 11) % 10 == digits[12]


def _refusal(place: str) -> Issue:
    return Issue(
        Severity.ERROR,
        IssueType.BUSINESS_RULE,
        "This is a resident registration number. It is no part of the record (Personal Information Protection Act, "
        "article 24-2): leave it out, and identify the person by a number of your own.",
        (place,),
        "resident-number",
    )
