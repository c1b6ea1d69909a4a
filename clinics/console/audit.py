"""The auditor's pages: the monthly review of unusual access, and the access log itself. They show ids, no records."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from clinics.console.access import Auditor, for_auditors
from health_platform.fhir.access import audit, audit_query
from health_platform.fhir.access.audit_event import LogQuery, find
from health_platform.fhir.access.review import KINDS
from health_platform.fhir.access.review import review as findings_of
from health_platform.fhir.access.session import open_session

PER_PAGE = 50


@require_GET
@for_auditors
def review(request: HttpRequest, auditor: Auditor) -> HttpResponse:
    """What asks for a question in one month, this one without another named."""
    month = request.GET.get("month", "")
    since, until = _month(month) or _month(timezone.localdate().isoformat()[:7]) or (timezone.now(), timezone.now())
    found = findings_of(since, until)
    audit.note(auditor.access, "review", [one.patient for one in found if one.patient])
    groups = [(_(label), [one for one in found if one.kind == kind]) for kind, label in KINDS.items()]
    context = {
        "section": "review",
        "groups": [group for group in groups if group[1]],
        "month": since.strftime("%Y-%m"),
        "count": len(found),
    }
    return render(request, "console/review.html", context)


@require_http_methods(["GET", "POST"])
@for_auditors
def log(request: HttpRequest, auditor: Auditor) -> HttpResponse:
    """The access log, newest first. By POST, so that whom it is about stands in no address."""
    asked = {name: request.POST.get(name, "").strip() for name in ("patient", "actor", "interaction", "before")}
    query = LogQuery(
        patients=tuple(filter(None, [asked["patient"].removeprefix("Patient/")])),
        actors=tuple(filter(None, [asked["actor"]])),
        interactions=tuple(filter(None, [asked["interaction"]])),
        before=int(asked["before"]) if re.fullmatch(r"\d{1,18}", asked["before"]) else None,
        count=PER_PAGE + 1,
    )
    with open_session(auditor.access) as session:
        rows = find(session, query)
    audit.note(auditor.access, "search-type", query.patients, query=f"AuditEvent?{query.actors}{query.interactions}")
    context: dict[str, Any] = {
        "section": "log",
        "rows": rows[:PER_PAGE],
        "asked": asked,
        "after": rows[PER_PAGE - 1].aid if len(rows) > PER_PAGE else None,
    }
    return render(request, "console/log.html", context)


@require_GET
@for_auditors
def emergencies(request: HttpRequest, auditor: Auditor) -> HttpResponse:
    """Each opening of a record in an emergency, with the reason that was given, for review; newest first."""
    before = request.GET.get("before", "")
    query = LogQuery(
        interactions=("emergency-access",),
        before=int(before) if re.fullmatch(r"\d{1,18}", before) else None,
        count=PER_PAGE + 1,
    )
    with open_session(auditor.access) as session:
        rows = find(session, query)
    audit.note(auditor.access, "search-type", query="AuditEvent?subtype=emergency-access")
    context = {
        "section": "emergencies",
        "rows": [(row, audit_query.unseal(row.query)) for row in rows[:PER_PAGE]],
        "after": rows[PER_PAGE - 1].aid if len(rows) > PER_PAGE else None,
    }
    return render(request, "console/emergencies.html", context)


def _month(text: str) -> tuple[datetime, datetime] | None:
    """The first moments of a month such as 2026-11 and of the next one; None for what is none."""
    match = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text)
    if match is None or not 1 <= int(match[1]) < 9999:
        return None
    year, month, zone = int(match[1]), int(match[2]), timezone.get_current_timezone()
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    return datetime(year, month, 1, tzinfo=zone), datetime(*following, 1, tzinfo=zone)
