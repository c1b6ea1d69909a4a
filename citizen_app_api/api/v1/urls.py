"""`/api/v1`: the citizen's own record."""

from __future__ import annotations

from django.urls import path

from citizen_app_api.api.v1.views.consents import ConsentsView, ConsentView
from citizen_app_api.api.v1.views.me import AccessLogView, ClinicsView, DataView, RecordsView, SummaryView
from citizen_app_api.api.v1.views.plans import ExercisesView, PlansView
from citizen_app_api.api.v1.views.questions import QuestionsView
from citizen_app_api.api.v1.views.risks import RisksView
from citizen_app_api.api.v1.views.session import RenewalView, SessionView
from citizen_app_api.api.v1.views.sharing import (
    AcceptanceView,
    CarerCodeView,
    CareView,
    ChoicesView,
    NoticesView,
    SharedView,
    SharingView,
)
from citizen_app_api.api.v1.views.what_if import WhatIfView

urlpatterns = [
    path("session", SessionView.as_view(), name="session"),
    path("session/renewal", RenewalView.as_view(), name="session-renewal"),
    path("me", SummaryView.as_view(), name="me"),
    path("me/records", RecordsView.as_view(), name="records"),
    path("me/risks", RisksView.as_view(), name="risks"),
    path("me/risks/<str:model>/what-if", WhatIfView.as_view(), name="what-if"),
    path("me/plans", PlansView.as_view(), name="plans"),
    path("me/plans/<str:id>/exercises", ExercisesView.as_view(), name="exercises"),
    path("me/consents", ConsentsView.as_view(), name="consents"),
    path("me/consents/<str:id>", ConsentView.as_view(), name="consent"),
    path("me/sharing", SharingView.as_view(), name="sharing"),
    path("me/sharing/choices", ChoicesView.as_view(), name="sharing-choices"),
    path("me/sharing/<str:id>", SharedView.as_view(), name="shared"),
    path("me/carers", CareView.as_view(), name="carers"),
    path("me/carers/code", CarerCodeView.as_view(), name="carer-code"),
    path("me/carers/<str:id>/acceptance", AcceptanceView.as_view(), name="acceptance"),
    path("me/notices", NoticesView.as_view(), name="notices"),
    path("me/questions", QuestionsView.as_view(), name="questions"),
    path("me/access-log", AccessLogView.as_view(), name="access-log"),
    path("me/data", DataView.as_view(), name="data"),
    path("me/clinics", ClinicsView.as_view(), name="clinics"),
]
