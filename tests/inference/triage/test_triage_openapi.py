"""The documented form of request and answer is the one that the server has."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

from inference.triage.openapi import EXAMPLE_REQUEST, add_triage, answer_schema, request_schema
from tests.inference.triage.conftest import BODY, Endpoint, unavailable


def test_the_path_makes_a_valid_openapi_document() -> None:
    document: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}}
    validate(add_triage(document))


@pytest.mark.parametrize("record", [None, unavailable])
def test_the_answer_has_its_documented_form_and_no_other_members(record: Any) -> None:
    endpoint = Endpoint(record=record) if record else Endpoint()
    answer = json.loads(endpoint(EXAMPLE_REQUEST).content)
    jsonschema.validate(answer, answer_schema())
    assert set(answer) == set(answer_schema()["properties"])


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        {},
        {"vital_signs": None, "age": {"value": 3, "unit": "mo"}},
        {"vital_signs": {"heart_rate": 351}},
        {"vital_signs": {"pulse": 80}},
        {"complaint": "tummy ache"},
        {"mechanism": ["fall_6_m"], "symptoms": []},
        {"stroke_signs": {"arm_drift": 3}},
        {"age": 71},
        {"patient": "7"},
    ],
)
def test_schema_and_server_agree_on_what_is_valid(endpoint: Endpoint, body: Any) -> None:
    accepted = endpoint(body).status_code == 200
    assert jsonschema.Draft202012Validator(request_schema()).is_valid(body) is accepted
