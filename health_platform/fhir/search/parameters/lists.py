"""`_list` (hl7.org/fhir/R4/search.html#list): what a List holds, and the current lists of a patient
(hl7.org/fhir/R4/lifecycle.html#current), which this server computes from the resources themselves."""

from __future__ import annotations

from typing import Final

from health_platform.fhir.outcome import BadRequest, IssueType
from health_platform.fhir.search.parameters import token
from health_platform.fhir.search.parameters.criteria import And, Criterion, HasCriterion, IdCriterion, Not, Or
from health_platform.fhir.search.parameters.values import alternatives, unescape
from health_platform.fhir.search.registry import SearchParameter, parameter

_CURRENT: Final = {
    "$current-problems": ("Condition", "clinical-status", "active,recurrence,relapse"),
    "$current-allergies": ("AllergyIntolerance", "clinical-status", "active"),
    "$current-drug-allergies": ("AllergyIntolerance", "clinical-status", "active"),
    "$current-medications": ("MedicationStatement", "status", "active"),
}


def parse(value: str, resource_type: str) -> Criterion:
    """The criterion of a List's id, or a functional list such as $current-problems. Raises BadRequest."""
    return Or(tuple(_one(unescape(part), resource_type) for part in alternatives("_list", value)))


def _one(part: str, resource_type: str) -> Criterion:
    if part.startswith("$"):
        return _current(part, resource_type)
    return HasCriterion(_known("List", "item"), IdCriterion(_known("List", "_id"), (part.removeprefix("List/"),)))


def _current(name: str, resource_type: str) -> Criterion:
    kind, code, values = _CURRENT.get(name, ("", "", ""))
    if kind != resource_type:
        raise BadRequest(
            "The list '%(value)s' does not hold %(type)s. Write the id of a List, or one of: %(choices)s.",
            code=IssueType.NOT_SUPPORTED,
            expression=("_list",),
            value=name,
            type=resource_type,
            choices=", ".join(f"{one} ({held[0]})" for one, held in _CURRENT.items()),
        )
    criteria: list[Criterion] = [token.parse(values, _known(kind, code))]
    if name == "$current-problems":
        criteria.append(token.parse("problem-list-item", _known(kind, "category")))
    if name == "$current-drug-allergies":
        criteria.append(token.parse("medication", _known(kind, "category")))
    if "verification-status" in _codes(kind):
        wrong = token.parse("entered-in-error,refuted", _known(kind, "verification-status"))
        criteria.append(Not(wrong))
    return And(tuple(criteria))


def _codes(kind: str) -> tuple[str, ...]:
    return ("verification-status",) if parameter(kind, "verification-status") else ()


def _known(kind: str, code: str) -> SearchParameter:
    found = parameter(kind, code)
    if found is None:
        raise KeyError((kind, code))
    return found
