"""Inputs and outputs of operations: a query, or a Parameters resource (FHIR R4, operations.html)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from health_platform.fhir.body import serialise
from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.outcome import BadRequest, Issue
from health_platform.fhir.validation import json_body

Json = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Inputs:
    """The (name, value) pairs of a call. Values are str from a query, else as JSON has them; resources are dicts."""

    values: tuple[tuple[str, Any], ...]

    def all(self, name: str) -> list[Any]:
        return [value for found, value in self.values if found == name]

    def text(self, name: str) -> str:
        """A text; empty when it is absent. Raises BadRequest for another kind of value."""
        return self._one(name, str) or ""

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._one(name, (str, bool))
        if value is None:
            return default
        if value not in (True, False, "true", "false"):
            raise _wrong(name, value, "true or false")
        return value in (True, "true")

    def number(self, name: str) -> int | None:
        """A whole number from 0; None when it is absent."""
        value = self._one(name, (str, int))
        if value is None or (isinstance(value, int) and value >= 0):
            return value
        if not isinstance(value, str) or not value.isdecimal() or len(value) > 9:
            raise _wrong(name, value, "a whole number from 0")
        return int(value)

    def object(self, name: str) -> dict[str, Any] | None:
        """A data type or a resource; None when it is absent."""
        found: dict[str, Any] | None = self._one(name, dict)
        return found

    def _one(self, name: str, kind: Any) -> Any:
        found = self.all(name)
        if len(found) > 1:
            raise BadRequest(
                "The parameter '%(name)s' stands more than once: give it once.", expression=(name,), name=name
            )
        if found and not isinstance(found[0], kind):
            raise _wrong(name, found[0], "a Coding or a resource" if kind is dict else "a plain value")
        return found[0] if found else None


def required(name: str, value: T | None) -> T:
    """``value``, which must be there. Raises BadRequest naming the parameter."""
    if not value:
        raise BadRequest("The operation needs the parameter '%(name)s'.", expression=(name,), name=name)
    return value


def _wrong(name: str, value: object, expected: str) -> BadRequest:
    return BadRequest("The parameter '%(name)s' cannot be %(value)s: it is %(expected)s.",
                      expression=(name,), name=name, value=repr(value), expected=expected)  # fmt: skip


def read_inputs(request: FhirRequest) -> Inputs:
    """The inputs of a GET or of a POST with Parameters. Raises BadRequest."""
    if request.method != "POST":
        return Inputs(tuple(request.parameters))
    return Inputs((*request.parameters, *of_parameters(parsed_body(request.body))))


def parsed_body(raw: bytes) -> dict[str, Any]:
    """The body as a JSON object. Raises BadRequest with the place of what is wrong with its JSON."""
    return _object(*json_body.parse(raw))


def read_body(raw: bytes) -> tuple[dict[str, Any], list[Issue]]:
    """As `parsed_body`, with slips in the JSON told and not refused: for an operation that stores nothing."""
    value, issues = json_body.read(raw)
    return _object(value, issues), issues


def _object(value: Any, issues: list[Issue]) -> dict[str, Any]:
    if value is None and issues:
        raise BadRequest(issues)
    if not isinstance(value, dict):
        raise BadRequest("Send a Parameters resource.", expression=("Parameters",))
    return value


def of_parameters(resource: Json) -> Iterator[tuple[str, Any]]:
    """The pairs of a Parameters resource. Raises BadRequest for another resource."""
    parts = resource.get("parameter", [])
    if resource.get("resourceType") != "Parameters" or not isinstance(parts, list):
        raise BadRequest(
            "Send a Parameters resource, not %(found)s.",
            expression=("Parameters",),
            found=str(resource.get("resourceType")),
        )
    for part in parts:
        if not isinstance(part, dict) or not isinstance(part.get("name"), str):
            raise BadRequest("Each parameter is an object with a name.", expression=("Parameters.parameter",))
        value = part.get("resource", next((value for name, value in part.items() if name.startswith("value")), None))
        if value is not None:
            yield part["name"], value


def parameter(name: str, value: object, kind: str = "") -> dict[str, Any]:
    """One output: a list is its parts, a dict a Coding, any other value what its Python type says or ``kind`` names."""
    if isinstance(value, list):
        return {"name": name, "part": value}
    return {"name": name, f"value{kind or _kind(value)}": value}


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int):
        return "Integer"
    if isinstance(value, Decimal):
        return "Decimal"
    return "Coding" if isinstance(value, dict) else "String"


def answer(*outputs: dict[str, Any] | None) -> FhirResponse:
    """A Parameters resource with the outputs that are there."""
    given = [output for output in outputs if output is not None]
    return FhirResponse(200, serialise({"resourceType": "Parameters", "parameter": given}))
