"""Invariants that only ask what is there, as plain predicates: `value.exists() or dataAbsentReason.exists()`.

Most constraints are of this kind, and a predicate over JSON answers them a hundred times faster than the engine. They
are asked only where the structure is right: then a property that is there has a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from health_platform.fhir.definitions import structures
from health_platform.fhir.definitions.structures import Property
from health_platform.fhir.fhirpath.nodes import Binary, Call, Member, Node

Predicate = Callable[[Mapping[str, Any]], bool]


def predicate(tree: Node, node_path: str) -> Predicate | None:
    """The expression on an object of a node; None for one that asks for more than presence."""
    match tree:
        case Binary(operator="and" | "or" | "implies" as operator, left=left, right=right):
            one, other = predicate(left, node_path), predicate(right, node_path)
            return None if one is None or other is None else _joined(operator, one, other)
        case Call(name="not", source=source, arguments=()) if source is not None:
            asked = predicate(source, node_path)
            return None if asked is None else lambda value: not asked(value)
        case Call(name="exists" | "empty" as name, source=source, arguments=()) if source is not None:
            path = _path(source)
            found = _exists(path, node_path) if path else None
            if found is None or name == "exists":
                return found
            return lambda value: not found(value)
    return None


def _joined(operator: str, one: Predicate, other: Predicate) -> Predicate:
    if operator == "and":
        return lambda value: one(value) and other(value)
    if operator == "or":
        return lambda value: one(value) or other(value)
    return lambda value: not one(value) or other(value)


def _path(node: Node) -> tuple[str, ...]:
    """The names of a plain path; empty for anything else."""
    match node:
        case Member(source=None, name=name):
            return (name,)
        case Member(source=source, name=name) if source is not None:
            before = _path(source)
            return (*before, name) if before else ()
    return ()


def _exists(path: tuple[str, ...], node_path: str) -> Predicate | None:
    try:
        stated = [p for p in structures.node(node_path).properties.values() if p.element.name == path[0]]
    except KeyError:
        return None
    if not stated:
        return None
    if len(path) == 1:
        keys = frozenset(key for found in stated for key in _keys(found))
        return lambda value: not keys.isdisjoint(value)
    if len(stated) > 1 or stated[0].is_primitive:
        return None
    below = _exists(path[1:], stated[0].node)
    return None if below is None else _below(stated[0].name, below)


def _keys(found: Property) -> tuple[str, ...]:
    return (found.name, f"_{found.name}") if found.is_primitive else (found.name,)


def _below(key: str, asked: Predicate) -> Predicate:
    def check(value: Mapping[str, Any]) -> bool:
        found = value.get(key)
        if found is None:
            return False
        return any(map(asked, found)) if type(found) is list else asked(found)

    return check
