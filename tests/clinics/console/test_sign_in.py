"""Who gets into the console, and how one leaves it."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from tests import builders
from tests.clinics.console.conftest import Ward, browser

pytestmark = pytest.mark.django_db
SIGN_IN, WORKLIST = "/console/sign-in", "/console/"


def test_a_clinician_signs_in_and_lands_on_the_worklist(ward: Ward) -> None:
    client = browser()
    response = client.post(SIGN_IN, {"username": "kim", "password": "a-long-password"})

    assert (response.status_code, response["Location"]) == (302, WORKLIST)
    page = client.get(WORKLIST)
    assert page.status_code == 200
    assert "김의사의 의원" in page.content.decode()


def test_a_session_ends_with_the_working_day(ward: Ward) -> None:
    client = browser()
    client.post(SIGN_IN, {"username": "kim", "password": "a-long-password"})

    assert 9 * 3600 < client.session.get_expiry_age() <= 10 * 3600


def test_a_wrong_password_gives_no_session_and_says_so(ward: Ward) -> None:
    client = browser()
    response = client.post(SIGN_IN, {"username": "kim", "password": "wrong"})

    assert response.status_code == 200
    assert "Please enter a correct username and password" in response.content.decode()
    assert client.get(WORKLIST).status_code == 302


@pytest.mark.parametrize("username", ["citizen", "lost"])
def test_an_account_that_belongs_to_no_clinic_gets_no_session(ward: Ward, username: str) -> None:
    lost = builders.clinician(ward.clinic, "lost")
    lost.memberships.all().delete()
    before = Session.objects.count()
    client = browser()
    response = client.post(SIGN_IN, {"username": username, "password": "a-long-password"})

    assert "This account belongs to no clinician" in response.content.decode()
    assert Session.objects.count() == before


@pytest.mark.parametrize(
    ("wanted", "goal"),
    [
        ("/console/emergency", "/console/emergency"),
        ("https://elsewhere.example/console/", WORKLIST),
        ("//elsewhere.example/", WORKLIST),
        ("javascript:alert(1)", WORKLIST),
        ("", WORKLIST),
    ],
)
def test_the_way_back_after_sign_in_never_leaves_this_site(ward: Ward, wanted: str, goal: str) -> None:
    response = browser().post(SIGN_IN, {"username": "kim", "password": "a-long-password", "next": wanted})

    assert response["Location"] == goal


def test_signing_out_needs_a_post_and_ends_the_session(ward: Ward) -> None:
    assert ward.clinician.get("/console/sign-out").status_code == 405
    assert ward.clinician.get(WORKLIST).status_code == 200

    assert ward.clinician.post("/console/sign-out")["Location"] == SIGN_IN
    assert ward.clinician.get(WORKLIST).status_code == 302


def test_a_form_without_its_token_is_refused(ward: Ward) -> None:
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(SIGN_IN, {"username": "kim", "password": "a-long-password"}).status_code == 403


def test_the_language_is_changed_by_a_button_and_stays(ward: Ward) -> None:
    client = Client()
    assert '<html lang="ko">' in client.get(SIGN_IN).content.decode()

    response = client.post("/console/language", {"language": "en", "next": SIGN_IN})

    assert response["Location"] == SIGN_IN
    assert '<html lang="en">' in client.get(SIGN_IN).content.decode()


def test_no_page_allows_script_or_style_from_elsewhere_or_inline(ward: Ward) -> None:
    for client, path in ((ward.stranger, SIGN_IN), (ward.clinician, f"/console/patients/{ward.patient}")):
        response = client.get(path)
        policy = response["Content-Security-Policy"]
        page = response.content.decode()

        assert "script-src 'self';" in policy + ";"
        assert "style-src 'self';" in policy + ";"
        assert "unsafe" not in policy
        assert " style=" not in page
        assert "<style" not in page
        assert page.count("<script") == page.count('<script src="/static/')
        assert "//cdn" not in page


def test_a_browser_keeps_neither_a_page_about_a_patient_nor_a_name_in_its_history(ward: Ward) -> None:
    response = ward.clinician.get(f"/console/patients/{ward.patient}")

    assert "no-store" in response["Cache-Control"]
    assert "김영희" not in response.content.decode().split("</title>")[0]
