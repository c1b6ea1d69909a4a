"""The resources that references lead to: contained, in the same Bundle, or from outside by `Options.resolve`."""

from __future__ import annotations

from typing import Any

from health_platform.fhir.validation import references
from health_platform.fhir.validation.context import Context, Json


def resolved(context: Context, reference: Any) -> Json | None:
    """The target of a Reference, or None where it is not at hand."""
    literal = reference.get("reference") if isinstance(reference, dict) else None
    if not isinstance(literal, str) or not literal:
        return None
    if literal.startswith("#"):
        return _contained(context, literal[1:])
    return _in_bundle(context, literal) or (context.options.resolve(literal) if context.options.resolve else None)


def _contained(context: Context, identifier: str) -> Json | None:
    if not identifier:
        return context.container
    contained = context.container.get("contained")
    for item in contained if isinstance(contained, list) else []:
        if isinstance(item, dict) and item.get("id") == identifier:
            return item
    return None


def _in_bundle(context: Context, literal: str) -> Json | None:
    entries = context.bundle.get("entry") if context.bundle else None
    for entry in entries if isinstance(entries, list) else []:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            continue
        if entry.get("fullUrl") == literal or f"{resource.get('resourceType')}/{resource.get('id')}" == literal:
            return resource
    return None


def target_type(context: Context, reference: Any) -> str | None:
    """The resource type that a Reference names or leads to; None where nothing tells."""
    if not isinstance(reference, dict):
        return None
    literal = reference.get("reference")
    if isinstance(literal, str) and literal:
        named = references.target_type(literal)
        if named:
            return named
        target = resolved(context, reference)
        if target is not None:
            return str(target.get("resourceType"))
    declared = reference.get("type")
    return declared if isinstance(declared, str) else None
