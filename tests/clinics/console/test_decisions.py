"""Accepting a result, judging otherwise, releasing what waits: the state after each; a refusal leaves none."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from clinics.console import worklist
from clinics.console.worklist import Stage
from health_platform.fhir.access.context import service
from health_platform.fhir.repository import Repository
from inference.services import Result, picture_of
from tests import builders
from tests.clinics.console.conftest import Ward, page_of
from tests.inference import stored
from tests.inference.people import answered, check_up, in_care

pytestmark = pytest.mark.django_db
DEMENTIA = {"parent-dementia": False, "lives-alone": True, "material-deprivation": False, "education-years": 9}


@pytest.fixture
def assessed(ward: Ward) -> str:
    """A patient of the clinic with results, a withheld one among them, on the worklist."""
    answers = [answered(name, value) for name, value in DEMENTIA.items()]
    person = {"birthDate": "1960-01-01", "name": [{"text": "이순례"}]}
    patient = stored.store(*check_up(), *answers, *in_care(), organization=ward.clinic, person=person)
    stored.assess(patient)
    worklist.refresh(service("worklist"), patient)
    return patient


@pytest.fixture
def middle_aged(ward: Ward) -> str:
    """A patient of the clinic with two results on the same disease."""
    patient = stored.store(*check_up(), *in_care(), organization=ward.clinic, person={"birthDate": "1976-05-10"})
    stored.assess(patient)
    return patient


def result(patient: str, model: str) -> Result:
    found = picture_of(Repository(builders.OPERATOR), patient).results
    return next(one for one in found if one.model == model)


def version(one: Result) -> str:
    return str(one.resource["meta"]["versionId"])


def decide(client: Client, patient: str, one: Result, decision: str, reason: str = "", **more: Any) -> Any:
    body = {"decision": decision, "reason": reason, "seen": version(one)} | more.pop("body", {})
    return client.post(f"/console/patients/{patient}/risks/{one.id}/decision", body, **more)


def state(patient: str) -> list[tuple[str, int]]:
    """Every resource of the patient's record that could have changed, with its version."""
    repository = Repository(builders.OPERATOR)
    return sorted(
        (f"{kind}/{match.stored.id}", match.stored.version)
        for kind in ("RiskAssessment", "CarePlan")
        for match in repository.search(kind, {"patient": patient, "_count": "200"}).matches
    )


def place(patient: str) -> Any:
    rows, _after = worklist.page(builders.OPERATOR, None, None, 100)
    return next(row.place for row in rows if row.patient == patient)


def test_the_page_explains_a_result(ward: Ward, assessed: str) -> None:
    page = page_of(ward.clinician, assessed)

    for expected in (
        "Heart attack, stroke or heart failure within 10 years (PREVENT)",
        "within 10 years",
        "Not calibrated for Koreans: read it as a rank, not as a probability.",
        "not a cleared medical device",
        "prevent-base-10y, version 1",
        "6.6 million US adults",
        "doi:10.1161/CIRCULATIONAHA.123.067626",
        "blood pressure",
        "150 mmHg",
        "2026-11-01",
        "recorded",
        "assumed",
        "raises it",
    ):
        assert expected in page, expected


def test_what_was_not_assessed_says_why_and_shows_no_number(ward: Ward, assessed: str) -> None:
    response = ward.clinician.get(f"/console/patients/{assessed}")
    findrisc = next(one for one in response.context["judgement"].unanswered if one.model == "findrisc")

    assert findrisc.reasons[0] in response.content.decode()
    assert "waist is not in the record" in response.content.decode()


def test_a_record_that_no_model_has_seen_is_not_assessed_and_not_low(ward: Ward) -> None:
    page = page_of(ward.clinician, ward.patient)

    assert "No calculation has run on this record yet. That does not mean a low risk." in page


def test_accepting_makes_a_result_final_in_the_clinician_s_name(ward: Ward, assessed: str) -> None:
    one = result(assessed, "prevent-base-10y")
    response = decide(ward.clinician, assessed, one, "accept")

    assert (response.status_code, response["Location"]) == (302, f"/console/patients/{assessed}#risk-{one.id}")
    after = result(assessed, "prevent-base-10y")
    assert (after.status, after.outputs) == ("final", one.outputs)
    assert [(each.decision, each.clinician) for each in after.reviews] == [("accept", "Practitioner/kim")]
    page = page_of(ward.clinician, assessed)
    assert "Recorded: accepted." in page
    assert "김의사" in page


def test_judging_otherwise_stands_beside_the_number_with_person_and_reason(ward: Ward, assessed: str) -> None:
    one = result(assessed, "prevent-base-10y")
    decide(ward.clinician, assessed, one, "override", "가족력이 있어 더 높게 본다")

    after = result(assessed, "prevent-base-10y")
    assert (after.status, after.outputs) == ("amended", one.outputs)
    assert after.resource["prediction"] == one.resource["prediction"]
    assert [(each.decision, each.clinician, each.reason) for each in after.reviews] == [
        ("override", "Practitioner/kim", "가족력이 있어 더 높게 본다")
    ]
    page = page_of(ward.clinician, assessed)
    for expected in ("Overridden", "가족력이 있어 더 높게 본다", "김의사", "calculated by the model"):
        assert expected in page


def test_htmx_gets_the_card_as_it_stands_now(ward: Ward, assessed: str) -> None:
    one = result(assessed, "prevent-base-10y")
    response = decide(ward.clinician, assessed, one, "accept", headers={"HX-Request": "true"})
    part = response.content.decode()

    assert response.status_code == 200
    assert part.count("<article") == 1
    assert "<html" not in part
    assert "Recorded: accepted." in part
    assert 'id="risks-summary" hx-swap-oob="true"' in part
    assert 'id="all-cardiovascular" hx-swap-oob="true"' in part
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize("reason", ["", "   ", "x" * 1001])
def test_an_override_without_a_fitting_reason_is_refused_and_nothing_changes(
    ward: Ward, assessed: str, reason: str, htmx: bool
) -> None:
    before = state(assessed)
    headers = {"HX-Request": "true"} if htmx else {}
    response = decide(
        ward.clinician, assessed, result(assessed, "prevent-base-10y"), "override", reason, headers=headers
    )

    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert (
        "Write why you judge otherwise" if len(reason) < 9 else "at most 1000 characters"
    ) in response.content.decode()
    assert state(assessed) == before


def test_a_decision_about_an_older_version_is_refused(ward: Ward, assessed: str) -> None:
    one = result(assessed, "prevent-base-10y")
    decide(ward.clinician, assessed, one, "accept")
    before = state(assessed)

    response = decide(ward.clinician, assessed, one, "override", "too late")

    assert response.status_code == 422
    assert "This was changed while you were reading." in response.content.decode()
    assert state(assessed) == before


def test_a_result_is_decided_once(ward: Ward, assessed: str) -> None:
    decide(ward.clinician, assessed, result(assessed, "prevent-base-10y"), "accept")
    before = state(assessed)

    response = decide(ward.clinician, assessed, result(assessed, "prevent-base-10y"), "override", "on second thoughts")

    assert response.status_code == 422
    assert "Somebody has decided on this result already." in response.content.decode()
    assert state(assessed) == before


@pytest.mark.parametrize(("who", "status"), [("other", 404), ("citizen", 403), ("stranger", 302)])
@pytest.mark.parametrize("action", ["decision", "release"])
def test_nobody_else_can_decide_or_release(ward: Ward, assessed: str, who: str, status: int, action: str) -> None:
    before, one = state(assessed), result(assessed, "ukb-drs")
    path = f"/console/patients/{assessed}/risks/{one.id}/{action}"
    response = getattr(ward, who).post(path, {"decision": "accept", "seen": version(one)})

    assert response.status_code == status
    assert state(assessed) == before


def test_a_result_cannot_be_decided_under_another_patient_s_address(ward: Ward, assessed: str) -> None:
    before = state(assessed)
    response = decide(ward.clinician, ward.patient, result(assessed, "prevent-base-10y"), "accept")

    assert response.status_code == 404
    assert state(assessed) == before


def test_an_account_without_a_practitioner_cannot_decide(ward: Ward, assessed: str) -> None:
    user = builders.clinician(ward.clinic, "nobody")
    user.practitioner = ""
    user.save()
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    before = state(assessed)
    response = decide(client, assessed, result(assessed, "prevent-base-10y"), "accept")

    assert response.status_code == 422
    assert "not linked to a practitioner" in response.content.decode()
    assert state(assessed) == before


def test_a_decision_needs_a_post(ward: Ward, assessed: str) -> None:
    one = result(assessed, "prevent-base-10y")

    assert ward.clinician.get(f"/console/patients/{assessed}/risks/{one.id}/decision").status_code == 405


def test_all_results_on_a_disease_are_accepted_at_once(ward: Ward, middle_aged: str) -> None:
    family = [
        one for one in picture_of(Repository(builders.OPERATOR), middle_aged).results
        if one.family == "cardiovascular" and one.unreviewed
    ]  # fmt: skip
    body = {"family": "family-cardiovascular", "risk": [f"{one.id}:{version(one)}" for one in family]}
    response = ward.clinician.post(f"/console/patients/{middle_aged}/acceptance", body)

    assert response["Location"].endswith("#family-cardiovascular")
    assert len(family) > 1
    assert {result(middle_aged, one.model).status for one in family} == {"final"}


def test_accepting_several_is_all_or_none(ward: Ward, middle_aged: str) -> None:
    first, second = (result(middle_aged, model) for model in ("prevent-base-10y", "prevent-base-30y"))
    decide(ward.clinician, middle_aged, second, "accept")
    before = state(middle_aged)
    body = {"family": "family-cardiovascular", "risk": [f"{one.id}:{version(one)}" for one in (first, second)]}
    response = ward.clinician.post(f"/console/patients/{middle_aged}/acceptance", body)

    assert response.status_code == 422
    assert state(middle_aged) == before


def test_a_withheld_result_is_reviewed_before_it_is_released(ward: Ward, assessed: str) -> None:
    one = result(assessed, "ukb-drs")
    path = f"/console/patients/{assessed}/risks/{one.id}/release"
    before = state(assessed)
    early = ward.clinician.post(path, {"seen": version(one)})

    assert early.status_code == 422
    assert "Accept or override the result first" in early.content.decode()
    assert state(assessed) == before


def test_releasing_lets_the_citizen_see_it(ward: Ward, assessed: str) -> None:
    one = result(assessed, "ukb-drs")
    assert "Withheld from the citizen" in page_of(ward.clinician, assessed)
    decide(ward.clinician, assessed, one, "accept")
    path = f"/console/patients/{assessed}/risks/{one.id}/release"
    citizen = stored.citizen(assessed)
    assert "ukb-drs" not in {each.model for each in picture_of(citizen, assessed).results}

    response = ward.clinician.post(path, {"seen": version(result(assessed, "ukb-drs"))})

    assert response.status_code == 302
    assert "Released to the citizen" in page_of(ward.clinician, assessed)
    assert "ukb-drs" in {each.model for each in picture_of(citizen, assessed).results}


def test_the_worklist_moves_with_the_last_decision(ward: Ward, assessed: str) -> None:
    open_ones = [one for one in picture_of(Repository(builders.OPERATOR), assessed).results if one.unreviewed]
    assert (place(assessed).stage, place(assessed).unreviewed) == (Stage.UNREVIEWED, len(open_ones))
    for number, one in enumerate(open_ones, 1):
        decide(ward.clinician, assessed, one, "accept")
        assert place(assessed).unreviewed == len(open_ones) - number

    assert place(assessed).stage is Stage.REVIEWED


def test_the_page_costs_the_same_for_one_decision_and_for_many(
    ward: Ward, assessed: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    path = f"/console/patients/{assessed}"
    open_ones = [one for one in picture_of(Repository(builders.OPERATOR), assessed).results if one.unreviewed]
    decide(ward.clinician, assessed, open_ones[0], "accept")
    with CaptureQueriesContext(connection) as once:
        ward.clinician.get(path)
    statements = len(once)
    for one in open_ones[1:]:
        decide(ward.clinician, assessed, one, "override", "why")

    with django_assert_num_queries(statements):
        ward.clinician.get(path)
