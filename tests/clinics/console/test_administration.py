"""What administrators and auditors do at the console: systems, people, the access log; and what they never see."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from django.test import Client as HttpClient
from django.utils import timezone
from pytest_django import Settings

from health_platform.accounts.models import Membership, Role, User
from health_platform.accounts.second_factor import has_one
from health_platform.fhir.access import audit
from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.access.context import Role as ActorRole
from health_platform.smart.models import Client
from tests import builders
from tests.builders import OPERATOR
from tests.clinics.console.conftest import Ward, browser
from tests.smart.conftest import key, key_set, signed

CLIENTS, MEMBERS, REVIEW, LOG = "/console/clients", "/console/members", "/console/audit", "/console/audit/log"
PAGES = (CLIENTS, MEMBERS, REVIEW, LOG)


@dataclass(frozen=True)
class Office:
    ward: Ward
    administrator: HttpClient
    foreign: HttpClient
    auditor: HttpClient


@pytest.fixture
def office(ward: Ward) -> Office:
    elsewhere = Membership.objects.get(user__username="choi").organization
    auditor = User.objects.create_user("auditor", password="a-long-password", display_name="감사", role=Role.AUDITOR)
    return Office(
        ward=ward,
        administrator=browser(administrator("admin", ward.clinic)),
        foreign=browser(administrator("other-admin", elsewhere)),
        auditor=browser(auditor),
    )


def administrator(username: str, organization: str) -> User:
    user: User = builders.clinician(organization, username, "정원장")
    user.role = Role.ADMINISTRATOR
    user.save()
    return user


def logged(interaction: str) -> int:
    from health_platform.fhir.access.audit_event import LogQuery, find
    from health_platform.fhir.access.session import open_session

    with open_session(OPERATOR) as session:
        return len(find(session, LogQuery(interactions=(interaction,), count=1000)))


def registered(office: Office, name: str = "빛고을 EMR") -> Client:
    signer = key()
    answer = office.administrator.post(
        f"{CLIENTS}/new",
        {"name": name, "right-Observation": "cruds", "right-Patient": "rs", "jwks": json.dumps(key_set(signer))},
    )
    assert answer.status_code == 302, answer.content.decode()
    client = Client.objects.get(name=name)
    client.signer = signer
    return client


@pytest.mark.parametrize("path", PAGES)
def test_each_page_is_for_its_own_people(office: Office, path: str) -> None:
    ward = office.ward
    mine = {CLIENTS: "administrator", MEMBERS: "administrator", REVIEW: "auditor", LOG: "auditor"}[path]
    people = {"administrator": office.administrator, "auditor": office.auditor, "clinician": ward.clinician}
    for kind, who in people.items():
        assert who.get(path).status_code == (200 if kind == mine else 403), kind
    assert ward.citizen.get(path).status_code == 403
    assert ward.stranger.get(path).status_code == 302


def test_neither_administrator_nor_auditor_opens_a_record(office: Office) -> None:
    for who in (office.administrator, office.auditor):
        for path in (
            "/console/",
            "/console/patients",
            f"/console/patients/{office.ward.patient}",
            "/console/emergency",
        ):
            assert who.get(path).status_code == 403


def test_signing_in_leads_each_to_the_own_first_page(office: Office) -> None:
    for username, page in (("admin", CLIENTS), ("auditor", REVIEW), ("kim", "/console/")):
        answer = browser().post("/console/sign-in", {"username": username, "password": "a-long-password"})
        assert answer["Location"] == page


def test_an_administrator_registers_a_system_of_the_own_institution(office: Office) -> None:
    client = registered(office)

    assert client.organization == office.ward.clinic
    assert sorted(client.scopes.split()) == ["system/Observation.cruds", "system/Patient.rs"]
    assert "빛고을 EMR" in office.administrator.get(CLIENTS).content.decode()
    assert "빛고을 EMR" not in office.foreign.get(CLIENTS).content.decode()
    assert logged("register-client") == 1


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"jwks": ""}, "Give either a key set or the address of one."),
        ({"jwks": "{"}, "The key set is not a JSON Web Key Set"),
        ({"jwks": '{"keys": "x"}'}, "The key set is not a JSON Web Key Set"),
        ({"jwks": "", "jwks_uri": "http://clinic.example/keys"}, "is not an https address"),
        ({"right-Observation": ""}, "Name at least one scope"),
        ({"right-Observation": "rs?code=1"}, "is not a scope for a system"),
    ],
)
def test_a_registration_that_is_wrong_says_why_and_registers_nothing(
    office: Office, changed: dict[str, str], told: str
) -> None:
    form = {"name": "EMR", "right-Observation": "rs", "jwks": json.dumps(key_set(key()))} | changed
    before = Client.objects.count()
    answer = office.administrator.post(f"{CLIENTS}/new", form)

    assert answer.status_code == 422
    assert told in answer.content.decode().replace("&#x27;", "'")
    assert Client.objects.count() == before


def test_the_test_console_says_whether_the_key_is_right_and_what_its_token_may_do(office: Office) -> None:
    client = registered(office)
    path = f"{CLIENTS}/{client.pk}/test"
    page = office.administrator.get(path).content.decode()
    assert "<strong>Observation</strong>: create entries, read entries, search, change entries, remove entries" in page
    assert "<strong>Patient</strong>: read entries, search" in page
    endpoint = office.administrator.get(path).context["endpoint"]
    good = signed(client.client_id, client.signer, aud=endpoint)

    assert office.administrator.post(path, {"assertion": good}).context["good"] is True
    again = office.administrator.post(path, {"assertion": good})
    assert (again.status_code, again.context["problem"]) == (422, "this 'jti' was used before")
    forged = signed(client.client_id, key(), aud=endpoint)
    assert "no key of the client" in office.administrator.post(path, {"assertion": forged}).context["problem"]
    elsewhere = signed(client.client_id, client.signer)
    assert "'aud' is" in office.administrator.post(path, {"assertion": elsewhere}).context["problem"]


def test_another_institutions_system_is_not_there(office: Office) -> None:
    client = registered(office)

    for path in (f"{CLIENTS}/{client.pk}/test", f"{CLIENTS}/{client.pk}/end"):
        assert office.foreign.post(path, {"assertion": "x"}).status_code == 404
    assert Client.objects.filter(pk=client.pk).exists()


def test_a_system_that_was_ended_opens_nothing(office: Office) -> None:
    from datetime import timedelta

    from health_platform.smart.tokens import issue_for_client

    client = registered(office)
    caller = builders.Caller(issue_for_client(client, timedelta(hours=1)))
    assert caller.get("/fhir/R4/Observation").status_code == 200

    assert office.administrator.post(f"{CLIENTS}/{client.pk}/end").status_code == 302
    assert caller.get("/fhir/R4/Observation").status_code == 401
    assert logged("end-client") == 1


def test_an_administrator_admits_a_person_who_starts_with_a_code(office: Office, settings: Settings) -> None:
    settings.STAFF_SECOND_FACTOR = True
    form = {"username": "new", "name": "신의사", "role": "clinician", "practitioner": "p-1"}
    page = office.administrator.post(MEMBERS, form)
    code = page.context["code"]
    member = User.objects.get(username="new")
    assert (member.role, member.memberships.get().organization) == (Role.CLINICIAN, office.ward.clinic)
    assert not member.has_usable_password()

    who = browser()
    who.post("/oauth/recovery", {"username": "new", "code": code, "password": "another-long-one"})
    answer = who.post("/console/sign-in", {"username": "new", "password": "another-long-one"})
    assert answer["Location"].startswith("/oauth/second-factor")
    assert not has_one(member)


@pytest.mark.parametrize("role", ["auditor", "citizen", "ambulance", ""])
def test_an_administrator_makes_no_other_roles(office: Office, role: str) -> None:
    answer = office.administrator.post(MEMBERS, {"username": "new", "name": "새", "role": role})

    assert answer.status_code == 422
    assert not User.objects.filter(username="new").exists()


def test_a_user_name_that_is_taken_admits_nobody_and_changes_nothing(office: Office) -> None:
    answer = office.administrator.post(MEMBERS, {"username": "choi", "name": "새", "role": "clinician"})

    assert answer.status_code == 422
    assert Membership.objects.filter(user__username="choi").count() == 1
    assert User.objects.get(username="choi").display_name == "최의사"


def test_a_recovery_code_is_only_for_people_of_the_own_institution_alone(office: Office) -> None:
    own = Membership.objects.get(user__username="kim")
    foreign = Membership.objects.get(user__username="choi")
    assert "code" in office.administrator.post(f"{MEMBERS}/{own.pk}/recovery").context
    assert office.administrator.post(f"{MEMBERS}/{foreign.pk}/recovery").status_code == 404
    Membership.objects.create(user=own.user, organization=foreign.organization, name="다른의원")

    assert office.administrator.post(f"{MEMBERS}/{own.pk}/recovery").status_code == 422
    assert logged("recovery-code") == 1


def test_who_was_removed_is_out_at_once(office: Office) -> None:
    member = Membership.objects.get(user__username="kim")
    caller = builders.caller_for(member.user)
    assert office.foreign.post(f"{MEMBERS}/{member.pk}/end").status_code == 404
    assert caller.get(f"/fhir/R4/Patient/{office.ward.patient}").status_code == 200

    assert office.administrator.post(f"{MEMBERS}/{member.pk}/end").status_code == 302
    assert caller.get(f"/fhir/R4/Patient/{office.ward.patient}").status_code == 401
    assert office.ward.clinician.get("/console/").status_code in (302, 403)


def test_an_administrator_does_not_remove_herself(office: Office) -> None:
    own = Membership.objects.get(user__username="admin")

    assert office.administrator.post(f"{MEMBERS}/{own.pk}/end").status_code == 422
    assert Membership.objects.filter(pk=own.pk).exists()


def test_the_auditor_sees_who_looked_at_the_own_record_and_the_look_at_the_log_is_logged(office: Office) -> None:
    kim = User.objects.get(username="kim")
    kim.patient = office.ward.patient
    kim.save()
    office.ward.clinician.get(f"/console/patients/{office.ward.patient}")

    page = office.auditor.get(REVIEW)
    assert "own record" in page.content.decode() and f"Patient/{office.ward.patient}" in page.content.decode()
    assert "김영희" not in page.content.decode()
    assert logged("review") == 1
    month = f"{timezone.localdate():%Y-%m}"
    assert office.auditor.get(f"{REVIEW}?month=2020-01").context["count"] == 0
    assert office.auditor.get(f"{REVIEW}?month={month}").context["count"] == 1
    assert office.auditor.get(f"{REVIEW}?month=9999-99").status_code == 200


def test_the_auditor_searches_the_log_page_by_page(office: Office) -> None:
    actor = AccessContext("Practitioner/kim", ActorRole.CLINICIAN, office.ward.clinic)
    for _ in range(60):
        audit.note(actor, "read", [office.ward.patient])
    form = {"patient": office.ward.patient, "actor": "Practitioner/kim", "interaction": "read"}

    first = office.auditor.post(LOG, form)
    assert len(first.context["rows"]) == 50
    second = office.auditor.post(LOG, form | {"before": str(first.context["after"])})
    assert (len(second.context["rows"]), second.context["after"]) == (10, None)
    assert len(office.auditor.post(LOG, {"actor": "Practitioner/nobody"}).context["rows"]) == 0
