"""Finding a patient: by name, birth date or identifier, within the own institution, without names in addresses."""

from __future__ import annotations

from typing import Any

import pytest

from clinics.console.selectors import birth_date_of
from tests import builders
from tests.clinics.console.conftest import Ward

pytestmark = pytest.mark.django_db
PATH = "/console/patients"


def found(client: Any, **asked: str) -> list[str]:
    response = client.post(PATH, asked)
    assert response.status_code == 200, response.content
    return [person.name for person, _ in response.context["found"].people]


@pytest.mark.parametrize(
    "asked",
    [
        {"name": "김영"},
        {"birth_date": "19500301"},
        {"birth_date": "1950.3.1"},
        {"identifier": "C-1"},
        {"name": "김", "birth_date": "1950-03-01", "identifier": "C-1"},
    ],
)
def test_a_patient_is_found_by_each_of_the_three_and_by_all(ward: Ward, asked: dict[str, str]) -> None:
    assert found(ward.clinician, **asked) == ["김영희"]


@pytest.mark.parametrize(
    "asked", [{"name": "이"}, {"birth_date": "19500302"}, {"identifier": "C-2"}, {"name": "김", "identifier": "C-2"}]
)
def test_who_does_not_fit_is_not_found(ward: Ward, asked: dict[str, str]) -> None:
    assert found(ward.clinician, **asked) == []


def test_another_clinic_finds_nobody(ward: Ward) -> None:
    assert found(ward.other, name="김영희") == []


def test_a_citizen_cannot_search(ward: Ward) -> None:
    assert ward.citizen.post(PATH, {"name": "김"}).status_code == 403


@pytest.mark.parametrize("text", ["1950", "19501301", "yesterday", "1950-02-30", "195003011"])
def test_what_is_no_birth_date_is_said_so_and_nothing_is_searched(ward: Ward, text: str) -> None:
    response = ward.clinician.post(PATH, {"birth_date": text})

    assert response.status_code == 422
    assert "This is no date of birth" in response.content.decode()
    assert "found" not in response.context


def test_an_empty_search_does_not_list_everybody(ward: Ward) -> None:
    response = ward.clinician.post(PATH, {"name": "  "})

    assert response.status_code == 422
    assert "Fill in a name" in response.content.decode()


def test_a_name_in_the_address_finds_nothing_so_that_no_log_holds_one(ward: Ward) -> None:
    assert "found" not in ward.clinician.get(f"{PATH}?name=김영희").context


def test_commas_and_bars_in_a_name_mean_themselves(ward: Ward) -> None:
    assert found(ward.clinician, name="이,김") == []
    assert found(ward.clinician, identifier="urn:bitgoeul:citizen|C-1") == []


def test_more_patients_than_fit_on_a_page_are_reached_by_the_next_one(ward: Ward) -> None:
    for number in range(22):
        builders.patient(ward.clinic, number=f"D-{number}", name=[{"text": f"박{number:02d}"}])
    first = ward.clinician.post(PATH, {"name": "박"})
    second = ward.clinician.post(PATH, {"name": "박", "after": first.context["found"].after})

    names = [person.name for page in (first, second) for person, _ in page.context["found"].people]
    assert sorted(names) == [f"박{number:02d}" for number in range(22)]
    assert second.context["found"].after is None


def test_a_cursor_of_somebody_s_own_making_is_a_bad_request(ward: Ward) -> None:
    assert ward.clinician.post(PATH, {"name": "김", "after": "x"}).status_code == 400


@pytest.mark.parametrize(
    ("text", "day"), [("19480312", "1948-03-12"), (" 1948. 3. 12. ", "1948-03-12"), ("480312", None), ("", None)]
)
def test_birth_dates_are_read_as_koreans_write_them(text: str, day: str | None) -> None:
    assert birth_date_of(text) == day
