"""REST framework's view of `request.access`: a bearer token, or the session of a signed-in person with CSRF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from health_platform.accounts import institutions
from health_platform.accounts.models import User
from health_platform.fhir.access.context import AccessContext, Role
from health_platform.smart.context import of_user

if TYPE_CHECKING:  # REST framework loads this module while it loads its views
    from rest_framework.views import APIView


_PEOPLE = frozenset({Role.CITIZEN, Role.CLINICIAN})


class AccessAuthentication(SessionAuthentication):
    """Leaves who acts in ``request.access``. A session counts only with its CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        if getattr(request._request, "access", None) is not None:
            return (None, request._request.access)  # type: ignore[attr-defined]
        found = super().authenticate(request)
        if found is not None and isinstance(found[0], User):
            chosen = institutions.chosen(request._request, found[0])
            request._request.access = of_user(found[0], organization=chosen)  # type: ignore[attr-defined]
        return found

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="bitgoeul"'


class SignedIn(BasePermission):
    """Somebody with a place in the record: a person in the own session, or a system. An application that acts for a
    person has scopes on FHIR resources, which say nothing of these addresses; it is not let in."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        access: AccessContext | None = getattr(request._request, "access", None)
        if access is None:
            return False
        return access.role not in _PEOPLE or not access.client
