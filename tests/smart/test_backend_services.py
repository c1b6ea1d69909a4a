"""SMART Backend Services: a clinic's system signs in with its key and nothing else."""

from __future__ import annotations

import base64
import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from jwcrypto import jwk, jwt  # type: ignore[import-untyped]
from oauth2_provider.models import AccessToken

from health_platform.smart import key_sets
from health_platform.smart.models import UsedAssertion
from tests.smart.conftest import ASSERTION_TYPE, Town, assertion, get, key, key_set, post, system

TOKEN_SECONDS = 300


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_a_signed_assertion_becomes_a_token_of_five_minutes_that_reads(town: Town, algorithm: str) -> None:
    own = system(f"with {algorithm}", town.clinic, key(algorithm))
    answer = own.token("system/Patient.rs")
    body = answer.json()

    assert answer.status_code == 200, answer.content
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", TOKEN_SECONDS, "system/Patient.rs")
    assert "refresh_token" not in body
    assert get(f"/fhir/R4/Patient/{town.patient}", body["access_token"]).status_code == 200
    assert get(f"/fhir/R4/Patient/{town.foreign}", body["access_token"]).status_code == 404
    assert get("/fhir/R4/Observation", body["access_token"]).status_code == 403


def test_tokens_are_not_kept_in_clear(town: Town) -> None:
    value = town.system.token().json()["access_token"]

    assert [(token.token, len(token.token_checksum)) for token in AccessToken.objects.all()] == [("", 64)]
    assert value not in str(list(AccessToken.objects.values()))


def test_an_assertion_is_good_once(town: Town) -> None:
    once = town.system.assertion()

    assert town.system.token(client_assertion=once).status_code == 200
    again = town.system.token(client_assertion=once)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")
    assert "jti" in again.json()["error_description"]
    assert AccessToken.objects.count() == 1


def test_the_same_jti_of_another_client_is_another_assertion(town: Town) -> None:
    second = system("second", town.clinic)

    assert town.system.token(client_assertion=town.system.assertion(jti="one")).status_code == 200
    assert second.token(client_assertion=second.assertion(jti="one")).status_code == 200


def test_what_was_used_is_forgotten_when_it_could_not_be_used_anyway(town: Town) -> None:
    town.system.token()
    UsedAssertion.objects.update(expires="2020-01-01T00:00:00Z")
    town.system.token()

    assert UsedAssertion.objects.count() == 1


@pytest.mark.parametrize(
    ("claims", "named"),
    [
        ({"aud": "https://elsewhere.example/token"}, "aud"),
        ({"aud": None}, "aud"),
        ({"sub": "somebody else"}, "sub"),
        ({"iss": "nobody"}, "iss"),
        ({"iss": None}, "iss"),
        ({"exp": None}, "exp"),
        ({"exp": 1}, "exp"),
        ({"exp": int(time.time()) + 3600}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"exp": True}, "exp"),
        ({"nbf": int(time.time()) + 24 * 3600}, "nbf"),
        ({"jti": None}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": "x" * 256}, "jti"),
        ({"jti": "a\0b"}, "jti"),
    ],
)
def test_an_assertion_that_says_something_else_is_refused_and_told_why(
    town: Town, claims: dict[str, Any], named: str
) -> None:
    answer = town.system.token(client_assertion=town.system.assertion(**claims))

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert named in answer.json()["error_description"]
    assert not AccessToken.objects.exists()
    assert not UsedAssertion.objects.exists()


def test_a_key_that_is_not_the_clients_signs_nothing(town: Town) -> None:
    forged = assertion(town.system.client, key(kid="first"))

    assert town.system.token(client_assertion=forged).status_code == 401


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256"])
def test_other_algorithms_are_refused(town: Town, algorithm: str) -> None:
    if algorithm == "ES256":
        signer = jwk.JWK.generate(kty="EC", crv="P-256", kid="first", alg=algorithm)
        town.system.client.jwks = key_set(signer)
        town.system.client.save()
        sent = assertion(town.system.client, signer)
    elif algorithm == "HS256":
        shared = jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(json.dumps(town.system.client.jwks).encode()).decode())
        token = jwt.JWT(header={"alg": "HS256", "kid": "first"}, claims={"iss": town.system.client.client_id})
        token.make_signed_token(shared)
        sent = token.serialize()
    else:
        head, body, _signature = town.system.assertion().split(".")
        head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": "first"}).encode()).rstrip(b"=").decode()
        sent = f"{head}.{body}."

    assert town.system.token(client_assertion=sent).status_code == 401
    assert not AccessToken.objects.exists()


@pytest.mark.parametrize("sent", ["x", "a.b.c", "é", "." * 9000, "eyJhbGciOiJFUzM4NCJ9.W10.AA"])
def test_what_is_no_assertion_is_refused(town: Town, sent: str) -> None:
    assert town.system.token(client_assertion=sent).status_code == 401


def test_a_system_gets_no_more_than_was_registered_for_it(town: Town) -> None:
    narrow = system("narrow", town.clinic, scopes="system/Patient.rs system/Observation.read")

    assert narrow.token("system/Patient.r").json()["scope"] == "system/Patient.r"
    assert narrow.token("system/Observation.rs").status_code == 200
    for refused in (
        "system/Patient.cruds",
        "system/*.rs",
        "user/Patient.rs",
        "patient/Patient.rs",
        "openid",
        "nonsense",
        "system/Patient.rs?gender=female",
    ):
        answer = narrow.token(refused)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope"), refused


def test_a_client_with_keys_does_not_sign_in_with_a_secret(town: Town) -> None:
    town.system.client.client_secret = "a-secret"
    town.system.client.save()
    basic = base64.b64encode(f"{town.system.client.client_id}:a-secret".encode()).decode()
    form = {"grant_type": "client_credentials", "scope": "system/*.rs"}

    assert post("/oauth/token", form, Authorization=f"Basic {basic}").status_code == 401
    town.system.client.jwks = None
    town.system.client.save()
    assert post("/oauth/token", form, Authorization=f"Basic {basic}").status_code == 200


def test_outside_the_demo_no_client_signs_in_with_a_secret(town: Town, settings: Any) -> None:
    town.system.client.client_secret, town.system.client.jwks = "a-secret", None
    town.system.client.save()
    basic = base64.b64encode(f"{town.system.client.client_id}:a-secret".encode()).decode()
    settings.DEMO = False

    answer = post("/oauth/token", {"grant_type": "client_credentials"}, Authorization=f"Basic {basic}")
    assert answer.status_code == 401
    body = {"client_id": town.system.client.client_id, "client_secret": "a-secret", "grant_type": "client_credentials"}
    assert post("/oauth/token", body).status_code == 401


class KeyServer:
    """A clinic's web server with its key set."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {"keys": []}
        self.status = 200
        self.asked = 0
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_port}/keys"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                body = json.dumps(outer.document).encode()
                self.send_response(outer.status)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                return

        return Handler

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def keys() -> Iterator[KeyServer]:
    server = KeyServer()
    yield server
    server.stop()


def test_keys_by_address_are_fetched_once_and_again_when_they_rotate(
    town: Town, keys: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = key(kid="first"), key(kid="second")
    keys.document = key_set(first)
    own = system("by address", town.clinic, first, jwks=None, jwks_uri=keys.address)
    assert [own.token().status_code for _ in range(3)] == [200] * 3
    assert keys.asked == 1

    keys.document = key_set(second)
    rotated = assertion(own.client, second)
    assert own.token(client_assertion=rotated).status_code == 401, "not asked again within seconds"
    assert keys.asked == 1
    monkeypatch.setattr(key_sets, "AGAIN_AFTER_SECONDS", 0.0)
    assert own.token(client_assertion=assertion(own.client, second)).status_code == 200
    assert keys.asked == 2
    assert own.token().status_code == 401, "the key before is withdrawn"


@pytest.mark.parametrize("status", [301, 404, 500])
def test_a_key_set_that_does_not_come_lets_nobody_in(town: Town, keys: KeyServer, status: int) -> None:
    keys.status, keys.document = status, key_set(town.system.signer)
    own = system("unreachable", town.clinic, town.system.signer, jwks=None, jwks_uri=keys.address)

    assert own.token().status_code == 401
    keys.status = 200
    assert own.token().status_code == 200


def test_outside_the_demo_a_key_set_comes_over_tls_only(town: Town, keys: KeyServer, settings: Any) -> None:
    settings.DEMO = False
    keys.document = key_set(town.system.signer)
    own = system("plain", town.clinic, town.system.signer, jwks=None, jwks_uri=keys.address)

    answer = own.token()
    assert answer.status_code == 401
    assert "https" in answer.json()["error_description"]
    assert keys.asked == 0


def test_the_kind_of_assertion_is_named(town: Town) -> None:
    assert town.system.token(client_assertion_type="urn:something").status_code == 400
    assert town.system.token(client_assertion_type="-").status_code == 400
    assert town.system.token(client_assertion_type=ASSERTION_TYPE).status_code == 200
