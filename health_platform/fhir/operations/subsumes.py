"""CodeSystem/$subsumes (https://hl7.org/fhir/R4/codesystem-operation-subsumes.html)."""

from __future__ import annotations

from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.operations.concepts import Asked, of_coding
from health_platform.fhir.operations.parameters import Inputs, answer, parameter, read_inputs, required
from health_platform.fhir.outcome import BadRequest
from health_platform.fhir.terminology import operations


def subsumes(request: FhirRequest, _kind: str, id: str | None) -> FhirResponse:
    inputs = read_inputs(request)
    asked = Asked(request, inputs, "CodeSystem", id)
    (system, a), (other, b) = _side(inputs, "A"), _side(inputs, "B")
    if system != other:
        raise BadRequest("Both codes must be of one system: %(a)s and %(b)s were sent.", a=system, b=other)
    if asked.resource is not None:
        system = asked.canonical
    elif inputs.text("version"):
        system = f"{system}|{inputs.text('version')}"
    outcome = operations.subsumes(asked.terminology, required("system", system), a, b)
    return answer(parameter("outcome", outcome, "Code"))


def _side(inputs: Inputs, side: str) -> tuple[str, str]:
    if code := inputs.text(f"code{side}"):
        return inputs.text("system"), code
    coding = required(f"code{side}", inputs.object(f"coding{side}"))
    return of_coding(coding)[:2]
