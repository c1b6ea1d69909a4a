"""The rehabilitation plan: read, corrected, signed, taken back; and that nobody else can."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from health_platform.fhir.repository import Repository
from inference.services import plans_for
from tests import builders
from tests.clinics.console.conftest import Ward, page_of
from tests.inference import stored
from tests.inference.people import OWN, answered, in_care, measured

pytestmark = pytest.mark.django_db


@pytest.fixture
def drafted(ward: Ward) -> str:
    """A patient with the draft of a plan."""
    measurements = [
        measured("sppb", 5, "{score}", system=OWN),
        measured("83172-7", 0.62, "m/s"),
        measured("tug", 16, "s", system=OWN),
        answered("falls-12-months", 0),
    ]
    person = {"birthDate": "1950-01-01", "name": [{"text": "박말순"}]}
    patient = stored.store(*measurements, *in_care(), organization=ward.clinic, person=person)
    stored.assess(patient)
    return patient


def plan(patient: str) -> dict[str, Any]:
    (found,) = plans_for(Repository(builders.OPERATOR), patient)
    return found


def act(client: Client, patient: str, action: str, **body: Any) -> Any:
    draft = plan(patient)
    sent = {"seen": draft["meta"]["versionId"]} | {name.replace("_", "-"): value for name, value in body.items()}
    return client.post(f"/console/patients/{patient}/plans/{draft['id']}/{action}", sent)


def doses(patient: str) -> list[tuple[int, int]]:
    repeats = [one["detail"]["scheduledTiming"]["repeat"] for one in plan(patient)["activity"]]
    return [(int(one["frequency"]), int(one["duration"])) for one in repeats]


def form(patient: str, **changed: Any) -> dict[str, Any]:
    """The correction form as the page fills it in, with changes."""
    filled = {f"days_{n}": days for n, (days, _) in enumerate(doses(patient))}
    filled |= {f"minutes_{n}": minutes for n, (_, minutes) in enumerate(doses(patient))}
    return filled | changed


def test_a_draft_is_shown_with_its_measurements_and_as_no_plan_yet(ward: Ward, drafted: str) -> None:
    page = page_of(ward.clinician, drafted)

    for expected in (
        "Draft to sign",
        "Not a plan before a clinician has signed it",
        "SPPB points",
        "To be measured before a session",
        "not a cleared medical device",
    ):
        assert expected in page, expected


def test_signing_makes_it_the_citizen_s_plan_in_the_signer_s_name(ward: Ward, drafted: str) -> None:
    citizen = stored.citizen(drafted)
    assert plans_for(citizen, drafted) == []
    response = act(ward.clinician, drafted, "signature")

    assert (response.status_code, response["Location"]) == (
        302,
        f"/console/patients/{drafted}#plan-{plan(drafted)['id']}",
    )
    assert (plan(drafted)["status"], plan(drafted)["author"]) == ("active", {"reference": "Practitioner/kim"})
    assert len(plans_for(citizen, drafted)) == 1
    page = page_of(ward.clinician, drafted)
    assert "Signed: the citizen can see this plan now." in page
    assert "by 김의사" in page


def test_a_signed_plan_no_longer_says_that_it_is_a_draft_whatever_language_the_signer_reads(
    ward: Ward, drafted: str
) -> None:
    before = [note["text"] for note in plan(drafted)["note"]]
    act(ward.clinician, drafted, "signature")

    assert [note["text"] for note in plan(drafted)["note"]] == before[1:]


def test_a_correction_changes_doses_and_leaves_the_draft_as_it_was_calculated_in_the_history(
    ward: Ward, drafted: str
) -> None:
    before = doses(drafted)
    calculated = plan(drafted)
    body = form(drafted, days_0=2, minutes_0=15, leave_out_1="on", precaution="무릎이 아프면 쉽니다")
    response = act(ward.clinician, drafted, "correction", **body)

    assert response.status_code == 302
    assert doses(drafted) == [(2, 15), *before[2:]]
    corrected = plan(drafted)
    assert corrected["status"] == "draft"
    note = next(one for one in corrected["note"] if one["text"] == "무릎이 아프면 쉽니다")
    assert note["authorReference"] == {"reference": "Practitioner/kim"}
    first = Repository(builders.OPERATOR).vread("CarePlan", calculated["id"], 1).resource()
    assert first["activity"] == calculated["activity"]
    assert "무릎이 아프면 쉽니다" in page_of(ward.clinician, drafted)


@pytest.mark.parametrize(
    "changed",
    [{"days_0": "8"}, {"days_0": "0"}, {"minutes_0": "121"}, {"minutes_0": ""}, {"days_0": "two"}, {"days_0": "-1"}],
)
def test_a_dose_that_cannot_be_is_refused_and_nothing_changes(
    ward: Ward, drafted: str, changed: dict[str, str]
) -> None:
    before = plan(drafted)
    response = act(ward.clinician, drafted, "correction", **form(drafted, **changed))

    assert response.status_code == 422
    assert "Days are 1 to 7 a week, minutes 1 to 120" in response.content.decode()
    assert plan(drafted) == before


def test_a_plan_without_any_exercise_is_refused(ward: Ward, drafted: str) -> None:
    before = plan(drafted)
    left_out = {f"leave_out_{n}": "on" for n in range(len(doses(drafted)))}
    response = act(ward.clinician, drafted, "correction", **form(drafted, **left_out))

    assert response.status_code == 422
    assert "A plan needs at least one exercise." in response.content.decode()
    assert plan(drafted) == before


def test_what_was_signed_is_not_corrected_or_signed_again(ward: Ward, drafted: str) -> None:
    act(ward.clinician, drafted, "signature")
    before = plan(drafted)

    for action, body in (("signature", {}), ("correction", form(drafted, days_0=1))):
        response = act(ward.clinician, drafted, action, **body)
        assert response.status_code == 422
        assert "Only a draft can be changed or signed" in response.content.decode()
    assert plan(drafted) == before


def test_a_signature_is_for_the_version_that_was_seen(ward: Ward, drafted: str) -> None:
    seen = plan(drafted)["meta"]["versionId"]
    act(ward.clinician, drafted, "correction", **form(drafted, days_0=1))
    response = ward.clinician.post(f"/console/patients/{drafted}/plans/{plan(drafted)['id']}/signature", {"seen": seen})

    assert response.status_code == 422
    assert "This was changed while you were reading." in response.content.decode()
    assert plan(drafted)["status"] == "draft"


def test_a_plan_is_taken_back_with_a_reason_only(ward: Ward, drafted: str) -> None:
    act(ward.clinician, drafted, "signature")
    refused = act(ward.clinician, drafted, "refusal", reason=" ")
    assert (refused.status_code, plan(drafted)["status"]) == (422, "active")

    response = act(ward.clinician, drafted, "refusal", reason="수술을 앞두고 있음")

    assert (response.status_code, plan(drafted)["status"]) == (302, "revoked")
    assert "Taken back" in page_of(ward.clinician, drafted)


@pytest.mark.parametrize(("who", "status"), [("other", 404), ("citizen", 403), ("stranger", 302)])
@pytest.mark.parametrize("action", ["signature", "correction", "refusal"])
def test_nobody_else_touches_a_plan(ward: Ward, drafted: str, who: str, status: int, action: str) -> None:
    before = plan(drafted)
    response = act(getattr(ward, who), drafted, action, reason="no", **form(drafted, days_0=1))

    assert response.status_code == status
    assert plan(drafted) == before


def test_a_plan_cannot_be_signed_under_another_patient_s_address(ward: Ward, drafted: str) -> None:
    draft = plan(drafted)
    response = ward.clinician.post(
        f"/console/patients/{ward.patient}/plans/{draft['id']}/signature", {"seen": draft["meta"]["versionId"]}
    )

    assert response.status_code == 404
    assert plan(drafted) == draft
