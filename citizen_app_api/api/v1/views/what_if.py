"""What a model would say of me if a measurement or a habit were another."""

from __future__ import annotations

from dataclasses import asdict

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from citizen_app_api.api.v1.base import CitizenView, access_of
from citizen_app_api.api.v1.schema import LANGUAGE, problems
from citizen_app_api.api.v1.serializers import DifferenceSerializer, WhatIfSerializer
from citizen_app_api.plain_language.notices import not_a_device
from citizen_app_api.selectors import my_what_if

MODEL = OpenApiParameter("model", OpenApiTypes.STR, OpenApiParameter.PATH, description="The id of one of my results.")


class WhatIfView(CitizenView):
    """What if."""

    @extend_schema(
        operation_id="supposeOtherValues",
        summary="What if",
        parameters=[LANGUAGE, MODEL],
        request=WhatIfSerializer,
        responses={200: DifferenceSerializer, **problems(400, 401, 403, 404)},
    )
    def post(self, request: Request, model: str) -> Response:
        """What the formula would say if my blood pressure, say, were another. Nothing is stored, and it is a
        difference in the formula, not an effect. Treatments, diagnoses, history and drinking cannot be supposed."""
        asked = WhatIfSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        found = asdict(my_what_if(access_of(request), model, asked.validated_data["supposed"], timezone.now()))
        found["changeable"] = [{"feature": name, "label": label} for name, label in found["changeable"]]
        return Response(DifferenceSerializer({**found, "notice": not_a_device()}).data)
