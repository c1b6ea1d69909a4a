"""Search expressions compiled to plain Python functions over the JSON of a resource.

The expressions of search parameters are a small part of FHIRPath: paths with unions, `as`/`ofType`, `where(x = 'y')`,
`where(resolve() is T)`, `extension(url)`, an index, and one condition (`exists()`, `=`, `!=`, `and`). The definitions
say which JSON properties and types each path can take, so a path becomes a few branches, each a fixed chain of
properties that starts at one property of the resource and ends in values of one FHIR type.

The functions expect a resource of R4's structure (validation comes first). Null entries of lists are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from health_platform.fhir.definitions import structures
from health_platform.fhir.fhirpath.errors import FhirPathSemanticError
from health_platform.fhir.fhirpath.nodes import (
    Binary,
    Call,
    Index,
    Literal,
    Member,
    Node,
    TypeName,
    TypeOperation,
    Variable,
)
from health_platform.fhir.fhirpath.parser import parse
from health_platform.fhir.fhirpath.references import reference_type

Json = Mapping[str, Any]
Step = Callable[[Iterable[Any], Json], list[Any]]
Values = Callable[[Any, Json], Iterable[Any]]
Extractor = Callable[[Json], list[tuple[str, Any]]]
Predicate = Callable[[Any, Json], bool]
Condition = Callable[[Json], bool | None]

_MISSPELT_TYPES: Final = {"DateTime": "dateTime"}
"""Names that R4's search parameters use for a type of another name."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One way from a resource to values of one FHIR type.

    `key` is the JSON property where it starts, and `values(property, resource)` gives the values below it. A `key` of
    None means the whole resource: `values(resource, resource)`. `value_set` is that of a required binding. `json` is
    the same way as an SQL/JSON path in lax mode, below `$`; None for a condition.
    """

    key: str | None
    type: str
    values: Values
    value_set: str = ""
    json: str | None = None


@dataclass(frozen=True, slots=True)
class _Path:
    """The way so far: first property, further steps, the type they end in, and the node where its children stand.

    A path without a `key` is the resource itself.
    """

    type: str
    node: str
    key: str | None = None
    is_list: bool = False
    steps: tuple[Step, ...] = ()
    value_set: str = ""
    json: str = ""

    def then(self, step: Step, json: str) -> _Path:
        return replace(self, steps=(*self.steps, step), json=self.json + json)


class _OutsideTheSubset(Exception):
    """The expression needs the general evaluator."""


@cache
def compile_search(expression: str, resource_type: str) -> tuple[Branch, ...]:
    """The branches of a search expression for resources of a type.

    Raises FhirPathSyntaxError for a text that is not FHIRPath, FhirPathSemanticError for one that names elements which
    the type does not have or is neither a path nor a condition.
    """
    tree = parse(expression)
    try:
        if isinstance(tree, Binary) and tree.operator != "|":
            return (_condition_branch(_condition(tree, resource_type)),)
        root = _Path(resource_type, resource_type)
        return tuple(_branch(path) for path in _paths(tree, [root], resource_type))
    except _OutsideTheSubset:
        raise FhirPathSemanticError("The expression is no search path.", expression) from None


@dataclass(frozen=True, slots=True)
class Part:
    """What a part of a composite takes: from the composite's element, or from the whole resource."""

    branch: Branch
    of_resource: bool


@cache
def compile_composite(
    expression: str, parts: tuple[str, ...], resource_type: str
) -> tuple[tuple[Branch, tuple[tuple[Part, ...], ...]], ...]:
    """For each branch of a composite's expression: the way to its elements, and for each part the ways from there.

    A part is written from the element (`value.as(Quantity)`), or from the resource (`%resource.referenceSeq.id`).
    """
    root = _Path(resource_type, resource_type)
    return tuple(
        (_branch(path), tuple(_parts(part, path, resource_type) for part in parts))
        for path in _paths(parse(expression), [root], resource_type)
    )


def _parts(expression: str, element: _Path, resource_type: str) -> tuple[Part, ...]:
    found: list[Part] = []
    for alternative in expression.split(" | "):
        if alternative.startswith("%resource."):
            below = alternative.replace("%resource", resource_type)
            found += [Part(branch, of_resource=True) for branch in compile_search(below, resource_type)]
        else:
            here = _Path(element.type, element.node)
            paths = _paths(parse(f"$this.{alternative}"), [here], resource_type)
            found += [Part(_branch(path), of_resource=False) for path in paths]
    return tuple(found)


def extractor(expression: str, resource_type: str) -> Extractor:
    """A function from a resource to the (FHIR type, value) pairs of an expression."""
    branches = compile_search(expression, resource_type)
    return lambda resource: _extracted(branches, resource)


def _extracted(branches: Iterable[Branch], resource: Json) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for branch in branches:
        start = resource if branch.key is None else resource.get(branch.key)
        if start is not None:
            found.extend((branch.type, value) for value in branch.values(start, resource))
    return found


def _branch(path: _Path) -> Branch:
    first: Callable[[Any], Iterable[Any]] = _present if path.is_list else _alone
    steps = path.steps
    if not steps:
        return Branch(path.key, path.type, lambda start, _: first(start), path.value_set, path.json)

    def values(start: Any, resource: Json) -> Iterable[Any]:
        items = first(start)
        for step in steps:
            items = step(items, resource)
        return items

    return Branch(path.key, path.type, values, path.value_set, path.json)


def _condition_branch(condition: Condition) -> Branch:
    def values(resource: Any, _: Json) -> list[Any]:
        found = condition(resource)
        return [] if found is None else [found]

    return Branch(None, "boolean", values)


def _condition(node: Node, resource_type: str) -> Condition:
    """A condition in FHIRPath's logic of three values; None is the empty collection."""
    match node:
        case Binary(operator="and", left=left, right=right):
            return _both(_condition(left, resource_type), _condition(right, resource_type))
        case Call(source=Member() as source, name="exists", arguments=()):
            find = _finder(source, resource_type)
            return lambda resource: bool(find(resource))
        case Binary(
            operator="=" | "!=" as operator, left=Member() as left, right=Literal(value=bool() | str() as value)
        ):
            return _compared(_finder(left, resource_type), value, operator == "=")
    raise _OutsideTheSubset


def _both(left: Condition, right: Condition) -> Condition:
    def both(resource: Json) -> bool | None:
        found = left(resource), right(resource)
        if False in found:
            return False
        return None if None in found else True

    return both


def _compared(find: Callable[[Json], list[Any]], value: bool | str, wanted: bool) -> Condition:
    def compare(resource: Json) -> bool | None:
        found = find(resource)
        return ((found == [value]) == wanted) if found else None

    return compare


def _finder(node: Member, resource_type: str) -> Callable[[Json], list[Any]]:
    branches = [_branch(path) for path in _paths(node, [_Path(resource_type, resource_type)], resource_type)]
    return lambda resource: [value for _, value in _extracted(branches, resource)]


def _alone(value: Any) -> Iterable[Any]:
    return (value,)


def _present(values: Any) -> Iterable[Any]:
    return [value for value in values if value is not None] if None in values else values


def _paths(node: Node, context: list[_Path], resource_type: str) -> list[_Path]:
    match node:
        case Binary(operator="|", left=left, right=right):
            return _paths(left, context, resource_type) + _paths(right, context, resource_type)
        case Member(source=None, name=name):
            return _named(name, context, resource_type)
        case Member(source=source, name=name) if source is not None:
            return _children(_paths(source, context, resource_type), name)
        case TypeOperation(operator="as", operand=operand, type=type_name):
            return _of_type(_paths(operand, context, resource_type), type_name)
        case Variable(name="this"):
            return context
    return _narrowed(node, context, resource_type)


def _narrowed(node: Node, context: list[_Path], resource_type: str) -> list[_Path]:
    match node:
        case Index(source=source, index=Literal(value=int(index))):
            return [path.then(_item(index), f"[{index}]") for path in _paths(source, context, resource_type)]
        case Call(source=source, name=name, arguments=(argument,)):
            found = context if source is None else _paths(source, context, resource_type)
            return _filtered(found, name, argument)
    raise _OutsideTheSubset


def _filtered(paths: list[_Path], function: str, argument: Node) -> list[_Path]:
    match function, argument:
        case (("as" | "ofType"), Member(source=None, name=name)):
            return _of_type(paths, TypeName(name))
        case (("as" | "ofType"), Member(source=Member(source=None, name=namespace), name=name)):
            return _of_type(paths, TypeName(name, namespace))
        case "where", _:
            return [path.then(_where(_predicate(argument)), f" ? ({_json_predicate(argument)})") for path in paths]
        case "extension", Literal(value=str(url)):
            found = _children(paths, "extension")
            return [path.then(_where(_equals("url", url)), f' ? (@.url == "{url}")') for path in found]
    raise _OutsideTheSubset


def _named(name: str, context: list[_Path], resource_type: str) -> list[_Path]:
    if name in structures.types():
        return context if name in structures.ancestors(resource_type) else []
    return _children(context, name)


def _children(paths: list[_Path], name: str) -> list[_Path]:
    found = [child for path in paths for child in _children_of(path, name)]
    if paths and not found:
        raise FhirPathSemanticError(f"{paths[0].node} has no element {name}.")
    return found


def _children_of(path: _Path, name: str) -> list[_Path]:
    if structures.is_primitive(path.type):
        return []
    properties = structures.node(path.node).properties.values()
    return [_child(path, found) for found in properties if found.element.name == name]


def _child(path: _Path, found: structures.Property) -> _Path:
    type_name = "id" if found.name == "id" and path.node in structures.types() else found.type.code
    binding = found.element.binding
    value_set = binding.value_set if binding and binding.strength == "required" else ""
    if path.key is None:
        return _Path(type_name, found.node, found.name, found.element.is_list, (), value_set, f'."{found.name}"')
    step = _get_all(found.name) if found.element.is_list else _get(found.name)
    json = f'{path.json}."{found.name}"'
    return _Path(type_name, found.node, path.key, path.is_list, (*path.steps, step), value_set, json)


def _of_type(paths: list[_Path], type_name: TypeName) -> list[_Path]:
    name = _MISSPELT_TYPES.get(type_name.name, type_name.name)
    return [path for path in paths if path.type == name]


def _predicate(criterion: Node) -> Predicate:
    match criterion:
        case Binary(operator="=", left=Member(source=None, name=name), right=Literal(value=str(text))):
            return _equals(name, text)
        case TypeOperation(operator="is", operand=Call(source=None, name="resolve"), type=TypeName(name=name)):
            return lambda value, resource: reference_type(value, resource) == name
    raise _OutsideTheSubset


def _json_predicate(criterion: Node) -> str:
    match criterion:
        case Binary(left=Member(name=name), right=Literal(value=str(text))):
            return f'@.{name} == "{text}"'
        case TypeOperation(type=TypeName(name=name)):
            return f'@.reference like_regex "(^|/){name}/[^/]+(/_history/[^/]+)?$"'
    raise _OutsideTheSubset


def _equals(name: str, text: str) -> Predicate:
    return lambda value, _: bool(value.get(name) == text)


def _where(predicate: Predicate) -> Step:
    return lambda items, resource: [item for item in items if predicate(item, resource)]


def _get(key: str) -> Step:
    return lambda items, _: [found for item in items if (found := item.get(key)) is not None]


def _get_all(key: str) -> Step:
    return lambda items, _: [found for item in items for found in item.get(key, ()) if found is not None]


def _item(index: int) -> Step:
    return lambda items, _: list(items)[index : index + 1]
