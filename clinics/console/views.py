"""The console's pages. Views speak HTTP; selectors read, services write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics.console import plans, selectors, services
from clinics.console.access import Clinician, for_clinicians
from clinics.console.charts import groups_of
from clinics.console.worklist import Stage
from health_platform.fhir.outcome import NotFound

STAGES = {"unreviewed": Stage.UNREVIEWED, "not-assessed": Stage.NOT_ASSESSED, "reviewed": Stage.REVIEWED}


@require_GET
@for_clinicians
def worklist(request: HttpRequest, clinician: Clinician) -> HttpResponse:
    """The institution's patients, those who wait for a clinician first; htmx asks for the following lines alone."""
    stage = request.GET.get("stage", "")
    found = selectors.worklist(clinician.access, STAGES.get(stage), request.GET.get("after"))
    context = {"section": "worklist", "found": found, "stage": stage if stage in STAGES else ""}
    part = request.headers.get("HX-Request")
    return render(request, "console/_worklist_lines.html" if part else "console/worklist.html", context)


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
    return _patient_page(request, clinician, patient)


def _patient_page(
    request: HttpRequest, clinician: Clinician, patient: str, *, status: int = 200, **problem: str
) -> HttpResponse:
    """The whole page; ``problem`` and ``about`` (an id) tell why an action on it was refused."""
    record = selectors.record(clinician.access, patient)
    context = {
        "record": record,
        "groups": groups_of(record.results),
        "here": reverse("console:patient", args=[patient]),
        "judgement": selectors.judgement(clinician.access, patient),
        "plans": selectors.plans(clinician.access, patient),
        **problem,
    }
    return render(request, "console/patient.html", context, status=status)


@require_POST
@for_clinicians
def account_code(request: HttpRequest, clinician: Clinician, patient: str) -> HttpResponse:
    """A code that the patient, seen in person, connects her own account with."""
    code = services.account_code(clinician, patient, timezone.now())
    return _patient_page(request, clinician, patient, account_code=code or "", no_account_code="" if code else "yes")


@require_POST
@for_clinicians
def decide(request: HttpRequest, clinician: Clinician, patient: str, risk: str) -> HttpResponse:
    """Accept a result or judge otherwise: the button that was pressed says which."""
    action = services.override if request.POST.get("decision") == "override" else services.accept
    done = _("Recorded: you judge otherwise.") if action is services.override else _("Recorded: accepted.")
    seen, reason = request.POST.get("seen", ""), request.POST.get("reason", "")
    return _on_result(
        request, clinician, patient, risk, done,
        lambda: action(clinician, patient, risk, seen, reason, timezone.now()),
    )  # fmt: skip


@require_POST
@for_clinicians
def accept_all(request: HttpRequest, clinician: Clinician, patient: str) -> HttpResponse:
    """Accept all results on one disease that wait; the form names each with the version that was seen."""
    risks = [(id, seen) for id, _colon, seen in (one.partition(":") for one in request.POST.getlist("risk"))]
    family = request.POST.get("family", "")
    if problem := _refusal(lambda: services.accept_all(clinician, patient, risks, "", timezone.now())):
        return _patient_page(request, clinician, patient, status=422, problem=problem, about=family)
    messages.success(request, _("Recorded: accepted."))
    return redirect(f"{reverse('console:patient', args=[patient])}#{family}")


@require_POST
@for_clinicians
def release(request: HttpRequest, clinician: Clinician, patient: str, risk: str) -> HttpResponse:
    """Let the citizen see a result that waited."""
    seen = request.POST.get("seen", "")
    return _on_result(
        request, clinician, patient, risk, _("Released: the citizen can see this result now."),
        lambda: services.release(clinician, patient, risk, seen, timezone.now()),
    )  # fmt: skip


def _on_result(
    request: HttpRequest, clinician: Clinician, patient: str, risk: str, done: str, action: Callable[[], None]
) -> HttpResponse:
    """Carry out an action on a result; answer with the card as it stands now, or with the page for want of htmx."""
    problem = _refusal(action)
    status = 422 if problem else 200
    if request.headers.get("HX-Request"):
        judgement = selectors.judgement(clinician.access, patient)
        found = judgement.find(risk)
        if found is None:
            raise NotFound("%(type)s/%(id)s is not known.", type="RiskAssessment", id=risk)
        told = {"problem": problem, "about": risk} if problem else {"done": done}
        context = {"family": found[0], "card": found[1], "judgement": judgement, "patient": patient, "swapped": True}
        return render(request, "console/_risk_answer.html", context | told, status=status)
    if problem:
        return _patient_page(request, clinician, patient, status=status, problem=problem, about=risk)
    messages.success(request, done)
    return redirect(f"{reverse('console:patient', args=[patient])}#risk-{risk}")


def _refusal(action: Callable[[], None]) -> str:
    try:
        action()
    except services.Refused as refused:
        return str(refused)
    return ""


@require_POST
@for_clinicians
def sign_plan(request: HttpRequest, clinician: Clinician, patient: str, plan: str) -> HttpResponse:
    seen = request.POST.get("seen", "")
    return _on_plan(
        request, clinician, patient, plan, _("Signed: the citizen can see this plan now."),
        lambda: services.sign_plan(clinician, patient, plan, seen, timezone.now()),
    )  # fmt: skip


@require_POST
@for_clinicians
def decline_plan(request: HttpRequest, clinician: Clinician, patient: str, plan: str) -> HttpResponse:
    seen, reason = request.POST.get("seen", ""), request.POST.get("reason", "")
    return _on_plan(
        request, clinician, patient, plan, _("Recorded: the plan was taken back."),
        lambda: services.decline_plan(clinician, patient, plan, seen, reason, timezone.now()),
    )  # fmt: skip


@require_POST
@for_clinicians
def correct_plan(request: HttpRequest, clinician: Clinician, patient: str, plan: str) -> HttpResponse:
    """Other doses for a draft, and a precaution."""

    def action() -> None:
        doses = _doses(request)
        precaution = request.POST.get("precaution", "")
        seen = request.POST.get("seen", "")
        services.correct_plan(clinician, patient, plan, seen, doses, precaution, timezone.now())

    return _on_plan(
        request, clinician, patient, plan, _("Recorded: the draft was corrected. It waits for a signature."), action
    )


def _doses(request: HttpRequest) -> list[tuple[int, int] | None]:
    """Days and minutes of each exercise as the form has them; None for one that was left out."""
    doses: list[tuple[int, int] | None] = []
    while f"days-{len(doses)}" in request.POST:
        number = len(doses)
        if f"leave-out-{number}" in request.POST:
            doses.append(None)
            continue
        days, minutes = (request.POST.get(f"{field}-{number}", "").strip() for field in ("days", "minutes"))
        if not (days.isdecimal() and int(days) in plans.DAYS and minutes.isdecimal() and int(minutes) in plans.MINUTES):
            raise services.Refused(_("Days are 1 to 7 a week, minutes 1 to 120: nothing was changed."))
        doses.append((int(days), int(minutes)))
    return doses


def _on_plan(
    request: HttpRequest, clinician: Clinician, patient: str, plan: str, done: str, action: Callable[[], None]
) -> HttpResponse:
    if problem := _refusal(action):
        return _patient_page(request, clinician, patient, status=422, problem=problem, about=plan)
    messages.success(request, done)
    return redirect(f"{reverse('console:patient', args=[patient])}#plan-{plan}")


@require_GET
@for_clinicians
def emergency(request: HttpRequest, clinician: Clinician) -> HttpResponse:
    """Who is on the way, as ambulances told it."""
    now = timezone.now()
    context = {"section": "emergency", "notices": selectors.arrivals(clinician.access, now), "now": now}
    return render(request, "console/emergency.html", context)
