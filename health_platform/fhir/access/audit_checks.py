"""What the access log needs of a deployment."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

LEAST_DAYS = 731
"""Two years: PIPA's standard of safety measures, for logs of access to sensitive data."""


@register(Tags.security, deploy=True)
def access_log_is_kept_and_sealed(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The keys are there and have their length, and the log is kept for two years."""
    found: list[CheckMessage] = []
    if settings.AUDIT_KEPT_DAYS < LEAST_DAYS:
        text = f"AUDIT_KEPT_DAYS is {settings.AUDIT_KEPT_DAYS}: the access log is kept for two years at least."
        found.append(Error(text, hint=f"Set it to {LEAST_DAYS} or more.", id="fhir.E001"))
    for name, keys, number in (
        ("AUDIT_QUERY_KEYS", list(settings.AUDIT_QUERY_KEYS), "fhir.E002"),
        ("AUDIT_SIGNING_KEY", [settings.AUDIT_SIGNING_KEY], "fhir.E003"),
    ):
        if not keys or not all(map(_is_key, keys)):
            text = f"{name} is missing or not 32 bytes in base64."
            found.append(Error(text, hint="Draw one with `openssl rand -base64 32`.", id=number))
    return found


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 32
    except binascii.Error:
        return False
