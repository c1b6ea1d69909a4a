"""What tests build: people, institutions, tokens and small resources, by the same doors as everyone else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.test import Client as HttpClient

from health_platform.accounts.models import Membership, Role, User
from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.access.context import Role as ActorRole
from health_platform.fhir.repository import Repository
from health_platform.smart.models import Client
from health_platform.smart.tokens import issue_for_client, issue_for_user

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as HttpResponse

FHIR = "/fhir/R4"
JSON = "application/fhir+json"
HOUR = timedelta(hours=1)
OPERATOR = AccessContext(
    actor="Device/tests", role=ActorRole.OPERATOR, scopes=frozenset({"system/*.cruds"}), purpose="HSYSADMIN"
)


@dataclass(frozen=True)
class Caller:
    """Somebody who speaks HTTP, with a bearer token or without."""

    token: str = ""
    language: str = "en"

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """A request; ``body`` is JSON unless it is bytes. Header names are written with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent.setdefault("Accept-Language", self.language)
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        content_type = sent.pop("Content-Type", JSON)
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return HttpClient(headers=sent).generic(method, path, data, content_type=content_type)

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("POST", path, body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self.send("DELETE", path, **headers)


def organization(name: str) -> str:
    """The logical id of a new institution."""
    return Repository(OPERATOR).create({"resourceType": "Organization", "name": name}).id


def clinic_client(name: str, organization_id: str, scopes: str = "system/*.cruds") -> Caller:
    """The system of an institution."""
    client = Client.objects.create(
        name=name,
        organization=organization_id,
        scopes=scopes,
        client_type=Client.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Client.GRANT_CLIENT_CREDENTIALS,
    )
    return Caller(issue_for_client(client, HOUR))


def operator_client(name: str = "measure") -> Caller:
    client = Client.objects.create(
        name=name,
        role="operator",
        client_type=Client.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Client.GRANT_CLIENT_CREDENTIALS,
    )
    return Caller(issue_for_client(client, HOUR))


def patient(*organizations: str, **members: Any) -> str:
    """The logical id of a new Patient whom ``organizations`` care for."""
    resource = {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:bitgoeul:citizen", "value": members.pop("number", "C-1")}],
        "name": [{"text": "김영희"}],
        "gender": "female",
        "birthDate": "1950-03-01",
        "generalPractitioner": [{"reference": f"Organization/{id}"} for id in organizations],
    }
    if not organizations:
        del resource["generalPractitioner"]
    return Repository(OPERATOR).create(resource | members).id


def citizen(patient_id: str, username: str = "citizen") -> User:
    user: User = User.objects.create_user(
        username=username, password="a-long-password", display_name="김영희", role=Role.CITIZEN, patient=patient_id
    )
    return user


def clinician(organization_id: str, username: str = "clinician", name: str = "박의사") -> User:
    user: User = User.objects.create_user(
        username=username, password="a-long-password", display_name=name, role=Role.CLINICIAN, practitioner=username
    )
    Membership.objects.create(user=user, organization=organization_id, name=f"{name}의 의원")
    return user


def caller_for(user: User) -> Caller:
    return Caller(issue_for_user(user, HOUR))


def observation(
    patient_id: str, value: float | str = 72, code: str = "8867-4", when: str = "2026-05-01"
) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": f"Patient/{patient_id}"},
        "effectiveDateTime": when,
        "valueQuantity": {"value": value, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
    }
