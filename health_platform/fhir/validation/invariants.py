"""Invariants: those of R4 and the constraints of profiles, evaluated by the FHIRPath engine.

https://hl7.org/fhir/R4/conformance-rules.html#constraints. Most invariants say nothing unless some property is present;
which one is read from the expression, so that a resource without it costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from health_platform.fhir.definitions import structures
from health_platform.fhir.definitions.structures import Element, Invariant
from health_platform.fhir.fhirpath import elements as fhirpath
from health_platform.fhir.fhirpath.errors import FhirPathError
from health_platform.fhir.fhirpath.evaluate import Expression, compile_expression
from health_platform.fhir.fhirpath.nodes import Binary, Call, Index, Member, Node
from health_platform.fhir.fhirpath.state import Environment
from health_platform.fhir.outcome import Severity
from health_platform.fhir.packages.profiles import Constraint
from health_platform.fhir.validation import binding, presence
from health_platform.fhir.validation.context import Context, Place
from health_platform.fhir.validation.errata import meant
from health_platform.fhir.validation.explanations import EXPLANATIONS
from health_platform.fhir.validation.occurrences import Occurrence

Check = Callable[[Context, Any, Place], None]
# Enforced by the pass over structure or by a rule, which say more of where and why.
BY_STRUCTURE = frozenset({"ele-1", "ext-1", "dom-2", "dom-3", "ref-1", "txt-1", "txt-2"})
BEST_PRACTICE = frozenset({"dom-6"})
_QUANTITY_PROFILES = ("SimpleQuantity", "MoneyQuantity")


@cache
def _by_context() -> Mapping[str, tuple[Invariant, ...]]:
    found: dict[str, list[Invariant]] = {}
    for invariant in structures.invariants():
        if invariant.key not in BY_STRUCTURE:
            for context in invariant.contexts:
                found.setdefault(context, []).append(invariant)
    return {context: tuple(invariants) for context, invariants in found.items()}


def of_node(path: str) -> tuple[Check, ...]:
    """The checks for each object of a node: a type with what it inherits, or a backbone element."""
    contexts = structures.ancestors(path) if path in structures.types() else (path,)
    return tuple(
        _check(invariant.key, invariant.severity, invariant.expression, path)
        for context in contexts
        for invariant in _by_context().get(context, ())
    )


def of_element(element: Element, type_name: str) -> tuple[Check, ...]:
    """The checks for each value of a type of an element that is no backbone element: those stated at its path, and of
    the profiles of Quantity that R4 gives it."""
    is_backbone = any(declared.code in structures.INLINE for declared in element.types)
    contexts = [] if is_backbone and element.name != "extension" else [element.path]
    contexts += [
        profile for declared in element.types for profile in declared.profiles if profile in _QUANTITY_PROFILES
    ]
    return tuple(
        _check(invariant.key, invariant.severity, invariant.expression, type_name)
        for context in contexts
        for invariant in _by_context().get(context, ())
    )


@cache
def _check(key: str, severity: str, expression: str, node_path: str) -> Check:
    expression = meant(expression)
    needed = needed_properties(expression, node_path)
    compiled = compile_expression(expression)
    return partial(_run, (key, severity, compiled, node_path), needed, presence.predicate(compiled.tree, node_path))


def _run(
    stated: tuple[str, str, Expression, str],
    needed: frozenset[str] | None,
    of_presence: presence.Predicate | None,
    context: Context,
    value: Any,
    place: Place,
) -> None:
    if type(value) is dict:
        if needed is not None and needed.isdisjoint(value):
            return
        if of_presence is not None and context.is_sound and of_presence(value):
            return
    key, severity, compiled, node_path = stated
    if key in BEST_PRACTICE and not context.options.best_practice:
        return
    if type(value) is not dict and not structures.is_primitive(node_path):
        return
    element = fhirpath.element(value, node_path)
    _evaluate(context, Constraint(key, severity, compiled.text), compiled, element, place)


def check_constraint(context: Context, constraint: Constraint, found: Occurrence) -> None:
    """The constraint of a profile on one value."""
    if not constraint.expression:
        return
    try:
        compiled = compile_expression(meant(constraint.expression))
    except FhirPathError as error:
        context.report("invariant-unchecked", found.place, rule=constraint.key, reason=error)
        return
    element = fhirpath.element(found.value, found.node or found.type, found.sibling)
    _evaluate(context, constraint, compiled, element, found.place)


def _evaluate(
    context: Context, constraint: Constraint, compiled: Expression, element: fhirpath.Element, place: Place
) -> None:
    try:
        if _is_met(context, compiled, element):
            return
    except FhirPathError as error:
        context.report_once("invariant-unchecked", constraint.key, place, rule=constraint.key, reason=error)
        return
    except (AttributeError, TypeError, ValueError, LookupError, ArithmeticError) as error:
        # The engine reads what has R4's structure; where it has not, the pass over structure has told so.
        if context.is_sound:
            context.report_once("invariant-unchecked", constraint.key, place, rule=constraint.key, reason=repr(error))
        return
    severity = Severity.WARNING if constraint.severity == "warning" else Severity.ERROR
    if constraint.key in EXPLANATIONS:
        context.report_told(severity, "invariant", constraint.key, EXPLANATIONS[constraint.key], place)
    elif constraint.human:
        context.report_as(severity, "invariant-told", place, rule=constraint.key, human=constraint.human)
    else:
        context.report_as(severity, "invariant", place, rule=constraint.key, expression=constraint.expression)


def _is_met(context: Context, compiled: Expression, element: fhirpath.Element) -> bool:
    resource = fhirpath.resource_element(context.resource)
    root = resource if context.container is context.resource else fhirpath.resource_element(context.container)
    return _is_true(compiled.evaluate(element, _environment(context), resource, root))


def test_of(constraint: Constraint, node_path: str) -> Callable[[Context, Any], bool]:
    """Whether a value of a sound structure certainly meets a constraint of a profile; nothing is reported."""
    compiled = compile_expression(meant(constraint.expression))
    of_presence = presence.predicate(compiled.tree, node_path)
    if of_presence is not None:
        return lambda _context, value: of_presence(value)

    def check(context: Context, value: Any) -> bool:
        try:
            return _is_met(context, compiled, fhirpath.element(value, node_path))
        except (FhirPathError, AttributeError, TypeError, ValueError, LookupError, ArithmeticError):
            return False

    return check


def holds(expression: str, resource: Mapping[str, Any]) -> bool:
    """Whether a rule is met by a resource as a whole. Raises FhirPathError where it cannot be evaluated."""
    environment = Environment(html_checks=_trusted, as_in_r4=True)
    return _is_true(compile_expression(expression).evaluate(fhirpath.resource_element(resource), environment))


def _is_true(result: list[Any]) -> bool:
    """A rule is met where its expression is true; an empty result is not (as HL7's own validator reads it)."""
    if len(result) != 1:
        return False
    value = result[0].value if isinstance(result[0], fhirpath.Element) else result[0]
    return value is not False


def _environment(context: Context) -> Environment:
    resolve = context.options.resolve
    return Environment(
        resolve=resolve, member_of=partial(_member_of, context), html_checks=_trusted, steps=20_000, as_in_r4=True
    )


def _trusted(_element: fhirpath.Element) -> bool:
    """Narrative is checked by the pass over structure."""
    return True


def _member_of(context: Context, element: fhirpath.Element, value_set: str) -> bool | None:
    found = binding.answer(context.knowledge.terminology, value_set, element.value)
    return None if found is binding.Answer.UNKNOWN else found is binding.Answer.IN


def needed_properties(expression: str, node_path: str) -> frozenset[str] | None:
    """JSON properties of which one must be there for the invariant to be broken; None where that cannot be told."""
    names = _needed(compile_expression(expression).tree)
    if names is None:
        return None
    keys: set[str] = set()
    for name in names:
        found = _keys(name, node_path)
        if not found:
            return None
        keys.update(found)
    return frozenset(keys)


def _keys(name: str, node_path: str) -> set[str]:
    try:
        properties = structures.node(node_path).properties.values()
    except KeyError:
        return set()
    stated = [found for found in properties if found.element.name == name]
    return {found.name for found in stated} | {f"_{found.name}" for found in stated if found.is_primitive}


def _needed(node: Node) -> frozenset[str] | None:
    """Element names without any of which the expression is true; None for "unknown"."""
    match node:
        case Binary(operator="or", left=left, right=right):
            return _fewest(_needed(left), _needed(right))
        case Binary(operator="and", left=left, right=right):
            one, other = _needed(left), _needed(right)
            return None if one is None or other is None else one | other
        case Binary(operator="implies", left=left, right=right):
            return _fewest(_for_truth(left), _needed(right))
        case Call(name="empty" | "all", source=source) if source is not None:
            return _first_name(source)
        case Call(name="not", source=source) if source is not None:
            return _for_truth(source)
    return None


def _for_truth(node: Node) -> frozenset[str] | None:
    """Element names without any of which the expression is false, and not empty."""
    match node:
        case Binary(operator="and", left=left, right=right):
            return _fewest(_for_truth(left), _for_truth(right))
        case Binary(operator="or", left=left, right=right):
            one, other = _for_truth(left), _for_truth(right)
            return None if one is None or other is None else one | other
        case Call(name="exists" | "hasValue", source=source) if source is not None:
            return _first_name(source)
    return None


def _fewest(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    known = [names for names in (one, other) if names is not None]
    return min(known, key=len) if known else None


def _first_name(node: Node) -> frozenset[str] | None:
    """The element at which a path begins; None for anything but a path."""
    match node:
        case Member(source=None, name=name):
            return frozenset({name})
        case Member(source=source) | Index(source=source):
            return _first_name(source) if source is not None else None
        case Call(name="where" | "first" | "select" | "ofType" | "as", source=source) if source is not None:
            return _first_name(source)
        case Binary(operator="|", left=left, right=right):
            one, other = _first_name(left), _first_name(right)
            return None if one is None or other is None else one | other
    return None
