"""ConceptMap/$translate (https://hl7.org/fhir/R4/conceptmap-operation-translate.html)."""

from __future__ import annotations

from typing import Any, Final

from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.operations.concepts import Asked, coded
from health_platform.fhir.operations.parameters import answer, parameter, read_inputs
from health_platform.fhir.terminology import operations
from health_platform.fhir.terminology.operations import Match
from health_platform.fhir.terminology.registry import Terminology

_NO_TRANSLATION: Final = frozenset({"unmatched", "disjoint"})


def translate(request: FhirRequest, _kind: str, id: str | None) -> FhirResponse:
    inputs = read_inputs(request)
    asked = Asked(request, inputs, "ConceptMap", id, "conceptMap")
    canonical = asked.named()
    target, reverse = inputs.text("targetsystem"), inputs.flag("reverse")
    matches = [
        match
        for system, code, _ in coded(inputs)
        for match in operations.translate(asked.terminology, canonical, system, code, target=target, reverse=reverse)
    ]
    result = any(match.equivalence not in _NO_TRANSLATION for match in matches)
    source = canonical if asked.resource is None else str(asked.resource.get("url", ""))
    return answer(
        parameter("result", result),
        None if matches else parameter("message", f"{canonical} has no translation of the code"),
        *(_match(asked.terminology, match, source) for match in matches),
    )


def _match(terminology: Terminology, match: Match, source: str) -> dict[str, Any]:
    known = terminology.code_system(match.system)
    concept = known.find(match.code) if known else None
    coding = {"system": match.system, "code": match.code} | ({"display": concept.display} if concept else {})
    parts = [parameter("equivalence", match.equivalence, "Code"), parameter("concept", coding)]
    return parameter("match", [*parts, *([parameter("source", source, "Uri")] if source else [])])
