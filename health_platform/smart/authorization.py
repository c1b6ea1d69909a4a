"""One request for authorization, from the client's parameters to the code (RFC 6749, 4.1; SMART App Launch 2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauth2_provider.oauth2_backends import get_oauthlib_core
from oauthlib.oauth2.rfc6749 import errors

from health_platform.accounts.models import User
from health_platform.fhir.access.context import AccessContext, Role
from health_platform.smart import launch
from health_platform.smart.context import of_request
from health_platform.smart.models import Authorization, Client, EhrLaunch
from health_platform.smart.scopes import needs_patient
from health_platform.smart.validator import FHIR_PATH


class Unanswerable(Exception):
    """The client or its redirect address is not known: the person is told, the browser goes nowhere."""


class Refused(Exception):
    """The client is told by a redirect to ``address``."""

    def __init__(self, address: str, client: Client | None) -> None:
        super().__init__(address)
        self.address = address
        self.client = client


@dataclass(frozen=True)
class Asked:
    """A valid request. ``credentials`` are oauthlib's."""

    client: Client
    scopes: list[str]
    credentials: dict[str, Any]

    @property
    def redirect_origin(self) -> str:
        parts = urlsplit(self.credentials["redirect_uri"])
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True)
class Circumstances:
    """Who decides, and the patient if that is settled already: by the launch, or because citizens are their own."""

    user: User
    access: AccessContext
    patient: str
    launched: EhrLaunch | None
    must_choose: bool


def read(request: HttpRequest) -> Asked:
    """The request in the query. Raises Unanswerable or Refused."""
    try:
        scopes, credentials = get_oauthlib_core().validate_authorization_request(request)
    except FatalClientError as error:
        raise Unanswerable(error.oauthlib_error.description or error.oauthlib_error.error) from None
    except OAuthToolkitError as error:
        raise Refused(error.oauthlib_error.in_uri(error.oauthlib_error.redirect_uri), None) from None
    credentials = {name: value for name, value in credentials.items() if name != "request"}
    asked = Asked(Client.objects.get(client_id=credentials["client_id"]), list(scopes), credentials)
    if request.GET.get("code_challenge_method") != "S256":
        raise refusal(asked, errors.InvalidRequestError(description="'code_challenge_method' is S256."))
    base = request.build_absolute_uri(FHIR_PATH)
    if request.GET.get("aud", "").rstrip("/") != base:
        raise refusal(asked, errors.InvalidRequestError(description=f"'aud' is {base}."))
    return asked


def circumstances(request: HttpRequest, asked: Asked, user: User) -> Circumstances:
    """Who decides about which patient. Raises Refused."""
    access = of_request(request)
    if access is None:
        raise refusal(asked, errors.AccessDeniedError(description="This person has no place in the record."))
    launched = _launched(request, asked, user)
    if launched is not None:
        patient = launched.patient
    elif needs_patient(asked.scopes) and access.role is Role.CITIZEN:
        patient = user.patient
    else:
        patient = ""
    return Circumstances(user, access, patient, launched, needs_patient(asked.scopes) and not patient)


def _launched(request: HttpRequest, asked: Asked, user: User) -> EhrLaunch | None:
    if "launch" not in asked.scopes:
        return None
    found = launch.find(request.GET.get("launch", ""), asked.client, user)
    if found is None:
        raise refusal(asked, errors.InvalidRequestError(description="'launch' is not that of an open launch."))
    return found


def allow(request: HttpRequest, asked: Asked, found: Circumstances, chosen: str) -> str:
    """The address with the code. ``chosen`` is the patient whom a clinician picked. Raises Refused."""
    patient = found.patient or (chosen if found.must_choose else "")
    if (patient or found.must_choose) and not launch.reaches(found.access, patient):
        raise refusal(asked, errors.AccessDeniedError(description="No patient within reach was chosen."))
    if found.launched is not None and not EhrLaunch.objects.filter(pk=found.launched.pk).delete()[0]:
        raise refusal(asked, errors.InvalidRequestError(description="'launch' was used before."))
    authorization = Authorization.objects.create(
        client=asked.client,
        user=found.user,
        organization=found.access.organization or "",
        scope=" ".join(asked.scopes),
        patient=patient,
        encounter=found.launched.encounter if found.launched else "",
        embedded=found.launched is not None,
        session_key=request.session.session_key or "",
    )
    return _respond(request, asked, {"authorization": authorization}, allowed=True)


def deny(request: HttpRequest, asked: Asked) -> str:
    """The address that says no. Raises Refused."""
    return _respond(request, asked, {}, allowed=False)


def refusal(asked: Asked, error: errors.OAuth2Error) -> Refused:
    error.state = asked.credentials.get("state")
    return Refused(error.in_uri(asked.credentials["redirect_uri"]), asked.client)


def _respond(request: HttpRequest, asked: Asked, more: dict[str, Any], *, allowed: bool) -> str:
    try:
        address, _headers, _body, _status = get_oauthlib_core().create_authorization_response(
            request, asked.scopes, asked.credentials | more, allowed
        )
    except OAuthToolkitError as error:
        raise refusal(asked, error.oauthlib_error) from None
    return str(address)
