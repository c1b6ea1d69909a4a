"""The people of an institution, as its administrator sees them: who may come in, who goes, who lost her way in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinics.console.access import Administrator, for_administrators
from health_platform.accounts import recovery
from health_platform.accounts.models import Membership, Role, User
from health_platform.fhir.access import audit
from health_platform.fhir.outcome import NotFound
from health_platform.smart.ending import end_everything

_ROLES = (Role.CLINICIAN, Role.ADMINISTRATOR)


@require_http_methods(["GET", "POST"])
@for_administrators
def members(request: HttpRequest, administrator: Administrator) -> HttpResponse:
    """Who belongs to the institution; by POST one more."""
    if request.method == "GET":
        return _page(request, administrator)
    asked = {name: request.POST.get(name, "").strip() for name in ("username", "name", "role", "practitioner")}
    if not asked["username"] or not asked["name"] or asked["role"] not in _ROLES:
        return _page(request, administrator, asked=asked, problem=_("Give a user name, a name and a role."), status=422)
    member = _admitted(administrator, asked)
    if member is None:
        problem = _("There is an account of this user name already: choose another one.")
        return _page(request, administrator, asked=asked, problem=problem, status=422)
    _note(administrator, "admit-member", member)
    return _page(request, administrator, shown=member, code=recovery.code_for(member))


def _admitted(administrator: Administrator, asked: dict[str, str]) -> User | None:
    try:
        with transaction.atomic():
            member: User = User.objects.create_user(
                username=asked["username"],
                display_name=asked["name"],
                role=asked["role"],
                practitioner=asked["practitioner"],
            )
            Membership.objects.create(
                user=member, organization=administrator.access.organization or "", name=administrator.institution
            )
    except IntegrityError:
        return None
    return member


def _page(request: HttpRequest, administrator: Administrator, status: int = 200, **more: Any) -> HttpResponse:
    held = Membership.objects.filter(organization=administrator.access.organization or "-")
    context = {"section": "members", "members": held.select_related("user").order_by("user__display_name")}
    return render(request, "console/members.html", context | more, status=status)


@require_POST
@for_administrators
def recovery_code(request: HttpRequest, administrator: Administrator, member: int) -> HttpResponse:
    """A code with which the person, seen in person, chooses a new password. For who works elsewhere too it would open
    other institutions' records: the operator of the city helps her."""
    user = _find(administrator, member).user
    if user.memberships.count() > 1 or user.role not in _ROLES or not user.is_active:
        problem = _("This person works elsewhere too: the operator of the platform makes the code.")
        return _page(request, administrator, problem=problem, status=422)
    _note(administrator, "recovery-code", user)
    return _page(request, administrator, shown=user, code=recovery.code_for(user))


@require_POST
@for_administrators
def end(request: HttpRequest, administrator: Administrator, member: int) -> HttpResponse:
    """The person acts for the institution no longer; what she has open ends."""
    found = _find(administrator, member)
    if found.user == request.user:
        return _page(request, administrator, problem=_("You cannot remove yourself."), status=422)
    _note(administrator, "end-member", found.user)
    with transaction.atomic():
        found.delete()
        end_everything(found.user)
    messages.success(request, _("%(name)s acts for the institution no longer.") % {"name": found.user.display_name})
    return redirect("console:members")


def _find(administrator: Administrator, id: int) -> Membership:
    held = Membership.objects.filter(organization=administrator.access.organization or "-")
    found = held.select_related("user").filter(pk=id).first()
    if found is None:
        raise NotFound("%(type)s/%(id)s is not known.", type="Person", id=id)
    return found


def _note(administrator: Administrator, interaction: str, user: User) -> None:
    audit.note(
        administrator.access, interaction, read=[f"Practitioner/{user.practitioner}"] if user.practitioner else []
    )
