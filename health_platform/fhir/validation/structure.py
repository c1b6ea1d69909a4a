"""The structure of a resource against R4: elements, cardinality, types, choices, primitives, references, narrative.

https://hl7.org/fhir/R4/json.html and the element trees in `definitions/structures.py`. `validate_structure` first asks
the strict decoder of `decoder.py`, which says "valid" in a few microseconds or nothing; only what it does not accept is
walked here, where every fault gets its place and an explanation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from health_platform.fhir.definitions import structures
from health_platform.fhir.definitions.structures import Element, Node, Property
from health_platform.fhir.outcome import Issue, Severity
from health_platform.fhir.validation import decoder, json_body, narrative, primitives, references
from health_platform.fhir.validation.messages import MAX_ISSUES, EnoughIssuesError, issue

Json = Mapping[str, Any]
NO_NULLS: tuple[None, ...] = ()
LONGEST_NAME = 64


@dataclass(slots=True)
class Walk:
    """Collects the issues of one resource. `contained` maps ids of contained resources to their types."""

    issues: list[Issue] = field(default_factory=list)
    contained: Mapping[str, str] = field(default_factory=dict)
    container_type: str = ""

    def report(self, key: str, path: str, **args: object) -> None:
        if len(self.issues) >= MAX_ISSUES:
            raise EnoughIssuesError
        self.issues.append(issue(key, path, **args))


def validate_structure(resource: Json | bytes) -> list[Issue]:
    """What is wrong with the structure of a resource, parsed or as the bytes that were sent."""
    if not isinstance(resource, bytes):
        return walk_structure(resource)
    if decoder.accepts(resource):
        return []
    value, issues = json_body.parse(resource)
    if any(found.severity is Severity.FATAL for found in issues):
        return issues
    return json_body.with_positions([*issues, *walk_structure(value)], resource)


def walk_structure(resource: object) -> list[Issue]:
    """Every structural fault of a parsed resource, with its place."""
    walk = Walk()
    type_name = resource.get("resourceType") if isinstance(resource, dict) else None
    try:
        _resource(walk, resource, type_name if isinstance(type_name, str) else "", "Resource")
    except EnoughIssuesError:
        walk.issues.append(issue("enough", "", limit=MAX_ISSUES))
    return walk.issues


def _resource(walk: Walk, value: object, path: str, expected: str) -> None:
    if not isinstance(value, dict):
        walk.report("not-a-resource", path, found=primitives.json_kind(value))
        return
    type_name = value.get("resourceType")
    if not isinstance(type_name, str):
        walk.report("resource-type-missing", path)
        return
    if type_name not in structures.resource_types():
        walk.report("resource-type-unknown", path, name=type_name)
        return
    if expected not in structures.ancestors(type_name):
        walk.report("resource-type-not-allowed", path, name=type_name, expected=expected)
    outer = walk.contained, walk.container_type
    if not path.rpartition(".")[2].startswith("contained["):
        walk.contained, walk.container_type = references.contained_types(value), type_name
    _object(walk, value, structures.node(type_name), path, is_resource=True)
    walk.contained, walk.container_type = outer


def _object(walk: Walk, value: Json, node: Node, path: str, *, is_resource: bool = False) -> None:
    if is_resource:
        value = {name: child for name, child in value.items() if name != "resourceType"}
    present: dict[str, list[str]] = {}
    for name, child in value.items():
        found = _property(walk, node, name, path, child)
        if found is None:
            continue
        names = present.setdefault(found.element.path, [])
        if found.name not in names:
            names.append(found.name)
            _values(walk, value, found, path)
    for element in node.elements:
        _presence(walk, node, element, present.get(element.path, []), path)
    if not value and not is_resource:
        walk.report("empty-object", path, name=_last(path))
    elif set(value) == {"id"} and not is_resource:
        walk.report("only-id", path, name=_last(path))


def _property(walk: Walk, node: Node, name: str, path: str, child: object) -> Property | None:
    """The property that a JSON name stands for; a name that R4 does not know is reported."""
    found = node.properties.get(name)
    if found is not None:
        return found
    if name.startswith("_") and (sibling := node.properties.get(name[1:])) is not None:
        if sibling.is_primitive:
            return sibling
        walk.report("primitive-sibling", path, name=name)
        return None
    choices = [p.name for p in node.properties.values() if p.element.is_choice and p.element.name == name]
    near = get_close_matches(name, node.properties, 1) if len(name) <= LONGEST_NAME else []
    if choices:
        walk.report("choice-without-type", f"{path}.{name}", name=name, names=", ".join(choices))
    elif near:
        walk.report("unknown-element-near", path, name=name, type=node.path, near=near[0])
    else:
        walk.report("unknown-element", path, name=name, type=node.path)
    return None


def _presence(walk: Walk, node: Node, element: Element, names: list[str], path: str) -> None:
    if len(names) > 1:
        walk.report("one-choice", f"{path}.{element.name}", names=", ".join(names))
    if names or not element.minimum:
        return
    if element.is_choice:
        choices = ", ".join(p.name for p in node.properties.values() if p.element is element)
        walk.report("required-choice", path, type=node.path, names=choices)
    else:
        walk.report("required", path, name=element.name, type=node.path)


def _values(walk: Walk, parent: Json, found: Property, path: str) -> None:
    """The value or values of one property, with the `_name` sibling of a primitive one."""
    place = f"{path}.{expression_name(found)}"
    value = parent.get(found.name)
    sibling = parent.get("_" + found.name) if found.is_primitive else None
    given = [item for item in (value, sibling) if item is not None]
    if not given:
        walk.report("null", place, name=found.name)
    elif found.element.is_list:
        if all(isinstance(item, list) for item in given):
            _list(walk, value or NO_NULLS, sibling or NO_NULLS, found, place)
        else:
            walk.report("array-expected", place, name=found.name)
    elif any(isinstance(item, list) for item in given):
        walk.report("array-not-expected", place, name=found.name)
    else:
        _single(walk, value, sibling, found, place)


def _list(walk: Walk, values: Any, siblings: Any, found: Property, place: str) -> None:
    count = max(len(values), len(siblings))
    if not count:
        walk.report("empty-array", place, name=found.name)
    for index in range(count):
        value = values[index] if index < len(values) else None
        sibling = siblings[index] if index < len(siblings) else None
        if value is None and sibling is None:
            walk.report("null", f"{place}[{index}]", name=f"{found.name}[{index}]")
        else:
            _single(walk, value, sibling, found, f"{place}[{index}]")
    maximum = found.element.maximum
    if maximum is not None and count > maximum:
        walk.report("too-many", place, name=found.name, maximum=maximum, count=count)


def _single(walk: Walk, value: object, sibling: object, found: Property, place: str) -> None:
    if sibling is not None:
        _complex(walk, sibling, structures.node("Element"), found.name, place)
    if value is None:
        return
    if found.is_primitive:
        _primitive(walk, value, found, place)
    elif found.node in ("Resource", "DomainResource") or structures.types().get(found.node) == "resource":
        _nested_resource(walk, value, found, place)
    elif _complex(walk, value, structures.node(found.node), found.name, place):
        _special(walk, value, found, place)


def _complex(walk: Walk, value: object, node: Node, name: str, place: str) -> bool:
    if not isinstance(value, dict):
        walk.report("object-expected", place, name=name, type=node.path, found=primitives.json_kind(value))
        return False
    _object(walk, value, node, place)
    return True


def _primitive(walk: Walk, value: object, found: Property, place: str) -> None:
    type_name = found.type.code
    problem = primitives.problem_of(type_name, value)
    if problem == "json-type":
        expected = primitives.expected_json_kind(type_name)
        kind = primitives.json_kind(value)
        walk.report(problem, place, name=found.name, type=type_name, expected=expected, found=kind)
    elif problem is not None:
        walk.report(problem, place, name=found.name, type=type_name, value=value)
    elif type_name == "xhtml":
        walk.issues.extend(narrative.problems(str(value), place))


def _nested_resource(walk: Walk, value: object, found: Property, place: str) -> None:
    if found.name == "contained" and isinstance(value, dict):
        if "contained" in value:
            walk.report("contained-in-contained", place)
        if "id" not in value:
            walk.report("contained-id", place)
    _resource(walk, value, place, found.node)


def _special(walk: Walk, value: Any, found: Property, place: str) -> None:
    if found.node == "Reference":
        walk.issues.extend(references.problems(value, found.type.targets, walk.contained, walk.container_type, place))
    elif found.node == "Extension":
        _extension(walk, value, place)


def _extension(walk: Walk, value: Json, place: str) -> None:
    has_value = any(name.lstrip("_").startswith("value") for name in value)
    if has_value == ("extension" in value):
        walk.report("extension-value", place)
    url = value.get("url")
    is_nested = ".extension" in place.rpartition(".")[0] or ".modifierExtension" in place.rpartition(".")[0]
    if isinstance(url, str) and ":" not in url and not is_nested:
        walk.report("extension-url", f"{place}.url", value=url)


def expression_name(found: Property) -> str:
    """The property in a FHIRPath expression: `value.ofType(Quantity)` for `valueQuantity`."""
    return f"{found.element.name}.ofType({found.type.code})" if found.element.is_choice else found.name


def _last(path: str) -> str:
    return path.rpartition(".")[2] or path
