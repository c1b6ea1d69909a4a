"""Starting an application from the console, and finding the patient whom it is about (SMART App Launch 2.2)."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils import timezone

from health_platform.accounts.models import User
from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.outcome import FhirError
from health_platform.fhir.repository import Repository
from health_platform.smart.models import Client, EhrLaunch

LIFETIME = timedelta(minutes=5)
_MOST_CANDIDATES = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patient whom the person may choose."""

    id: str
    name: str
    birth_date: str


def applications(access: AccessContext) -> QuerySet[Client]:
    """What the person may open for a patient: the city's applications, and those of the person's institution."""
    return Client.objects.filter(organization__in=("", access.organization or "")).exclude(launch_uri="")


def begin(user: User, access: AccessContext, client: Client, patient: str, base: str, encounter: str = "") -> str:
    """The address that opens ``client`` (one of ``applications``) for ``patient``; ``base`` is the FHIR server's
    address. Raises NotFound for a patient beyond the person's reach.
    """
    Repository(access).read("Patient", patient)
    handle, now = secrets.token_urlsafe(32), timezone.now()
    EhrLaunch.objects.filter(expires__lt=now).delete()
    EhrLaunch.objects.create(
        handle=_digest(handle),
        client=client,
        user=user,
        patient=patient,
        encounter=encounter,
        expires=now + LIFETIME,
    )
    separator = "&" if "?" in client.launch_uri else "?"
    return f"{client.launch_uri}{separator}{urlencode({'iss': base, 'launch': handle})}"


def find(handle: str, client: Client, user: User) -> EhrLaunch | None:
    """The launch behind the ``launch`` parameter, for the client and the person for whom it began."""
    launches = EhrLaunch.objects.filter(client=client, user=user, expires__gt=timezone.now())
    return launches.filter(handle=_digest(handle)).first()


def reaches(access: AccessContext, patient: str) -> bool:
    """Whether the person reaches the patient: asked once more when the authorization is given."""
    try:
        Repository(access).read("Patient", patient)
    except FhirError:
        return False
    return True


def candidates(access: AccessContext, name: str) -> list[Candidate]:
    """Patients of that name within the person's reach, at most 20."""
    if not name.strip():
        return []
    found = Repository(access).search("Patient", {"name": name.strip(), "_count": str(_MOST_CANDIDATES)})
    return [_candidate(resource) for resource in found.resources()]


def _candidate(resource: dict[str, object]) -> Candidate:
    names = resource.get("name")
    first = names[0] if isinstance(names, list) and names else {}
    given = first.get("given") or []
    text = first.get("text") or " ".join([first.get("family", ""), *given]).strip()
    return Candidate(str(resource["id"]), str(text), str(resource.get("birthDate", "")))


def _digest(handle: str) -> str:
    return hashlib.sha256(handle.encode()).hexdigest()
