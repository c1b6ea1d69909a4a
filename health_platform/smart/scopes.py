"""Which scopes a client may ask for: those that were registered for it (SMART App Launch 2.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from oauth2_provider.scopes import BaseScopes

from health_platform.fhir.access.scopes import parse
from health_platform.smart.models import Client

LAUNCH = frozenset({"launch", "launch/patient"})
IDENTITY = frozenset({"openid", "fhirUser"})
REFRESH = frozenset({"offline_access", "online_access"})
INTROSPECTION = "introspection"
"""For resource servers: to ask about tokens that other clients hold."""


class SmartScopes(BaseScopes):
    """Scopes by client; nothing by default to a client that is not known."""

    def get_all_scopes(self) -> dict[str, str]:
        return {scope: scope for scopes in Client.objects.values_list("scopes", flat=True) for scope in scopes.split()}

    def get_available_scopes(self, application: Client | None = None, *args: Any, **kwargs: Any) -> list[str]:
        return application.scopes.split() if application else sorted(LAUNCH | IDENTITY | REFRESH)

    def get_default_scopes(self, application: Client | None = None, *args: Any, **kwargs: Any) -> list[str]:
        return self.get_available_scopes(application) if application else []


def refused(asked: Iterable[str], registered: Iterable[str], *, person: bool) -> list[str]:
    """Those of the scopes that a client may not have. ``person`` is true where somebody signs in: then scopes are of
    the levels patient and user, else of the level system. A scope with a search constraint is refused always."""
    known = set(registered)
    return [scope for scope in asked if not _allowed(scope, known, ("patient", "user") if person else ("system",))]


def _allowed(scope: str, registered: set[str], levels: tuple[str, ...]) -> bool:
    wanted = parse(scope)
    if wanted is None:
        return scope in registered and (scope in LAUNCH | IDENTITY | REFRESH) == ("patient" in levels)
    if wanted.constraint or wanted.level not in levels:
        return False
    return any(held.covers(wanted) for held in map(parse, registered) if held is not None)


def needs_patient(scopes: Iterable[str]) -> bool:
    """Whether a token with these scopes makes sense for one patient only."""
    return any(scope == "launch/patient" or scope.startswith("patient/") for scope in scopes)
