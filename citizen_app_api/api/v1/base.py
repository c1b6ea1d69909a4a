"""What all views of a citizen's own record have in common."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from citizen_app_api.people import acting_for, citizen_of
from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.repository import Repository
from health_platform.smart.authentication import SignedIn

ACTING_FOR = "Acting-For"
"""Header: the logical id of the Patient for whom a carer or parent acts."""


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
    """A view of the citizen's own record; where ``for_others``, also of a person's for whom she acts (ACTING_FOR)."""

    permission_classes = (SignedIn, IsCitizen)
    for_others = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        person = request.headers.get(ACTING_FOR, "").strip()
        if not person:
            return
        if not self.for_others:
            raise PermissionDenied(_("This is not open to who acts for another person."))
        access = acting_for(access_of(request), person)
        Repository(access).read("Patient", person)
        request._request.access = access  # type: ignore[attr-defined]
