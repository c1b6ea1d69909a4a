"""My plans, and what I did of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from citizen_app_api.api.v1.base import CitizenView, access_of
from citizen_app_api.api.v1.idempotency import key_of
from citizen_app_api.api.v1.schema import ACTING_FOR, ID, IDEMPOTENCY_KEY, LANGUAGE, problems
from citizen_app_api.api.v1.serializers import LogExerciseSerializer, LoggedSerializer, PlansSerializer
from citizen_app_api.plain_language.notices import not_a_device
from citizen_app_api.resources.exercise import DoneExercise, Trouble
from citizen_app_api.selectors import my_plans
from citizen_app_api.services import FieldError, log_exercise


class PlansView(CitizenView):
    """My plans."""

    for_others = True

    @extend_schema(
        operation_id="listMyPlans",
        summary="My plans",
        parameters=[LANGUAGE, ACTING_FOR],
        responses={200: PlansSerializer, **problems(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """The plans that hold now: a plan is one when a clinician has signed it, and never before."""
        plans = my_plans(access_of(request))
        return Response(PlansSerializer({**asdict(plans), "notice": not_a_device()}).data)


class ExercisesView(CitizenView):
    """Done exercises of a plan."""

    @extend_schema(
        operation_id="logExercise",
        summary="Log a done exercise",
        parameters=[LANGUAGE, IDEMPOTENCY_KEY, ID],
        request=LogExerciseSerializer,
        responses={200: LoggedSerializer, 201: LoggedSerializer, **problems(400, 401, 403, 404)},
        examples=[
            OpenApiExample(
                "good-session",
                value={"exercise": "balance", "done_on": "2026-11-20", "minutes": 20, "effort": 4},
                request_only=True,
            ),
            OpenApiExample(
                "chest-pain",
                value={"exercise": "balance", "done_on": "2026-11-20", "trouble": ["chest-pain"], "note": "계단에서"},
                request_only=True,
            ),
        ],
    )
    def post(self, request: Request, id: str) -> Response:
        """Write down an exercise of a signed plan. Trouble goes to the clinic, and the answer says what to do."""
        body = LogExerciseSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            logged = log_exercise(
                access_of(request), id, _done(body.validated_data), key_of(request), timezone.localtime()
            )
        except FieldError as error:
            raise ValidationError({error.field: [error.message]}) from None
        return Response(LoggedSerializer(logged).data, status=201 if logged.created else 200)


def _done(given: dict[str, Any]) -> DoneExercise:
    return DoneExercise(
        exercise=given["exercise"],
        on=given["done_on"],
        minutes=given.get("minutes"),
        effort=given.get("effort"),
        trouble=tuple(dict.fromkeys(Trouble(one) for one in given.get("trouble", []))),
        note=given.get("note", "").strip(),
    )
