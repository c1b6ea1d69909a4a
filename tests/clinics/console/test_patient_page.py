"""The patient page: who sees it, what it shows, what it costs, and that every view of it is on the record."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from health_platform.fhir.access.audit import of_patient
from health_platform.fhir.access.session import open_session
from health_platform.fhir.keys import patient_key
from tests import builders
from tests.clinics.console.conftest import Ward, store

pytestmark = pytest.mark.django_db


def views_of(patient: str) -> list[tuple[str, str]]:
    """Who looked at the patient's record, and by which interaction, newest first."""
    with open_session(builders.OPERATOR) as session:
        entries = [entry for _, entry in of_patient(session.cursor, patient_key(patient), None, 100)]
    return [(entry.actor, entry.interaction) for entry in entries]


def test_the_clinician_of_the_patient_s_clinic_sees_who_it_is(ward: Ward) -> None:
    response = ward.clinician.get(f"/console/patients/{ward.patient}")

    assert response.status_code == 200
    page = response.content.decode()
    for expected in ("김영희", "1950-03-01", "female", "C-1"):
        assert expected in page


def test_another_clinic_gets_the_answer_for_an_unknown_patient(ward: Ward) -> None:
    foreign = ward.other.get(f"/console/patients/{ward.patient}")
    unknown = ward.other.get("/console/patients/no-such-patient")

    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert (
        foreign.content.replace(ward.patient.encode(), b"").split(b"csrf")[0]
        == unknown.content.replace(b"no-such-patient", b"").split(b"csrf")[0]
    )
    assert "김영희" not in foreign.content.decode()


def test_a_citizen_is_refused_even_for_the_own_record(ward: Ward) -> None:
    response = ward.citizen.get(f"/console/patients/{ward.patient}")

    assert response.status_code == 403
    assert "김영희</h1>" not in response.content.decode()


def test_a_stranger_is_sent_to_sign_in_and_comes_back(ward: Ward) -> None:
    path = f"/console/patients/{ward.patient}"
    response = ward.stranger.get(path)

    assert (response.status_code, response["Location"]) == (302, f"/console/sign-in?next={path}")


def test_htmx_without_a_session_is_led_to_sign_in_as_a_whole_page(ward: Ward) -> None:
    response = ward.stranger.get("/console/", headers={"HX-Request": "true"})

    assert response["HX-Redirect"].startswith("/console/sign-in?next=")


def test_every_view_of_the_page_is_in_the_access_log(ward: Ward) -> None:
    before = len(views_of(ward.patient))
    ward.clinician.get(f"/console/patients/{ward.patient}")
    views = views_of(ward.patient)

    assert len(views) > before
    assert ("Practitioner/kim", "read") in views[: len(views) - before]


def test_a_refused_view_is_logged_as_a_failure_and_not_as_a_view(ward: Ward) -> None:
    before = views_of(ward.patient)
    ward.other.get(f"/console/patients/{ward.patient}")

    assert views_of(ward.patient) == before
    with open_session(builders.OPERATOR) as session:
        session.cursor.execute(
            "SELECT outcome, entities FROM fhir_audit WHERE actor = 'Practitioner/choi' ORDER BY aid DESC"
        )
        assert session.cursor.fetchone() == (4, [f"Patient/{ward.patient}"])


def test_the_page_costs_the_same_statements_for_one_result_and_for_fifty(
    ward: Ward, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    path = f"/console/patients/{ward.patient}"
    store(builders.observation(ward.patient))
    with CaptureQueriesContext(connection) as few:
        ward.clinician.get(path)
    store(*(builders.observation(ward.patient, 60 + day % 30, when=f"2025-01-{day % 28 + 1:02d}") for day in range(50)))

    with django_assert_num_queries(len(few)):
        ward.clinician.get(path)


def laboratory(patient: str, value: float, at: str) -> dict[str, Any]:
    return builders.observation(patient, value, "2093-3", at) | {
        "category": [{"coding": [{"code": "laboratory"}]}],
        "valueQuantity": {"value": value, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"},
        "referenceRange": [{"high": {"value": 200, "unit": "mg/dL"}}],
    }


def test_results_are_drawn_and_told_as_a_table_with_range_unit_and_dates(ward: Ward) -> None:
    store(laboratory(ward.patient, 190, "2024-05-01"), laboratory(ward.patient, 231, "2026-05-01"))
    page = ward.clinician.get(f"/console/patients/{ward.patient}").content.decode()

    assert '<rect class="band"' in page
    assert page.count("<svg") == 1
    assert '<polygon class="mark outside"' in page
    assert "Total cholesterol as a table" in page
    for expected in ("2024-05-01", "2026-05-01", "mg/dL", "≤ 200", "▲ above range"):
        assert expected in page


def test_an_empty_record_does_not_say_that_there_is_nothing(ward: Ward) -> None:
    page = ward.clinician.get(f"/console/patients/{ward.patient}").content.decode()

    assert "No condition is recorded here. That does not mean that there is none." in page
    assert "No medicine is recorded here. That does not mean that there is none." in page
