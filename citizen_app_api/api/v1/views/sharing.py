"""Who may see my record, carers, and what I am told of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from citizen_app_api.api.v1.base import CitizenView, access_of
from citizen_app_api.api.v1.schema import ACTING_FOR, ID, LANGUAGE, problems
from citizen_app_api.api.v1.serializers import (
    CarerCodeSerializer,
    CareSerializer,
    ChoicesQuerySerializer,
    ChoicesSerializer,
    DecideSerializer,
    MakeCarerSerializer,
    NoticesSerializer,
    SharedSerializer,
    SharingSerializer,
)
from citizen_app_api.mydata import decisions
from citizen_app_api.mydata.sharing import Decision, Who
from citizen_app_api.selectors import my_notices, own_patient
from citizen_app_api.services import FieldError
from health_platform.accounts.throttle import TooManyAttempts, count_attempt, forget_attempts


def _refused(error: FieldError) -> ValidationError:
    return ValidationError({error.field: [error.message]})


def _scope(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "kinds": tuple(given["kinds"]),
        "classes": tuple(given["classes"]),
        "start": given["start"],
        "end": given["end"],
    }


class SharingView(CitizenView):
    """What I decided about who may see my record."""

    for_others = True

    @extend_schema(
        operation_id="listMySharing",
        summary="Who may see my record",
        parameters=[LANGUAGE, ACTING_FOR],
        responses={200: SharingSerializer, **problems(401, 403, 404)},
    )
    def get(self, request: Request) -> Response:
        """My decisions, newest first, with those that ended, and what holds at my age. Without a decision the
        institutions that care for me see what is not sensitive."""
        access, today = access_of(request), timezone.localdate()
        answer = {"items": decisions.my_sharing(access, today), "rule": decisions.rule_of(access, today)}
        return Response(SharingSerializer(answer).data)

    @extend_schema(
        operation_id="decideSharing",
        summary="Permit or deny",
        parameters=[LANGUAGE, ACTING_FOR],
        request=DecideSerializer,
        responses={201: SharedSerializer, **problems(400, 401, 403, 404)},
        examples=[
            OpenApiExample(
                "deny-diagnoses", value={"permit": False, "who": "anyone", "kinds": ["diagnoses"]}, request_only=True
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Decide who may see what, from the next request on. Of two decisions that contradict each other the denial
        holds, unless the permission says more exactly what it means. In an emergency a denial does not hold."""
        body = DecideSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        decision = Decision(
            permit=given["permit"],
            who=Who(given["who"]),
            names=given["names"],
            purpose=given["purpose"] or "",
            **_scope(given),
        )
        try:
            shared = decisions.decide(access_of(request), decision, timezone.localtime())
        except FieldError as error:
            raise _refused(error) from None
        return Response(SharedSerializer(shared).data, status=201)


class SharedView(CitizenView):
    """One decision."""

    for_others = True

    @extend_schema(
        operation_id="endSharing",
        summary="End a decision",
        parameters=[LANGUAGE, ACTING_FOR, ID],
        request=None,
        responses={204: None, **problems(401, 403, 404)},
    )
    def delete(self, request: Request, id: str) -> Response:
        """It holds no longer, from the next request on. The record keeps that it was made."""
        decisions.end(access_of(request), id, timezone.localtime())
        return Response(status=204)


class ChoicesView(CitizenView):
    """Whom a decision can name."""

    for_others = True

    @extend_schema(
        operation_id="findSharingChoices",
        summary="Institutions and people by name",
        parameters=[LANGUAGE, ACTING_FOR, ChoicesQuerySerializer],
        responses={200: ChoicesSerializer, **problems(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """At most 20 whose name begins so."""
        query = ChoicesQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        found = decisions.choices(access_of(request), Who(asked["who"]), asked["name"])
        return Response(ChoicesSerializer({"items": found}).data)


class CareView(CitizenView):
    """Carers."""

    @extend_schema(
        operation_id="listMyCare",
        summary="My carers, and for whom I care",
        parameters=[LANGUAGE],
        responses={200: CareSerializer, **problems(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Each carer has accepted or not yet; each person whose record I see is named with its end."""
        care = decisions.my_care(access_of(request), timezone.localdate())
        return Response(CareSerializer(asdict(care)).data)

    @extend_schema(
        operation_id="makeCarer",
        summary="Let somebody care for me",
        parameters=[LANGUAGE],
        request=MakeCarerSerializer,
        responses={201: SharedSerializer, **problems(400, 401, 403, 429)},
    )
    def post(self, request: Request) -> Response:
        """The person who told me the code sees my record once she accepts: what I name, until I end it."""
        body = MakeCarerSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given, access, now = body.validated_data, access_of(request), timezone.localtime()
        who, address = f"carer code {own_patient(access)}", request.META.get("REMOTE_ADDR", "")
        try:
            count_attempt(who, address, now)
            shared = decisions.make_carer(access, given["code"], Decision(True, Who.CARER, **_scope(given)), now)
        except TooManyAttempts as error:
            raise Throttled(error.seconds, _("Too many attempts. Wait a little, then try again.")) from None
        except FieldError as error:
            raise _refused(error) from None
        forget_attempts(who, address, now)
        return Response(SharedSerializer(shared).data, status=201)


class CarerCodeView(CitizenView):
    """The code by which a carer is named."""

    @extend_schema(
        operation_id="makeCarerCode",
        summary="A code for somebody who wants me as a carer",
        parameters=[LANGUAGE],
        request=None,
        responses={201: CarerCodeSerializer, **problems(401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Good once and for half an hour; the one before is good no longer."""
        code = decisions.carer_code(access_of(request), timezone.now())
        minutes = int(decisions.CODE_LASTS.total_seconds()) // 60
        return Response(CarerCodeSerializer({"code": code, "minutes": minutes}).data, status=201)


class AcceptanceView(CitizenView):
    """My answer to who wants me as a carer."""

    @extend_schema(
        operation_id="acceptCare",
        summary="Accept",
        parameters=[LANGUAGE, ID],
        request=None,
        responses={204: None, **problems(401, 403, 404)},
    )
    def put(self, request: Request, id: str) -> Response:
        """From now on I see what the person has permitted."""
        decisions.accept(access_of(request), id)
        return Response(status=204)

    @extend_schema(
        operation_id="leaveCare",
        summary="Decline, or care no longer",
        parameters=[LANGUAGE, ID],
        request=None,
        responses={204: None, **problems(401, 403, 404)},
    )
    def delete(self, request: Request, id: str) -> Response:
        """I see nothing of the person's record from now on."""
        decisions.leave(access_of(request), id)
        return Response(status=204)


class NoticesView(CitizenView):
    """What I am told."""

    @extend_schema(
        operation_id="listMyNotices",
        summary="What happened to my record",
        parameters=[LANGUAGE],
        responses={200: NoticesSerializer, **problems(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """That my record was opened in an emergency: by which institution, when and why, for a month."""
        return Response(NoticesSerializer({"items": my_notices(access_of(request), timezone.now())}).data)
