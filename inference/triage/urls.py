"""Addresses under /api/v1/."""

from __future__ import annotations

from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from inference.triage.views import TriageView

# No cookie takes part here, so there is nothing that a foreign page could send along.
urlpatterns = [path("triage", csrf_exempt(TriageView.as_view()), name="triage")]
