"""$validate (https://hl7.org/fhir/R4/resource-operation-validate.html): what a write would be told.

The answer is an OperationOutcome, 200 with errors in it too; another status says that the operation itself failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.utils.translation import gettext

from health_platform.fhir import acceptance, knowledge
from health_platform.fhir.access import policy
from health_platform.fhir.body import serialise
from health_platform.fhir.knowledge import Known, Rule
from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.operations.parameters import Inputs, of_parameters, read_body, required
from health_platform.fhir.outcome import BadRequest, FhirError, Issue, IssueType, Severity, operation_outcome
from health_platform.fhir.packages.registry import ReadableProfiles
from health_platform.fhir.repository import Repository
from health_platform.fhir.validation import json_body
from health_platform.fhir.validation.context import Knowledge, Options
from health_platform.fhir.validation.validate import validate as issues_of

MODES: Final = ("create", "update", "delete", "profile")
_RIGHT: Final = {"create": "create", "update": "update", "delete": "delete"}


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is validated. `raw` is the body that was sent, `at` the resource's place in it ("" for the whole), `json`
    what is wrong with the JSON around it."""

    resource: dict[str, Any]
    raw: bytes
    at: str = ""
    json: tuple[Issue, ...] = ()


def validate(request: FhirRequest, kind: str, id: str | None) -> FhirResponse:
    inputs, sent = _read(request)
    mode, profiles = inputs.text("mode"), [str(profile) for profile in inputs.all("profile")]
    if mode not in ("", *MODES):
        raise BadRequest("'mode' cannot be '%(mode)s': it is one of %(modes)s.",
                         expression=("mode",), mode=mode, modes=", ".join(MODES))  # fmt: skip
    if mode == "profile":
        required("profile", profiles)
    issues = list(_of_rights(request, kind, mode))
    if mode == "delete":
        issues += _of_deletion(request, kind, required("id", id))
    else:
        subject = sent or _stored(request, kind, id)
        issues += _of_address(subject.resource, kind, id if mode == "update" else None)
        issues += _of_content(request, subject, mode, profiles)
    return FhirResponse(200, serialise(operation_outcome(issues, gettext)))


def _read(request: FhirRequest) -> tuple[Inputs, _Subject | None]:
    """The inputs, and the resource that was sent: as the body, or as the parameter `resource` of Parameters."""
    query = tuple(request.parameters)
    if request.method != "POST" or not request.body.strip():
        return Inputs(query), None
    body, of_json = read_body(request.body)
    if body.get("resourceType") != "Parameters":
        return Inputs(query), _Subject(body, request.body)
    inputs = Inputs((*query, *of_parameters(body)))
    resource = inputs.object("resource")
    if resource is None:
        return inputs, None
    place = next(number for number, part in enumerate(body["parameter"]) if part.get("resource") is resource)
    return inputs, _Subject(resource, request.body, f"Parameters.parameter[{place}].resource", tuple(of_json))


def _stored(request: FhirRequest, kind: str, id: str | None) -> _Subject:
    if id is None:
        raise BadRequest("Send the resource to be validated: as the body, or as the parameter 'resource'.",
                         expression=("resource",))  # fmt: skip
    stored = Repository(request.access).read(kind, id)
    return _Subject(stored.resource(), stored.body)


def _of_rights(request: FhirRequest, kind: str, mode: str) -> Iterable[Issue]:
    """What of the caller's rights stands against the change itself."""
    if mode not in _RIGHT:
        return ()
    try:
        policy.require(request.access, _RIGHT[mode], kind)
    except FhirError as error:
        return error.issues
    return ()


def _of_deletion(request: FhirRequest, kind: str, id: str) -> Iterable[Issue]:
    Repository(request.access).read(kind, id)
    try:
        acceptance.refuse_deletion(knowledge.current(), request.access, kind, id)
    except FhirError as error:
        return error.issues
    return ()


def _of_address(resource: dict[str, Any], kind: str, id: str | None) -> Iterable[Issue]:
    found = resource.get("resourceType")
    if found != kind:
        text = "The address says %(expected)s, the resource is a %(found)s."
        yield Issue(Severity.ERROR, IssueType.INVALID, text, ("resourceType",), args={"expected": kind, "found": found})
    if id is not None and resource.get("id") != id:
        text = "For an update 'id' must be that of the address, %(expected)s."
        yield Issue(Severity.ERROR, IssueType.INVALID, text, (f"{kind}.id",), args={"expected": id})


def _of_content(request: FhirRequest, subject: _Subject, mode: str, profiles: list[str]) -> list[Issue]:
    known = knowledge.current()
    resource = subject.resource
    rules = _rules(known, request, resource) if mode in ("", "create", "update") else ()
    expected = tuple(rule.profile for rule in rules)
    options = Options(profiles=tuple(profiles), expected=expected, must_support=bool(profiles))
    raw = None if subject.at else subject.raw
    issues = issues_of(resource, raw, options=options, knowledge=_readable(known, request, resource, profiles))
    issues += acceptance.rule_issues(known.knowledge, resource, rules) if rules else []
    if not subject.at:
        return json_body.with_positions(issues, subject.raw)
    return [*subject.json, *_positioned(issues, subject)]


def _rules(known: Known, request: FhirRequest, resource: dict[str, Any]) -> Sequence[Rule]:
    """The rules of the contract of the caller's institution."""
    return known.rules.get((request.access.organization or "", str(resource.get("resourceType"))), ())


def _readable(known: Known, request: FhirRequest, resource: dict[str, Any], profiles: list[str]) -> Knowledge:
    """What is known, and the StructureDefinitions that the caller stored or may read, where one of them is named."""
    named = {*profiles, *acceptance.claimed(resource)}
    if all(known.knowledge.profiles.find(canonical) for canonical in named):
        return known.knowledge
    repository = Repository(request.access)

    def find(url: str, version: str) -> Mapping[str, Any] | None:
        criteria = {"url": url, "_count": "1"} | ({"version": version} if version else {})
        try:
            found = repository.search("StructureDefinition", criteria).resources()
        except FhirError:
            return None  # whoever may not read definitions is validated without them
        return found[0] if found else None

    return replace(known.knowledge, profiles=ReadableProfiles(known.knowledge.profiles, find))


def _positioned(issues: list[Issue], subject: _Subject) -> list[Issue]:
    """Line and column in the Parameters that were sent; the expression stays that of the resource."""
    moved = [replace(issue, expression=(_moved(issue, subject.at),)) for issue in issues]
    placed = json_body.with_positions(moved, subject.raw)
    return [replace(issue, line=found.line, column=found.column) for issue, found in zip(issues, placed, strict=True)]


def _moved(issue: Issue, at: str) -> str:
    _, dot, rest = (issue.expression[0] if issue.expression else "").partition(".")
    return at + dot + rest
