"""My summary, my records, who cares for me, who looked, and all of it as data."""

from __future__ import annotations

from dataclasses import asdict

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from citizen_app_api.api.v1.base import CitizenView, access_of
from citizen_app_api.api.v1.schema import ACTING_FOR, LANGUAGE, problems
from citizen_app_api.api.v1.serializers import (
    AccessLogQuerySerializer,
    AccessLogSerializer,
    ClinicsSerializer,
    RecordsQuerySerializer,
    RecordsSerializer,
    SummarySerializer,
)
from citizen_app_api.selectors import (
    UnknownCursor,
    my_access_log,
    my_alerts,
    my_clinics,
    my_data,
    my_records,
    my_summary,
    own_patient,
)


class SummaryView(CitizenView):
    """My summary."""

    for_others = True

    @extend_schema(
        operation_id="getMe",
        summary="My summary",
        parameters=[LANGUAGE, ACTING_FOR],
        responses={200: SummarySerializer, **problems(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Who I am, my ongoing illnesses, medicines and allergies, and my newest measurements in plain words.

        What the record does not hold is said to be unknown.
        """
        access = access_of(request)
        summary = my_summary(access, timezone.localdate())
        return Response(SummarySerializer({**asdict(summary), "alerts": my_alerts(access)}).data)


class RecordsView(CitizenView):
    """My records."""

    for_others = True

    @extend_schema(
        operation_id="listMyRecords",
        summary="My records of one kind",
        parameters=[LANGUAGE, ACTING_FOR, RecordsQuerySerializer],
        responses={200: RecordsSerializer, **problems(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """The entries of one kind, newest first. Entries recorded by mistake are left out, so a page can be short."""
        query = RecordsQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        try:
            records = my_records(access_of(request), asked["kind"], asked["limit"], asked.get("cursor"))
        except UnknownCursor:
            message = _("Take it from `next` of the page before, or leave it out.")
            raise ValidationError({"cursor": [message]}) from None
        return Response(RecordsSerializer(records).data)


class ClinicsView(CitizenView):
    """My clinics."""

    for_others = True

    @extend_schema(
        operation_id="listMyClinics",
        summary="Who cares for me",
        parameters=[LANGUAGE, ACTING_FOR],
        responses={200: ClinicsSerializer, **problems(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """The institutions that may see my record."""
        return Response(ClinicsSerializer({"items": my_clinics(access_of(request))}).data)


class AccessLogView(CitizenView):
    """My access log."""

    @extend_schema(
        operation_id="listMyAccessLog",
        summary="Who looked at my record",
        parameters=[LANGUAGE, AccessLogQuerySerializer],
        responses={200: AccessLogSerializer, **problems(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Who read or changed my record, newest first; requests right after one another are one look."""
        query = AccessLogQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        log = my_access_log(access_of(request), asked.get("before"), asked["limit"], others_only=asked["others_only"])
        return Response(AccessLogSerializer(log).data)


class DataView(CitizenView):
    """My data."""

    @extend_schema(
        operation_id="getMyData",
        summary="My record as data",
        parameters=[LANGUAGE, OpenApiParameter("format", exclude=True)],
        responses={(200, "application/fhir+json"): OpenApiTypes.OBJECT, **problems(401, 403)},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """My whole record as a FHIR R4 Bundle of type collection. Results that wait for a talk with the clinic, and
        plans that are not signed, are not part of it."""
        access = access_of(request)
        base = request.build_absolute_uri("/fhir/R4")
        response = StreamingHttpResponse(my_data(access, base), content_type="application/fhir+json")
        name = f"my-record-{own_patient(access)[:8]}-{timezone.localdate().isoformat()}.json"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
