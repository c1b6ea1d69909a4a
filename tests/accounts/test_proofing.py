"""Proving who one is: the port with its simulator, binding an account to a record, getting back in."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client as HttpClient
from django.utils import timezone

from health_platform.accounts.models import BindingCode, ProvenIdentity, Role, User
from health_platform.accounts.proofing import port, simulator
from health_platform.accounts.proofing.simulator import Simulator
from health_platform.smart import checks
from tests import builders
from tests.accounts.test_sign_in import PASSWORD, person
from tests.builders import caller_for

pytestmark = pytest.mark.django_db
NAME, BORN = "김영희", "1950-03-01"


@pytest.fixture(autouse=True)
def quick(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


class Desk:
    """A clinic with a patient, whose code its clinician hands out, and a citizen's account without a record."""

    def __init__(self) -> None:
        self.clinic = builders.organization("빛고을의원")
        self.patient = builders.patient(self.clinic)
        self.clinician = self._browser()
        self.clinician.force_login(builders.clinician(self.clinic))
        self.account = person("young", Role.CITIZEN)
        self.who = self._browser()
        self.who.post("/oauth/sign-in", {"username": "young", "password": PASSWORD})

    @staticmethod
    def _browser() -> HttpClient:
        return HttpClient(headers={"Accept-Language": "en"})

    def code(self, patient: str = "") -> str:
        page = self.clinician.post(f"/console/patients/{patient or self.patient}/account")
        assert page.status_code == 200, page.content
        return str(page.context["account_code"])

    def proves(self, who: HttpClient, code: str = "", name: str = NAME, born: str = BORN) -> Any:
        """The way over the simulator's page and back."""
        away = who.post("/oauth/proof", {"code": code} if code else {})["Location"]
        assert away.startswith("/oauth/proof/simulator?")
        back = who.post(away, {"name": name, "birth_date": born})["Location"]
        return who.get(urlsplit(back).path, {key: values[0] for key, values in parse_qs(urlsplit(back).query).items()})


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_code_and_a_proof_of_the_same_person_connect_the_account_with_the_record(desk: Desk) -> None:
    assert caller_for(desk.account).get(f"/fhir/R4/Patient/{desk.patient}").status_code == 401
    answer = desk.proves(desk.who, desk.code())
    assert answer.context["done"] == "bound"

    bound = User.objects.get(pk=desk.account.pk)
    assert bound.patient == desk.patient
    assert caller_for(bound).get(f"/fhir/R4/Patient/{desk.patient}").status_code == 200
    assert not BindingCode.objects.exists()


@pytest.mark.parametrize(
    ("name", "born", "why"),
    [("김영숙", BORN, "person"), (NAME, "1950-03-02", "person"), ("김 영희", BORN, None)],
)
def test_another_name_or_day_binds_nothing(desk: Desk, name: str, born: str, why: str | None) -> None:
    answer = desk.proves(desk.who, desk.code(), name, born)

    assert answer.context.get("problem") == why
    assert bool(User.objects.get(pk=desk.account.pk).patient) is (why is None)
    assert ProvenIdentity.objects.exists() is (why is None)


def test_a_code_is_good_once_for_a_day_and_the_last_one_alone(desk: Desk) -> None:
    first, second = desk.code(), desk.code()
    assert desk.proves(desk.who, first).context["problem"] == "code"
    BindingCode.objects.update(expires=timezone.now())
    assert desk.proves(desk.who, second).context["problem"] == "code"
    assert desk.proves(desk.who, desk.code()).context["done"] == "bound"
    assert desk.proves(desk.who, "0000000000").context["problem"] == "bound"


def test_codes_are_not_guessed(desk: Desk) -> None:
    answers = [desk.proves(desk.who, f"{n:010d}").status_code for n in range(6)]

    assert answers == [403] * 5 + [429]


def test_one_person_has_one_account(desk: Desk) -> None:
    desk.proves(desk.who, desk.code())
    other = person("second", Role.CITIZEN)
    who = desk._browser()
    who.post("/oauth/sign-in", {"username": "second", "password": PASSWORD})

    assert desk.proves(who, desk.code()).context["problem"] == "taken"
    assert not User.objects.get(pk=other.pk).patient


def test_a_clinician_makes_codes_for_patients_within_reach_alone(desk: Desk) -> None:
    elsewhere = builders.patient(builders.organization("무등의원"), number="C-2")

    assert desk.clinician.post(f"/console/patients/{elsewhere}/account").status_code == 404
    vague = builders.patient(desk.clinic, number="C-3", birthDate="1950")
    page = desk.clinician.post(f"/console/patients/{vague}/account")
    assert page.context["no_account_code"] and not BindingCode.objects.exists()


def test_of_a_proof_nothing_is_kept_but_a_keyed_hash(desk: Desk) -> None:
    desk.proves(desk.who, desk.code())
    desk.code()
    kept = json.dumps([*ProvenIdentity.objects.values(), *BindingCode.objects.values("digest", "name")], default=str)

    assert NAME not in kept and simulator.ci_of(NAME, BORN) not in kept
    assert ProvenIdentity.objects.get().index == port.index(simulator.ci_of(NAME, BORN))


def test_an_answer_to_another_request_or_a_forged_one_proves_nothing(desk: Desk) -> None:
    code = desk.code()
    desk.who.post("/oauth/proof", {"code": code})
    for proof in ("", "x", simulator.answer("another", NAME, BORN)):
        assert desk.who.get("/oauth/proof/answer", {"proof": proof}).context["problem"] == "unproven"
        desk.who.post("/oauth/proof", {"code": code})
    stranger = desk._browser()
    assert stranger.get("/oauth/proof/answer", {"proof": simulator.answer("", NAME, BORN)}).status_code == 403
    assert not ProvenIdentity.objects.exists()


def test_who_proves_herself_again_gets_back_in_with_a_new_password(desk: Desk) -> None:
    desk.proves(desk.who, desk.code())
    who = desk._browser()
    assert desk.proves(who)["Location"] == "/oauth/proof/password"
    assert who.post("/oauth/proof/password", {"password": "short"}).status_code == 422
    assert who.post("/oauth/proof/password", {"password": "another-long-one"}).context["done"]

    assert desk.who.get("/oauth/account").status_code == 302, "signed out everywhere"
    assert who.get("/oauth/proof/password").status_code == 302, "once"
    assert who.post("/oauth/sign-in", {"username": "young", "password": PASSWORD}).context["status"] == "wrong"
    assert who.post("/oauth/sign-in", {"username": "young", "password": "another-long-one"}).status_code == 302


def test_nobody_gets_in_by_a_proof_that_was_never_given_here_and_staff_never(desk: Desk) -> None:
    assert desk.proves(desk._browser()).context["problem"] == "nobody"
    staff = User.objects.get(username="clinician")
    ProvenIdentity.objects.create(
        user=staff, index=port.index(simulator.ci_of(NAME, BORN)), method="x", proven=timezone.now()
    )
    assert desk.proves(desk._browser()).context["problem"] == "staff"
    assert desk._browser().get("/oauth/proof/password").status_code == 302


def test_the_simulator_runs_in_demo_and_test_settings_alone(settings: Any) -> None:
    assert checks.no_simulated_proof(None)[0].id == "smart.E004"
    settings.DEMO = False
    with pytest.raises(ImproperlyConfigured):
        Simulator()
    with pytest.raises(ImproperlyConfigured):
        HttpClient().get("/oauth/proof/simulator")

    settings.IDENTITY_PROOFING = ""
    assert checks.no_simulated_proof(None) == []
    assert HttpClient().get("/oauth/proof").status_code == 404
