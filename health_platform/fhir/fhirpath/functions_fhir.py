"""Functions that FHIR adds (hl7.org/fhir/R4/fhirpath.html#functions), of types, and of the clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from health_platform.fhir.definitions import structures
from health_platform.fhir.fhirpath import temporal
from health_platform.fhir.fhirpath.elements import (
    Collection,
    Element,
    children_of,
    primitive_children,
    resource_element,
    system,
    type_of,
)
from health_platform.fhir.fhirpath.errors import FhirPathExecutionError
from health_platform.fhir.fhirpath.functions_collections import truth
from health_platform.fhir.fhirpath.state import Function, Judge, State, single

_STRUCTURES: Final = "http://hl7.org/fhir/StructureDefinition/"


def _extension(items: Collection, arguments: list[Collection], state: State) -> Collection:
    url = system(single(arguments[0], "extension()"))
    out: Collection = []
    for item in items:
        if item.__class__ is not Element:
            continue
        if item.table is None:
            out += primitive_children(item, "extension")
        elif "extension" in item.value:
            children_of(item, item.table.by_key["extension"], out)
    state.spend(len(out))
    return [one for one in out if one.value.get("url") == url]


def _has_value(items: Collection, _: list[Collection], __: State) -> Collection:
    if len(items) != 1:
        return [False]
    (item,) = items
    return [item.__class__ is not Element or (item.table is None and item.value is not None)]


def _get_value(items: Collection, arguments: list[Collection], state: State) -> Collection:
    return [system(items[0])] if _has_value(items, arguments, state)[0] else []


def _resolve(items: Collection, _: list[Collection], state: State) -> Collection:
    """The resources that references, canonicals and uris name: contained, in the Bundle at hand, or by the hook."""
    state.spend(len(items))
    found = [_resolved(item, state) for item in items]
    return [one for one in found if one is not None]


def _resolved(item: Any, state: State) -> Element | None:
    if item.__class__ is Element and item.table is not None:
        text = item.value.get("reference") if item.type == "Reference" else None
    else:
        text = system(item)
    if not isinstance(text, str) or not text:
        return None
    if text[0] == "#":
        return _contained(text[1:], state)
    resource = _in_bundle(text, state)
    if resource is None and state.environment.resolve is not None:
        resource = state.environment.resolve(text)
    return None if resource is None else resource_element(resource)


def _contained(identifier: str, state: State) -> Element | None:
    for holder in (state.resource, state.root):
        if not isinstance(holder, Element):
            continue
        if not identifier:
            return holder
        for one in holder.value.get("contained", ()):
            if one.get("id") == identifier:
                return resource_element(one)
    return None


def _in_bundle(text: str, state: State) -> Mapping[str, Any] | None:
    root = state.root
    if not isinstance(root, Element) or root.type != "Bundle":
        return None
    entries = root.value.get("entry", ())
    state.spend(len(entries))
    for entry in entries:
        address = entry.get("fullUrl", "")
        if "resource" in entry and (address == text or address.endswith("/" + text)):
            found: Mapping[str, Any] = entry["resource"]
            return found
    return None


def _type(items: Collection, _: list[Collection], __: State) -> Collection:
    return [type_of(item) for item in items]


def _not(items: Collection, _: list[Collection], __: State) -> Collection:
    found = truth(items, "not()")
    return [] if found is None else [not found]


def _conforms_to(items: Collection, arguments: list[Collection], state: State) -> Collection:
    item, url = single(items, "conformsTo()"), system(single(arguments[0], "conformsTo()"))
    if item is None or not isinstance(url, str):
        return []
    if item.__class__ is not Element:
        return [False]
    name = url.removeprefix(_STRUCTURES)
    if name in structures.types():
        return [name in structures.ancestors(item.type)]
    return _judged(state.environment.conforms_to, item, url, "profile")


def _member_of(items: Collection, arguments: list[Collection], state: State) -> Collection:
    item, url = single(items, "memberOf()"), system(single(arguments[0], "memberOf()"))
    if item is None or not isinstance(url, str):
        return []
    element = item if item.__class__ is Element else Element(item, "string", None)
    return _judged(state.environment.member_of, element, url, "value set")


def _judged(judge: Judge | None, item: Element, url: str, what: str) -> Collection:
    found = None if judge is None else judge(item, url)
    if found is None:
        raise FhirPathExecutionError(f"The {what} {url} is not known.")
    return [found]


def _html_checks(items: Collection, _: list[Collection], state: State) -> Collection:
    check = state.environment.html_checks
    if check is None:
        raise FhirPathExecutionError("There is no check of narrative to ask.")
    return [all(check(item) for item in items if item.__class__ is Element)]


def _clock(state: State) -> datetime:
    state.spend(5)
    if state.environment.now is None:
        raise FhirPathExecutionError("There is no clock: the caller gives none.")
    return state.environment.now


def _now(_: Collection, __: list[Collection], state: State) -> Collection:
    now = _clock(state)
    second = Decimal(now.second) + Decimal(now.microsecond // 1000).scaleb(-3)
    offset = now.utcoffset()
    minutes = None if offset is None else int(offset.total_seconds() // 60)
    return [temporal.DateTime((now.year, now.month, now.day, now.hour, now.minute), second, minutes)]


def _today(_: Collection, __: list[Collection], state: State) -> Collection:
    now = _clock(state)
    return [temporal.Date((now.year, now.month, now.day))]


def _time_of_day(_: Collection, __: list[Collection], state: State) -> Collection:
    now = _clock(state)
    second = Decimal(now.second) + Decimal(now.microsecond // 1000).scaleb(-3)
    return [temporal.Time((now.hour, now.minute), second)]


FUNCTIONS: Final[Mapping[str, Function]] = {
    "extension": Function(1, 1, _extension),
    "hasValue": Function(0, 0, _has_value),
    "getValue": Function(0, 0, _get_value),
    "resolve": Function(0, 0, _resolve),
    "type": Function(0, 0, _type),
    "not": Function(0, 0, _not),
    "conformsTo": Function(1, 1, _conforms_to),
    "memberOf": Function(1, 1, _member_of),
    "htmlChecks": Function(0, 0, _html_checks),
    "now": Function(0, 0, _now),
    "today": Function(0, 0, _today),
    "timeOfDay": Function(0, 0, _time_of_day),
}
