"""Signing in through an OpenID Connect provider: one on loopback that can be told to lie, and our own server as one."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from django.test import Client as HttpClient
from jwcrypto import jwk, jwt  # type: ignore[import-untyped]

from health_platform.accounts.models import OutsideIdentity, Role, User
from health_platform.smart import providers
from tests.live import LiveServer
from tests.smart.conftest import PASSWORD, Town

START, ANSWER = "/oauth/with/city", "/oauth/with/city/answer"


class Provider(ThreadingHTTPServer):
    """An OpenID provider: everything it says can be changed."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issuer = f"http://127.0.0.1:{self.server_port}"
        self.key = jwk.JWK.generate(kty="RSA", size=2048, kid="one", alg="RS256", use="sig")
        self.signer = self.key
        self.claims: dict[str, Any] = {}
        self.configuration: dict[str, Any] = {}
        self.asked: dict[str, str] = {}
        self.nonce = ""

    def document(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        } | self.configuration

    def token(self) -> dict[str, str]:
        body = {
            "iss": self.issuer,
            "aud": "bitgoeul",
            "sub": "person-1",
            "exp": int(time.time()) + 60,
            "iat": int(time.time()),
            "nonce": self.nonce,
        } | self.claims
        token = jwt.JWT(header={"alg": "RS256", "kid": "one"}, claims={k: v for k, v in body.items() if v is not None})
        token.make_signed_token(self.signer)
        return {"id_token": token.serialize(), "access_token": "x", "token_type": "Bearer"}


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        found = {
            "/.well-known/openid-configuration": self.server.document(),
            "/jwks": {"keys": [json.loads(self.server.key.export_public())]},
        }
        self._say(found[self.path])

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.asked = {name: values[0] for name, values in form.items()}
        self.server.asked["authorization"] = self.headers.get("Authorization", "")
        self._say(self.server.token())

    def _say(self, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    providers._kept.clear()
    with Provider() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        settings.IDENTITY_PROVIDERS = [
            {
                "id": "city",
                "name": "광주시",
                "issuer": server.issuer,
                "client_id": "bitgoeul",
                "client_secret": "s3cret",
            }
        ]
        yield server
        server.shutdown()


def browser() -> HttpClient:
    return HttpClient(headers={"Accept-Language": "en"})


def signed_in(who: HttpClient) -> bool:
    return who.get("/oauth/account").status_code == 200


def begun(who: HttpClient, provider: Provider, **form: str) -> dict[str, str]:
    """What the browser carries to the provider."""
    address = who.post(START, form)["Location"]
    assert address.startswith(f"{provider.issuer}/authorize?")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    provider.nonce = asked["nonce"]
    return asked


def answered(who: HttpClient, asked: dict[str, str], **changed: str) -> Any:
    return who.get(ANSWER, {"code": "a-code", "state": asked["state"]} | changed)


def through(who: HttpClient, provider: Provider, **form: str) -> Any:
    return answered(who, begun(who, provider, **form))


def connected(user: User, provider: Provider) -> None:
    who = browser()
    who.post("/oauth/sign-in", {"username": user.username, "password": PASSWORD})
    assert through(who, provider, connect="yes")["Location"] == "/oauth/account"
    assert OutsideIdentity.objects.filter(user=user, subject="person-1").exists()


def test_a_person_connects_the_provider_and_signs_in_through_it(town: Town, provider: Provider) -> None:
    connected(town.citizen, provider)
    who = browser()
    assert b"Sign in through" in who.get("/oauth/sign-in").content

    answer = through(who, provider, next="/oauth/account")
    assert answer["Location"] == "/oauth/account"
    assert signed_in(who)
    assert provider.asked["code"] == "a-code" and len(provider.asked["code_verifier"]) >= 43
    assert provider.asked["authorization"].startswith("Basic ")


def test_a_subject_that_nobody_connected_opens_nothing_whatever_else_it_claims(town: Town, provider: Provider) -> None:
    town.citizen.email = "young@example.org"
    town.citizen.save()
    provider.claims = {"email": "young@example.org", "email_verified": True, "preferred_username": "citizen"}
    who = browser()

    assert through(who, provider).context["why"] == "unknown"
    assert not signed_in(who)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another"},
        {"aud": ["bitgoeul", "another"], "azp": "another"},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": ""},
        {"sub": None},
    ],
)
def test_an_id_token_that_is_not_right_opens_nothing(town: Town, provider: Provider, claims: dict[str, Any]) -> None:
    connected(town.citizen, provider)
    provider.claims = claims
    who = browser()

    assert through(who, provider).context["why"] == "failed"
    assert not signed_in(who)


def test_an_id_token_by_another_key_opens_nothing(town: Town, provider: Provider) -> None:
    connected(town.citizen, provider)
    provider.signer = jwk.JWK.generate(kty="RSA", size=2048, kid="one")
    who = browser()

    assert through(who, provider).context["why"] == "failed"
    assert not signed_in(who)


def test_an_answer_belongs_to_the_browser_that_asked_and_is_taken_once(town: Town, provider: Provider) -> None:
    connected(town.citizen, provider)
    who, other = browser(), browser()
    asked = begun(who, provider)
    assert answered(other, asked).context["why"] == "failed"
    assert answered(who, asked, state="another").context["why"] == "failed"
    assert answered(who, asked).context["why"] == "failed", "the first answer has ended it"

    asked = begun(who, provider)
    assert answered(who, asked).status_code == 302
    assert answered(browser(), asked).context["why"] == "failed"


def test_another_issuer_in_the_answer_is_refused(town: Town, provider: Provider) -> None:
    """RFC 9207, section 2.4."""
    connected(town.citizen, provider)
    who = browser()
    assert answered(who, begun(who, provider), iss="https://elsewhere.example").context["why"] == "failed"
    assert answered(who, begun(who, provider), iss=provider.issuer).status_code == 302

    providers._kept.clear()
    provider.configuration = {"authorization_response_iss_parameter_supported": True}
    who = browser()
    assert answered(who, begun(who, provider)).context["why"] == "failed"


def test_a_discovery_document_of_another_issuer_is_refused(town: Town, provider: Provider) -> None:
    provider.configuration = {"issuer": "https://elsewhere.example"}

    assert browser().post(START).context["why"] == "failed"


def test_staff_need_a_second_factor_there(town: Town, provider: Provider, settings: Any) -> None:
    connected(town.clinician, provider)
    settings.STAFF_SECOND_FACTOR = True
    who = browser()
    assert through(who, provider).context["why"] == "second-factor"
    assert not signed_in(who)

    provider.claims = {"amr": ["pwd", "mfa"]}
    assert through(who, provider).status_code == 302
    assert signed_in(who)


def test_an_identity_opens_one_account_and_a_switched_off_one_not_at_all(town: Town, provider: Provider) -> None:
    connected(town.citizen, provider)
    who = browser()
    who.post("/oauth/sign-in", {"username": town.clinician.username, "password": PASSWORD})
    through(who, provider, connect="yes")
    assert OutsideIdentity.objects.get().user == town.citizen

    User.objects.filter(pk=town.citizen.pk).update(is_active=False)
    assert through(browser(), provider).context["why"] == "unknown"


def test_connecting_asks_for_a_fresh_sign_in_and_ends_by_a_button(town: Town, provider: Provider) -> None:
    old = browser()
    old.force_login(town.citizen)
    assert old.post(START, {"connect": "yes"})["Location"] == "/oauth/account"
    connected(town.citizen, provider)
    old.post(f"{START}/end")
    assert OutsideIdentity.objects.exists()

    who = browser()
    who.post("/oauth/sign-in", {"username": "citizen", "password": PASSWORD})
    who.post(f"{START}/end")
    assert not OutsideIdentity.objects.exists()


def test_an_unknown_provider_is_not_found(town: Town) -> None:
    assert browser().post("/oauth/with/nobody").status_code == 404
    assert browser().get("/oauth/with/nobody/answer").status_code == 404


_REGISTER = """
import django; django.setup()
from health_platform.accounts.models import Role, User
from health_platform.smart.models import Client
User.objects.create_user("there", password="a-long-password", display_name="거기", role=Role.CITIZEN, patient="p")
made = Client.objects.create(
    name="party",
    scopes="openid fhirUser",
    redirect_uris="http://testserver/oauth/with/city/answer",
    client_type=Client.CLIENT_PUBLIC,
    authorization_grant_type=Client.GRANT_AUTHORIZATION_CODE,
    algorithm=Client.RS256_ALGORITHM,
)
print(made.client_id)
"""


def test_our_own_server_is_a_provider_for_another_one(town: Town, live: LiveServer, settings: Any) -> None:
    live.processes.run("register-party", "-c", _REGISTER)
    client_id = live.processes.log("register-party").read_text().strip().splitlines()[-1]
    issuer = requests.get(f"{live.base}/oauth/.well-known/openid-configuration", timeout=10).json()["issuer"]
    settings.IDENTITY_PROVIDERS = [
        {"id": "city", "name": "there", "issuer": issuer, "client_id": client_id, "parameters": {"aud": live.fhir}}
    ]
    here = browser()
    here.post("/oauth/sign-in", {"username": "citizen", "password": PASSWORD})
    there = requests.Session()

    assert _carried(here, there, live, connect="yes")["Location"] == "/oauth/account"
    another = browser()
    assert _carried(another, there, live).status_code == 302
    assert signed_in(another)
    assert OutsideIdentity.objects.get().user.role == Role.CITIZEN


def _carried(here: HttpClient, there: requests.Session, live: LiveServer, **form: str) -> Any:
    """The browser's way: off to the provider, signing in and allowing there, and back."""
    address = here.post(START, form)["Location"]
    page = there.get(address, timeout=10)
    if "/oauth/sign-in" in page.url:
        sent = {"username": "there", "password": "a-long-password", "next": address.removeprefix(live.base)}
        page = _posted(there, page.url.partition("?")[0], sent)
    back = _posted(there, page.url.replace("/authorize?", "/authorize/decision?"), {"decision": "allow"}, follow=False)
    return here.get(back.headers["Location"].removeprefix("http://testserver"))


def _posted(there: requests.Session, address: str, form: dict[str, str], *, follow: bool = True) -> requests.Response:
    token = there.cookies["csrftoken"]
    return there.post(
        address, data=urlencode(form | {"csrfmiddlewaretoken": token}), allow_redirects=follow, timeout=10,
        headers={"Content-Type": "application/x-www-form-urlencoded", "Referer": address},
    )  # fmt: skip
