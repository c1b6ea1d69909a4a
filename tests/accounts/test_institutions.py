"""For whom a person acts: the choice of an institution, and nobody who was switched off."""

from __future__ import annotations

import pytest
from django.test import Client as HttpClient

from health_platform.accounts.models import Membership, Role, User
from health_platform.smart.context import of_user
from tests import builders
from tests.builders import caller_for

pytestmark = pytest.mark.django_db


class Town:
    def __init__(self) -> None:
        self.first, self.second, self.third = (builders.organization(name) for name in ("하나", "둘", "셋"))
        self.patient = builders.patient(self.second)
        self.user = builders.clinician(self.first)

    def joins_second(self) -> None:
        Membership.objects.create(user=self.user, organization=self.second, name="둘의원")


@pytest.fixture
def town() -> Town:
    return Town()


def browser(user: User) -> HttpClient:
    who = HttpClient(headers={"Accept-Language": "en"})
    who.force_login(user)
    return who


def test_who_belongs_to_one_institution_acts_for_it(town: Town) -> None:
    access = of_user(town.user)

    assert access is not None and access.organization == town.first


def test_who_belongs_to_several_acts_for_none_before_she_has_chosen(town: Town) -> None:
    town.joins_second()

    assert of_user(town.user) is None
    assert caller_for(town.user).get(f"/fhir/R4/Patient/{town.patient}").status_code == 401
    chosen = of_user(town.user, organization=town.second)
    assert chosen is not None and chosen.organization == town.second
    assert of_user(town.user, organization=town.third) is None


def test_the_choice_leads_on_is_kept_in_the_session_and_can_be_changed(town: Town) -> None:
    town.joins_second()
    who = browser(town.user)
    record = f"/console/patients/{town.patient}"
    asked = who.get(record)
    assert asked["Location"].startswith("/oauth/institution?next=%2Fconsole%2Fpatients%2F")
    assert b"\xeb\x91\x98\xec\x9d\x98\xec\x9b\x90" in who.get(asked["Location"]).content  # 둘의원

    assert who.post(asked["Location"], {"institution": town.second})["Location"] == record
    assert who.get(record).status_code == 200
    who.post("/oauth/institution", {"institution": town.first})
    assert who.get(record).status_code == 404


def test_nobody_chooses_an_institution_that_is_not_hers(town: Town) -> None:
    town.joins_second()
    who = browser(town.user)

    assert who.post("/oauth/institution", {"institution": town.third}).status_code == 200
    assert who.get("/console/")["Location"].startswith("/oauth/institution")


def test_a_membership_that_ended_ends_the_choice(town: Town) -> None:
    town.joins_second()
    who = browser(town.user)
    who.post("/oauth/institution", {"institution": town.second})
    Membership.objects.filter(organization=town.second).delete()

    assert who.get(f"/console/patients/{town.patient}").status_code == 404
    assert who.get("/console/").status_code == 200, "one is left, and is taken"


@pytest.mark.parametrize("role", list(Role))
def test_who_was_switched_off_acts_for_nobody(town: Town, role: Role) -> None:
    user = town.user
    user.role, user.patient, user.is_active = role, town.patient, False
    user.save()

    assert of_user(user) is None
    assert caller_for(user).get("/fhir/R4/Organization").status_code == 401


def test_an_administrator_reads_nobodys_record(town: Town) -> None:
    town.user.role = Role.ADMINISTRATOR
    town.user.save()
    own = builders.patient(town.first, number="C-9")
    caller = caller_for(town.user)

    assert caller.get(f"/fhir/R4/Patient/{own}").status_code == 403
    assert caller.get("/fhir/R4/Observation").status_code == 403
    assert caller.get(f"/fhir/R4/Organization/{town.first}").status_code == 200
