"""Who may run models over /v2, and that the answers pass through Django unchanged."""

import gzip
import json
from collections.abc import Mapping

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from health_platform.fhir.access.context import AccessContext, Role
from inference.views import open_inference

pytestmark = pytest.mark.django_db
BODY = {
    "inputs": [
        {"name": "age", "datatype": "FP64", "shape": [1, 1], "data": [70]},
        {"name": "weight", "datatype": "FP64", "shape": [1, 1], "data": [50]},
    ]
}


def ask(
    method: str, path: str, role: Role | None, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> HttpResponse:
    request = RequestFactory().generic(method, path, body, content_type="application/json", headers=dict(headers or {}))
    access = None if role is None else AccessContext(actor="Device/test", role=role)
    request.access = access  # type: ignore[attr-defined]
    return open_inference(request)


@pytest.mark.parametrize("path", ["/v2/health/live", "/v2/health/ready"])
def test_health_needs_no_token(path: str) -> None:
    assert ask("GET", path, None).status_code == 200


@pytest.mark.parametrize("path", ["/v2", "/v2/models/osta", "/v2/models/osta/infer", "/v2/repository/index", "/v2/x"])
def test_nothing_else_answers_without_a_token(path: str) -> None:
    response = ask("POST", path, None, json.dumps(BODY).encode())
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert json.loads(response.content) == {"error": "a Bearer token is needed"}


@pytest.mark.parametrize("role", [Role.CITIZEN, Role.AMBULANCE])
def test_citizens_and_ambulances_may_not_run_models(role: Role) -> None:
    response = ask("POST", "/v2/models/osta/infer", role, json.dumps(BODY).encode())
    assert response.status_code == 403
    assert "error" in json.loads(response.content)


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.SERVICE, Role.OPERATOR, Role.CLINICIAN])
def test_clients_and_clinicians_may(role: Role) -> None:
    response = ask("POST", "/v2/models/osta/infer", role, json.dumps(BODY).encode())
    assert response.status_code == 200
    outputs = {item["name"]: item["data"] for item in json.loads(response.content)["outputs"]}
    assert outputs == {"osta": [-4.0], "osta_continuous": [-4.0], "band": [1.0], "status": [0]}


def test_compression_and_errors_pass_through() -> None:
    packed = gzip.compress(json.dumps(BODY).encode())
    response = ask("POST", "/v2/models/osta/infer", Role.SYSTEM, packed, {"Content-Encoding": "gzip"})
    assert response.status_code == 200
    response = ask("GET", "/v2/models", Role.SYSTEM)
    assert response.status_code == 404
    assert json.loads(response.content) == {"error": "no such path: /v2/models"}
    response = ask("GET", "/v2/models/prevent-full-10y", Role.SYSTEM, headers={"Accept-Encoding": "gzip"})
    assert json.loads(gzip.decompress(response.content))["name"] == "prevent-full-10y"
