"""Pre-arrival notices: what triage wrote for this institution, and for no other."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from health_platform.fhir.repository import Repository
from inference.triage.assess import assess
from inference.triage.device_token import Device
from inference.triage.encounter import triage_bundle
from inference.triage.request_body import parse_request
from inference.triage.rule_pack import safety_net
from inference.triage.store import access_of, reached_patient
from tests.clinics.console.conftest import Ward

pytestmark = pytest.mark.django_db
PATH = "/console/emergency"
SIGNS = {
    "respiratory_rate": 28,
    "oxygen_saturation": 88,
    "oxygen_given": False,
    "systolic_blood_pressure": 92,
    "heart_rate": 118,
    "body_temperature": 38.4,
    "acvpu": "V",
}


def tell(institution: str, key: str = "1", at: datetime | None = None, **body: Any) -> None:
    """What an ambulance of ``institution`` reports, written as triage writes it."""
    device, now = Device("ambulance-1", institution), at or timezone.now()
    request = parse_request(json.dumps(body).encode())
    patient = reached_patient(request.patient, device)
    bundle = triage_bundle(request, assess(request.case, safety_net()), device, key, now, patient=patient)
    Repository(access_of(device, key)).transaction(bundle)


def test_a_notice_tells_level_age_complaint_and_vital_signs(ward: Ward) -> None:
    tell(ward.clinic, age={"value": 71, "unit": "a"}, sex="female", complaint="dyspnoea", vital_signs=SIGNS)
    response = ward.clinician.get(PATH)
    page = response.content.decode()

    (notice,) = response.context["notices"]
    assert notice.level.number <= 2
    for expected in ("Shortness of breath", "female", "71 years", "Oxygen saturation", "Responds to voice", "NEWS2"):
        assert expected in page
    assert "preliminary" in page


def test_what_was_not_told_is_unknown_and_never_normal(ward: Ward) -> None:
    tell(ward.clinic, complaint="fever")
    response = ward.clinician.get(PATH)
    page = response.content.decode()

    (notice,) = response.context["notices"]
    assert (notice.age, notice.signs, notice.gender) == (None, (), "unknown")
    assert "age unknown" in page
    assert "No vital sign was told." in page
    assert "the level may turn out between 1 and" in page


def test_scores_have_no_unit_and_at_most_two_decimals_and_stand_behind_the_vital_signs(ward: Ward) -> None:
    tell(ward.clinic, complaint="fever", age={"value": 71, "unit": "a"}, vital_signs=SIGNS)
    (notice,) = ward.clinician.get(PATH).context["notices"]

    signs = [(str(sign.name), str(sign.value), str(sign.unit)) for sign in notice.signs]
    assert ("Shock index", "1.28", "") in signs
    assert ("Heart rate", "118", "per minute") in signs
    names = [name for name, _, _ in signs]
    assert names.index("Heart rate") < names.index("NEWS2")


def test_an_infant_is_under_one_year_and_not_zero(ward: Ward) -> None:
    tell(ward.clinic, complaint="fever", age={"value": 8, "unit": "mo"})

    assert "under 1 year" in ward.clinician.get(PATH).content.decode()


def test_the_crew_s_own_words_stand_beside_the_coded_complaint(ward: Ward) -> None:
    tell(ward.clinic, "1", complaint="minor_injury", complaint_text="자전거에서 넘어짐")
    tell(ward.clinic, "2", complaint_text="가슴이 답답함")
    page = ward.clinician.get(PATH).content.decode()

    for expected in ("Minor injury", "자전거에서 넘어짐", "<h2>가슴이 답답함</h2>"):
        assert expected in page


def test_another_institution_and_a_citizen_see_nothing_of_it(ward: Ward) -> None:
    tell(ward.clinic, complaint="fever", vital_signs=SIGNS)

    assert ward.other.get(PATH).context["notices"] == ()
    assert ward.citizen.get(PATH).status_code == 403
    assert ward.stranger.get(PATH).status_code == 302


def test_the_newest_stands_first_and_yesterday_s_is_gone(ward: Ward) -> None:
    now = timezone.now()
    for key, hours in (("1", 30), ("2", 5), ("3", 1)):
        tell(ward.clinic, key, now - timedelta(hours=hours), age={"value": hours, "unit": "a"}, complaint="fever")

    assert [notice.age for notice in ward.clinician.get(PATH).context["notices"]] == [1, 5]


def test_a_known_patient_is_one_click_away(ward: Ward) -> None:
    tell(ward.clinic, complaint="fever", patient=f"Patient/{ward.patient}")
    page = ward.clinician.get(PATH).content.decode()

    assert f'href="/console/patients/{ward.patient}"' in page


def test_many_notices_cost_the_statements_of_one(ward: Ward, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    tell(ward.clinic, "1", complaint="fever", vital_signs=SIGNS)
    with CaptureQueriesContext(connection) as one:
        ward.clinician.get(PATH)
    for key in "23456":
        tell(ward.clinic, key, complaint="fever", vital_signs=SIGNS)

    with django_assert_num_queries(len(one)):
        assert len(ward.clinician.get(PATH).context["notices"]) == 6
