"""My consents."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from citizen_app_api.api.v1.base import CitizenView, access_of
from citizen_app_api.api.v1.schema import ID, LANGUAGE, problems
from citizen_app_api.api.v1.serializers import ConsentSerializer, ConsentsSerializer, GiveConsentSerializer
from citizen_app_api.mydata.consent import Purpose
from citizen_app_api.selectors import my_consents
from citizen_app_api.services import FieldError, give_consent, withdraw_consent


class ConsentsView(CitizenView):
    """All of them."""

    @extend_schema(
        operation_id="listMyConsents",
        summary="My consents",
        parameters=[LANGUAGE],
        responses={200: ConsentsSerializer, **problems(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """What I have agreed to, newest first, with what was withdrawn."""
        return Response(ConsentsSerializer({"items": my_consents(access_of(request))}).data)

    @extend_schema(
        operation_id="giveConsent",
        summary="Agree",
        parameters=[LANGUAGE],
        request=GiveConsentSerializer,
        responses={200: ConsentSerializer, 201: ConsentSerializer, **problems(400, 401, 403)},
        examples=[
            OpenApiExample("research", value={"purpose": "research"}, request_only=True),
            OpenApiExample("research-until", value={"purpose": "research", "end": "2099-12-31"}, request_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        """Agree to one purpose. Agreeing again changes nothing (200)."""
        body = GiveConsentSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        try:
            consent, created = give_consent(
                access_of(request), Purpose(given["purpose"]), given.get("end"), timezone.localtime()
            )
        except FieldError as error:
            raise ValidationError({error.field: [error.message]}) from None
        return Response(ConsentSerializer(consent).data, status=201 if created else 200)


class ConsentView(CitizenView):
    """One of them."""

    @extend_schema(
        operation_id="withdrawConsent",
        summary="Withdraw",
        parameters=[LANGUAGE, ID],
        request=None,
        responses={204: None, **problems(401, 403, 404)},
    )
    def delete(self, request: Request, id: str) -> Response:
        """End a consent that was given here. The record keeps that it was given, and when it ended."""
        withdraw_consent(access_of(request), id, timezone.localtime())
        return Response(status=204)
