"""Applications and systems that speak OAuth to the server, with keys of their own made by another library than ours."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
import uuid
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client as HttpClient
from jwcrypto import jwk, jwt  # type: ignore[import-untyped]

from health_platform.accounts.models import Membership, Role, User
from health_platform.smart.models import Client
from tests import builders

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as HttpResponse

ORIGIN = "https://testserver"
BASE = f"{ORIGIN}/fhir/R4"
TOKEN = f"{ORIGIN}/oauth/token"
REDIRECT = "https://app.example/after"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@cache
def nobody_knows() -> str:
    """The hash of a secret that nobody kept: hashing one for each client takes most of a test's time."""
    return make_password(secrets.token_urlsafe(32))


def key(algorithm: str = "ES384", kid: str = "first") -> jwk.JWK:
    if algorithm == "ES384":
        return jwk.JWK.generate(kty="EC", crv="P-384", kid=kid, alg=algorithm, use="sig")
    return jwk.JWK.generate(kty="RSA", size=2048, kid=kid, alg=algorithm, use="sig")


def key_set(*keys: jwk.JWK) -> dict[str, Any]:
    return {"keys": [json.loads(one.export_public()) for one in keys]}


def assertion(client: Client, signer: jwk.JWK, **claims: Any) -> str:
    return signed(client.client_id, signer, **claims)


def signed(client_id: str, signer: jwk.JWK, **claims: Any) -> str:
    """A client assertion that is right but for what ``claims`` change; a claim None is left out."""
    body = {
        "iss": client_id,
        "sub": client_id,
        "aud": TOKEN,
        "exp": int(time.time()) + 290,
        "jti": uuid.uuid4().hex,
    } | claims
    head = {"alg": signer["alg"], "kid": signer["kid"], "typ": "JWT"}
    token = jwt.JWT(header=head, claims={name: value for name, value in body.items() if value is not None})
    token.make_signed_token(signer)
    return str(token.serialize())


def post(path: str, form: dict[str, str], browser: HttpClient | None = None, **headers: str) -> HttpResponse:
    return (browser or HttpClient()).post(
        path,
        urlencode(form),
        content_type="application/x-www-form-urlencoded",
        secure=True,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def get(path: str, token: str = "", browser: HttpClient | None = None, **headers: str) -> HttpResponse:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    return (browser or HttpClient()).get(path, secure=True, headers=sent)


@dataclass(frozen=True)
class System:
    """A clinic's system with its private key."""

    client: Client
    signer: jwk.JWK

    def assertion(self, **claims: Any) -> str:
        return assertion(self.client, self.signer, **claims)

    def token(self, scope: str = "system/*.rs", **changed: str) -> HttpResponse:
        form = {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": changed.pop("client_assertion", "") or self.assertion(),
        } | changed
        return post("/oauth/token", {name: value for name, value in form.items() if value != "-"})


@dataclass(frozen=True)
class App:
    """An application with its verifier, and how it asks."""

    client: Client
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def parameters(self, scope: str, **changed: str) -> dict[str, str]:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": REDIRECT,
            "scope": scope,
            "state": "a-state",
            "aud": BASE,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        } | changed
        return {name: value for name, value in asked.items() if value != "-"}

    def ask(self, browser: HttpClient, scope: str, **changed: str) -> HttpResponse:
        return get(f"/oauth/authorize?{urlencode(self.parameters(scope, **changed))}", browser=browser)

    def decide(
        self, browser: HttpClient, scope: str, answer: dict[str, str] | None = None, **changed: str
    ) -> HttpResponse:
        query = urlencode(self.parameters(scope, **changed))
        return post(f"/oauth/authorize/decision?{query}", {"decision": "allow"} | (answer or {}), browser)

    def code(self, browser: HttpClient, scope: str, answer: dict[str, str] | None = None, **changed: str) -> str:
        response = self.decide(browser, scope, answer, **changed)
        assert response.status_code == 302, response.content
        return told(response)["code"]

    def exchange(self, code: str, **changed: str) -> HttpResponse:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "client_id": self.client.client_id,
            "code_verifier": self.verifier,
        } | changed
        return post("/oauth/token", {name: value for name, value in form.items() if value != "-"})

    def tokens(
        self, browser: HttpClient, scope: str, answer: dict[str, str] | None = None, **changed: str
    ) -> dict[str, Any]:
        response = self.exchange(self.code(browser, scope, answer, **changed))
        assert response.status_code == 200, response.content
        found: dict[str, Any] = response.json()
        return found

    def refresh(self, refresh_token: str, **changed: str) -> HttpResponse:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": self.client.client_id}
        return post("/oauth/token", form | changed)


def told(response: HttpResponse) -> dict[str, str]:
    """What a redirect tells the application."""
    assert response["Location"].startswith(REDIRECT), response["Location"]
    return {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}


def browser_of(user: User) -> HttpClient:
    """A browser in which ``user`` is signed in; its language is English."""
    browser = HttpClient(headers={"Accept-Language": "en"})
    browser.force_login(user)
    return browser


ALL_SCOPES = "openid fhirUser launch launch/patient offline_access online_access patient/*.cruds user/*.cruds"


def app(name: str = "growth chart", scopes: str = ALL_SCOPES, **members: Any) -> App:
    return App(
        Client.objects.create(
            name=name,
            scopes=scopes,
            redirect_uris=REDIRECT,
            client_type=Client.CLIENT_PUBLIC,
            authorization_grant_type=Client.GRANT_AUTHORIZATION_CODE,
            algorithm=Client.RS256_ALGORITHM,
            client_secret=nobody_knows(),
            **members,
        )
    )


def system(name: str, organization: str, signer: jwk.JWK | None = None, **members: Any) -> System:
    signer = signer or key()
    registered = {"jwks": key_set(signer), "scopes": "system/*.cruds"} | members
    client = Client.objects.create(
        name=name,
        organization=organization,
        client_type=Client.CLIENT_CONFIDENTIAL,
        client_secret=nobody_knows(),
        authorization_grant_type=Client.GRANT_CLIENT_CREDENTIALS,
        **registered,
    )
    return System(client, signer)


PASSWORD = "a-long-password"


@cache
def _password() -> str:
    return make_password(PASSWORD)


def citizen(patient: str, username: str = "citizen") -> User:
    return User.objects.create(
        username=username, password=_password(), display_name="김영희", role=Role.CITIZEN, patient=patient
    )


def clinician(organization: str, username: str = "clinician") -> User:
    user = User.objects.create(
        username=username, password=_password(), display_name="박의사", role=Role.CLINICIAN, practitioner=username
    )
    Membership.objects.create(user=user, organization=organization, name="빛고을의원")
    return user


@dataclass(frozen=True)
class Town:
    """A clinic with two patients, another clinic with one; who signs in; an application and the clinic's system."""

    clinic: str
    patient: str
    second: str
    foreign: str
    citizen: User
    clinician: User
    app: App
    system: System


@pytest.fixture
def town(db: None) -> Town:
    clinic, other = builders.organization("빛고을의원"), builders.organization("무등의원")
    patient = builders.patient(clinic)
    return Town(
        clinic=clinic,
        patient=patient,
        second=builders.patient(clinic, number="C-2"),
        foreign=builders.patient(other, number="C-3"),
        citizen=citizen(patient),
        clinician=clinician(clinic),
        app=app(),
        system=system("clinic", clinic),
    )
