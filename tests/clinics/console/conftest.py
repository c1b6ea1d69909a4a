"""People at the console: a clinician of the right clinic, one of another, a citizen, and a stranger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from health_platform.fhir.repository import Repository
from tests import builders


@dataclass(frozen=True)
class Ward:
    """A clinic with one patient, and who comes to its console."""

    clinic: str
    patient: str
    clinician: Client
    other: Client
    citizen: Client
    stranger: Client


def browser(user: Any = None) -> Client:
    """A browser set to English, signed in as ``user``."""
    client = Client(headers={"Accept-Language": "en"})
    if user is not None:
        client.force_login(user)
    return client


@pytest.fixture
def ward(db: None, settings: Settings) -> Ward:
    # Argon2 takes a tenth of a second by design; these tests make four people each.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    clinic, elsewhere = builders.organization("밝은의원"), builders.organization("다른의원")
    patient = builders.patient(clinic)
    return Ward(
        clinic=clinic,
        patient=patient,
        clinician=browser(builders.clinician(clinic, "kim", "김의사")),
        other=browser(builders.clinician(elsewhere, "choi", "최의사")),
        citizen=browser(builders.citizen(patient)),
        stranger=browser(),
    )


def store(*resources: dict[str, Any]) -> list[str]:
    """The logical ids of these resources, stored as the operator."""
    repository = Repository(builders.OPERATOR)
    return [repository.create(resource).id for resource in resources]


def page_of(client: Client, patient: str) -> str:
    """The patient page as text."""
    response = client.get(f"/console/patients/{patient}")
    assert response.status_code == 200
    return response.content.decode()
