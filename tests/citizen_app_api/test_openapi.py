"""docs/api/openapi.yaml is what the code says, and the server does what it says."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from django.core.management import call_command
from django.utils import timezone
from openapi_spec_validator import OpenAPIV31SpecValidator

from health_platform.fhir.repository import Repository
from inference import services
from tests.builders import OPERATOR, Caller, observation
from tests.citizen_app_api import records
from tests.citizen_app_api.conftest import City, post, store
from tests.inference.people import check_up, in_care

FILE = Path(__file__).resolve().parents[2] / "docs" / "api" / "openapi.yaml"
COMMAND = "manage.py spectacular --lang en --file docs/api/openapi.yaml"
OURS = ("/api/v1/me", "/api/v1/session")


def document() -> Any:
    return yaml.safe_load(FILE.read_text()) if FILE.exists() else {"paths": {}}


def operations() -> Iterator[tuple[str, str, Any]]:
    for path, methods in document()["paths"].items():
        if path.startswith(OURS):
            yield from ((path, method, operation) for method, operation in methods.items())


def examples() -> list[Any]:
    return [
        pytest.param(path, method, example["value"], id=f"{operation['operationId']}-{name}")
        for path, method, operation in operations()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for name, example in content.get("examples", {}).items()
    ]


@pytest.fixture
def full(city: City) -> City:
    """A citizen with something of everything."""
    own = {"reference": f"Patient/{city.patient}"}
    store(records.condition(city.patient, "I10", "고혈압", "2020-01-05"))
    store(records.prescription(city.patient, "2024-01-05"))
    store(records.pressure(city.patient, 128, 76, "2025-03-02", city.clinic))
    store({**observation(city.patient), **records.of_category("laboratory")})
    active = {"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}
    allergy = {"resourceType": "AllergyIntolerance", "clinicalStatus": {"coding": [active]}, "patient": own}
    store({**allergy, "code": {"text": "페니실린"}})
    for resource in (*check_up(), *in_care()):
        made = {key: value for key, value in resource.items() if key != "id"}
        if "class" in made:
            made["class"] = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", **made["class"]}
        store({**made, "subject": own})
    services.assess_now(Repository(OPERATOR), city.patient, timezone.now())
    post(city.citizen, "/me/questions", {"text": "?"})
    city.clinician.get(f"/fhir/R4/Patient/{city.patient}")
    return city


def closed(schema: Any) -> Any:
    """The same schema where an object may have no member that it does not name."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    if "properties" in found and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


def check(response: Any, operation: Any) -> None:
    """The answer has a status, a type and a body that the document names."""
    known = operation["responses"]
    assert str(response.status_code) in known, response.content.decode()
    content = known[str(response.status_code)].get("content")
    if content is None:
        assert response.content == b""
        return
    kind = response.headers["Content-Type"].partition(";")[0]
    assert kind in content
    schema = {**closed(content[kind]["schema"]), "components": closed(document()["components"])}
    jsonschema.Draft202012Validator(schema).validate(json.loads(response.getvalue()))


def send(caller: Caller, method: str, path: str, body: Any = None) -> Any:
    return caller.send(method.upper(), path, body, **({} if body is None else {"Content_Type": "application/json"}))


def test_the_file_is_what_the_code_says() -> None:
    written = io.StringIO()
    call_command("spectacular", "--lang", "en", stdout=written)
    assert FILE.exists() and FILE.read_text() == written.getvalue(), f"write it anew: {COMMAND}"


def test_it_is_a_valid_document_of_openapi_3_1() -> None:
    assert document()["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document()).validate()


@pytest.mark.parametrize(("path", "method", "body"), examples())
def test_the_server_takes_each_example_as_the_document_says(full: City, path: str, method: str, body: Any) -> None:
    operation = document()["paths"][path][method]
    today = timezone.localdate().isoformat()
    sent = {**body, "done_on": today} if "done_on" in body else body
    plan = store(records.care_plan(full.patient))
    caller = Caller() if operation.get("security") == [{}] or path == "/api/v1/session" else full.citizen
    response = send(caller, method, path.replace("{id}", plan), sent)
    assert response.status_code in (200, 201), response.content.decode()
    check(response, operation)


@pytest.mark.parametrize("path", [path for path, method, _ in operations() if method == "get"])
def test_each_answer_has_the_documented_form_and_no_other_members(full: City, path: str) -> None:
    operation = document()["paths"][path]["get"]
    queries = {
        "/records": [f"?kind={kind}" for kind in ("vitals", "labs", "diagnoses")],
        "/choices": ["?who=institution&name=%EB%B6%81", "?who=person&name=%EB%B0%95"],
    }
    for query in next((found for end, found in queries.items() if path.endswith(end)), [""]):
        for language in ("ko", "en"):
            response = Caller(full.citizen.token, language).get(path + query)
            assert response.status_code == 200
            check(response, operation)


GUARDED = [(path, method) for path, method, _ in operations() if (path, method) != ("/api/v1/session", "post")]


@pytest.mark.parametrize(("path", "method"), GUARDED)
def test_without_a_token_each_operation_answers_with_the_documented_problem(city: City, path: str, method: str) -> None:
    operation = document()["paths"][path][method]
    response = send(Caller(), method, path.replace("{id}", "x"), {} if method in ("post", "put") else None)
    assert response.status_code == 401
    check(response, operation)


def test_every_operation_names_the_refusals_that_it_can_give() -> None:
    for path, method, operation in operations():
        named = set(operation["responses"])
        assert "401" in named, path
        if path.startswith("/api/v1/me"):
            assert "403" in named, path
        if operation.get("requestBody") or any(one["in"] == "query" for one in operation.get("parameters", [])):
            assert "400" in named, (path, method)
        if "{id}" in path:
            assert "404" in named, path
