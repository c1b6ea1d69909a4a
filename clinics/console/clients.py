"""The systems of an institution that speak to the record: registered, tried and ended by its administrator."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics.console.access import Administrator, for_administrators
from health_platform.fhir.access import audit
from health_platform.fhir.access.scopes import parse
from health_platform.fhir.outcome import NotFound
from health_platform.smart import client_assertions
from health_platform.smart.client_assertions import InvalidAssertion
from health_platform.smart.models import Client
from health_platform.smart.registration import NotRegistered, Registration
from health_platform.smart.registration import register as register_client

KINDS = ("Patient", "Encounter", "Condition", "Observation", "DiagnosticReport", "MedicationRequest", "Procedure",
         "Immunization", "AllergyIntolerance", "DocumentReference", "ImagingStudy")  # fmt: skip
TOKEN_LASTS = 300
_RIGHTS = {
    "c": gettext_noop("create entries"),
    "r": gettext_noop("read entries"),
    "u": gettext_noop("change entries"),
    "d": gettext_noop("remove entries"),
    "s": gettext_noop("search"),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """What a scope allows: a kind of entry (``*`` for all) and the rights on it, in words."""

    kind: str
    rights: tuple[str, ...]


@require_GET
@for_administrators
def clients(request: HttpRequest, administrator: Administrator) -> HttpResponse:
    return _page(request, administrator, {})


def _page(request: HttpRequest, administrator: Administrator, asked: dict[str, Any], status: int = 200) -> HttpResponse:
    context = {
        "section": "clients",
        "clients": _of(administrator).order_by("name"),
        "kinds": KINDS,
        "asked": asked,
        "here": reverse("console:clients"),
    }
    return render(request, "console/clients.html", context, status=status)


@require_POST
@for_administrators
def register(request: HttpRequest, administrator: Administrator) -> HttpResponse:
    """A new system of the administrator's own institution."""
    asked = {name: request.POST.get(name, "").strip() for name in ("name", "jwks", "jwks_uri")}
    chosen = [kind for kind in ("*", *KINDS) if request.POST.get(f"right-{kind}")]
    scopes = tuple(f"system/{kind}.{request.POST[f'right-{kind}']}" for kind in chosen)
    try:
        jwks = _key_set(asked["jwks"])
        organization = administrator.access.organization or ""
        made = register_client(Registration(asked["name"], organization, scopes, jwks, asked["jwks_uri"]))
    except NotRegistered as error:
        return _page(request, administrator, asked | {"problem": str(error)}, status=422)
    _note(administrator, "register-client", made)
    messages.success(request, _("Registered. Give the client id to whoever runs the system, and try its key below."))
    return redirect("console:test-client", client=made.pk)


def _key_set(text: str) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise NotRegistered(_("The key set is not a JSON Web Key Set (RFC 7517)."))
    return found


@sensitive_post_parameters("assertion")
@require_http_methods(["GET", "POST"])
@for_administrators
def test(request: HttpRequest, administrator: Administrator, client: int) -> HttpResponse:
    """Try the system's key: an assertion that it signed is checked as the token endpoint would. No token is made."""
    found = _find(administrator, client)
    endpoint = request.build_absolute_uri(reverse("oauth2_provider:token"))
    context: dict[str, Any] = {
        "section": "clients",
        "client": found,
        "endpoint": endpoint,
        "grants": grants_of(found),
        "minutes": TOKEN_LASTS // 60,
    }
    if request.method == "POST":
        context["problem"] = _tried(found, request.POST.get("assertion", "").strip(), endpoint)
        context["good"] = not context["problem"]
        _note(administrator, "test-client", found)
    return render(request, "console/client.html", context, status=422 if context.get("problem") else 200)


def _tried(client: Client, assertion: str, endpoint: str) -> str:
    """Why the assertion would not open the record; empty when it would."""
    try:
        signer = client_assertions.authenticate(assertion, endpoint, timezone.now())
    except InvalidAssertion as error:
        return str(error)
    return "" if signer == client else _("It is another system that signed this.")


def grants_of(client: Client) -> list[Grant]:
    """What a token of ``client`` may do, by kind of entry."""
    scopes = [scope for scope in map(parse, client.scopes.split()) if scope is not None]
    return [
        Grant(one.resource_type, tuple(_(_RIGHTS[right]) for right in "crsud" if right in one.rights)) for one in scopes
    ]


@require_POST
@for_administrators
def end(request: HttpRequest, administrator: Administrator, client: int) -> HttpResponse:
    """The system is out from now on: its tokens and its registration go."""
    found = _find(administrator, client)
    _note(administrator, "end-client", found)
    found.delete()
    messages.success(request, _("Ended. The system opens nothing from now on."))
    return redirect("console:clients")


def _of(administrator: Administrator) -> Any:
    """The systems of the administrator's institution."""
    return Client.objects.filter(
        organization=administrator.access.organization or "-", authorization_grant_type=Client.GRANT_CLIENT_CREDENTIALS
    )


def _find(administrator: Administrator, id: int) -> Client:
    found: Client | None = _of(administrator).filter(pk=id).first()
    if found is None:
        raise NotFound("%(type)s/%(id)s is not known.", type="Device", id=id)
    return found


def _note(administrator: Administrator, interaction: str, client: Client) -> None:
    audit.note(administrator.access, interaction, read=[f"Device/{client.client_id}"])
