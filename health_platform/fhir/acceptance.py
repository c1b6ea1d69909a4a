"""What the record accepts from an institution: R4 for all, and the profiles and rules of its contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from health_platform.fhir import resident_numbers
from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.definitions import structures
from health_platform.fhir.knowledge import Known, Rule
from health_platform.fhir.outcome import Forbidden, Issue, IssueType, Severity
from health_platform.fhir.validation import json_body, validate
from health_platform.fhir.validation.context import Context, Knowledge, Options
from health_platform.fhir.validation.semantics import conform

Json = Mapping[str, Any]
DEFAULT = Options()
ENTERED_IN_ERROR = "entered-in-error"
_CLIENTS = frozenset({Role.SYSTEM, Role.CLINICIAN})


def issues_of(known: Known, organization: str | None, resource: Json, raw: bytes) -> list[Issue]:
    """Every issue of a resource that ``organization`` writes; with an error it is not stored."""
    refused = resident_numbers.refusals(resource, raw)
    if refused:
        return refused  # alone, for other issues might tell the value
    rules = known.rules.get((organization or "", str(resource.get("resourceType"))), ())
    options = Options(expected=tuple(rule.profile for rule in rules)) if rules else DEFAULT
    issues = validate(resource, raw, options=options, knowledge=known.knowledge)
    if rules and not any(issue.severity is Severity.FATAL for issue in issues):
        issues += json_body.with_positions(rule_issues(known.knowledge, resource, rules), raw)
    return issues


def rule_issues(knowledge: Knowledge, resource: Json, rules: Sequence[Rule]) -> list[Issue]:
    """Where a resource meets none of the profiles that are required, and none of those that only warn.

    A profile that the resource claims is checked with the resource, so nothing is told of it twice.
    """
    found: list[Issue] = []
    for required in (True, False):
        profiles = [rule.profile for rule in rules if rule.required is required]
        if not profiles or set(profiles) & claimed(resource):
            continue
        issues = _nearest(knowledge, resource, profiles)
        found += issues if required else [_as_warning(issue) for issue in issues]
    return found


def claimed(resource: Json) -> set[str]:
    """The canonical URLs of the profiles that a resource claims, without versions."""
    meta = resource.get("meta")
    stated = meta.get("profile") if isinstance(meta, dict) else None
    return {str(canonical).partition("|")[0] for canonical in (stated if isinstance(stated, list) else ())}


def _nearest(knowledge: Knowledge, resource: Json, profiles: Sequence[str]) -> list[Issue]:
    """The issues of the profile to which the resource comes nearest; without an error it conforms to that one."""
    outcomes = {profile: _conformance(knowledge, resource, profile) for profile in profiles}
    nearest = min(profiles, key=lambda profile: sum(issue.is_error for issue in outcomes[profile]))
    issues = outcomes[nearest]
    if len(profiles) == 1 or not any(issue.is_error for issue in issues):
        return issues
    text = "The %(type)s must conform to one of: %(profiles)s. It comes nearest to %(nearest)s."
    args = {"type": resource["resourceType"], "profiles": ", ".join(profiles), "nearest": nearest}
    place = (str(resource["resourceType"]),)
    return [Issue(Severity.ERROR, IssueType.BUSINESS_RULE, text, place, "profile-of-contract", args), *issues]


def _conformance(knowledge: Knowledge, resource: Json, profile: str) -> list[Issue]:
    context = Context(knowledge, Options(profiles=(profile,)), resource, resource)
    conform(context, profile, resource, (None, str(resource["resourceType"]), -1))
    return context.issues


def _as_warning(issue: Issue) -> Issue:
    return replace(issue, severity=Severity.WARNING) if issue.is_error else issue


def refuse_deletion(known: Known, access: AccessContext, resource_type: str, id: str) -> None:
    """Raises Forbidden for the clients of an institution under a KR Core contract (KR Core 2.0.0, general requirements:
    a server should not delete), with what to do instead."""
    if access.role not in _CLIENTS or access.organization not in known.kr_core:
        return
    raise Forbidden(
        "Under the KR Core contract of Organization/%(organization)s nothing is deleted. Send %(type)s/%(id)s again by "
        "PUT with %(instead)s: it stays searchable, and patients see only that it was entered in error.",
        code=IssueType.BUSINESS_RULE,
        organization=access.organization,
        type=resource_type,
        id=id,
        instead=instead_of_deletion(resource_type),
    )


def instead_of_deletion(resource_type: str) -> str:
    """What marks a resource of this type as withdrawn."""
    properties = structures.node(resource_type).properties
    for name in ("status", "verificationStatus"):
        binding = properties[name].element.binding if name in properties else None
        systems = structures.required_value_sets().get(binding.value_set, {}) if binding else {}
        if any(ENTERED_IN_ERROR in codes for codes in systems.values()):
            return f'{name} "{ENTERED_IN_ERROR}"'
    return '"active": false' if "active" in properties else "its content corrected"
