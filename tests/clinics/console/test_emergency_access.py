"""Break glass at the console: a reason, half an hour, the summary first; told to the person and to the auditor."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from health_platform.accounts.models import Role, User
from health_platform.fhir.repository import Repository
from tests import builders
from tests.builders import OPERATOR, observation
from tests.clinics.console.conftest import Ward, browser, store

PAGE = "/console/emergency-access"
FORM = {"name": "김영희", "birth_date": "1950-03-01", "reason": "의식이 없는 채로 실려 옴"}


@pytest.fixture
def record(ward: Ward) -> Ward:
    subject = {"reference": f"Patient/{ward.patient}"}
    system = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
    store(
        observation(ward.patient),
        {
            "resourceType": "AllergyIntolerance",
            "patient": subject,
            "clinicalStatus": {"coding": [{"system": system, "code": "active"}]},
            "criticality": "high",
            "code": {"text": "페니실린"},
            "reaction": [{"manifestation": [{"text": "숨이 막힘"}]}],
        },
        {"resourceType": "Condition", "subject": subject, "code": {"text": "고혈압"}},
        {
            "resourceType": "MedicationStatement",
            "status": "active",
            "subject": subject,
            "medicationCodeableConcept": {"text": "와파린"},
        },
    )
    return ward


def opened(ward: Ward, **changed: str) -> Any:
    return ward.other.post(PAGE, FORM | changed)


def communications(patient: str) -> list[dict[str, Any]]:
    return Repository(OPERATOR).search("Communication", {"patient": patient}).resources()


def test_a_clinician_of_another_clinic_opens_the_summary_first_and_the_rest_by_a_second_act(record: Ward) -> None:
    closed = f"/console/patients/{record.patient}"
    assert record.other.get(closed).status_code == 404
    answer = opened(record)
    path = f"{PAGE}/{record.patient}"
    assert answer["Location"] == path

    page = record.other.get(path).content.decode()
    for text in ("페니실린", "life-threatening", "숨이 막힘", "고혈압", "와파린", "김영희"):
        assert text in page, text
    assert "Results over time" not in page
    assert record.other.post(f"{path}/whole", {"reason": "x"}).status_code == 422
    assert "Results over time" not in record.other.get(path).content.decode()

    assert record.other.post(f"{path}/whole", {"reason": "혈액 검사 값이 필요함"})["Location"] == path
    assert "Results over time" in record.other.get(path).content.decode()
    assert "no-store" in record.other.get(path)["Cache-Control"]


def test_it_says_until_when_and_closes_by_itself(record: Ward) -> None:
    opened(record)
    page = record.other.get(f"{PAGE}/{record.patient}")
    until = page.context["open"].until
    assert timedelta(minutes=29) < until - timezone.now() <= timedelta(minutes=30)
    assert f'data-until="{timezone.localtime(until).isoformat()}"' in page.content.decode()
    assert len(record.other.get(PAGE).context["opened"]) == 1
    with connection.cursor() as cursor:
        cursor.execute("UPDATE fhir_grant SET until = now() WHERE emergency")

    assert record.other.get(f"{PAGE}/{record.patient}").status_code == 404
    assert record.other.post(f"{PAGE}/{record.patient}/whole", {"reason": "noch einmal"}).status_code == 404
    assert record.other.get(PAGE).context["opened"] == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"reason": ""}, "Write in one line why"),
        ({"reason": "hmm"}, "Write in one line why"),
        ({"name": "김영"}, "Nobody with this full name"),
        ({"name": "김"}, "Nobody with this full name"),
        ({"birth_date": "1950-03-02"}, "Nobody with this full name"),
        ({"birth_date": ""}, "Give the full name and the day of birth"),
        ({"birth_date": "1950"}, "Give the full name and the day of birth"),
        ({"name": ""}, "Give the full name and the day of birth"),
        ({"identifier": "C-99"}, "Nobody with this full name"),
    ],
)
def test_nothing_opens_without_a_reason_and_one_person(record: Ward, changed: dict[str, str], told: str) -> None:
    answer = opened(record, **changed)

    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert communications(record.patient) == []
    assert record.other.get(f"{PAGE}/{record.patient}").status_code == 404


def test_of_two_who_bear_the_name_neither_opens_until_a_number_tells_them_apart(record: Ward) -> None:
    twin = builders.patient(record.clinic, number="C-2")
    assert "Several people" in opened(record).content.decode()
    assert communications(record.patient) == communications(twin) == []

    assert opened(record, identifier="C-2")["Location"] == f"{PAGE}/{twin}"


def test_the_person_and_the_auditor_are_told_at_once_with_the_reason(record: Ward) -> None:
    opened(record)
    auditor = browser(User.objects.create_user("auditor", display_name="감사", role=Role.AUDITOR))

    (notice,) = communications(record.patient)
    assert notice["reasonCode"] == [{"text": FORM["reason"]}]
    page = auditor.get("/console/audit/emergencies").content.decode()
    assert FORM["reason"] in page and f"Patient/{record.patient}" in page
    assert "김영희" not in page


def test_only_who_treats_people_opens_a_record_in_an_emergency(record: Ward) -> None:
    choi = User.objects.get(username="choi")
    choi.role = Role.ADMINISTRATOR
    choi.save()
    auditor = browser(User.objects.create_user("auditor", display_name="감사", role=Role.AUDITOR))
    for who in (record.other, record.citizen, auditor):
        assert who.post(PAGE, FORM).status_code == 403
    assert record.stranger.post(PAGE, FORM).status_code == 302

    assert communications(record.patient) == []
    assert record.clinician.get("/console/audit/emergencies").status_code == 403


def test_what_one_clinician_opened_is_closed_to_the_colleague_beside(record: Ward) -> None:
    opened(record)
    other = User.objects.get(username="choi").memberships.get().organization
    colleague: Client = browser(builders.clinician(other, "kang", "강의사"))

    assert colleague.get(f"{PAGE}/{record.patient}").status_code == 404
    assert record.other.get(f"/console/patients/{record.patient}").status_code == 404, "not the everyday page"
