"""How this API describes itself in OpenAPI 3.1 (drf-spectacular)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from citizen_app_api.api.v1.serializers import ProblemSerializer

PROBLEM = "application/problem+json"
LANGUAGE = OpenApiParameter(
    "Accept-Language", str, OpenApiParameter.HEADER, description="`ko` (default) or `en`: the language of all texts."
)
ACTING_FOR = OpenApiParameter(
    "Acting-For",
    str,
    OpenApiParameter.HEADER,
    description="The logical id of a person for whom the citizen acts as carer or parent (`listMyCare`).",
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Up to 100 characters, new for each thing done: the same key again writes nothing more (200).",
)
_REASONS = {
    400: "The request is not valid; `errors` names the fields.",
    401: "No token, or one that has ended.",
    403: "The token is not a citizen's.",
    404: "Not in the citizen's own record.",
    409: "The record does not allow it now.",
    429: "Too many; `Retry-After` says when, in seconds.",
}


class BearerToken(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "health_platform.smart.authentication.AccessAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer"}


def problems(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """The error answers of an operation, for `extend_schema(responses=…)`."""
    return {(status, PROBLEM): OpenApiResponse(ProblemSerializer, description=_REASONS[status]) for status in statuses}


ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The logical id of the resource.")
