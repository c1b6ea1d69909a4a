"""The header `Idempotency-Key`: one key for one thing done, however often it is sent."""

from __future__ import annotations

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

LONGEST = 100


def key_of(request: Request) -> str | None:
    """The key of the request, None without one. Raises ValidationError for one that is too long."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > LONGEST:
        raise ValidationError({"Idempotency-Key": [_("At most %(most)s characters.") % {"most": LONGEST}]})
    return key or None
