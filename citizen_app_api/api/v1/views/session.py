"""Signing in, going on, signing out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import PermissionDenied, Throttled, ValidationError
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from citizen_app_api.api.v1.base import CitizenView, PrivateView, access_of
from citizen_app_api.api.v1.problems import Unauthorized
from citizen_app_api.api.v1.schema import LANGUAGE, problems
from citizen_app_api.api.v1.serializers import SessionSerializer, SignInSerializer
from citizen_app_api.identity.sign_in import CodeNeeded, NotACitizen, WrongCredentials, renew, sign_in, sign_out
from health_platform.accounts.throttle import TooManyAttempts
from health_platform.smart.authentication import SignedIn


class SessionView(PrivateView):
    """The session itself."""

    def get_permissions(self) -> Sequence[BasePermission]:
        return [AllowAny()] if self.request.method == "POST" else [SignedIn()]

    @extend_schema(
        operation_id="signIn",
        summary="Sign in",
        parameters=[LANGUAGE],
        request=SignInSerializer,
        auth=[],
        responses={200: SessionSerializer, **problems(400, 401, 403, 429)},
        examples=[
            OpenApiExample("citizen", value={"username": "citizen", "password": "a-long-password"}, request_only=True)
        ],
    )
    def post(self, request: Request) -> Response:
        """A name and a password become an access token of 30 minutes, to be sent as `Authorization: Bearer`."""
        body = SignInSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given, address = body.validated_data, request.META.get("REMOTE_ADDR", "")
        try:
            session = sign_in(given["username"], given["password"], given["code"], address, timezone.now())
        except TooManyAttempts as error:
            raise Throttled(error.seconds, _("Too many attempts. Wait a little, then try again.")) from None
        except WrongCredentials:
            raise Unauthorized(_("The name or the password is not right.")) from None
        except CodeNeeded:
            message = _("Enter the code that your authenticator shows now.")
            raise ValidationError({"code": [message]}) from None
        except NotACitizen:
            raise PermissionDenied(_("This sign-in is for citizens. Staff sign in at their console.")) from None
        return Response(SessionSerializer(session).data)

    @extend_schema(
        operation_id="signOut",
        summary="Sign out",
        parameters=[LANGUAGE],
        request=None,
        responses={204: None, **problems(401)},
    )
    def delete(self, request: Request) -> Response:
        """End the session: its token opens nothing from now on."""
        sign_out(_token(request), access_of(request))
        return Response(status=204)


class RenewalView(CitizenView):
    """A session that goes on."""

    @extend_schema(
        operation_id="renewSession",
        summary="Stay signed in",
        parameters=[LANGUAGE],
        request=None,
        responses={200: SessionSerializer, **problems(401, 403)},
    )
    def post(self, request: Request) -> Response:
        """A new token for another 30 minutes; the one that was sent ends."""
        try:
            session = renew(_token(request))
        except WrongCredentials:
            raise Unauthorized(_("The session has ended. Sign in again.")) from None
        return Response(SessionSerializer(session).data)


def _token(request: Any) -> str:
    scheme, _space, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""
