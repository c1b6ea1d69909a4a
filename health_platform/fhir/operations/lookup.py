"""CodeSystem/$lookup (https://hl7.org/fhir/R4/codesystem-operation-lookup.html)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.operations.concepts import Asked, coded, display_in
from health_platform.fhir.operations.parameters import answer, parameter, read_inputs, required
from health_platform.fhir.terminology import operations
from health_platform.fhir.terminology.operations import Lookup
from health_platform.fhir.terminology.values import Designation


def lookup(request: FhirRequest, _kind: str, id: str | None) -> FhirResponse:
    inputs = read_inputs(request)
    asked = Asked(request, inputs, "CodeSystem", id)
    system, code, _ = coded(inputs)[0]
    if asked.resource is not None:
        system = asked.canonical
    elif inputs.text("version") and "|" not in system:
        system = f"{system}|{inputs.text('version')}"
    found = operations.lookup(asked.terminology, required("system", system), code)
    title = found.system if asked.resource is None else str(asked.resource.get("name", ""))
    wanted = {str(name) for name in inputs.all("property")}
    return answer(
        parameter("name", title),
        parameter("version", found.version) if found.version else None,
        parameter("display", display_in(found.concept, inputs.text("displayLanguage")) or code),
        *(_designation(one) for one in found.concept.designations),
        *(_property(name, value, kind) for name, value, kind in _properties(found) if not wanted or name in wanted),
    )


def _properties(found: Lookup) -> Iterator[tuple[str, str, str]]:
    for name, codes in (("parent", found.concept.parents), ("child", found.children)):
        for code in codes:
            yield name, code, "Code"
    for name, values in found.concept.properties.items():
        for value in values:
            yield name, value, "String"


def _property(name: str, value: str, kind: str) -> dict[str, Any]:
    return parameter("property", [parameter("code", name, "Code"), parameter("value", value, kind)])


def _designation(one: Designation) -> dict[str, Any]:
    language = [parameter("language", one.language, "Code")] if one.language else []
    return parameter("designation", [*language, parameter("value", one.value)])
