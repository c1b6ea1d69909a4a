"""The worklist: who comes first and why, page by page, and for one's own institution alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from clinics.console import worklist
from clinics.console.worklist import NOWHERE, Place, Stage, Tier, in_ten_years, place_of
from health_platform.fhir.access.audit import of_patient
from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.access.session import open_session
from health_platform.fhir.keys import patient_key
from health_platform.fhir.repository import Repository
from tests import builders
from tests.clinics.console.conftest import Ward
from tests.inference import stored
from tests.inference.people import check_up, in_care

PATH = "/console/"


@dataclass(frozen=True)
class Given:
    """A result as the order sees it."""

    id: str = "r"
    family: str = "cardiovascular"
    unreviewed: bool = True
    assessed: bool = True
    high: bool = False
    probability: float | None = None
    horizon_years: float | None = 10


# ---- the order (pure)


def test_a_patient_without_any_result_is_not_assessed_and_never_low() -> None:
    assert place_of([]) == NOWHERE
    assert place_of([Given(assessed=False, unreviewed=False)]).stage is Stage.NOT_ASSESSED


def test_one_open_result_keeps_a_patient_among_those_to_review() -> None:
    place = place_of([Given("a", unreviewed=False, probability=0.9), Given("b", probability=0.01)])

    assert (place.stage, place.lead, place.unreviewed) == (Stage.UNREVIEWED, "b", 1)


def test_the_highest_open_result_decides() -> None:
    place = place_of([Given("a", probability=0.05), Given("b", probability=0.3), Given("c", probability=0.1)])

    assert (place.lead, place.tier) == ("b", Tier.PRESSING)
    assert place.size == pytest.approx(0.3)


def test_what_a_published_limit_calls_high_is_pressing_without_a_probability() -> None:
    assert place_of([Given("a", probability=0.19), Given("b", high=True)]).lead == "b"


def test_an_answer_about_self_harm_comes_before_everything_until_it_is_reviewed() -> None:
    mood = Given("m", family="depression")
    heart = Given("h", probability=0.99, high=True)

    assert place_of([heart, mood], self_harm=True).lead == "m"
    assert place_of([heart, mood], self_harm=True).tier is Tier.ALERT
    assert place_of([heart, Given("m", "depression", unreviewed=False)], self_harm=True).lead == "h"


def test_periods_are_carried_to_ten_years() -> None:
    assert in_ten_years(0.2, 10) == pytest.approx(0.2)
    assert in_ten_years(0.2, 5) == pytest.approx(0.36)
    assert in_ten_years(0.488, 30) == pytest.approx(0.2, abs=1e-4)


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from([2, 5, 10, 14, 20, 30]))
def test_a_greater_probability_over_the_same_period_never_stands_lower(one: float, two: float, years: int) -> None:
    smaller, greater = sorted((one, two))

    assert 0 <= in_ten_years(smaller, years) <= in_ten_years(greater, years) <= 1


# ---- the list


def put(clinic: str, place: Place | None, name: str = "환자", **more: Any) -> str:
    patient = builders.patient(clinic, name=[{"text": name}], **more)
    worklist.save(builders.OPERATOR, patient, place)
    return patient


def names(client: Client, path: str = PATH) -> list[str]:
    response = client.get(path)
    assert response.status_code == 200
    return [line.person.name for line in response.context["found"].lines]


@pytest.mark.django_db
def test_the_page_lists_open_then_not_assessed_then_reviewed(ward: Ward) -> None:
    put(ward.clinic, Place(Stage.REVIEWED, Tier.PRESSING, 0.9, "", 0), "reviewed", number="1")
    put(ward.clinic, NOWHERE, "not assessed", number="2")
    put(ward.clinic, Place(Stage.UNREVIEWED, Tier.OTHER, 0.1, "", 1), "open, other", number="3")
    put(ward.clinic, Place(Stage.UNREVIEWED, Tier.PRESSING, 0.3, "", 1), "open, pressing", number="4")
    put(ward.clinic, Place(Stage.UNREVIEWED, Tier.PRESSING, 0.4, "", 1), "open, more pressing", number="5")
    put(ward.clinic, Place(Stage.UNREVIEWED, Tier.ALERT, -1, "", 1), "alert", number="6")

    assert names(ward.clinician) == [
        "alert", "open, more pressing", "open, pressing", "open, other", "not assessed", "reviewed",
    ]  # fmt: skip
    assert names(ward.clinician, "/console/?stage=not-assessed") == ["not assessed"]
    assert names(ward.clinician, "/console/?stage=reviewed") == ["reviewed"]
    assert len(names(ward.clinician, "/console/?stage=unreviewed")) == 4


@pytest.mark.django_db
def test_a_patient_without_a_result_reads_not_assessed(ward: Ward) -> None:
    put(ward.clinic, NOWHERE)
    page = ward.clinician.get(PATH).content.decode()

    assert "No result. Not assessed does not mean low." in page
    assert "How this list is ordered" in page
    assert "not a cleared medical device" in page


@pytest.mark.django_db
def test_another_institution_s_patients_are_not_on_the_list(ward: Ward) -> None:
    put(ward.clinic, Place(Stage.UNREVIEWED, Tier.PRESSING, 0.4, "", 1))

    assert len(names(ward.clinician)) == 1
    assert names(ward.other) == []
    assert ward.citizen.get(PATH).status_code == 403
    assert ward.stranger.get(PATH).status_code == 302


@pytest.mark.django_db
def test_the_database_itself_keeps_the_rows_of_other_institutions_back(ward: Ward) -> None:
    patient = put(ward.clinic, NOWHERE)

    def seen(organization: str | None) -> list[tuple[str]]:
        access = AccessContext("Practitioner/x", Role.CLINICIAN, organization)
        with open_session(access) as session:
            session.cursor.execute("SELECT patient FROM clinics_worklist")
            return list(session.cursor.fetchall())

    assert seen(ward.clinic) == [(patient,)]
    assert seen("another") == []
    assert seen(None) == []


@pytest.mark.django_db
def test_a_clinic_cannot_place_a_patient_of_another_one(ward: Ward) -> None:
    patient = put(ward.clinic, NOWHERE)
    access = AccessContext("Practitioner/x", Role.CLINICIAN, "another")
    with pytest.raises(Exception, match="row-level security"):
        worklist.save(access, patient, Place(Stage.REVIEWED, Tier.OTHER, 0, "", 0))


@pytest.mark.django_db
def test_page_by_page_every_patient_comes_once_and_in_order(ward: Ward) -> None:
    for number in range(45):
        size = (number * 7 % 45) / 100
        put(ward.clinic, Place(Stage.UNREVIEWED, Tier.OTHER, size, "", 1), f"{size:.2f}", number=str(number))
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        response = ward.clinician.get(PATH, {"after": after} if after else {})
        seen += [line.person.name for line in response.context["found"].lines]
        after = response.context["found"].after

    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) == 45


@pytest.mark.django_db
def test_htmx_gets_the_following_lines_alone(ward: Ward) -> None:
    for number in range(22):
        put(ward.clinic, NOWHERE, number=str(number))
    first = ward.clinician.get(PATH)
    after = first.context["found"].after
    part = ward.clinician.get(PATH, {"after": after}, headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in part
    assert part.count("<tr>") == 2


@pytest.mark.django_db
@pytest.mark.parametrize("after", ["x", "W10", "WzEsMl0", "eyJhIjoxfQ"])
def test_a_cursor_of_somebody_s_own_making_is_a_bad_request(ward: Ward, after: str) -> None:
    assert ward.clinician.get(PATH, {"after": after}).status_code == 400


@pytest.mark.django_db
def test_the_list_costs_the_same_for_one_patient_and_for_twenty(
    ward: Ward, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        patient = stored.store(*check_up(), *in_care(), organization=ward.clinic)
        stored.assess(patient)
        worklist.refresh(builders.OPERATOR, patient)
        if number == 0:
            with CaptureQueriesContext(connection) as one:
                assert len(names(ward.clinician)) == 1
            statements = len(one)
    with django_assert_num_queries(statements):
        assert len(names(ward.clinician)) == 20


@pytest.mark.django_db
def test_each_patient_on_the_page_is_in_the_access_log_as_seen(ward: Ward) -> None:
    patient = put(ward.clinic, NOWHERE)
    ward.clinician.get(PATH)

    with open_session(builders.OPERATOR) as session:
        seen = [entry.actor for _, entry in of_patient(session.cursor, patient_key(patient), None, 10)]
    assert "Practitioner/kim" in seen


# ---- how a patient gets there


@pytest.mark.django_db
def test_the_line_tells_the_deciding_result_with_value_model_and_date(ward: Ward) -> None:
    patient = stored.store(
        *check_up(),
        *in_care(),
        organization=ward.clinic,
        person={"birthDate": "1950-05-10", "name": [{"text": "이순례"}]},
    )
    stored.assess(patient)
    worklist.refresh(builders.OPERATOR, patient)
    (line,) = ward.clinician.get(PATH).context["found"].lines

    assert line.lead is not None
    assert line.lead.headline.endswith(" %")
    assert (line.lead.state, line.lead.calculated.given) == ("unreviewed", "2026-11-22")
    assert line.lead.title in ward.clinician.get(PATH).content.decode()


@pytest.mark.django_db
def test_a_change_of_the_record_moves_the_patient(ward: Ward) -> None:
    patient = builders.patient(ward.clinic)
    worklist.patient_changed({"patient": patient, "changed": [["Patient", patient, 1]]})
    assert [line.place.stage for line in ward.clinician.get(PATH).context["found"].lines] == [Stage.NOT_ASSESSED]
    stored.add(patient, *check_up(), *in_care())
    risk = stored.assess(patient)["prevent-base-10y"]

    worklist.patient_changed({"patient": patient, "changed": [["RiskAssessment", risk["id"], 1]]})

    assert [line.place.stage for line in ward.clinician.get(PATH).context["found"].lines] == [Stage.UNREVIEWED]


@pytest.mark.django_db
def test_a_change_that_moves_no_result_costs_nothing(
    ward: Ward, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        worklist.patient_changed({"patient": ward.patient, "changed": [["Observation", "o", 1]]})


@pytest.mark.django_db
def test_a_list_that_missed_changes_is_made_anew(ward: Ward) -> None:
    assert names(ward.clinician) == []

    assert worklist.rebuild(builders.OPERATOR) == 1
    assert names(ward.clinician) == ["김영희"]


@pytest.mark.django_db
def test_who_is_deleted_leaves_the_list(ward: Ward) -> None:
    patient = put(ward.clinic, NOWHERE)
    Repository(builders.OPERATOR).delete("Patient", patient)
    worklist.patient_changed({"patient": patient, "changed": [["Patient", patient, 2]]})

    assert names(ward.clinician) == []
    assert worklist.page(builders.OPERATOR, None, None, 10) == ([], None)
