"""$validate-code of CodeSystem and ValueSet (https://hl7.org/fhir/R4/valueset-operation-validate-code.html).

Unknown is never "no": where the content that decides is not on this server, the call ends in an error.
"""

from __future__ import annotations

from dataclasses import replace

from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.operations.concepts import Asked, Coded, coded
from health_platform.fhir.operations.parameters import answer, parameter, read_inputs, required
from health_platform.fhir.outcome import IssueType, NotFound, UnprocessableEntity
from health_platform.fhir.terminology import membership
from health_platform.fhir.terminology.membership import Membership
from health_platform.fhir.terminology.registry import Terminology


def validate_code(request: FhirRequest, kind: str, id: str | None) -> FhirResponse:
    inputs = read_inputs(request)
    asked = Asked(request, inputs, kind, id, "valueSet" if kind == "ValueSet" else "codeSystem")
    canonical = asked.canonical if kind == "ValueSet" else asked.canonical or inputs.text("system")
    check = _in_value_set if kind == "ValueSet" else _in_code_system
    answers = [check(asked.terminology, required("url", canonical), one) for one in coded(inputs)]
    best = next((one for one in answers if one.result), None)
    if best is None and any(one.result is None for one in answers):
        raise UnprocessableEntity(
            "Whether the code is valid cannot be told: the content of its code system is not on this server.",
            code=IssueType.NOT_SUPPORTED,
        )
    found = best or answers[0] if answers else Membership(False, reason="no code was sent")
    return answer(
        parameter("result", bool(found.result)),
        parameter("message", found.reason) if found.reason and not found.result else None,
        parameter("display", found.display) if found.display else None,
    )


def _in_value_set(terminology: Terminology, canonical: str, sent: Coded) -> Membership:
    if terminology.value_set(canonical) is None:
        raise NotFound("The value set %(value_set)s is not on this server.", value_set=canonical)
    system, code, display = sent
    return membership.validate_code(terminology, canonical, system or None, code, display or None)


def _in_code_system(terminology: Terminology, canonical: str, sent: Coded) -> Membership:
    known = terminology.code_system(canonical)
    if known is None:
        raise NotFound("The code system %(system)s is not on this server.", system=canonical)
    _, code, display = sent
    whole = f"{known.url}?fhir_vs" + (f"|{version}" if (version := canonical.partition("|")[2]) else "")
    found = membership.validate_code(terminology, whole, known.url, code, display or None)
    return replace(found, reason=found.reason.replace(whole, known.url))
