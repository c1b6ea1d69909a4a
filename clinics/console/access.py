"""Who may open which page of the console: clinicians and administrators who act for an institution, and auditors.

A record beyond the clinician's reach is answered like one that does not exist (404): the Repository decides, not we.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlencode

from django.contrib.auth.views import redirect_to_login
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django_htmx.http import HttpResponseClientRedirect

from health_platform.accounts import institutions
from health_platform.accounts.models import Role as PersonRole
from health_platform.accounts.models import User
from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.outcome import BadRequest, FhirError, Forbidden, Gone, NotFound
from health_platform.smart.context import of_user

P = ParamSpec("P")
S = TypeVar("S", bound="Staff")
_PAGES: tuple[tuple[type[FhirError], int, str], ...] = (
    (NotFound, 404, "console/not_found.html"),
    (Gone, 404, "console/not_found.html"),
    (Forbidden, 403, "console/forbidden.html"),
    (BadRequest, 400, "console/bad_request.html"),
)


@dataclass(frozen=True, slots=True)
class Staff:
    """The person at the console, and the institution for which the person acts (empty for an auditor)."""

    access: AccessContext
    name: str
    institution: str
    kind: ClassVar[str] = ""
    """Which menu the person has."""


class Clinician(Staff):
    """Reads and writes the records of her institution's patients."""

    kind = "clinician"


class Administrator(Staff):
    """Runs the accounts and systems of an institution; reads no record."""

    kind = "administrator"


class Auditor(Staff):
    """Reads the access log of the city, and no record."""

    kind = "auditor"


_KINDS: dict[str, type[Staff]] = {
    PersonRole.CLINICIAN: Clinician,
    PersonRole.ADMINISTRATOR: Administrator,
    PersonRole.AUDITOR: Auditor,
}


def staff_of(user: User, organization: str = "") -> Staff | None:
    """Who comes to the console with an account; None for a citizen, and for a clinician or an administrator who acts
    for no institution, or for one of several that is not named."""
    kind = _KINDS.get(user.role)
    prefetch_related_objects([user], "memberships")
    access = of_user(user, client="console", organization=organization)
    if kind is None or access is None:
        return None
    held = institutions.membership(user, organization)
    return kind(access, user.display_name, held.name if held else "")


def may_enter(user: User) -> bool:
    """Whether the console is for ``user`` at all: then at most an institution is still to be chosen."""
    return user.role in _KINDS and (user.role == PersonRole.AUDITOR or user.memberships.exists())


def _for(
    kind: type[S], view: Callable[Concatenate[HttpRequest, S, P], HttpResponse]
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        user = request.user
        if not isinstance(user, User):
            return _to_sign_in(request)
        staff = staff_of(user, institutions.chosen(request, user))
        if staff is None and user.role in _KINDS and institutions.must_choose(request, user):
            return _to_choice(request)
        request.staff = staff  # type: ignore[attr-defined]
        request.clinician = staff if isinstance(staff, Clinician) else None  # type: ignore[attr-defined]
        response = _answer(request, view, staff, *args, **kwargs) if isinstance(staff, kind) else None
        if response is None:
            response = render(request, "console/forbidden.html", status=403)
        add_never_cache_headers(response)
        return response

    return guarded


def _answer(request: HttpRequest, view: Any, staff: Staff, *args: Any, **kwargs: Any) -> HttpResponse:
    try:
        response: HttpResponse = view(request, staff, *args, **kwargs)
    except tuple(error for error, _, _ in _PAGES) as error:
        status, template = next(page[1:] for page in _PAGES if isinstance(error, page[0]))
        response = render(request, template, status=status)
    return response


def for_clinicians(
    view: Callable[Concatenate[HttpRequest, Clinician, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """The view with the signed-in clinician as second argument. No browser keeps what it answers: computers in
    clinics are shared."""
    return _for(Clinician, view)


def for_administrators(
    view: Callable[Concatenate[HttpRequest, Administrator, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    return _for(Administrator, view)


def for_auditors(
    view: Callable[Concatenate[HttpRequest, Auditor, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    return _for(Auditor, view)


def home_of(staff: Staff | None) -> str:
    """The first page of who comes to the console."""
    pages = {Administrator: "console:clients", Auditor: "console:review"}
    return reverse(pages.get(type(staff), "console:worklist"))  # type: ignore[arg-type]


def _to_choice(request: HttpRequest) -> HttpResponse:
    goal = request.get_full_path() if request.method == "GET" else reverse("console:worklist")
    address = f"{reverse('oauth2_provider:institution')}?{urlencode({'next': goal})}"
    return HttpResponseClientRedirect(address) if request.headers.get("HX-Request") else redirect(address)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page, from which the person comes back to where a GET was going."""
    goal = request.get_full_path() if request.method == "GET" else reverse("console:worklist")
    response = redirect_to_login(goal)
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(response.url)
    return response
