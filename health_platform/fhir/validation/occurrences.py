"""The values of an element in JSON, with their types, and comparison of values (fixed[x] and pattern[x])."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import Any

from health_platform.fhir.definitions import structures
from health_platform.fhir.definitions.structures import Property
from health_platform.fhir.validation.context import Json, Place
from health_platform.fhir.validation.primitives import json_kind


@dataclass(slots=True)
class Occurrence:
    """One value of an element. `node` is where its children stand ("" for a primitive); `sibling` is the JSON of a
    primitive's id and extensions; `property` is the JSON name, such as valueQuantity."""

    value: Any
    sibling: Any
    type: str
    node: str
    place: Place
    property: str = ""


@cache
def step_name(found: Property) -> str:
    """The property in a FHIRPath expression: `value.ofType(Quantity)` for `valueQuantity`."""
    return f"{found.element.name}.ofType({found.type.code})" if found.element.is_choice else found.name


@cache
def _stated(node_path: str, name: str) -> tuple[tuple[str, str, bool, str, str], ...]:
    """(JSON name, step, is a list, type, node of the children) of each property that an element may have in a node."""
    try:
        node = structures.node(node_path)
    except KeyError:
        return ()
    return tuple(
        (found.name, step_name(found), found.element.is_list, found.type.code, "" if found.is_primitive else found.node)
        for found in node.properties.values()
        if found.element.name == name
    )


def occurrences(parent: Json, node_path: str, name: str, place: Place) -> list[Occurrence]:
    """The values of the element `name` of an object; nothing for what has no right structure."""
    found: list[Occurrence] = []
    for key, step, is_list, type_name, node in _stated(node_path, name):
        value = parent.get(key)
        sibling = None if node else parent.get("_" + key)
        if value is None and sibling is None:
            continue
        if type(value) is not list and type(sibling) is not list:
            found.append(_occurrence(value, sibling, type_name, node, (place, step, -1), key))
            continue
        for index, (item, extra) in enumerate(zip_longest(_listed(value), _listed(sibling))):
            if item is not None or extra is not None:
                at = (place, step, index if is_list else -1)
                found.append(_occurrence(item, extra, type_name, node, at, key))
    return found


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _occurrence(value: Any, sibling: Any, type_name: str, node: str, place: Place, key: str) -> Occurrence:
    if node in ("Resource", "DomainResource") and isinstance(value, dict):
        type_name = node = str(value.get("resourceType", node))
    return Occurrence(value, sibling, type_name, node, place, key)


def equal(expected: Any, value: Any) -> bool:
    """Whether a value is exactly the fixed one: same members, same order of lists, numbers by their value."""
    if type(expected) is str:
        return bool(expected == value)
    if isinstance(expected, Mapping):
        return (
            isinstance(value, Mapping)
            and expected.keys() == value.keys()
            and all(equal(item, value[name]) for name, item in expected.items())
        )
    if isinstance(expected, list):
        return (
            isinstance(value, list)
            and len(expected) == len(value)
            and all(equal(item, other) for item, other in zip(expected, value, strict=True))
        )
    return json_kind(expected) == json_kind(value) and bool(expected == value)


def contains(pattern: Any, value: Any) -> bool:
    """Whether a value has at least what the pattern has (elementdefinition.html, pattern[x])."""
    if isinstance(pattern, Mapping):
        return isinstance(value, Mapping) and all(
            name in value and contains(item, value[name]) for name, item in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(contains(item, other) for other in value) for item in pattern)
    return equal(pattern, value)
