"""A citizen with a full record, for the page: stored by the operator, run beside a live server."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from citizen_app_api.mydata import decisions
from citizen_app_api.mydata.sharing import Decision, Who, consent_of
from health_platform.accounts.models import Role, User
from health_platform.fhir import carers, emergency
from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.repository import Repository
from health_platform.smart.context import of_user
from inference import services
from tests.builders import OPERATOR, clinician, observation, patient
from tests.citizen_app_api.records import care_plan, condition, observation_of, prescription, pressure
from tests.inference.people import check_up, in_care

USERNAME, PASSWORD = "kim", "a-long-password"


def build() -> None:
    """The account `kim` and her record."""
    repository = Repository(OPERATOR)
    clinic = repository.create(
        {
            "resourceType": "Organization",
            "name": "북구보건소",
            "telecom": [{"system": "phone", "value": "062-000-0001"}],
            "address": [{"text": "광주광역시 북구 어딘가로 1"}],
        }
    ).id
    own = patient(clinic, birthDate="1952-03-01", managingOrganization={"reference": f"Organization/{clinic}"})
    for resource in _record(own, clinic):
        repository.create(resource)
    services.assess_now(repository, own, timezone.now())
    User.objects.create_user(
        username=USERNAME, password=PASSWORD, display_name="김영희", role=Role.CITIZEN, patient=own
    )
    _family(repository, clinic, own)


def _family(repository: Repository, clinic: str, own: str) -> None:
    """Her grandchild, whose guardian she is; her friend, for whom she cares and who cares for her; what she denied;
    and that her record was opened in an emergency."""
    child = patient(clinic, number="C-8", name=[{"text": "김하늘"}], birthDate=f"{timezone.localdate().year - 8}-03-01")
    code = {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD"}
    repository.create(
        {
            "resourceType": "RelatedPerson",
            "patient": {"reference": f"Patient/{child}"},
            "identifier": [{"system": "urn:bitgoeul:record", "value": own}],
            "relationship": [{"coding": [code]}],
        }
    )
    friend = patient(clinic, number="C-7", name=[{"text": "이순자"}])
    User.objects.create_user(
        username="lee", password=PASSWORD, display_name="이순자", role=Role.CITIZEN, patient=friend
    )
    today, now = timezone.localdate(), timezone.localtime()
    mine, hers = _citizen(own), _citizen(friend)
    repository.create(consent_of(Decision(True, Who.CARER, friend, "이순자"), own, "김영희", f"Patient/{own}", now))
    offered = repository.create(
        consent_of(Decision(True, Who.CARER, own, "김영희"), friend, "이순자", f"Patient/{friend}", now)
    )
    carers.accept(mine, offered.id)
    decisions.decide(hers, Decision(False, Who.ANYONE, kinds=("images",)), now)
    decisions.decide(mine, Decision(False, Who.INSTITUTION, clinic, end=today.replace(year=today.year + 1)), now)
    away = repository.create({"resourceType": "Organization", "name": "무등병원"}).id
    doctor = clinician(away, "doctor", "최의사")
    access = of_user(doctor)
    assert access is not None
    emergency.open_emergency_access(access, own, "의식이 없는 채로 실려 옴")


def _citizen(patient: str) -> AccessContext:
    access = of_user(User.objects.get(patient=patient))
    assert access is not None
    return access


def _record(own: str, clinic: str) -> list[dict[str, Any]]:
    weights = [observation_of(own, "29463-7", 61.5 - year / 2, "kg", f"{2020 + year}-05-04") for year in range(6)]
    return [
        condition(own, "I10", "본태성(원발성) 고혈압", "2019-03-11"),
        condition(own, "M17.9", "상세불명의 무릎관절증", "2022-08-01"),
        prescription(own, "2026-09-20"),
        *[
            pressure(own, 120 + 3 * month, 70 + month, f"2026-{month:02d}-11T10:00:00+09:00", clinic)
            for month in range(1, 12)
        ],
        *weights,
        observation(own, 71, when="2026-11-11"),
        care_plan(own, "active"),
        *[_about(own, resource) for resource in (*check_up(), *in_care())],
    ]


def _about(own: str, resource: dict[str, Any]) -> dict[str, Any]:
    made = {key: value for key, value in resource.items() if key != "id"}
    if "class" in made:
        made["class"] = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", **made["class"]}
    return {**made, "subject": {"reference": f"Patient/{own}"}}
