"""The triage endpoint in OpenAPI 3.1, made from the fields that the server reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inference.triage.request_body import CASE_FIELDS, NESTED_FIELDS, RECORD_FIELDS, Field

Schema = dict[str, Any]

EXAMPLE_REQUEST: Schema = {
    "age": {"value": 71, "unit": "a"},
    "sex": "female",
    "pregnancy": False,
    "vital_signs": {
        "respiratory_rate": 26,
        "oxygen_saturation": 91,
        "oxygen_given": False,
        "systolic_blood_pressure": 98,
        "heart_rate": 112,
        "body_temperature": 38.6,
        "acvpu": "A",
    },
    "suspected_infection": True,
    "position": {"latitude": 35.161, "longitude": 126.852},
}


def add_triage(result: Schema, **context: Any) -> Schema:
    """Post-processing hook of drf-spectacular: adds the path and its schemas to a document, in place."""
    result.setdefault("paths", {})["/api/v1/triage"] = {"post": _operation()}
    components = result.setdefault("components", {})
    components.setdefault("schemas", {}).update({"TriageRequest": request_schema(), "TriageAnswer": answer_schema()})
    components["schemas"].setdefault("Problem", _problem_schema())
    components.setdefault("securitySchemes", {})["device"] = {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "Signed for the device (Ed25519 or ES256), with sub, org, aud and exp.",
    }
    return result


def request_schema() -> Schema:
    """JSON Schema of the body. Every member may be left out or null: unknown."""
    properties = _nullable({**CASE_FIELDS, **RECORD_FIELDS})
    for name, fields in NESTED_FIELDS.items():
        nested = {"type": ["object", "null"], "additionalProperties": False, "properties": _nullable(fields)}
        properties[name] = nested
    return {"type": "object", "additionalProperties": False, "properties": properties}


def answer_schema() -> Schema:
    """JSON Schema of the answer's members."""
    level = {"type": "integer", "minimum": 1, "maximum": 5}
    coded = {"type": "object", "required": ["code", "text"]}
    array_of_objects = {"type": "array", "items": {"type": "object"}}
    properties: Schema = {
        "level": {
            "type": "object",
            "required": ["number", "code", "name", "colour", "target_minutes"],
            "properties": {"number": level, "target_minutes": {"type": "integer"}},
        },
        "range": {"type": "object", "required": ["best", "worst"], "properties": {"best": level, "worst": level}},
        "reasons": array_of_objects,
        "missing": array_of_objects,
        "course": {"type": ["object", "null"], "description": "Null for a first assessment."},
        "model": {"type": "object", "required": ["applied"]},
        "assumptions": {"type": "array", "items": coded},
        "scores": array_of_objects,
        "red_flags": array_of_objects,
        "not_excluded": array_of_objects,
        "destination": {"type": "object", "required": ["rule", "text"]},
        "candidates": array_of_objects | {"maxItems": 3},
        "pack": {"type": "object", "required": ["id", "version", "sha256"]},
        "assessed_at": {"type": "string", "format": "date-time"},
        "valid_until": {"type": "string", "format": "date-time"},
        "recorded": {
            "type": "boolean",
            "description": "Whether the assessment is durable. Its resources follow in the record within moments.",
        },
        "degraded": {"type": "boolean"},
        "degraded_reasons": {"type": "array", "items": coded},
        "disclaimer": coded,
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _nullable(fields: Mapping[str, Field]) -> Schema:
    return {name: {"anyOf": [dict(field.schema), {"type": "null"}]} for name, field in fields.items()}


def _operation() -> Schema:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    refusals = {
        "400": "The Idempotency-Key is missing, or the body is not a JSON object.",
        "401": "The device's token is missing, expired or not signed by a known key.",
        "403": "The token is valid but not for triage.",
        "415": "The body is not application/json.",
        "422": "A field cannot be used, or the key came with another body before.",
    }
    answer = {"application/json": {"schema": {"$ref": "#/components/schemas/TriageAnswer"}}}
    return {
        "operationId": "triage",
        "tags": ["triage"],
        "summary": "Assess a patient of an ambulance",
        "description": (
            "Level 1-5 with every reason, what is missing, red flags and candidate emergency rooms. Level and reasons "
            "are a pure function of the body, the rule pack and the level model. Not a cleared medical device."
        ),
        "security": [{"device": []}],
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "minLength": 8, "maxLength": 200},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/TriageRequest"},
                    "example": EXAMPLE_REQUEST,
                }
            },
        },
        "responses": {
            "200": {"description": "The assessment", "content": answer},
            **{status: {"description": text, "content": problem} for status, text in refusals.items()},
        },
    }


def _problem_schema() -> Schema:
    return {
        "type": "object",
        "description": "RFC 9457",
        "required": ["type", "title", "status"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                },
            },
        },
    }
