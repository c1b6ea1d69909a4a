"""What the server says of itself, and to whom it says it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as HttpClient

from tests.smart.conftest import BASE, ORIGIN, Town, get

pytestmark = pytest.mark.django_db
WELL_KNOWN = "/fhir/R4/.well-known/smart-configuration"
ADDRESSES = ("authorization_endpoint", "token_endpoint", "introspection_endpoint", "revocation_endpoint", "jwks_uri")


def test_the_smart_configuration_needs_no_token_and_names_addresses_that_answer() -> None:
    answer = get(WELL_KNOWN)
    found = answer.json()

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert {"ES384", "RS384"} <= set(found["token_endpoint_auth_signing_alg_values_supported"])
    for name in ADDRESSES:
        assert found[name].startswith(ORIGIN)
        path = found[name].removeprefix(ORIGIN)
        assert HttpClient().get(path, secure=True).status_code in (200, 400, 405), name


def test_openid_connect_is_named_only_where_there_is_a_key(settings: Any) -> None:
    assert "sso-openid-connect" in get(WELL_KNOWN).json()["capabilities"]

    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | {"OIDC_ENABLED": False, "OIDC_RSA_PRIVATE_KEY": ""}
    found = get(WELL_KNOWN).json()
    assert "sso-openid-connect" not in found["capabilities"]
    assert "jwks_uri" not in found
    assert "openid" not in found["scopes_supported"]


def test_secrets_of_clients_are_named_in_the_demo_only(settings: Any) -> None:
    assert "client-confidential-symmetric" in get(WELL_KNOWN).json()["capabilities"]

    settings.DEMO = False
    found = get(WELL_KNOWN).json()
    assert "client-confidential-symmetric" not in found["capabilities"]
    assert found["token_endpoint_auth_methods_supported"] == ["private_key_jwt", "none"]


def test_the_capability_statement_names_the_same_addresses() -> None:
    configuration = get(WELL_KNOWN).json()
    security = get("/fhir/R4/metadata").json()["rest"][0]["security"]
    uris = {part["url"]: part["valueUri"] for part in security["extension"][0]["extension"]}

    assert uris == {
        "authorize": configuration["authorization_endpoint"],
        "token": configuration["token_endpoint"],
        "introspect": configuration["introspection_endpoint"],
        "revoke": configuration["revocation_endpoint"],
    }


def test_both_discovery_documents_say_the_same() -> None:
    smart, openid = get(WELL_KNOWN).json(), get("/oauth/.well-known/openid-configuration").json()

    assert openid["issuer"] == f"{ORIGIN}/oauth" == smart["issuer"]
    for name in sorted(smart.keys() & openid.keys()):
        assert openid[name] == smart[name], name
    assert get("/oauth/.well-known/oauth-authorization-server").json() == openid


@pytest.mark.parametrize(
    "path", [WELL_KNOWN, "/fhir/R4/metadata", "/oauth/jwks", "/oauth/.well-known/openid-configuration"]
)
def test_a_page_of_another_origin_may_read_what_is_public(path: str) -> None:
    answer = get(path, Origin="https://app.example")

    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.parametrize("path", ["/oauth/token", "/fhir/R4/Patient", "/oauth/revoke"])
def test_a_browser_may_ask_first_whether_it_may_send(path: str) -> None:
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    answer = HttpClient().options(path, secure=True, headers=asked)

    assert answer.status_code == 204
    assert "POST" in answer["Access-Control-Allow-Methods"]
    assert "Authorization" in answer["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    "path", ["/oauth/authorize", "/oauth/sign-in", "/oauth/sessions", "/oauth/introspect", "/console/", "/api/v1/me"]
)
def test_pages_for_people_and_the_city_are_closed_to_other_origins(path: str) -> None:
    assert "Access-Control-Allow-Origin" not in get(path, Origin="https://app.example")


def test_the_record_is_answered_to_other_origins_by_its_token_alone(town: Town) -> None:
    token = town.system.token().json()["access_token"]
    answer = get(f"{BASE.removeprefix(ORIGIN)}/Patient/{town.patient}", token, Origin="https://app.example")
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (200, "*")

    browser = HttpClient()
    browser.force_login(town.clinician)
    assert get(f"/fhir/R4/Patient/{town.patient}", browser=browser).status_code == 401
