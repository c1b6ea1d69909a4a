"""Signing in through another OpenID Connect provider: we are its relying party (OpenID Connect Core 1.0, 3.1, with
PKCE (RFC 7636) and the issuer in the answer (RFC 9207)). settings.IDENTITY_PROVIDERS names the providers.

A provider's subject opens an account only after the person, signed in here, has connected the two: an e-mail address or
a name proves nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
import requests
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import reverse
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from health_platform.accounts.models import OutsideIdentity, User
from health_platform.smart.key_sets import MOST_BYTES, TIMEOUT_SECONDS, Unfetched, fetch

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
_SESSION, _KEPT_SECONDS, _CLOCKS_DIFFER, _LONGEST_SUBJECT = "outside", 3600.0, 30, 255


class OutsideRefused(Exception):
    """The provider's answer opens nothing; the message says why, for a log."""


@dataclass(frozen=True, slots=True)
class Provider:
    """``name`` stands on the button; ``secret`` is empty for a public client; ``parameters`` go with the request for
    authorization; ``second_factor`` are values of `acr` that mean two factors, besides the `amr` ``mfa`` (RFC 8176)."""

    id: str
    name: str
    issuer: str
    client_id: str
    secret: str = ""
    scope: str = "openid"
    parameters: Mapping[str, str] | None = None
    second_factor: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Whom the provider has named. ``second_factor``: it asked for two factors; ``connect``: the person was signed in
    here and wants to connect the two; ``goal``: where she was going."""

    provider: Provider
    subject: str
    second_factor: bool
    connect: bool
    goal: str


@dataclass(frozen=True, slots=True)
class Connection:
    provider: Provider
    connected: bool


def offered() -> list[Provider]:
    return [_provider(one) for one in settings.IDENTITY_PROVIDERS]


def find(id: str) -> Provider | None:
    return next((provider for provider in offered() if provider.id == id), None)


def connections(user: User) -> list[Connection]:
    """The providers, and through which of them ``user`` may sign in."""
    held = set(user.outside_identities.values_list("provider", flat=True))
    return [Connection(provider, provider.id in held) for provider in offered()]


def begin(request: HttpRequest, provider: Provider, goal: str, *, connect: bool) -> str:
    """The provider's address to which the browser goes. Raises OutsideRefused when the provider is not there."""
    found = _configuration(provider)
    state, nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    request.session[_SESSION] = [provider.id, state, nonce, verifier, goal, connect]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": _redirect(request, provider),
        "scope": provider.scope,
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{found['authorization_endpoint']}?{urlencode(dict(provider.parameters or {}) | asked)}"


def finish(request: HttpRequest, provider: Provider) -> Answer:
    """What the provider has answered to what this browser began. Raises OutsideRefused."""
    id, state, nonce, verifier, goal, connect = request.session.pop(_SESSION, [""] * 6)
    if id != provider.id or not hmac.compare_digest(str(state).encode(), request.GET.get("state", "").encode()):
        raise OutsideRefused("this browser has not asked for it")
    found = _configuration(provider)
    named = request.GET.get("iss")
    if named != provider.issuer and (named or found.get("authorization_response_iss_parameter_supported")):
        raise OutsideRefused("another issuer answers")
    code = request.GET.get("code")
    if not code:
        raise OutsideRefused(f"the provider said {request.GET.get('error', 'nothing')[:80]!r}")
    claims = _claims(_exchange(found, provider, code, _redirect(request, provider), verifier), found, provider, nonce)
    return Answer(provider, claims["sub"], _two_factors(claims, provider), bool(connect), str(goal))


def user_of(answer: Answer) -> User | None:
    """The account that is connected with the subject."""
    identities = OutsideIdentity.objects.select_related("user")
    found = identities.filter(provider=answer.provider.id, subject=answer.subject, user__is_active=True).first()
    return found.user if found else None


def connect(user: User, answer: Answer) -> bool:
    """Let the subject open the account from now on; False when it opens another one."""
    try:
        with transaction.atomic():
            OutsideIdentity.objects.filter(user=user, provider=answer.provider.id).delete()
            OutsideIdentity.objects.create(user=user, provider=answer.provider.id, subject=answer.subject)
    except IntegrityError:
        return False
    return True


def disconnect(user: User, provider: Provider) -> None:
    OutsideIdentity.objects.filter(user=user, provider=provider.id).delete()


def _provider(given: Mapping[str, Any]) -> Provider:
    known = {
        name: given[name] for name in ("id", "name", "issuer", "client_id", "scope", "parameters") if name in given
    }
    return Provider(
        **known, secret=given.get("client_secret", ""), second_factor=tuple(given.get("second_factor_acr", ()))
    )


def _redirect(request: HttpRequest, provider: Provider) -> str:
    return request.build_absolute_uri(reverse("oauth2_provider:outside-answer", args=[provider.id]))


_kept: dict[str, tuple[float, dict[str, Any]]] = {}


def _configuration(provider: Provider) -> dict[str, Any]:
    """OpenID Connect Discovery 1.0, section 4; kept for an hour."""
    at, known = _kept.get(provider.issuer, (0.0, {}))
    if known and time.monotonic() - at < _KEPT_SECONDS:
        return known
    found = _fetched(f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != provider.issuer:
        raise OutsideRefused("the discovery document is another issuer's")
    _kept[provider.issuer] = (time.monotonic(), found)
    return found


def _fetched(address: str) -> dict[str, Any]:
    try:
        found = fetch(address)
    except Unfetched as error:
        raise OutsideRefused(str(error)) from None
    if not isinstance(found, dict):
        raise OutsideRefused("the provider's document is no object")
    return found


def _exchange(found: Mapping[str, Any], provider: Provider, code: str, redirect: str, verifier: str) -> str:
    """The ID token for ``code`` (OpenID Connect Core 1.0, 3.1.3)."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect,
        "code_verifier": verifier,
        "client_id": provider.client_id,
    }
    secret = (provider.client_id, provider.secret) if provider.secret else None
    try:
        with requests.post(
            found["token_endpoint"], form, auth=secret, timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True
        ) as answer:
            content = answer.raw.read(MOST_BYTES, decode_content=True)
        token = orjson.loads(content).get("id_token") if answer.status_code == 200 else None
    except (requests.RequestException, OSError, KeyError, ValueError, AttributeError):
        raise OutsideRefused("the provider's token endpoint did not answer") from None
    if not isinstance(token, str):
        raise OutsideRefused("the provider gave no ID token")
    return token


def _claims(token: str, found: Mapping[str, Any], provider: Provider, nonce: str) -> dict[str, Any]:
    """The claims of an ID token that is valid (OpenID Connect Core 1.0, 3.1.3.7)."""
    try:
        keys = KeySet.import_key_set(_fetched(found["jwks_uri"]))  # type: ignore[arg-type]
        claims: dict[str, Any] = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise OutsideRefused("the ID token is not signed by the provider") from None
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    expires, subject = claims.get("exp"), claims.get("sub")
    now = time.time()
    wrong = [
        name
        for name, right in (
            ("iss", claims.get("iss") == provider.issuer),
            ("aud", provider.client_id in audiences),
            ("azp", claims.get("azp", provider.client_id) == provider.client_id),
            ("exp", isinstance(expires, int | float) and expires > now - _CLOCKS_DIFFER),
            ("nonce", bool(nonce) and hmac.compare_digest(str(claims.get("nonce")).encode(), nonce.encode())),
            ("sub", isinstance(subject, str) and 0 < len(subject) <= _LONGEST_SUBJECT),
        )
        if not right
    ]
    if wrong:
        raise OutsideRefused(f"the ID token's {', '.join(wrong)} is not right")
    return claims


def _two_factors(claims: Mapping[str, Any], provider: Provider) -> bool:
    methods = claims.get("amr")
    return (isinstance(methods, list) and "mfa" in methods) or claims.get("acr") in provider.second_factor
