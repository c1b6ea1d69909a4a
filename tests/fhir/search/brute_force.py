"""Searches evaluated the slow way, over the JSON of every resource by the FHIRPath engine and not by the index.

Written from hl7.org/fhir/R4/search.html for the values that the property tests draw: plain codes, short texts, dates of
a day, numbers, local references. It shares no code with the index and the statements.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import Any

from health_platform.fhir.fhirpath.evaluate import evaluate

Resource = dict[str, Any]
KOREA = timezone(timedelta(hours=9))

EXPRESSIONS = {
    ("Patient", "name"): "Patient.name.given | Patient.name.family | Patient.name.text",
    ("Patient", "family"): "Patient.name.family",
    ("Patient", "gender"): "Patient.gender",
    ("Patient", "birthdate"): "Patient.birthDate",
    ("Patient", "active"): "Patient.active",
    ("Patient", "identifier"): "Patient.identifier.value",
    ("Patient", "address-city"): "Patient.address.city",
    ("Observation", "code"): "Observation.code.coding.code",
    ("Observation", "status"): "Observation.status",
    ("Observation", "date"): "Observation.effective",
    ("Observation", "value-quantity"): "Observation.value.ofType(Quantity).value",
    ("Observation", "value-string"): "Observation.value.ofType(string)",
    ("Observation", "subject"): "Observation.subject.reference",
    ("Observation", "patient"): "Observation.subject.reference",
    ("Observation", "encounter"): "Observation.encounter.reference",
    ("Observation", "method"): "Observation.method.coding.code",
    ("Encounter", "status"): "Encounter.status",
    ("Encounter", "class"): "Encounter.class.code",
    ("Encounter", "subject"): "Encounter.subject.reference",
    ("Encounter", "patient"): "Encounter.subject.reference",
    ("Encounter", "date"): "Encounter.period",
}
STRINGS = {"name", "family", "address-city", "value-string"}
DATES = {"birthdate", "date"}
NUMBERS = {"value-quantity"}
REFERENCES = {"subject", "patient", "encounter"}


@dataclass(frozen=True)
class World:
    """All resources by type and id."""

    resources: dict[tuple[str, str], Resource]

    def of_type(self, kind: str) -> list[Resource]:
        return [resource for (name, _), resource in self.resources.items() if name == kind]


def values(resource: Resource, code: str) -> list[Any]:
    return [_plain(one) for one in evaluate(EXPRESSIONS[resource["resourceType"], code], resource)]


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)


def meets(world: World, resource: Resource, name: str, value: str) -> bool:
    """Whether the resource meets `name=value`."""
    if name.startswith("_has:"):
        _, kind, code, rest = name.split(":", 3)
        own = f"{resource['resourceType']}/{resource['id']}"
        return any(own in values(one, code) and meets(world, one, rest, value) for one in world.of_type(kind))
    first, dot, rest = name.partition(".")
    if dot:
        code, _, kind = first.partition(":")
        found = [world.resources.get(tuple(text.split("/"))) for text in values(resource, code)]
        return any(
            one is not None and kind in ("", one["resourceType"]) and meets(world, one, rest, value) for one in found
        )
    code, _, modifier = name.partition(":")
    present = values(resource, code)
    if modifier == "missing":
        return (not present) == (value == "true")
    wanted = value.split(",")
    if modifier == "not":
        return not any(str(one).lower() == each.lower() for one in _texts(present) for each in wanted)
    return any(_one(code, modifier, found, each) for found in present for each in wanted)


def _texts(present: list[Any]) -> list[str]:
    return ["true" if one is True else "false" if one is False else str(one) for one in present]


def _one(code: str, modifier: str, found: Any, wanted: str) -> bool:
    if code in STRINGS:
        compare: dict[str, Callable[[str, str], bool]] = {
            "": lambda a, b: a.lower().startswith(b.lower()),
            "contains": lambda a, b: b.lower() in a.lower(),
            "exact": lambda a, b: a == b,
        }
        return compare[modifier](str(found), wanted)
    if code in REFERENCES:
        return wanted in (found, found.partition("/")[2])
    if code in DATES:
        return _date(found, wanted)
    if code in NUMBERS:
        return _number(Decimal(str(found)), wanted)
    return _texts([found])[0].lower() == wanted.lower()


def prefix_of(text: str) -> tuple[str, str]:
    return (text[:2], text[2:]) if text[:2].isalpha() else ("eq", text)


def span(found: Any) -> tuple[datetime, datetime]:
    """From the first moment to the one after the last."""
    if isinstance(found, dict):
        start = span(found["start"])[0] if "start" in found else datetime.min.replace(tzinfo=KOREA)
        end = span(found["end"])[1] if "end" in found else datetime.max.replace(tzinfo=KOREA)
        return start, end
    day = date.fromisoformat(str(found)[:10])
    start = datetime(day.year, day.month, day.day, tzinfo=KOREA)
    return start, start + timedelta(days=1)


def _date(found: Any, wanted: str) -> bool:
    prefix, text = prefix_of(wanted)
    (low, high), (first, last) = span(found), span(text)
    return {
        "eq": first <= low and high <= last,
        "ne": not (first <= low and high <= last),
        "gt": high > last,
        "lt": low < first,
        "ge": high > last or (first <= low and high <= last),
        "le": low < first or (first <= low and high <= last),
        "sa": low >= last,
        "eb": high <= first,
    }[prefix]


def _number(found: Decimal, wanted: str) -> bool:
    prefix, text = prefix_of(wanted)
    number = Decimal(text)
    half = Decimal(5).scaleb(int(number.as_tuple().exponent) - 1)
    equal = number - half <= found < number + half
    return {
        "eq": equal,
        "ne": not equal,
        "gt": found > number,
        "lt": found < number,
        "ge": found >= number,
        "le": found <= number,
        "sa": found > number,
        "eb": found < number,
    }[prefix]


def matches(world: World, kind: str, criteria: list[tuple[str, str]]) -> set[str]:
    """The ids of the resources that meet all criteria."""
    return {
        resource["id"]
        for resource in world.of_type(kind)
        if all(meets(world, resource, name, value) for name, value in criteria)
    }


def sort_value(resource: Resource, code: str, descending: bool) -> Any:
    """What a resource is sorted by, None without a value."""
    present = values(resource, code)
    if code in DATES:
        spans = [span(one) for one in present]
        if code == "date":  # the clinical date, by its beginning
            return min(low for low, _ in spans)
        ends = [high for _, high in spans] if descending else [low for low, _ in spans]
        return (max(ends) if descending else min(ends)) if ends else None
    if code in NUMBERS:
        numbers = [Decimal(str(one)) for one in present]
        return (max(numbers) if descending else min(numbers)) if numbers else None
    texts = [one.lower() for one in _texts(present)] if code in STRINGS else _texts(present)
    return (max(texts) if descending else min(texts)) if texts else None


def is_ordered(world: World, kind: str, ids: list[str], sort: list[tuple[str, bool]]) -> bool:
    """Whether the ids stand in the order of the keys (code, descending), those without a value last."""
    rows = [[sort_value(world.resources[kind, one], code, descending) for code, descending in sort] for one in ids]
    return all(_not_after(left, right, sort) for left, right in pairwise(rows))


def _not_after(left: list[Any], right: list[Any], sort: list[tuple[str, bool]]) -> bool:
    for one, other, (_, descending) in zip(left, right, sort, strict=True):
        if one == other:
            continue
        if one is None or other is None:
            return other is None
        return bool(one > other) if descending else bool(one < other)
    return True
