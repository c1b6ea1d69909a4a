"""Which scopes a client may ask for: those that were registered for it (SMART App Launch 2.2)."""

from __future__ import annotations

from typing import Any

from oauth2_provider.scopes import BaseScopes

from health_platform.smart.models import Client


class SmartScopes(BaseScopes):
    """Scopes by client; nothing by default to a client that is not known."""

    def get_all_scopes(self) -> dict[str, str]:
        return {scope: scope for scopes in Client.objects.values_list("scopes", flat=True) for scope in scopes.split()}

    def get_available_scopes(self, application: Client | None = None, *args: Any, **kwargs: Any) -> list[str]:
        return application.scopes.split() if application else []

    def get_default_scopes(self, application: Client | None = None, *args: Any, **kwargs: Any) -> list[str]:
        return self.get_available_scopes(application)
