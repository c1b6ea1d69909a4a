"""Errors of this API: exceptions that become problem details (RFC 9457) in health_platform.smart.problem."""

from __future__ import annotations

from rest_framework.exceptions import APIException


class Conflict(APIException):
    status_code = 409
    default_code = "conflict"


class Unauthorized(APIException):
    """Wrong name or password: there is no scheme to challenge with, so no WWW-Authenticate."""

    status_code = 401
    default_code = "authentication_failed"
