"""Asking a person."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from citizen_app_api.api.v1.base import CitizenView, access_of
from citizen_app_api.api.v1.idempotency import key_of
from citizen_app_api.api.v1.problems import Conflict
from citizen_app_api.api.v1.schema import IDEMPOTENCY_KEY, LANGUAGE, problems
from citizen_app_api.api.v1.serializers import AskedSerializer, AskSerializer, QuestionsSerializer
from citizen_app_api.selectors import my_questions
from citizen_app_api.services import FieldError, NoClinic, TooManyQuestions, ask_question


class QuestionsView(CitizenView):
    """My questions to my home clinic."""

    @extend_schema(
        operation_id="listMyQuestions",
        summary="My questions and their answers",
        parameters=[LANGUAGE],
        responses={200: QuestionsSerializer, **problems(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """What I asked, where it stands, and the answers."""
        return Response(QuestionsSerializer({"items": my_questions(access_of(request))}).data)

    @extend_schema(
        operation_id="askQuestion",
        summary="Ask a person",
        parameters=[LANGUAGE, IDEMPOTENCY_KEY],
        request=AskSerializer,
        responses={200: AskedSerializer, 201: AskedSerializer, **problems(400, 401, 403, 409, 429)},
        examples=[
            OpenApiExample("question", value={"text": "제 결과를 사람이 설명해 주실 수 있나요?"}, request_only=True)
        ],
    )
    def post(self, request: Request) -> Response:
        """Send a question to my home clinic. It is read in the clinic's working hours: not for emergencies."""
        body = AskSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        try:
            asked = ask_question(
                access_of(request), given["text"], given.get("about"), key_of(request), timezone.localtime()
            )
        except FieldError as error:
            raise ValidationError({error.field: [error.message]}) from None
        except NoClinic:
            raise Conflict(_("No clinic is recorded as caring for you. Please call instead.")) from None
        except TooManyQuestions:
            raise Throttled(3600, _("Many of your questions still wait for an answer. Please call instead.")) from None
        return Response(AskedSerializer(asked).data, status=201 if asked.created else 200)
