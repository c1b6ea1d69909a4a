"""Who may open the console: a clinician who is signed in and acts for an institution; everyone else is told why not.

A record beyond the clinician's reach is answered like one that does not exist (404): the Repository decides, not we.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django_htmx.http import HttpResponseClientRedirect

from health_platform.accounts.models import User
from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.outcome import BadRequest, FhirError, Forbidden, Gone, NotFound
from health_platform.smart.context import of_user

P = ParamSpec("P")
_PAGES: tuple[tuple[type[FhirError], int, str], ...] = (
    (NotFound, 404, "console/not_found.html"),
    (Gone, 404, "console/not_found.html"),
    (Forbidden, 403, "console/forbidden.html"),
    (BadRequest, 400, "console/bad_request.html"),
)


@dataclass(frozen=True, slots=True)
class Clinician:
    """The person at the console, and the institution for which the person acts."""

    access: AccessContext
    name: str
    institution: str


def clinician_of(user: User) -> Clinician | None:
    """The clinician behind an account; None for a citizen, an auditor, or a clinician without an institution."""
    prefetch_related_objects([user], "memberships")
    access = of_user(user, client="console")
    membership = user.memberships.first()
    if access is None or access.role is not Role.CLINICIAN or membership is None:
        return None
    return Clinician(access, user.display_name, membership.name)


def for_clinicians(
    view: Callable[Concatenate[HttpRequest, Clinician, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """The view with the signed-in clinician as second argument. No browser keeps what it answers: computers in
    clinics are shared."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        user = request.user
        if not isinstance(user, User):
            return _to_sign_in(request)
        clinician = clinician_of(user)
        if clinician is None:
            return render(request, "console/forbidden.html", status=403)
        request.clinician = clinician  # type: ignore[attr-defined]
        try:
            response = view(request, clinician, *args, **kwargs)
        except tuple(error for error, _, _ in _PAGES) as error:
            status, template = next(page[1:] for page in _PAGES if isinstance(error, page[0]))
            response = render(request, template, status=status)
        add_never_cache_headers(response)
        return response

    return guarded


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page, from which the person comes back to where a GET was going."""
    goal = request.get_full_path() if request.method == "GET" else reverse("console:worklist")
    response = redirect_to_login(goal)
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(response.url)
    return response
