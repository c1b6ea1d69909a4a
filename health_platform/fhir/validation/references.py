"""References: their form and the types they may lead to (https://hl7.org/fhir/R4/references.html)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from health_platform.fhir.definitions import structures
from health_platform.fhir.outcome import Issue
from health_platform.fhir.validation.messages import issue

_TYPES = "|".join(sorted(structures.resource_types()))
_RESTFUL = re.compile(
    rf"(?P<base>https?://[A-Za-z0-9\-.:%$_~/]+/)?(?P<type>{_TYPES})"
    r"/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?(?:#\S*)?"
)
_CONDITIONAL = re.compile(rf"(?P<type>{_TYPES})\?\S+")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")


def contained_types(resource: Mapping[str, Any]) -> dict[str, str]:
    """The types of the contained resources by id."""
    contained = resource.get("contained")
    if not isinstance(contained, list):
        return {}
    return {
        item["id"]: item["resourceType"]
        for item in contained
        if isinstance(item, dict) and isinstance(item.get("id"), str) and isinstance(item.get("resourceType"), str)
    }


def target_type(reference: str) -> str | None:
    """The resource type that a literal or conditional reference names; None when it names none."""
    match = _RESTFUL.fullmatch(reference) or _CONDITIONAL.fullmatch(reference)
    return match["type"] if match else None


def has_form(reference: str) -> bool:
    return bool(target_type(reference) or reference.startswith("#") or _ABSOLUTE.fullmatch(reference))


def problems(
    value: Mapping[str, Any], targets: tuple[str, ...], contained: Mapping[str, str], container: str, place: str
) -> list[Issue]:
    """What is wrong with one Reference whose allowed targets are `targets` (empty or Resource: any)."""
    reference, declared = value.get("reference"), value.get("type")
    found: list[Issue] = []
    target = None
    if isinstance(reference, str) and reference:
        if not has_form(reference):
            return [issue("reference-form", place, value=reference)]
        if reference.startswith("#") and reference != "#" and reference[1:] not in contained:
            return [issue("reference-contained", place, value=reference)]
        target = _target(reference, contained, container)
    if isinstance(declared, str) and declared:
        found.extend(_declared_problems(declared, target, place))
        target = target or declared
    if target and not _is_allowed(target, targets):
        found.append(issue("reference-target", place, found=target, expected=", ".join(targets)))
    return found


def _target(reference: str, contained: Mapping[str, str], container: str) -> str | None:
    if reference.startswith("#"):
        return contained.get(reference[1:], container if reference == "#" else None)
    return target_type(reference)


def _declared_problems(declared: str, target: str | None, place: str) -> list[Issue]:
    name = declared.removeprefix("http://hl7.org/fhir/StructureDefinition/")
    if name not in structures.resource_types():
        is_logical = ":" in declared
        return [] if is_logical else [issue("reference-type-unknown", f"{place}.type", type=declared)]
    if target and name != target:
        return [issue("reference-type-differs", place, type=name, found=target)]
    return []


def _is_allowed(target: str, targets: tuple[str, ...]) -> bool:
    if not targets or "Resource" in targets or target not in structures.types():
        return True
    return any(allowed in structures.ancestors(target) for allowed in targets)
