"""The one entrance to validation: structure, then codes, bindings, extensions, invariants, further rules, profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from health_platform.fhir.outcome import Issue, Severity
from health_platform.fhir.validation import decoder, json_body
from health_platform.fhir.validation.context import Context, Knowledge, Options, Place, built_in
from health_platform.fhir.validation.messages import MAX_ISSUES, EnoughIssuesError, issue
from health_platform.fhir.validation.semantics import check_semantics, conform
from health_platform.fhir.validation.structure import walk_structure

Json = Mapping[str, Any]
DEFAULT = Options()


def validate(
    resource: Json, raw: bytes | None = None, *, options: Options = DEFAULT, knowledge: Knowledge | None = None
) -> list[Issue]:
    """Every issue of a resource, errors and warnings; without an error it may be stored.

    `raw` are the bytes from which `resource` was parsed: with them the check is faster, names written twice are found
    and each issue has line and column. `knowledge` is R4 with KR Core where it is left out.
    """
    if raw is not None and decoder.accepts(raw):
        return json_body.with_positions(_semantics(resource, options, knowledge or built_in(), is_sound=True), raw)
    issues: list[Issue] = []
    if raw is not None:
        _value, issues = json_body.read(raw)
        if any(found.severity is Severity.FATAL for found in issues):
            return issues
    issues += walk_structure(resource)
    if isinstance(resource, dict):
        is_sound = not any(found.is_error for found in issues)
        issues += _semantics(resource, options, knowledge or built_in(), is_sound=is_sound)
    return issues if raw is None else json_body.with_positions(issues, raw)


def validate_body(raw: bytes, *, options: Options = DEFAULT, knowledge: Knowledge | None = None) -> list[Issue]:
    """Every issue of a body that was not parsed yet; one that is not JSON has a fatal issue."""
    value, issues = json_body.read(raw)
    if any(found.severity is Severity.FATAL for found in issues):
        return issues
    return validate(value, raw, options=options, knowledge=knowledge)


def _semantics(resource: Json, options: Options, knowledge: Knowledge, *, is_sound: bool) -> list[Issue]:
    context = Context(knowledge, options, resource, resource, is_sound=is_sound)
    place: Place = (None, str(resource.get("resourceType", "")), -1)
    try:
        check_semantics(context, resource, place)
        for canonical in options.profiles:
            conform(context, canonical, resource, place)
    except EnoughIssuesError:
        context.issues.append(issue("enough", "", limit=MAX_ISSUES))
    return context.issues
