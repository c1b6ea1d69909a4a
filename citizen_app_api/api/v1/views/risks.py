"""What models say about me."""

from __future__ import annotations

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from citizen_app_api.api.v1.base import CitizenView, access_of
from citizen_app_api.api.v1.schema import ACTING_FOR, LANGUAGE, problems
from citizen_app_api.api.v1.serializers import RisksSerializer
from citizen_app_api.plain_language.notices import not_a_device, talked_over_first
from citizen_app_api.selectors import my_risks


class RisksView(CitizenView):
    """My risks."""

    for_others = True

    @extend_schema(
        operation_id="listMyRisks",
        summary="My risks",
        parameters=[LANGUAGE, ACTING_FOR],
        responses={200: RisksSerializer, **problems(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """What was calculated from my record, in plain words: each result with its model, what it stands on, what is
        missing, and whether a clinician has looked at it. A result without a number says why.

        Results about dementia and depression are not among it until a clinician has released them.
        """
        risks = asdict(my_risks(access_of(request)))
        notices = {"notice": not_a_device(), "withheld": talked_over_first()}
        return Response(RisksSerializer({**risks, **notices}).data)
