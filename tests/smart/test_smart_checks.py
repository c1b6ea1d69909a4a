"""The checks of an independent SMART App Launch test kit, by its identifiers; ELSEWHERE says why some have no test."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from jwcrypto import jwk, jwt  # type: ignore[import-untyped]
from jwcrypto.jwt import JWTMissingKey  # type: ignore[import-untyped]

from health_platform.fhir.repository import Repository
from tests.builders import OPERATOR
from tests.smart.conftest import (
    ASSERTION_TYPE,
    BASE,
    ORIGIN,
    Town,
    app,
    browser_of,
    get,
    post,
    told,
)

pytestmark = pytest.mark.django_db
SCOPE = "openid fhirUser launch/patient offline_access patient/*.rs"
WELL_KNOWN = "/fhir/R4/.well-known/smart-configuration"
PAGE = "https://app.example"
_GROUP = "a group of checks; its members stand here one by one"
_BRANDS = "User-access Brands are not published: the city runs one server and prints its address"
ELSEWHERE = {
    "backend_services_authorization": _GROUP,
    "smart_app_launch_test_kit": _GROUP,
    "smart_discovery": _GROUP,
    "smart_discovery_stu2": _GROUP,
    "smart_ehr_launch": _GROUP,
    "smart_openid_connect": _GROUP,
    "smart_openid_connect_stu2_2": _GROUP,
    "smart": _GROUP,
    "smart_stu2": _GROUP,
    "smart_stu2_2": _GROUP,
    "smart_standalone_launch": _GROUP,
    "smart_token_introspection": _GROUP,
    "smart_token_introspection_stu2_2": _GROUP,
    "smart_token_introspection_access_token_group": _GROUP,
    "smart_token_introspection_access_token_group_stu2_2": _GROUP,
    "retrieve_and_validate_smart_access_brands": _BRANDS,
    "smart_access_brands_retrieval": _BRANDS,
    "smart_access_brands_retrieve_bundle": _BRANDS,
    "smart_access_brands": _BRANDS,
    "smart_access_brands_valid_brands": _BRANDS,
    "smart_access_brands_valid_bundle": _BRANDS,
    "smart_access_brands_valid_endpoint_urls": _BRANDS,
    "smart_access_brands_valid_endpoints": _BRANDS,
    "smart_access_brands_validation": _BRANDS,
}


@pytest.fixture
def body(town: Town) -> dict[str, Any]:
    """The token response of a standalone launch by a citizen."""
    return town.app.tokens(browser_of(town.citizen), SCOPE)


def launched_address(town: Town) -> tuple[str, Any]:
    viewer = app("viewer", launch_uri="https://app.example/launch")
    browser = browser_of(town.clinician)
    page = post("/oauth/launch", {"client": viewer.client.client_id, "patient": town.patient}, browser)
    return page.context["address"], viewer


def id_token(body: dict[str, Any]) -> jwt.JWT:
    keys = jwk.JWKSet.from_json(get("/oauth/jwks").content.decode())
    return jwt.JWT(jwt=body["id_token"], key=keys, algs=["RS256"])


def test_smart_app_launch(town: Town) -> None:
    address, _viewer = launched_address(town)

    assert urlsplit(address)._replace(query="").geturl() == "https://app.example/launch"


def test_smart_launch_received(town: Town) -> None:
    address, viewer = launched_address(town)
    handed = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}

    assert handed["iss"] == BASE
    body = viewer.tokens(browser_of(town.clinician), "launch patient/*.rs", launch=handed["launch"])
    assert body["patient"] == town.patient


def test_smart_app_redirect(town: Town) -> None:
    assert told(town.app.decide(browser_of(town.citizen), SCOPE))["state"] == "a-state"


def test_smart_code_received(town: Town) -> None:
    back = told(town.app.decide(browser_of(town.citizen), SCOPE))

    assert back["code"] and "error" not in back


def test_smart_token_exchange(town: Town) -> None:
    assert town.app.exchange(town.app.code(browser_of(town.citizen), SCOPE)).status_code == 200
    assert town.app.exchange("BAD_CODE").status_code == 400


def test_smart_token_exchange_stu2(town: Town) -> None:
    code = town.app.code(browser_of(town.citizen), SCOPE)

    assert town.app.exchange(code, code_verifier="another-verifier-of-the-right-length-000000000").status_code == 400
    assert town.app.exchange(town.app.code(browser_of(town.citizen), SCOPE)).status_code == 200


def test_smart_token_response_body(body: dict[str, Any]) -> None:
    assert body["token_type"].lower() == "bearer"
    assert isinstance(body["expires_in"], int)
    assert {"access_token", "scope", "refresh_token", "patient", "id_token"} <= body.keys()
    assert set(body["scope"].split()) == set(SCOPE.split())


def test_smart_token_response_body_stu2_2(body: dict[str, Any]) -> None:
    assert isinstance(body["patient"], str) and isinstance(body["need_patient_banner"], bool)
    assert "fhirContext" not in body or isinstance(body["fhirContext"], list)


def test_smart_token_response_headers(town: Town) -> None:
    answer = town.app.exchange(town.app.code(browser_of(town.citizen), SCOPE))

    assert "no-store" in answer["Cache-Control"]
    assert answer["Pragma"] == "no-cache"


def test_smart_token_refresh(town: Town, body: dict[str, Any]) -> None:
    assert town.app.refresh(body["refresh_token"]).status_code == 200


def test_smart_token_refresh_stu2(town: Town, body: dict[str, Any]) -> None:
    assert town.app.refresh(body["refresh_token"], scope=body["scope"]).status_code == 200


def test_smart_token_refresh_body(town: Town, body: dict[str, Any]) -> None:
    answer = town.app.refresh(body["refresh_token"])
    again = answer.json()

    assert {"access_token", "token_type", "scope"} <= again.keys()
    assert set(again["scope"].split()) <= set(body["scope"].split())
    assert "no-store" in answer["Cache-Control"]


def test_smart_openid_decode_id_token(body: dict[str, Any]) -> None:
    assert isinstance(jwt.json_decode(id_token(body).claims), dict)


def test_smart_openid_retrieve_configuration(body: dict[str, Any]) -> None:
    issuer = jwt.json_decode(id_token(body).claims)["iss"]
    answer = get(f"{issuer.removeprefix(ORIGIN)}/.well-known/openid-configuration")

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json()["issuer"] == issuer


def test_smart_openid_required_configuration_fields(db: None) -> None:
    found = get("/oauth/.well-known/openid-configuration").json()

    for name in (
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "response_types_supported",
        "subject_types_supported",
    ):
        assert found[name], name
    assert "RS256" in found["id_token_signing_alg_values_supported"]


def test_smart_openid_retrieve_jwks(db: None) -> None:
    found = get(get("/oauth/.well-known/openid-configuration").json()["jwks_uri"].removeprefix(ORIGIN)).json()

    assert found["keys"]
    assert not any("d" in key for key in found["keys"]), "no private part"


def test_smart_openid_token_header(body: dict[str, Any]) -> None:
    header = jwt.json_decode(id_token(body).header)
    known = {key["kid"] for key in get("/oauth/jwks").json()["keys"]}

    assert header["alg"] == "RS256" and header["kid"] in known


def test_smart_openid_token_payload(town: Town, body: dict[str, Any]) -> None:
    claims = jwt.json_decode(id_token(body).claims)

    assert {"iss", "sub", "aud", "exp", "iat"} <= claims.keys()
    assert claims["aud"] == town.app.client.client_id
    assert claims["exp"] > time.time() and 0 < len(claims["sub"]) <= 255
    head, payload, signature = body["id_token"].split(".")
    with pytest.raises(JWTMissingKey):
        id_token({"id_token": f"{head}.{payload}.{signature[::-1]}"})


def test_smart_openid_fhir_user_claim(town: Town, body: dict[str, Any]) -> None:
    claims = jwt.json_decode(id_token(body).claims)
    found = get(claims["fhirUser"].removeprefix(ORIGIN), body["access_token"])
    assert (found.status_code, found.json()["resourceType"], found.json()["id"]) == (200, "Patient", town.patient)

    doctor = {"resourceType": "Practitioner", "id": town.clinician.practitioner, "name": [{"text": "박의사"}]}
    Repository(OPERATOR).update(doctor)
    staff = town.app.tokens(browser_of(town.clinician), "openid fhirUser user/*.rs")
    claims = jwt.json_decode(id_token(staff).claims)
    found = get(claims["fhirUser"].removeprefix(ORIGIN), staff["access_token"])
    assert (found.status_code, found.json()["resourceType"]) == (200, "Practitioner")


def test_smart_cors_well_known_endpoint(db: None) -> None:
    assert get(WELL_KNOWN, Origin=PAGE)["Access-Control-Allow-Origin"] == "*"


def test_smart_cors_metadata_request(db: None) -> None:
    assert get("/fhir/R4/metadata", Origin=PAGE)["Access-Control-Allow-Origin"] == "*"


def test_smart_cors_token_exchange(town: Town) -> None:
    form = {"grant_type": "authorization_code", "code": "BAD_CODE", "client_id": town.app.client.client_id}

    assert post("/oauth/token", form, Origin=PAGE)["Access-Control-Allow-Origin"] == "*"


def test_smart_cors_openid_fhir_user_claim(body: dict[str, Any]) -> None:
    path = jwt.json_decode(id_token(body).claims)["fhirUser"].removeprefix(ORIGIN)

    assert get(path, body["access_token"], Origin=PAGE)["Access-Control-Allow-Origin"] == "*"


def test_well_known_endpoint(db: None) -> None:
    answer = get(WELL_KNOWN, Accept="application/json")

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


def test_well_known_capabilities_stu1(db: None) -> None:
    found = get(WELL_KNOWN).json()

    assert found["authorization_endpoint"] and found["token_endpoint"] and found["capabilities"]


def test_well_known_capabilities_stu2(db: None) -> None:
    found = get(WELL_KNOWN).json()

    assert "authorization_code" in found["grant_types_supported"]
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["issuer"] and found["jwks_uri"]
    assert {"launch-standalone", "launch-ehr", "permission-v1", "permission-v2"} <= set(found["capabilities"])


def test_smart_backend_services_auth_request_success(town: Town) -> None:
    assert town.system.token().status_code == 200


def test_smart_backend_services_auth_response_body(town: Town) -> None:
    found = town.system.token("system/*.rs").json()

    assert {"access_token", "token_type", "expires_in", "scope"} <= found.keys()
    assert (found["token_type"], found["scope"]) == ("Bearer", "system/*.rs")
    assert found["expires_in"] <= 300


def test_smart_backend_services_invalid_client_assertion(town: Town) -> None:
    assert town.system.token(client_assertion_type="not_an_assertion_type").status_code == 400


def test_smart_backend_services_invalid_grant_type(town: Town) -> None:
    answer = town.system.token(grant_type="not_a_grant_type")

    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_smart_backend_services_invalid_jwt(town: Town) -> None:
    answer = town.system.token(client_assertion=town.system.assertion(iss="not_a_valid_iss"))

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def introspected(town: Town, token: str) -> dict[str, Any]:
    town.system.client.scopes += " introspection"
    town.system.client.save()
    signed = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": town.system.assertion()}
    found: dict[str, Any] = post("/oauth/introspect", {"token": token} | signed).json()
    return found


def test_smart_token_introspection_request_group(town: Town, body: dict[str, Any]) -> None:
    assert introspected(town, body["access_token"])["active"] is True
    assert introspected(town, "INVALID_TOKEN_VALUE") == {"active": False}


def test_smart_token_introspection_response_group(town: Town, body: dict[str, Any]) -> None:
    found = introspected(town, body["access_token"])
    claims = jwt.json_decode(id_token(body).claims)

    assert set(found["scope"].split()) == set(body["scope"].split())
    assert found["client_id"] == town.app.client.client_id
    assert time.time() < found["exp"] <= time.time() + 300
    assert (found["patient"], found["fhirUser"]) == (body["patient"], claims["fhirUser"])
    assert (found["iss"], found["sub"]) == (claims["iss"], claims["sub"])


def test_every_identifier_of_the_list_has_a_test_or_a_reason(shared: Path) -> None:
    table = (shared / "security" / "smart_checks.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| ([a-z][a-z0-9_]+) \|", table, re.MULTILINE)) - {"id"}
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")} - {
        "every_identifier_of_the_list_has_a_test_or_a_reason"
    }

    assert len(listed) > 50
    assert tested & ELSEWHERE.keys() == set()
    assert tested | ELSEWHERE.keys() == listed
