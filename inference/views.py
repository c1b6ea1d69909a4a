"""`/v2`: the Open Inference Protocol for hospitals' own clients. Health needs no token, everything else does."""

import json

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from health_platform.fhir.access.context import AccessContext, Role
from inference.protocol.endpoints import Endpoints
from inference.registry import inference_client, serving_version
from inference.runtime.serving import ServedVersions

HEALTH = ("/v2/health/live", "/v2/health/ready")
ALLOWED = frozenset({Role.SYSTEM, Role.SERVICE, Role.OPERATOR, Role.CLINICIAN})


@csrf_exempt
def open_inference(request: HttpRequest) -> HttpResponse:
    """Every path under /v2; an error is `{"error": text}`, without a token 401, without the right 403."""
    refusal = None if request.path in HEALTH else _refusal(getattr(request, "access", None))
    if refusal is not None:
        return refusal
    try:
        body = request.body
    except RequestDataTooBig:
        return _error(413, "the body is larger than this server takes: send fewer rows in one request")
    headers = {name.lower(): value for name, value in request.headers.items()}
    reply = Endpoints(ServedVersions(inference_client(), serving_version)).handle(
        request.method or "", request.path, headers, body
    )
    return HttpResponse(reply.body, status=reply.status, headers=dict(reply.headers))


def _refusal(access: AccessContext | None) -> HttpResponse | None:
    if access is None:
        response = _error(401, "a Bearer token is needed")
        response["WWW-Authenticate"] = "Bearer"
        return response
    if access.role not in ALLOWED:
        return _error(403, f"the role '{access.role}' may not run models")
    return None


def _error(status: int, text: str) -> HttpResponse:
    return HttpResponse(json.dumps({"error": text}), status=status, content_type="application/json")
