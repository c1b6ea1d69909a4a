"""What this server says of itself: SMART App Launch 2.2 (conformance.html) and OpenID Connect Discovery 1.0.

Both documents name only what is true under the present settings.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe
from oauth2_provider.settings import oauth2_settings

from health_platform.smart.client_assertions import ALGORITHMS
from health_platform.smart.scopes import IDENTITY, LAUNCH, REFRESH

_RESOURCE_SCOPES = (
    "patient/*.rs", "patient/*.cruds", "patient/*.read", "user/*.rs", "user/*.cruds", "user/*.read",
    "system/*.rs", "system/*.cruds",
)  # fmt: skip
_CAPABILITIES = (
    "launch-ehr",
    "launch-standalone",
    "authorize-post",
    "client-public",
    "client-confidential-asymmetric",
    "context-banner",
    "context-ehr-patient",
    "context-standalone-patient",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
)


@require_safe
def smart_configuration(request: HttpRequest) -> JsonResponse:
    """``/fhir/R4/.well-known/smart-configuration``."""
    capabilities = list(_CAPABILITIES)
    identity: dict[str, Any] = {}
    if oauth2_settings.OIDC_ENABLED:
        capabilities.append("sso-openid-connect")
        identity = {"issuer": issuer(request), "jwks_uri": _at(request, "jwks-info")}
    if _secrets_allowed():
        capabilities.append("client-confidential-symmetric")
    return JsonResponse(
        identity
        | {
            "authorization_endpoint": _at(request, "authorize"),
            "token_endpoint": _at(request, "token"),
            "introspection_endpoint": _at(request, "introspect"),
            "revocation_endpoint": _at(request, "revoke-token"),
            "token_endpoint_auth_methods_supported": _client_authentication(),
            "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": _scopes(),
            "capabilities": sorted(capabilities),
        }
    )


@require_safe
def openid_configuration(request: HttpRequest) -> JsonResponse:
    """``/oauth/.well-known/openid-configuration``."""
    return JsonResponse(
        {
            "issuer": issuer(request),
            "authorization_endpoint": _at(request, "authorize"),
            "token_endpoint": _at(request, "token"),
            "userinfo_endpoint": _at(request, "user-info"),
            "jwks_uri": _at(request, "jwks-info"),
            "revocation_endpoint": _at(request, "revoke-token"),
            "introspection_endpoint": _at(request, "introspect"),
            "scopes_supported": _scopes(),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": _client_authentication(),
            "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
            "code_challenge_methods_supported": ["S256"],
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "fhirUser"],
            "authorization_response_iss_parameter_supported": True,
        }
    )


def issuer(request: HttpRequest) -> str:
    found: str = oauth2_settings.oidc_issuer(request)
    return found


def _at(request: HttpRequest, name: str) -> str:
    return request.build_absolute_uri(reverse(f"oauth2_provider:{name}"))


def _scopes() -> list[str]:
    identity = IDENTITY if oauth2_settings.OIDC_ENABLED else frozenset[str]()
    return sorted(identity | LAUNCH | REFRESH) + list(_RESOURCE_SCOPES)


def _client_authentication() -> list[str]:
    return ["private_key_jwt", "none", *(["client_secret_basic"] if _secrets_allowed() else [])]


def _secrets_allowed() -> bool:
    return bool(getattr(settings, "DEMO", False))
