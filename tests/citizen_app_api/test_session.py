from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from health_platform.accounts import second_factor
from health_platform.accounts.models import SignInAttempt, User
from health_platform.fhir.access.session import open_session
from tests.builders import OPERATOR, Caller
from tests.citizen_app_api.conftest import API, City, answer, post

NOBODY = Caller()
RIGHT = {"username": "citizen", "password": "a-long-password"}
WRONG = {**RIGHT, "password": "not-her-password"}


def tokens() -> int:
    return int(get_access_token_model().objects.count())


def test_a_password_becomes_a_token_of_half_an_hour_that_opens_the_own_record(city: City) -> None:
    session = answer(post(NOBODY, "/session", RIGHT))
    assert (session["expires_in"], session["token_type"], session["name"]) == (1800, "Bearer", "김영희")
    me = answer(Caller(session["access_token"]).get(f"{API}/me"))
    assert me["person"]["id"] == city.patient
    checksum = hashlib.sha256(session["access_token"].encode()).hexdigest()
    token = get_access_token_model().objects.get(token_checksum=checksum)
    assert token.token == "", "kept as a hash only"
    assert timedelta(minutes=29) < token.expires - timezone.now() <= timedelta(minutes=30)


def test_a_signed_out_token_opens_nothing(city: City) -> None:
    caller = Caller(answer(post(NOBODY, "/session", RIGHT))["access_token"])
    assert caller.delete(f"{API}/session").status_code == 204
    assert caller.get(f"{API}/me").status_code == 401
    assert caller.delete(f"{API}/session").status_code == 401


def test_a_renewed_session_ends_the_token_before(city: City) -> None:
    first = Caller(answer(post(NOBODY, "/session", RIGHT))["access_token"])
    second = Caller(answer(first.post(f"{API}/session/renewal", None))["access_token"])
    assert first.get(f"{API}/me").status_code == 401
    assert second.get(f"{API}/me").status_code == 200


def test_an_ended_token_opens_nothing_and_is_not_renewed(city: City) -> None:
    session = answer(post(NOBODY, "/session", RIGHT))
    get_access_token_model().objects.update(expires=timezone.now() - timedelta(seconds=1))
    caller = Caller(session["access_token"])
    assert caller.get(f"{API}/me").status_code == 401
    assert caller.post(f"{API}/session/renewal", None).status_code == 401


@pytest.mark.parametrize("username", ["citizen", "nobody-of-that-name"])
def test_a_wrong_password_and_an_unknown_name_read_alike(city: City, username: str) -> None:
    before = tokens()
    response = post(NOBODY, "/session", {**WRONG, "username": username})
    problem = answer(response, 401)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert problem == {
        "type": "about:blank",
        "title": "The name or the password is not right.",
        "status": 401,
    }
    assert tokens() == before


def test_a_clinician_and_a_switched_off_account_get_no_token_here(city: City) -> None:
    before = tokens()
    assert post(NOBODY, "/session", {**RIGHT, "username": "clinician"}).status_code == 403
    get_user_model().objects.filter(username="citizen").update(is_active=False)
    assert post(NOBODY, "/session", RIGHT).status_code == 401
    assert tokens() == before


def test_after_five_wrong_passwords_even_the_right_one_has_to_wait(city: City) -> None:
    assert [post(NOBODY, "/session", WRONG).status_code for _ in range(6)] == [401] * 5 + [429]
    blocked = post(NOBODY, "/session", RIGHT)
    assert blocked.status_code == 429
    assert 0 < int(blocked.headers["Retry-After"]) <= 15 * 60
    SignInAttempt.objects.update(at=timezone.now() - timedelta(minutes=16))
    assert post(NOBODY, "/session", RIGHT).status_code == 200


def test_guessing_at_one_account_does_not_lock_another(city: City) -> None:
    for _ in range(6):
        post(NOBODY, "/session", WRONG)
    assert post(NOBODY, "/session", {**RIGHT, "username": "stranger"}).status_code == 200


def test_signing_in_often_is_no_attack(city: City) -> None:
    assert {post(NOBODY, "/session", RIGHT).status_code for _ in range(8)} == {200}
    assert not SignInAttempt.objects.exists()


def test_neither_the_typed_name_nor_the_address_can_be_read_from_the_attempts(city: City) -> None:
    post(NOBODY, "/session", {"username": "my-secret-by-mistake", "password": "x"})
    for attempt in SignInAttempt.objects.all():
        assert len(attempt.key) == 64
        assert "secret" not in attempt.key and "127.0.0.1" not in attempt.key


def test_missing_fields_are_named_in_the_readers_language(city: City) -> None:
    problem = answer(post(Caller(language="ko"), "/session", {"username": "citizen"}), 400)
    assert problem["errors"] == [{"field": "password", "message": "이 필드는 필수 항목입니다."}]
    assert problem["status"] == 400


def test_no_answer_about_a_person_may_be_kept(city: City) -> None:
    assert post(NOBODY, "/session", RIGHT).headers["Cache-Control"] == "no-store"
    assert city.citizen.get(f"{API}/me").headers["Cache-Control"] == "no-store"


def test_who_has_an_authenticator_needs_its_code_too(city: City) -> None:
    user = User.objects.get(username="citizen")
    now = timezone.now()
    codes = second_factor.confirm(user, second_factor.code_at(second_factor.begin(user), now), now)
    assert codes is not None
    before = tokens()
    asked = answer(post(NOBODY, "/session", RIGHT), 400)
    assert asked["errors"] == [{"field": "code", "message": "Enter the code that your authenticator shows now."}]
    assert post(NOBODY, "/session", {**RIGHT, "code": "000000x"}).status_code == 401
    assert tokens() == before
    assert post(NOBODY, "/session", {**RIGHT, "code": codes[0]}).status_code == 200


def test_signing_in_and_out_and_a_failed_attempt_stand_in_the_log(city: City) -> None:
    caller = Caller(answer(post(NOBODY, "/session", RIGHT))["access_token"])
    (look, *_rest) = answer(caller.get(f"{API}/me/access-log"))["items"]
    assert (look["own"], look["sentence"]) == (True, "You: signed in")
    caller.delete(f"{API}/session")
    post(NOBODY, "/session", WRONG)
    with open_session(OPERATOR) as session:
        session.cursor.execute(
            "SELECT interaction, actor, outcome FROM fhir_audit WHERE client = 'citizen_app_api' ORDER BY aid"
        )
        rows = session.cursor.fetchall()
    person = f"Patient/{city.patient}"
    assert rows == [("login", person, 0), ("logout", person, 0), ("login", "", 4)]
