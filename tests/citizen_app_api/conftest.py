"""A citizen, a stranger, the clinician of her clinic and one of another."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password

from health_platform.accounts.models import Membership, Role, User
from health_platform.fhir.repository import Repository
from tests.builders import OPERATOR, Caller, caller_for, patient

API = "/api/v1"
Resource = dict[str, Any]


@dataclass(frozen=True)
class City:
    """The four people and the ids they go by."""

    patient: str
    other_patient: str
    clinic: str
    other_clinic: str
    citizen: Caller
    stranger: Caller
    clinician: Caller
    other_clinician: Caller


@pytest.fixture
def city(db: None) -> City:
    clinic, other_clinic = clinic_named("북구보건소", "062-000-0001"), clinic_named("첨단의원", "062-000-0002")
    own = patient(clinic, number="C-1", managingOrganization={"reference": f"Organization/{clinic}"})
    other = patient(other_clinic, number="C-2", name=[{"text": "이순자"}])
    return City(
        patient=own,
        other_patient=other,
        clinic=clinic,
        other_clinic=other_clinic,
        citizen=caller_for(person("citizen", Role.CITIZEN, patient=own)),
        stranger=caller_for(person("stranger", Role.CITIZEN, patient=other)),
        clinician=caller_for(clinician("clinician", clinic)),
        other_clinician=caller_for(clinician("other-clinician", other_clinic)),
    )


def person(username: str, role: Role, **members: str) -> User:
    """An account with the password `a-long-password`; it is hashed once, for hashing is slow on purpose."""
    return User.objects.create(
        username=username, password=_password(), display_name="김영희", role=role, is_active=True, **members
    )


@cache
def _password() -> str:
    return make_password("a-long-password")


def clinician(username: str, organization: str) -> User:
    """A clinician of the institution, with a Practitioner of the same name in the record."""
    practitioner = store({"resourceType": "Practitioner", "name": [{"text": "박의사"}]})
    user = person(username, Role.CLINICIAN, practitioner=practitioner)
    Membership.objects.create(user=user, organization=organization, name="clinic")
    return user


def clinic_named(name: str, phone: str) -> str:
    return store(
        {
            "resourceType": "Organization",
            "name": name,
            "telecom": [{"system": "phone", "value": phone}],
            "address": [{"text": "광주광역시 북구 어딘가로 1"}],
        }
    )


def store(resource: Resource) -> str:
    """The logical id of a resource that the operator stores."""
    return Repository(OPERATOR).create(resource).id


def stored(resource_type: str, **criteria: str) -> list[Resource]:
    """What the record holds, seen by the operator."""
    return Repository(OPERATOR).search(resource_type, {"_count": "200", **criteria}).resources()


def answer(response: Any, status: int = 200) -> Any:
    """The parsed body of a response with that status."""
    assert response.status_code == status, response.content.decode()
    return json.loads(response.content)


def post(caller: Caller, path: str, body: Any, **headers: str) -> Any:
    return caller.send("POST", f"{API}{path}", body, **{"Content_Type": "application/json", **headers})
