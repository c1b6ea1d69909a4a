"""What all views of a citizen's own record have in common."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from citizen_app_api.people import citizen_of
from health_platform.fhir.access.context import AccessContext
from health_platform.smart.authentication import SignedIn


class IsCitizen(BasePermission):
    """Somebody who acts for her own record."""

    message = _("This address is for citizens and their own record.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        return citizen_of(access_of(request)) is not None


def access_of(request: Request) -> AccessContext:
    """Who acts; there is somebody once SignedIn has let the request pass."""
    access: AccessContext = request._request.access  # type: ignore[attr-defined]
    return access


class PrivateView(APIView):
    """Answers that no browser and no proxy may keep."""

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        return response


class CitizenView(PrivateView):
    """A view of the citizen's own record."""

    permission_classes = (SignedIn, IsCitizen)
