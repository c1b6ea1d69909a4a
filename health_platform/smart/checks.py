"""What must not be found in a deployment."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError

from health_platform.smart.models import Client

OPERATOR = "operator"


@register(Tags.security, deploy=True)
def no_unrestricted_client(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A client that may do everything exists in demo settings only."""
    if getattr(settings, "DEMO", False):
        return [
            Error("These are the demo's settings.", hint="Use health_platform.settings.production.", id="smart.E001")
        ]
    try:
        names = list(Client.objects.filter(role=OPERATOR).values_list("name", flat=True))
    except DatabaseError:
        text = "The database could not be asked for its clients."
        return [Error(text, hint="Set DATABASE_URL.", id="smart.E003")]
    return [
        Error(f"The client '{name}' may do everything.", hint="Delete it before you deploy.", id="smart.E002")
        for name in names
    ]


@register(Tags.security, deploy=True)
def no_simulated_proof(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The simulator of identity proofing proves whatever one types."""
    if "simulator" not in settings.IDENTITY_PROOFING:
        return []
    hint = "Set IDENTITY_PROOFING to a real adapter, or to nothing."
    return [Error("Identities are proven by a simulator.", hint=hint, id="smart.E004")]
