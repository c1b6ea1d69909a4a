"""Where elements stand in a resource's JSON: what a FHIRPath of FHIRPath Patch leads to, so that it can be changed.

FHIR R4, fhirpatch.html allows a simple subset of FHIRPath: names, indexes, `where` and the like. A filter's condition
may be any expression; the engine evaluates it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from health_platform.fhir.fhirpath.elements import (
    Element,
    Property,
    element,
    is_exactly,
    resource_element,
    system,
    table,
)
from health_platform.fhir.fhirpath.errors import FhirPathError
from health_platform.fhir.fhirpath.evaluate import Expression, compile_node
from health_platform.fhir.fhirpath.nodes import Call, Index, Literal, Member, Node, TypeName, TypeOperation, Variable
from health_platform.fhir.fhirpath.parser import parse

Json = dict[str, Any]
NOT_ONE: Final = "The path leads to %(count)s elements, not to one."


class PathError(Exception):
    """A path that leads nowhere: not understood, or not one that names elements of the resource. The reason is an
    English msgid with its arguments."""

    def __init__(self, reason: str, **args: object) -> None:
        super().__init__(reason % args if args else reason)
        self.reason = reason
        self.args_of_reason = args


@dataclass(frozen=True, slots=True)
class Place:
    """An element with its way back: the place of the element that holds it, the JSON object in which it stands, by
    which property, at which index of a list. The resource itself has none of these."""

    element: Element
    up: Place | None = None
    holder: Json | None = None
    property: Property | None = None
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """The property of one element, whether anything stands there or not. ``alternatives`` are the properties of a
    choice, the one that is there first."""

    parent: Place
    holder: Json
    alternatives: tuple[Property, ...]


def places(resource: Json, path: str) -> list[Place]:
    """What ``path`` leads to. Raises PathError."""
    return _Walk(resource).follow(_parsed(path))


def slot(resource: Json, path: str) -> Slot:
    """The property that the last step of ``path`` names. Raises PathError."""
    tree = _parsed(path)
    if not isinstance(tree, Member):
        raise PathError("The path must end with the name of an element.")
    if tree.source is None:
        return named(Place(resource_element(resource)), tree.name)
    found = _Walk(resource).follow(tree.source)
    if len(found) != 1:
        raise PathError(NOT_ONE, count=len(found))
    return named(found[0], tree.name)


def named(parent: Place, name: str) -> Slot:
    """The property ``name`` of an element, to be written. Raises PathError when its type has none."""
    if parent.element.table is None:
        _give_extra(parent)
    holder, properties = _properties(parent, name)
    if not properties:
        raise PathError("%(type)s has no element '%(name)s'.", type=parent.element.type, name=name)
    present = [one for one in properties if one.key in holder or one.under_key in holder]
    ordered = present + [one for one in properties if one not in present]
    return Slot(parent, holder, tuple(ordered))


def _give_extra(place: Place) -> None:
    """An object beside a primitive, for its id and extensions."""
    found = place.element
    if isinstance(found.extra, dict) or place.holder is None or place.property is None:
        return
    found.extra = {}
    if place.index is None:
        place.holder[place.property.under_key] = found.extra
        return
    beside = place.holder.setdefault(place.property.under_key, [])
    beside += [None] * (len(place.holder[place.property.key]) - len(beside))
    beside[place.index] = found.extra


def _parsed(path: str) -> Node:
    try:
        return parse(path)
    except FhirPathError as error:
        raise PathError("The path is not FHIRPath: %(fault)s", fault=str(error)) from None


def _properties(parent: Place, name: str) -> tuple[Json, list[Property]]:
    found = parent.element
    if found.table is not None:
        properties = found.table.by_name.get(name) or [one for one in (found.table.by_key.get(name),) if one]
        return found.value, properties
    # A primitive: its id and extensions stand in the object beside it.
    return found.extra if isinstance(found.extra, dict) else {}, table("Element").by_name.get(name, [])


def _children(parent: Place, name: str) -> Iterator[Place]:
    holder, properties = _properties(parent, name)
    for one in properties:
        value, extra = holder.get(one.key), holder.get(one.under_key) if one.is_primitive else None
        if one.is_list:
            for index, (each, more) in enumerate(zip_longest(_list(value), _list(extra))):
                if each is not None or more is not None:
                    yield Place(_element(each, more, one), parent, holder, one, index)
        elif value is not None or extra is not None:
            yield Place(_element(value, extra, one), parent, holder, one)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _element(value: Any, extra: Any, found: Property) -> Element:
    if found.is_primitive:
        return Element(value, found.type, None, extra)
    if found.type == "Resource":
        return resource_element(value)
    return Element(value, found.type, found.table) if isinstance(value, dict) else element({}, "Element")


class _Walk:
    """One walk along a path's syntax tree."""

    def __init__(self, resource: Json) -> None:
        self._root = Place(resource_element(resource))

    def follow(self, tree: Node) -> list[Place]:
        match tree:
            case Variable(name="this"):
                return [self._root]
            case Member(source=None, name=name):
                return [self._root] if name == self._root.element.type else list(_children(self._root, name))
            case Member(source=source, name=name) if source is not None:
                return [child for parent in self.follow(source) for child in _children(parent, name)]
            case Index(source=source, index=Literal(value=int() as index)):
                return self.follow(source)[index : index + 1] if index >= 0 else []
            case TypeOperation(operator="as", operand=operand, type=kind):
                return _of_type(self.follow(operand), kind)
            case Call(source=source, name=name, arguments=arguments) if name in _CALLS:
                return _CALLS[name](self, [self._root] if source is None else self.follow(source), arguments)
        raise PathError("Only names, indexes, where(), ofType(), extension(), first(), last(), tail(), skip(), take() "
                        "and single() lead to an element.")  # fmt: skip

    def where(self, found: list[Place], arguments: tuple[Node, ...]) -> list[Place]:
        if len(arguments) != 1:
            raise PathError("where() takes one condition.")
        condition = compile_node(arguments[0], "where(...)")
        return [place for place in found if self._holds(condition, place)]

    def _holds(self, condition: Expression, place: Place) -> bool:
        try:
            result = condition.evaluate(place.element, resource=self._root.element)
        except FhirPathError as error:
            raise PathError("The path is not FHIRPath: %(fault)s", fault=str(error)) from None
        return len(result) == 1 and system(result[0]) is True

    def extension(self, found: list[Place], arguments: tuple[Node, ...]) -> list[Place]:
        url = _literal(arguments, str)
        children = [child for place in found for child in _children(place, "extension")]
        return [child for child in children if child.element.value.get("url") == url]

    def of_type(self, found: list[Place], arguments: tuple[Node, ...]) -> list[Place]:
        match arguments:
            case (Member(source=None, name=name),):
                return _of_type(found, TypeName(name))
            case (Member(source=Member(source=None, name=namespace), name=name),):
                return _of_type(found, TypeName(name, namespace))
        raise PathError("ofType() takes the name of a type.")

    def single(self, found: list[Place], arguments: tuple[Node, ...]) -> list[Place]:
        if len(found) > 1:
            raise PathError("single() finds several elements.")
        return found


def _literal(arguments: tuple[Node, ...], kind: type) -> Any:
    match arguments:
        case (Literal(value=value),) if type(value) is kind:
            return value
    raise PathError("A function of the path takes one constant and has none.")


def _of_type(found: list[Place], kind: TypeName) -> list[Place]:
    return [place for place in found if is_exactly(place.element, kind)]


_Step = Callable[[_Walk, list[Place], tuple[Node, ...]], list[Place]]
_CALLS: Final[dict[str, _Step]] = {
    "where": _Walk.where,
    "extension": _Walk.extension,
    "ofType": _Walk.of_type,
    "as": _Walk.of_type,
    "single": _Walk.single,
    "first": lambda _walk, found, _arguments: found[:1],
    "last": lambda _walk, found, _arguments: found[-1:],
    "tail": lambda _walk, found, _arguments: found[1:],
    "skip": lambda _walk, found, arguments: found[max(_literal(arguments, int), 0) :],
    "take": lambda _walk, found, arguments: found[: max(_literal(arguments, int), 0)],
}
