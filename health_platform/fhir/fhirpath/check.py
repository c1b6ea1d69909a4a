"""Whether an expression can mean anything for a type, told from the definitions alone (strict evaluation).

It refuses paths that no element of the type has (`Observation.valueQuantity`: the name is `value`) and functions of
order on collections without order. Where the type of a part is open, everything below it is let through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from health_platform.fhir.definitions import structures
from health_platform.fhir.fhirpath.elements import Property, ancestors, table
from health_platform.fhir.fhirpath.errors import FhirPathSemanticError
from health_platform.fhir.fhirpath.nodes import Binary, Call, Index, Member, Node, TypeOperation, Variable, children

Types = frozenset[str] | None
"""Types' names and paths of backbone elements; None where any may come."""

_KEEPS_TYPE: Final = frozenset(
    {"where", "first", "last", "tail", "skip", "take", "single", "distinct", "exclude", "intersect", "trace", "sort"}
)
_NEEDS_ORDER: Final = frozenset({"first", "last", "tail", "skip", "take"})
_WITHOUT_ORDER: Final = frozenset({"children", "descendants"})
_WITH_THIS: Final = frozenset({"where", "select", "exists", "all", "sort"})


def check(tree: Node, type_name: str) -> None:
    """Raise FhirPathSemanticError for an expression that cannot mean anything for elements of a type."""
    _types(tree, frozenset({type_name}))


def _types(node: Node, context: Types) -> Types:
    match node:
        case Member(source=None, name=name):
            return _root(name, context, node.offset)
        case Member(source=source, name=name) if source is not None:
            return _below(_types(source, context), name, node.offset)
        case Variable(name="this"):
            return context
        case Index(source=source):
            _check_order(source, "[]", node.offset)
            return _types(source, context)
        case TypeOperation(operator=operator, operand=operand, type=wanted):
            _types(operand, context)
            return frozenset({wanted.name}) if operator == "as" else None
        case Binary(operator="|", left=left, right=right):
            one, other = _types(left, context), _types(right, context)
            return None if one is None or other is None else one | other
        case Call():
            return _called(node, context)
    for child in children(node):
        _types(child, context)
    return None


def _called(node: Call, context: Types) -> Types:
    found = context if node.source is None else _types(node.source, context)
    if node.name in ("as", "ofType", "is"):
        return _named_type(node)
    if node.name in _NEEDS_ORDER and node.source is not None:
        _check_order(node.source, f"{node.name}()", node.offset)
    inner = [_types(argument, found if node.name in _WITH_THIS else context) for argument in node.arguments]
    if node.name == "select":
        return inner[0]
    return found if node.name in _KEEPS_TYPE else None


def _named_type(node: Call) -> Types:
    match node.arguments:
        case (Member(name=name),) if node.name != "is":
            return frozenset({name})
    return None


def _check_order(source: Node, what: str, offset: int) -> None:
    if isinstance(source, Call) and source.name in _WITHOUT_ORDER:
        raise FhirPathSemanticError(f"{what} needs an order, and {source.name}() gives none.", offset=offset)


def _root(name: str, context: Types, offset: int) -> Types:
    if context is not None and name in structures.types() and name[0].isupper():
        found = frozenset(one for one in context if name in ancestors(one))
        if found:
            return found
    return _below(context, name, offset)


def _below(types: Types, name: str, offset: int) -> Types:
    if types is None:
        return None
    known = [one for one in types if one.partition(".")[0] in structures.types() and one != "Resource"]
    if len(known) < len(types):
        return None
    found = [child for one in known for child in _children(one, name)]
    if not found:
        shown = " or ".join(sorted(types))
        raise FhirPathSemanticError(f"{shown} has no element {name}.", offset=offset)
    return frozenset(_path(one) if isinstance(one, Property) else one for one in found)


def _children(path: str, name: str) -> Sequence[Property | str]:
    if structures.is_primitive(path):
        return {"id": ["string"], "extension": ["Extension"]}.get(name, [])
    return table(path).by_name.get(name, [])


def _path(found: Property) -> str:
    return found.type if found.is_primitive or found.type == "Resource" else found.table.path
