"""Slicing: which slice of a profile a value belongs to (https://hl7.org/fhir/R4/profiling.html#slicing).

Discriminators of all five kinds: value, pattern, type, exists and profile, over the restricted FHIRPath that R4 allows
them: names, `$this`, `ofType()`, `extension('url')` and `resolve()`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from health_platform.fhir.definitions.structures import TypeReference
from health_platform.fhir.packages.profiles import ProfileElement
from health_platform.fhir.terminology.membership import is_member
from health_platform.fhir.validation import targets
from health_platform.fhir.validation.context import Context
from health_platform.fhir.validation.occurrences import Occurrence, contains, equal, occurrences

Conforms = Callable[[Context, str, Occurrence], bool]
_STEP = re.compile(
    r"\$this|(?P<call>extension|ofType|as|resolve)\((?P<argument>[^)]*)\)|(?P<name>[A-Za-z][A-Za-z0-9]*)"
)


def slice_of(
    context: Context, element: ProfileElement, occurrence: Occurrence, conforms: Conforms
) -> ProfileElement | None:
    """The first slice of `element` that the value belongs to; `conforms(context, profile, value)` tells of profiles."""
    if element.name in ("extension", "modifierExtension") and element.slicing is None:
        url = occurrence.value.get("url") if isinstance(occurrence.value, dict) else None
        return next((candidate for candidate in element.slices if extension_url(candidate) == url), None)
    if occurrence.property != element.name:
        for candidate in element.slices:
            if candidate.slice_name == occurrence.property:
                return candidate
    discriminators = element.slicing.discriminators if element.slicing else ()
    if not discriminators:
        return next((candidate for candidate in element.slices if _fits(context, candidate, occurrence)), None)
    selected = [(kind, path, _select(context, occurrence, path)) for kind, path in discriminators]
    for candidate in element.slices:
        if all(_agrees(context, kind, path, candidate, found, conforms) for kind, path, found in selected):
            return candidate
    return None


def extension_url(candidate: ProfileElement) -> str:
    """The url of the extensions of an extension slice: of its definition, or fixed inside the slice."""
    for declared in candidate.types:
        if declared.profiles:
            return declared.profiles[0].partition("|")[0]
    url = candidate.child("url")
    return str(url.fixed[0]) if url is not None and url.fixed else ""


def _agrees(
    context: Context, kind: str, path: str, candidate: ProfileElement, found: list[Occurrence], conforms: Conforms
) -> bool:
    expected = located(context, candidate, path)
    if not expected:
        return path == "url" and any(item.value == extension_url(candidate) for item in found)
    return any(_agrees_with(context, kind, element, found, conforms) for element in expected)


def _agrees_with(
    context: Context, kind: str, expected: ProfileElement, found: list[Occurrence], conforms: Conforms
) -> bool:
    if kind == "exists":
        return bool(found) if expected.minimum else not found or expected.maximum != 0
    if kind == "type":
        return any(item.type == declared.code for item in found for declared in expected.types)
    if kind == "profile":
        profiles = [profile for declared in expected.types for profile in (*declared.profiles, *declared.targets)]
        return any(conforms(context, profile, item) for item in found for profile in profiles)
    return any(_fits(context, expected, item) for item in found)


def _fits(context: Context, expected: ProfileElement, item: Occurrence) -> bool:
    """Whether a value has the fixed values, patterns and, where there is nothing else, the codes of a slice."""
    if expected.fixed:
        return equal(expected.fixed[0], item.value)
    if expected.pattern:
        return contains(expected.pattern[0], item.value)
    deciding = [child for child in expected.children if child.is_decisive]
    if deciding:
        return type(item.value) is dict and all(_has(context, child, item) for child in deciding)
    if expected.binding is not None and expected.binding.strength == "required":
        return has_code(context, expected.binding.value_set, item.value)
    return any(declared.code == item.type for declared in expected.types)


def _has(context: Context, child: ProfileElement, item: Occurrence) -> bool:
    """Whether a child of a value has what the slice says of it; a fixed code or URI is most of what slices say."""
    plain = item.value.get(child.name)
    if child.fixed and type(plain) is str:
        return equal(child.fixed[0], plain)
    return any(_fits(context, child, found) for found in occurrences(item.value, item.node, child.name, item.place))


def has_code(context: Context, value_set: str, value: Any) -> bool:
    """Whether a value has a code of the set, or one of which that cannot be told."""
    if isinstance(value, str):
        return is_member(context.knowledge.terminology, value_set, None, value) is not False
    codings = value.get("coding", [value]) if isinstance(value, dict) else []
    return any(
        is_member(context.knowledge.terminology, value_set, coding.get("system"), coding["code"]) is not False
        for coding in codings
        if isinstance(coding, dict) and "code" in coding
    )


@lru_cache(maxsize=1024)
def steps(path: str) -> tuple[tuple[str, str], ...]:
    """(`name` or function, argument) of each step; `$this` is no step. Raises ValueError for any other FHIRPath."""
    found: list[tuple[str, str]] = []
    rest = path
    while rest:
        match = _STEP.match(rest)
        if match is None:
            raise ValueError(f"the discriminator {path} is not in the FHIRPath that R4 allows there")
        if match["name"]:
            found.append(("name", match["name"]))
        elif match["call"]:
            found.append((match["call"], match["argument"].strip("'\"")))
        rest = rest[match.end() :].removeprefix(".")
    return tuple(found)


def _select(context: Context, occurrence: Occurrence, path: str) -> list[Occurrence]:
    found = [occurrence]
    for step, argument in steps(path):
        found = [result for item in found for result in _step(context, item, step, argument)]
    return found


def _step(context: Context, item: Occurrence, step: str, argument: str) -> Iterable[Occurrence]:
    if step in ("ofType", "as"):
        return [item] if item.type == argument else []
    if step == "resolve":
        target = targets.resolved(context, item.value)
        if target is None:
            return []
        type_name = str(target.get("resourceType", ""))
        return [Occurrence(target, None, type_name, type_name, item.place)]
    if not isinstance(item.value, dict):
        return []
    if step == "extension":
        found = occurrences(item.value, item.node, "extension", item.place)
        return [extension for extension in found if extension.value.get("url") == argument]
    return occurrences(item.value, item.node, argument, item.place)


def located(context: Context, candidate: ProfileElement, path: str) -> list[ProfileElement]:
    """The elements of a slice at a discriminator's path: the element itself, or the slices in which it is stated."""
    found = [candidate]
    for step, argument in steps(path):
        found = [result for element in found for result in _located(context, element, step, argument)]
    return found


def _located(context: Context, element: ProfileElement, step: str, argument: str) -> list[ProfileElement]:
    if step == "name":
        holders = [element, *element.slices] if element.child(argument) is None else [element]
        return [child for holder in holders if (child := _child(context, holder, argument)) is not None]
    if step == "extension":
        extensions = element.child("extension")
        slices = extensions.slices if extensions else ()
        return [found for found in slices if extension_url(found) == argument]
    if step == "resolve":
        return _targets(context, element)
    return [element]


def _child(context: Context, element: ProfileElement, name: str) -> ProfileElement | None:
    found = element.child(name)
    if found is not None:
        return found
    for declared in element.types:
        for canonical in declared.profiles:
            profile = context.knowledge.profiles.find(canonical)
            if profile is not None and (found := profile.root.child(name)) is not None:
                return found
    return None


def _targets(context: Context, element: ProfileElement) -> list[ProfileElement]:
    """The roots of the profiles, or the types, that a reference may lead to."""
    found = []
    for declared in element.types:
        for target in declared.targets:
            profile = context.knowledge.profiles.find(target)
            root = profile.root if profile else ProfileElement(target)
            found.append(replace(root, types=(TypeReference(profile.type if profile else target),)))
    return found
