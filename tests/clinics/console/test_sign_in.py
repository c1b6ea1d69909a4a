"""Who gets into the console, and how one leaves it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from health_platform.accounts import second_factor
from health_platform.accounts.models import User
from health_platform.fhir.access.session import open_session
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


def test_sign_in_and_sign_out_are_in_the_access_log_and_so_is_a_failure(ward: Ward) -> None:
    client = browser()
    client.post(SIGN_IN, {"username": "kim", "password": "wrong"})
    client.post(SIGN_IN, {"username": "kim", "password": "a-long-password"})
    client.post("/console/sign-out")

    with open_session(builders.OPERATOR) as session:
        session.cursor.execute(
            "SELECT interaction, actor, outcome FROM fhir_audit WHERE client = 'console' ORDER BY aid"
        )
        assert session.cursor.fetchall() == [
            ("login", "", 4),
            ("login", "Practitioner/kim", 0),
            ("logout", "Practitioner/kim", 0),
        ]


def test_guessing_is_stopped_and_the_page_says_for_how_long(ward: Ward) -> None:
    client = browser()
    for _ in range(5):
        client.post(SIGN_IN, {"username": "kim", "password": "guess"})
    response = client.post(SIGN_IN, {"username": "kim", "password": "a-long-password"})

    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert "Too many attempts. Try again in 15 minutes." in response.content.decode()
    assert client.get(WORKLIST).status_code == 302


def test_staff_without_a_second_factor_are_led_to_set_one_up(ward: Ward, settings: Settings) -> None:
    settings.STAFF_SECOND_FACTOR = True
    client = browser()
    response = client.post(SIGN_IN, {"username": "kim", "password": "a-long-password"})

    assert response["Location"] == "/oauth/second-factor?next=%2Fconsole%2F"
    assert client.get(WORKLIST).status_code == 302


def test_who_has_a_second_factor_needs_its_code(ward: Ward) -> None:
    kim = User.objects.get(username="kim")
    secret, now = second_factor.begin(kim), timezone.now()
    assert second_factor.confirm(kim, second_factor.code_at(secret, now - timedelta(seconds=30)), now) is not None
    client = browser()
    asked = {"username": "kim", "password": "a-long-password"}

    needed = client.post(SIGN_IN, asked)
    assert (needed.status_code, 'name="code"' in needed.content.decode()) == (422, True)
    wrong = client.post(SIGN_IN, asked | {"code": "000000"})
    assert "The code is wrong or was used already." in wrong.content.decode()
    assert client.get(WORKLIST).status_code == 302
    assert client.post(SIGN_IN, asked | {"code": second_factor.code_at(secret, now)})["Location"] == WORKLIST


def test_a_wrong_password_gives_no_session_and_says_so(ward: Ward) -> None:
    client = browser()
    response = client.post(SIGN_IN, {"username": "kim", "password": "wrong"})

    assert response.status_code == 422
    assert "The user name or the password is wrong." in response.content.decode()
    assert client.get(WORKLIST).status_code == 302


@pytest.mark.parametrize("username", ["citizen", "lost"])
def test_an_account_that_belongs_to_no_clinic_gets_no_session(ward: Ward, username: str) -> None:
    lost = builders.clinician(ward.clinic, "lost")
    lost.memberships.all().delete()
    before = Session.objects.count()
    client = browser()
    response = client.post(SIGN_IN, {"username": username, "password": "a-long-password"})

    assert "This account belongs to nobody who works for an institution" in response.content.decode()
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
