"""One walk over a resource for what its structure cannot tell: codes, bindings, extensions, invariants, further rules.

For each node of R4 a plan is made once: which checks its objects need, and which children lead to checks. The walk is
robust against wrong structure, so that all faults of a resource are told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from health_platform.fhir.definitions import structures
from health_platform.fhir.definitions.structures import Binding, Property
from health_platform.fhir.outcome import Severity
from health_platform.fhir.validation import binding, extensions, invariants, rules
from health_platform.fhir.validation.context import Context, Json, Place
from health_platform.fhir.validation.occurrences import step_name
from health_platform.fhir.validation.profile import check_profile
from health_platform.fhir.validation.rules import vital_signs

Check = Callable[[Context, Any, Place], None]
_POLYMORPHIC = ("Resource", "DomainResource")
_EXTENSIONS = ("extension", "modifierExtension")


@dataclass(slots=True)
class Child:
    """A JSON property: the checks of each value, and the node under which the value's children stand, or a resource.

    `without_value` is the check of a `_name` property where `name` is not there.
    """

    step: str
    checks: tuple[Check, ...]
    node: str
    is_primitive: bool
    is_resource: bool
    without_value: Check | None = None


@dataclass(slots=True)
class Plan:
    checks: tuple[Check, ...]
    children: Mapping[str, Child]


def check_semantics(context: Context, resource: Json, place: Place) -> None:
    """Walks one resource; contained resources and those of Bundle entries and Parameters come with it."""
    type_name = resource.get("resourceType")
    if isinstance(type_name, str) and type_name in structures.resource_types():
        _visit(context, resource, _plan(type_name), place)
        asked = context.options.profiles if place[0] is None else ()
        claimed = _claimed(resource) if context.options.claimed_profiles else []
        for canonical in claimed:
            if canonical not in asked:
                conform(context, canonical, resource, place)
        if type_name == "Observation":
            _vital_sign(context, resource, place, (*asked, *claimed))


def _vital_sign(context: Context, resource: Json, place: Place, checked: tuple[str, ...]) -> None:
    """R4's profile of a vital sign, where the Observation neither claims it nor was asked for it."""
    implied = vital_signs.profile_of(resource)
    if implied is None or implied in checked:
        return
    trial = context.trial()
    conform(trial, implied, resource, place)
    for found in trial.issues:
        context.add(replace(found, severity=Severity.WARNING) if found.is_error else found)


def _claimed(resource: Json) -> list[str]:
    meta = resource.get("meta")
    stated = meta.get("profile") if isinstance(meta, dict) else None
    return [canonical for canonical in stated if isinstance(canonical, str)] if isinstance(stated, list) else []


def conform(context: Context, canonical: str, resource: Json, place: Place) -> None:
    """Reports where a resource does not conform to a profile, or that the profile is not known."""
    profile = context.knowledge.profiles.find(canonical)
    if profile is None:
        is_required = canonical in context.options.profiles
        context.report("profile-unknown-required" if is_required else "profile-unknown", place, profile=canonical)
    elif profile.type != resource.get("resourceType"):
        found = resource.get("resourceType")
        context.report("profile-other-type", place, profile=canonical, expected=profile.type, found=found)
    else:
        check_profile(context, profile, resource, place)


def _visit(context: Context, value: Json, plan: Plan, place: Place) -> None:
    for check in plan.checks:
        check(context, value, place)
    children = plan.children
    for name, item in value.items():
        child = children.get(name)
        if child is None:
            continue
        if child.without_value is not None and name[1:] not in value:
            child.without_value(context, item, (place, child.step, -1))
        if type(item) is list:
            for index, one in enumerate(item):
                _one(context, one, child, (place, child.step, index))
        else:
            _one(context, item, child, (place, child.step, -1))


def _one(context: Context, value: Any, child: Child, place: Place) -> None:
    is_object = type(value) is dict
    if value is None or is_object is child.is_primitive:
        return
    for check in child.checks:
        check(context, value, place)
    if child.is_resource:
        _nested(context, value, child, place)
    elif is_object:
        _visit(context, value, _plan(child.node), place)


def _nested(context: Context, resource: Json, child: Child, place: Place) -> None:
    outer = context.resource, context.container, context.bundle
    context.resource = resource
    if child.step != "contained":
        context.container = resource
        if outer[0].get("resourceType") == "Bundle":
            context.bundle = outer[0]
    check_semantics(context, resource, place)
    context.resource, context.container, context.bundle = outer


@cache
def _plan(node_path: str) -> Plan:
    node = structures.node(node_path)
    children: dict[str, Child] = {}
    for found in node.properties.values():
        child = _child(node_path, found)
        if child.checks or child.node or child.is_resource:
            children[found.name] = child
        if found.is_primitive:
            children["_" + found.name] = Child(
                step_name(found),
                (),
                "Element",
                is_primitive=False,
                is_resource=False,
                without_value=_without_value(found),
            )
    return Plan((*invariants.of_node(node_path), *rules.of_node(node_path)), children)


def _child(node_path: str, found: Property) -> Child:
    is_resource = found.node in _POLYMORPHIC or structures.types().get(found.node) == "resource"
    checks = [*_binding_checks(found), *invariants.of_element(found.element, found.type.code), *rules.of_element(found)]
    if found.node == "Coding" or found.type.code in ("Quantity", "Age", "Count", "Distance", "Duration"):
        checks.append(binding.check_coding)
    if found.name in _EXTENSIONS and node_path != "Extension":
        is_modifier = found.name == "modifierExtension"
        holder = _names_of(node_path)
        checks.append(partial(extensions.check_extension, holder=holder, is_modifier=is_modifier))
    node = "" if found.is_primitive or is_resource else found.node
    return Child(step_name(found), tuple(checks), node, found.is_primitive, is_resource)


def _names_of(node_path: str) -> tuple[str, ...]:
    """The names under which the context of an extension may know an element of this node."""
    if "." in node_path:
        return (node_path, "BackboneElement", "Element")
    return (*structures.ancestors(node_path), "Element")


def _binding_checks(found: Property) -> list[Check]:
    stated = found.element.binding
    if stated is None or stated.strength not in ("required", "extensible"):
        return []
    if found.type.code not in ("code", "Coding", "CodeableConcept", "Quantity", "string", "uri"):
        return []
    return [partial(_check_binding, stated)]


def _without_value(found: Property) -> Check | None:
    """Extensions without the code itself: R4 has no way around a required binding, so it is an error. For an element
    that a profile demands, such as the gender of a patient of KR Core, it is how absence is said: a warning."""
    stated = found.element.binding
    if stated is None or stated.strength != "required":
        return None
    return partial(_report_without_value, stated.value_set, 0 if found.element.is_list else -1)


def _report_without_value(value_set: str, index: int, context: Context, _value: Any, place: Place) -> None:
    severity = Severity.WARNING if _is_demanded(context, place) else Severity.ERROR
    context.report_as(severity, "code-without-value", (place[0], place[1], index), value_set=value_set)


def _is_demanded(context: Context, place: Place) -> bool:
    """Whether a profile asks for the element of a resource at this place, so that its absence has to be said there."""
    parent, name, _ = place
    if parent is None or not (parent[0] is None or parent[1] in ("resource", "contained")):
        return False
    for canonical in (*context.options.profiles, *context.options.expected, *_claimed(context.resource)):
        profile = context.knowledge.profiles.find(canonical)
        element = profile.root.child(name) if profile else None
        if element is not None and element.minimum:
            return True
    return False


def _check_binding(stated: Binding, context: Context, value: Any, place: Place) -> None:
    binding.check_binding(context, stated, value, place)
