"""Problem details (RFC 9457) for the citizen and triage APIs."""

from __future__ import annotations

from typing import Any

from django.http import JsonResponse
from django.utils.translation import gettext
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as framework_handler

from health_platform.fhir.outcome import FhirError

CONTENT_TYPE = "application/problem+json"


def problem(status: int, title: str, detail: str = "", **members: Any) -> dict[str, Any]:
    """The members of a problem; ``errors`` is a list of ``{"field", "message"}``."""
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    return body | members


def problem_response(status: int, title: str, detail: str = "", **members: Any) -> JsonResponse:
    """A problem for views outside REST framework."""
    return JsonResponse(
        problem(status, title, detail, **members), status=status, content_type=CONTENT_TYPE,
        json_dumps_params={"ensure_ascii": False},
    )  # fmt: skip


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's handler: every error of the API as a problem."""
    if isinstance(error, FhirError):
        detail = "; ".join(issue.text(gettext) for issue in error.issues)
        body = problem(int(error.status), gettext("The record answered with an error"), detail)
        return Response(body, status=int(error.status), content_type=CONTENT_TYPE)
    response = framework_handler(error, context)
    if response is None:
        return None
    errors: dict[str, Any] = {}
    if isinstance(error, exceptions.ValidationError):
        errors = {"errors": _errors(error.detail)}
        title = gettext("The request is not valid")
    else:
        title = str(getattr(error, "detail", "")) or gettext("The request failed")
    response.data = problem(response.status_code, title, **errors)
    response.content_type = CONTENT_TYPE
    return response


def _errors(detail: Any, path: str = "") -> list[dict[str, str]]:
    if isinstance(detail, dict):
        return [entry for key, value in detail.items() for entry in _errors(value, f"{path}.{key}" if path else key)]
    if isinstance(detail, list):
        return [entry for value in detail for entry in _errors(value, path)]
    return [{"field": path, "message": str(detail)}]
