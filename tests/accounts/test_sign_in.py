"""Signing in to web pages: password, authenticator, limits on guessing, and the list of one's sessions."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client as HttpClient
from django.utils import timezone

from health_platform.accounts import second_factor
from health_platform.accounts.models import OpenSession, RecoveryCode, Role, SecondFactor, SignInAttempt, User
from health_platform.settings import base

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as HttpResponse

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-password"
SIGN_IN, SESSIONS, SECOND = "/oauth/sign-in", "/oauth/sessions", "/oauth/second-factor"


@pytest.fixture(autouse=True)
def quick(settings: Any) -> None:
    """A hundred guesses in a second: the cost of a hash is not what these tests are about."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@cache
def _password() -> str:
    return make_password(PASSWORD)


def person(username: str = "doctor", role: Role = Role.CLINICIAN) -> User:
    return User.objects.create(username=username, password=_password(), display_name="박의사", role=role)


def browser(address: str = "10.0.0.1", device: str = "Firefox") -> HttpClient:
    return HttpClient(headers={"Accept-Language": "en", "User-Agent": device}, REMOTE_ADDR=address)


def sign_in(who: HttpClient, username: str = "doctor", password: str = PASSWORD, code: str = "") -> HttpResponse:
    return who.post(SIGN_IN, {"username": username, "password": password, "code": code})


def signed_in(who: HttpClient) -> bool:
    return who.get(SESSIONS).status_code == 200


def enrolled(user: User) -> tuple[str, list[str]]:
    """The secret and the recovery codes of a person with an authenticator; its last code is minutes old."""
    secret = second_factor.begin(user)
    before = timezone.now() - timedelta(minutes=5)
    codes = second_factor.confirm(user, second_factor.code_at(secret, before), before)
    assert codes is not None
    return secret, codes


def now_code(secret: str) -> str:
    return second_factor.code_at(secret, timezone.now())


@pytest.fixture
def strict(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True


def test_passwords_are_kept_by_argon2() -> None:
    assert base.PASSWORD_HASHERS == ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    assert base.STAFF_SECOND_FACTOR is True


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    """RFC 6238, appendix B, SHA-1: the last six of its eight digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

    assert second_factor.code_at(secret, datetime.fromtimestamp(seconds).astimezone()) == code


def test_a_citizen_signs_in_with_a_password(strict: None) -> None:
    person("citizen", Role.CITIZEN)
    who = browser()

    assert sign_in(who, "citizen")["Location"] == SESSIONS
    assert signed_in(who)


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.AMBULANCE, Role.ADMINISTRATOR, Role.AUDITOR])
def test_staff_set_up_an_authenticator_before_their_first_session(strict: None, role: Role) -> None:
    user = person(role=role)
    who = browser()
    assert sign_in(who)["Location"].startswith(SECOND)
    assert not signed_in(who)

    page = who.get(SECOND)
    secret = page.context["enrolment"].secret
    assert f"secret={secret}" in page.context["enrolment"].address
    done = who.post(SECOND, {"code": now_code(secret)})
    assert signed_in(who)
    assert len(done.context["codes"]) == 10
    assert secret.encode() not in bytes(SecondFactor.objects.get(user=user).secret)
    assert not sign_in(browser()).has_header("Location"), "the password alone is no longer enough"


def test_a_wrong_code_sets_up_nothing_and_another_browser_has_no_part(strict: None) -> None:
    person()
    who = browser()
    sign_in(who)
    secret = who.get(SECOND).context["enrolment"].secret
    other = browser()
    assert other.post(SECOND, {"code": now_code(secret)})["Location"].startswith(SIGN_IN)

    assert who.post(SECOND, {"code": "000000"}).context["again"] == "code"
    assert not signed_in(who)
    assert not SecondFactor.objects.filter(confirmed__isnull=False).exists()


def test_the_time_to_set_it_up_is_ten_minutes(strict: None) -> None:
    person()
    who = browser()
    sign_in(who)
    session = who.session
    session["enrolling"] = [session["enrolling"][0], session["enrolling"][1] - 601]
    session.save()

    assert who.get(SECOND)["Location"].startswith(SIGN_IN)


def test_who_has_an_authenticator_cannot_set_up_another_by_the_password(strict: None) -> None:
    user = person()
    who = browser()
    sign_in(who)
    enrolled(user)

    assert who.get(SECOND)["Location"].startswith(SIGN_IN)
    with pytest.raises(ValueError, match="has an authenticator"):
        second_factor.begin(user)


def test_the_code_is_asked_for_and_is_good_once() -> None:
    user = person()
    secret, _codes = enrolled(user)
    who = browser()
    asked = sign_in(who)
    assert asked.context["status"] == "code-needed"
    assert not signed_in(who)
    code = now_code(secret)
    assert sign_in(who, code=code).status_code == 302
    assert signed_in(who)

    assert sign_in(browser(), code=code).context["status"] == "code-wrong"


def test_the_code_is_good_for_half_a_minute_more_or_less_and_no_longer() -> None:
    secret, _codes = enrolled(person())
    now = timezone.now()
    user = User.objects.get()

    def at(seconds: int) -> str:
        return second_factor.code_at(secret, now + timedelta(seconds=seconds))

    assert not second_factor.check(user, at(-90), now)
    assert not second_factor.check(user, at(90), now)
    assert second_factor.check(user, at(-30), now)
    assert second_factor.check(user, at(30), now)
    assert not second_factor.check(user, at(0), now), "older than the last that was used"


def test_a_recovery_code_stands_in_once() -> None:
    user = person()
    _secret, codes = enrolled(user)
    stored = list(RecoveryCode.objects.values_list("digest", flat=True))
    assert codes[0].replace("-", "") not in str(stored)

    assert sign_in(browser(), code=codes[0]).status_code == 302
    assert sign_in(browser(), code=codes[0]).context["status"] == "code-wrong"
    assert sign_in(browser(), code=codes[1].replace("-", "")).status_code == 302


def test_a_code_of_another_person_is_wrong() -> None:
    secret, codes = enrolled(person())
    enrolled(person("other"))

    assert sign_in(browser(), "other", code=now_code(secret)).context["status"] == "code-wrong"
    assert sign_in(browser(), "other", code=codes[0]).context["status"] == "code-wrong"


def test_a_secret_moved_to_another_account_is_not_read() -> None:
    user, other = person(), person("other")
    enrolled(user)
    enrolled(other)
    SecondFactor.objects.filter(user=other).update(secret=SecondFactor.objects.get(user=user).secret)

    with pytest.raises(ValueError, match="cannot be read"):
        second_factor.check(other, "000000", timezone.now())


def test_after_five_wrong_passwords_even_the_right_one_waits_with_retry_after() -> None:
    person()
    answers = [sign_in(browser(), password="wrong").status_code for _ in range(6)]
    blocked = sign_in(browser())

    assert answers == [200] * 5 + [429]
    assert blocked.status_code == 429
    assert 0 < int(blocked["Retry-After"]) <= 15 * 60
    SignInAttempt.objects.update(at=timezone.now() - timedelta(minutes=16))
    assert sign_in(browser()).status_code == 302


def test_codes_are_guessed_no_more_often_than_passwords() -> None:
    enrolled(person())
    answers = [sign_in(browser(), code=f"{number:06d}").status_code for number in range(6)]

    assert answers == [200] * 5 + [429]


def test_codes_are_not_guessed_while_an_authenticator_is_set_up(strict: None) -> None:
    person()
    who = browser()
    sign_in(who)

    assert [who.post(SECOND, {"code": "000000"}).status_code for _ in range(6)] == [200] * 5 + [429]


def test_many_addresses_do_not_help_against_one_account_nor_many_accounts_from_one_address() -> None:
    person()
    answers = [sign_in(browser(f"10.0.1.{n}"), password="wrong").status_code for n in range(21)]
    assert answers == [200] * 20 + [429]

    many = [sign_in(browser("10.9.9.9"), f"nobody-{n}").status_code for n in range(61)]
    assert many == [200] * 60 + [429]


def test_asking_for_the_code_is_no_guess() -> None:
    secret, _codes = enrolled(person())
    assert {sign_in(browser()).status_code for _ in range(8)} == {200}
    assert not SignInAttempt.objects.exists()

    assert sign_in(browser(), code=now_code(secret)).status_code == 302


def test_a_switched_off_account_reads_like_a_wrong_password() -> None:
    user = person()
    user.is_active = False
    user.save()

    assert sign_in(browser()).context["status"] == "wrong"
    assert sign_in(browser(), "nobody").context["status"] == "wrong"


def test_a_new_sign_in_has_a_new_session_key() -> None:
    person()
    who = browser()
    session = who.session
    session["kept"] = "before"
    session.save()
    before = who.cookies["sessionid"].value if "sessionid" in who.cookies else session.session_key
    sign_in(who)

    assert who.cookies["sessionid"].value != before


def test_a_person_sees_the_own_sessions_and_ends_one_or_all_others() -> None:
    person()
    person("other")
    here, there, third, stranger = browser(device="Here"), browser(device="There"), browser(), browser()
    for who in (here, there, third):
        sign_in(who)
    sign_in(stranger, "other")
    page = here.get(SESSIONS)
    listed = page.context["sessions"]
    assert [entry.current for entry in listed].count(True) == 1
    assert "There" in page.content.decode() and len(listed) == 3

    ended = next(entry.id for entry in listed if entry.device == "There")
    assert here.post(SESSIONS, {"session": str(ended)}).status_code == 302
    assert (signed_in(here), signed_in(there), signed_in(third)) == (True, False, True)
    foreign = OpenSession.objects.get(user__username="other").pk
    here.post(SESSIONS, {"session": str(foreign)})
    assert signed_in(stranger)

    here.post(SESSIONS, {"session": "others"})
    assert (signed_in(here), signed_in(third), signed_in(stranger)) == (True, False, True)
    here.post(SESSIONS, {"session": "this"})
    assert not signed_in(here)


def test_only_a_right_sign_in_opens_a_session() -> None:
    person()
    who = browser()
    assert sign_in(who, password="wrong").context["status"] == "wrong"
    assert not OpenSession.objects.exists()
    sign_in(who)
    assert OpenSession.objects.count() == 1
