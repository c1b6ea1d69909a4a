"""What django-oauth-toolkit asks us: who the client is, which scopes it may have, what goes with a token.

SMART App Launch 2.2 on top of RFC 6749, RFC 7636 and RFC 9700. Codes, like tokens, are stored as SHA-256 only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749 import errors

from health_platform.smart import client_assertions
from health_platform.smart.client_assertions import InvalidAssertion
from health_platform.smart.context import fhir_user
from health_platform.smart.models import Authorization, Client
from health_platform.smart.scopes import LAUNCH, REFRESH, refused

FHIR_PATH = "/fhir/R4"


class SmartValidator(OAuth2Validator):
    """Called by oauthlib in the order of the RFCs; ``request`` is oauthlib's and carries what earlier steps found."""

    oidc_claim_scope = OAuth2Validator.oidc_claim_scope | {"fhirUser": "fhirUser"}

    def client_authentication_required(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        if _parameter(request, "client_assertion"):
            return True
        return bool(super().client_authentication_required(request, *args, **kwargs))

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """By private_key_jwt; by a secret in the demo only, and never a client that has keys."""
        if _parameter(request, "client_assertion") or _parameter(request, "client_assertion_type"):
            request.client = self._asserted(request)
            request.client_id = request.client.client_id
            return True
        if not getattr(settings, "DEMO", False):
            return False
        return bool(super().authenticate_client(request, *args, **kwargs)) and not request.client.has_keys

    def _asserted(self, request: Request) -> Client:
        if _parameter(request, "client_assertion_type") != client_assertions.TYPE:
            text = f"'client_assertion_type' is {client_assertions.TYPE}."
            raise errors.InvalidClientError(description=text, request=request, status_code=400)
        assertion = _parameter(request, "client_assertion")
        try:
            client = client_assertions.authenticate(assertion, _address(request, token_path()), timezone.now())
        except InvalidAssertion as error:
            raise errors.InvalidClientError(description=f"client_assertion: {error}.", request=request) from None
        if _parameter(request, "client_id") not in ("", client.client_id):
            raise errors.InvalidClientError(description="'client_id' is not the one that signed.", request=request)
        return client

    def validate_scopes(
        self, client_id: str, scopes: Iterable[str], client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        person = _parameter(request, "grant_type") != "client_credentials"
        found = refused(scopes, client.scopes.split(), person=person)
        if found:
            text = f"This client may not have: {' '.join(found)}."
            if any("?" in scope for scope in found):
                text += " Scopes with a search constraint are not granted."
            raise errors.InvalidScopeError(description=_plain(text), request=request)
        return True

    def validate_silent_login(self, request: Request) -> bool:
        return False

    def validate_silent_authorization(self, request: Request) -> bool:
        return False

    def _create_authorization_code(
        self, request: Request, code: dict[str, str], expires: datetime | None = None
    ) -> Any:
        grant = super()._create_authorization_code(request, code | {"code": hashed(code["code"])}, expires)
        Authorization.objects.filter(pk=request.authorization.pk).update(code=hashed(code["code"]))
        return grant

    def validate_code(
        self, client_id: str, code: str, client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        known = Authorization.objects.filter(code=hashed(code), client=client).first()
        if known is None:
            return False
        if not super().validate_code(client_id, hashed(code), client, request, *args, **kwargs):
            known.end()
            return False
        request.authorization = known
        return bool(request.user.is_active)

    def get_code_challenge(self, code: str, request: Request) -> str | None:
        found: str | None = super().get_code_challenge(hashed(code), request)
        return found

    def get_code_challenge_method(self, code: str, request: Request) -> str | None:
        found: str | None = super().get_code_challenge_method(hashed(code), request)
        return found

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Client, *args: Any, **kwargs: Any
    ) -> bool:
        return bool(super().confirm_redirect_uri(client_id, hashed(code), redirect_uri, client, *args, **kwargs))

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        super().invalidate_authorization_code(client_id, hashed(code), request, *args, **kwargs)

    def get_authorization_code_scopes(
        self, client_id: str, code: str, redirect_uri: str, request: Request
    ) -> list[str]:
        found: list[str] = super().get_authorization_code_scopes(client_id, hashed(code), redirect_uri, request)
        return found

    def get_authorization_code_nonce(
        self, client_id: str, code: str, redirect_uri: str, request: Request
    ) -> str | None:
        found: str | None = super().get_authorization_code_nonce(client_id, hashed(code), redirect_uri, request)
        return found

    def validate_refresh_token(
        self, refresh_token: str, client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        if not super().validate_refresh_token(refresh_token, client, request, *args, **kwargs):
            return False
        held: RefreshToken = request.refresh_token_instance
        request.authorization = Authorization.objects.filter(refresh_tokens=held).first()
        return request.authorization is not None and bool(request.user.is_active) and _still_there(request)

    def _save_bearer_token(self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any) -> None:
        """Store the token and complete the answer: what the launch was about, and a refresh token only if asked."""
        authorization: Authorization | None = getattr(request, "authorization", None)
        if authorization is not None and not REFRESH & set(authorization.scope.split()):
            token.pop("refresh_token", None)
        super()._save_bearer_token(token, request, *args, **kwargs)
        if authorization is not None:
            token.update(launch_context(authorization, token["scope"].split()))

    def _create_access_token(
        self,
        expires: datetime,
        request: Request,
        token: dict[str, Any],
        source_refresh_token: RefreshToken | None = None,
    ) -> AccessToken:
        made = super()._create_access_token(expires, request, token, source_refresh_token)
        if getattr(request, "authorization", None) is not None:
            request.authorization.access_tokens.add(made)
        return made

    def _create_refresh_token(
        self, request: Request, refresh_token_code: str, access_token: AccessToken, previous: RefreshToken | None
    ) -> RefreshToken:
        made = super()._create_refresh_token(request, refresh_token_code, access_token, previous)
        request.authorization.refresh_tokens.add(made)
        return made

    def get_additional_claims(self, request: Request) -> dict[str, str]:
        reference = fhir_user(request.user)
        return {"fhirUser": _address(request, f"{FHIR_PATH}/{reference}")} if reference else {}


def launch_context(authorization: Authorization, scopes: Iterable[str]) -> dict[str, Any]:
    """The launch parameters that accompany a token (SMART App Launch 2.2, "Launch context arrives with your
    access_token")."""
    if not authorization.patient:
        return {}
    context: dict[str, Any] = {"patient": authorization.patient}
    if authorization.encounter:
        context["encounter"] = authorization.encounter
    if LAUNCH & set(scopes):
        context["need_patient_banner"] = not authorization.embedded
    return context


def hashed(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def token_path() -> str:
    return reverse("oauth2_provider:token")


def _still_there(request: Request) -> bool:
    """Whether the person is, for a token that is good only while the person is signed in (``online_access``)."""
    if "offline_access" in request.authorization.scope.split():
        return True
    key = request.authorization.session_key
    return bool(key) and Session.objects.filter(session_key=key, expire_date__gt=timezone.now()).exists()


def _parameter(request: Request, name: str) -> str:
    return getattr(request, name, None) or ""


class _AsAsked(HttpRequest):
    """Enough of the request behind oauthlib's to know the server's own address."""

    def __init__(self, headers: Mapping[str, Any]) -> None:
        super().__init__()
        self.META = dict(headers)

    def _get_scheme(self) -> str:
        return "https" if self.META.get("X_DJANGO_OAUTH_TOOLKIT_SECURE") else "http"


def _address(request: Request, path: str) -> str:
    """The absolute address of ``path`` at the server as the client knows it."""
    return _AsAsked(request.headers).build_absolute_uri(path)


def _plain(text: str) -> str:
    """The characters that RFC 6749 allows in an error description."""
    return "".join(character for character in text if " " <= character <= "~" and character not in '"\\')
