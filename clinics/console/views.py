"""The console's pages. Views speak HTTP; selectors read, services write."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import login, logout
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics.console import selectors
from clinics.console.access import Clinician, clinician_of, for_clinicians
from clinics.console.charts import chart_of
from clinics.console.record import Results
from health_platform.accounts.models import User


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Name and password; only clinicians who act for an institution get a session."""
    goal = _goal(request)
    form = AuthenticationForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = form.get_user()
        if isinstance(user, User) and clinician_of(user) is not None:
            login(request, user)
            return redirect(goal)
        form.add_error(
            None, _("This account belongs to no clinician of an institution. The console is not open to it.")
        )
    return render(request, "console/sign_in.html", {"form": form, "next": goal})


def _goal(request: HttpRequest) -> str:
    """Where the person was going, as long as it is an address of this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse("console:worklist")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("console:sign-in")


@require_http_methods(["GET", "POST"])
@for_clinicians
def search(request: HttpRequest, clinician: Clinician) -> HttpResponse:
    """Patients by name, birth date or identifier. By POST, so that no name stands in an address or a log of them."""
    asked = {field: request.POST.get(field, "").strip() for field in ("name", "birth_date", "identifier")}
    context: dict[str, Any] = {"section": "search", "asked": asked}
    if request.method == "POST":
        born = selectors.birth_date_of(asked["birth_date"]) if asked["birth_date"] else ""
        wanted = selectors.Search(asked["name"], born or "", asked["identifier"])
        if born is None:
            context["problem"] = "birth_date"
        elif wanted.empty:
            context["problem"] = "empty"
        else:
            context["found"] = selectors.find(clinician.access, wanted, request.POST.get("after"))
    return render(request, "console/search.html", context, status=422 if "problem" in context else 200)


@require_GET
@for_clinicians
def patient(request: HttpRequest, clinician: Clinician, patient: str) -> HttpResponse:
    record = selectors.record(clinician.access, patient)
    return render(request, "console/patient.html", {"record": record, "groups": _groups(record.results)})


def _groups(results: Results) -> list[dict[str, Any]]:
    """The charts under their headings, numbered through."""
    headings = {
        "vital-signs": _("Vital signs"),
        "laboratory": _("Laboratory"),
        "exam": _("Function tests"),
    }
    groups: dict[str, list[tuple[int, Any]]] = {}
    for number, series in enumerate(results.series):
        heading = headings.get(series.category, _("Other"))
        groups.setdefault(heading, []).append((number, chart_of(series)))
    return [{"title": heading, "charts": charts} for heading, charts in groups.items()]


@require_GET
@for_clinicians
def worklist(request: HttpRequest, clinician: Clinician) -> HttpResponse:
    return render(request, "console/worklist.html", {"section": "worklist"})


@require_GET
@for_clinicians
def emergency(request: HttpRequest, clinician: Clinician) -> HttpResponse:
    now = timezone.now()
    context = {"section": "emergency", "notices": selectors.arrivals(clinician.access, now), "now": now}
    return render(request, "console/emergency.html", context)
