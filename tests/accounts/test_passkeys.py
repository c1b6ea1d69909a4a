"""Passkeys: set up, signing in, what is refused; the page of one's own account."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client as HttpClient
from django.utils import timezone

from health_platform.accounts import recovery, second_factor
from health_platform.accounts.models import Challenge, Passkey, Role, User
from tests.accounts.authenticator import PRESENT, Authenticator, websafe
from tests.accounts.test_sign_in import PASSWORD, enrolled, now_code, person

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as HttpResponse

pytestmark = pytest.mark.django_db
SIGN_IN, SECOND, ACCOUNT = "/oauth/sign-in", "/oauth/second-factor", "/oauth/account"


@pytest.fixture(autouse=True)
def strict(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True


class Browser(HttpClient):
    """A browser over TLS, in English."""

    def __init__(self) -> None:
        super().__init__(headers={"Accept-Language": "en"})

    def sent(self, path: str, **form: str) -> HttpResponse:
        return self.post(path, form, secure=True)

    def options(self, path: str) -> dict[str, Any]:  # type: ignore[override]
        answer = self.sent(path)
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        return found

    def signed_in(self) -> bool:
        return self.get(ACCOUNT, secure=True).status_code == 200

    def with_password(self, username: str = "doctor", code: str = "") -> HttpResponse:
        return self.sent(SIGN_IN, username=username, password=PASSWORD, code=code)

    def make(self, device: Authenticator, path: str, name: str = "phone") -> HttpResponse:
        credential = device.create(self.options("/oauth/account/passkey"))
        return self.sent(path, credential=json.dumps(credential), name=name)

    def show(self, device: Authenticator) -> HttpResponse:
        return self.sent(SIGN_IN, credential=json.dumps(device.get(self.options("/oauth/sign-in/passkey"))))


def holder(role: Role = Role.CLINICIAN) -> tuple[User, Authenticator]:
    """A person who has signed in once, and her passkey."""
    user, device = person(role=role), Authenticator()
    who = Browser()
    who.with_password()
    answer = who.make(device, SECOND if role is not Role.CITIZEN else "/oauth/account/passkeys")
    assert answer.status_code == 200, answer.content.decode()
    return user, device


def test_staff_set_up_a_passkey_before_their_first_session_and_sign_in_by_it_alone() -> None:
    person()
    who, device = Browser(), Authenticator()
    assert who.with_password()["Location"].startswith(SECOND)
    assert not who.signed_in()

    page = who.make(device, SECOND)
    assert len(page.context["codes"]) == 10
    assert who.signed_in()

    another = Browser()
    assert another.show(device).status_code == 302
    assert another.signed_in()
    assert Browser().with_password().context["status"] == "code-needed", "the password alone is not enough"


def test_a_recovery_code_stands_in_for_a_lost_passkey_once() -> None:
    person()
    who = Browser()
    who.with_password()
    codes = who.make(Authenticator(), SECOND).context["codes"]

    assert Browser().with_password(code=codes[0]).status_code == 302
    assert Browser().with_password(code=codes[0]).context["status"] == "code-wrong"


def test_a_citizen_adds_a_passkey_to_her_account_and_needs_no_password_then() -> None:
    _user, device = holder(Role.CITIZEN)

    who = Browser()
    who.show(device)
    assert who.signed_in()
    assert Passkey.objects.get().used is not None


@pytest.mark.parametrize(
    "changed",
    [
        {"origin": "https://testserver.example"},
        {"origin": "http://testserver"},
        {"domain": "example"},
        {"flags": PRESENT},
        {"flags": 0x04},
    ],
)
def test_an_answer_for_another_place_or_without_the_person_opens_nothing(changed: dict[str, Any]) -> None:
    _user, device = holder()
    for name, value in changed.items():
        setattr(device, name, value)

    who = Browser()
    assert who.show(device).context["status"] == "wrong"
    assert not who.signed_in()


def test_a_signature_by_another_key_opens_nothing() -> None:
    _user, device = holder()
    forger = Authenticator(id=device.id, handle=device.handle)

    assert Browser().show(forger).context["status"] == "wrong"


def test_a_passkey_that_names_another_person_opens_nothing() -> None:
    _user, device = holder()
    device.handle = b"somebody else"

    assert Browser().show(device).context["status"] == "wrong"


def test_an_answer_is_good_once_and_for_five_minutes() -> None:
    _user, device = holder()
    who = Browser()
    credential = json.dumps(device.get(who.options("/oauth/sign-in/passkey")))
    assert who.sent(SIGN_IN, credential=credential).status_code == 302
    assert Browser().sent(SIGN_IN, credential=credential).context["status"] == "wrong"

    late = Browser()
    options = late.options("/oauth/sign-in/passkey")
    Challenge.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert late.sent(SIGN_IN, credential=json.dumps(device.get(options))).context["status"] == "wrong"


def test_a_challenge_for_one_ceremony_is_none_for_the_other() -> None:
    _user, device = holder(Role.CITIZEN)
    who = Browser()
    who.show(device)
    making = who.options("/oauth/account/passkey")

    assert Browser().sent(SIGN_IN, credential=json.dumps(device.get(making))).context["status"] == "wrong"
    asking = who.options("/oauth/sign-in/passkey") | {"user": making["user"]}
    who.sent("/oauth/account/passkeys", credential=json.dumps(Authenticator().create(asking)))
    assert Passkey.objects.count() == 1


def test_a_counter_that_does_not_go_on_betrays_a_copy() -> None:
    _user, device = holder()
    device.count = 7
    assert Browser().show(device).status_code == 302
    assert Passkey.objects.get().count == 8
    device.count = 7

    assert Browser().show(device).context["status"] == "wrong"


@pytest.mark.parametrize(
    "credential", ["", "{", "[]", '{"rawId": "x"}', json.dumps({"rawId": websafe(b"x"), "response": {}})]
)
def test_what_is_no_credential_is_refused_without_an_error(credential: str) -> None:
    assert Browser().sent(SIGN_IN, credential=credential).status_code in (200, 422)


def test_a_switched_off_account_is_not_opened_by_its_passkey() -> None:
    user, device = holder()
    user.is_active = False
    user.save()

    assert Browser().show(device).context["status"] == "wrong"


def test_nobody_makes_a_passkey_for_an_account_she_has_not_just_opened() -> None:
    user, _device = holder(Role.CITIZEN)
    who = Browser()
    assert who.sent("/oauth/account/passkey").status_code == 403
    who.force_login(user)

    assert who.sent("/oauth/account/passkey").status_code == 403, "signed in long ago"
    assert who.sent("/oauth/account/passkeys", credential="{}")["Location"].startswith(SIGN_IN)


def test_who_knows_the_password_cannot_add_a_passkey_beside_a_second_factor() -> None:
    enrolled(person())
    who = Browser()
    who.with_password()

    assert who.sent("/oauth/account/passkey").status_code == 403
    assert who.sent(SECOND, credential="{}")["Location"].startswith(SIGN_IN)


def test_staff_keep_one_second_factor_and_citizens_need_none() -> None:
    user, device = holder()
    who = Browser()
    who.show(device)
    passkey = str(Passkey.objects.get().pk)
    assert who.sent("/oauth/account/removal", passkey=passkey).status_code == 422
    page = who.get("/oauth/account/authenticator", secure=True)
    done = who.sent("/oauth/account/authenticator", code=now_code(page.context["enrolment"].secret))
    assert len(done.context["codes"]) == 10 and second_factor.has_authenticator(user)

    assert who.sent("/oauth/account/removal", passkey=passkey).status_code == 302
    assert not Passkey.objects.exists()
    assert who.sent("/oauth/account/removal", authenticator="yes").status_code == 422
    assert Browser().with_password(code=done.context["codes"][0]).status_code == 302


def test_a_person_cannot_touch_anothers_passkey() -> None:
    _user, device = holder()
    other, theirs = person("other", Role.CITIZEN), Authenticator()
    who = Browser()
    who.with_password("other")
    who.make(theirs, "/oauth/account/passkeys")
    foreign = Passkey.objects.exclude(user=other).get()

    who.sent("/oauth/account/removal", passkey=str(foreign.pk))
    assert Browser().show(device).status_code == 302


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one() -> None:
    _user, device = holder()
    here, there = Browser(), Browser()
    here.show(device)
    there.show(device)

    assert here.sent("/oauth/account/password", password="wrong", new="another-long-one").status_code == 422
    assert here.sent("/oauth/account/password", password=PASSWORD, new="short").status_code == 422
    assert here.sent("/oauth/account/password", password=PASSWORD, new="another-long-one").status_code == 302
    assert (here.signed_in(), there.signed_in()) == (True, False)


def test_a_recovery_code_of_the_institution_makes_room_for_a_new_start() -> None:
    user, device = holder()
    open_one = Browser()
    open_one.show(device)
    user.refresh_from_db()
    code = recovery.code_for(user)
    who = Browser()
    assert who.sent("/oauth/recovery", username="doctor", code="x", password="another-long-one").status_code == 422
    assert who.sent("/oauth/recovery", username="other", code=code, password="another-long-one").status_code == 422
    assert who.sent("/oauth/recovery", username="doctor", code=code, password="short").status_code == 422
    assert open_one.signed_in()

    assert who.sent("/oauth/recovery", username="doctor", code=code, password="another-long-one").context["done"]
    assert not open_one.signed_in()
    assert Browser().show(device).context["status"] == "wrong"
    fresh = Browser()
    asked = fresh.sent(SIGN_IN, username="doctor", password="another-long-one")
    assert asked["Location"].startswith(SECOND), "staff set up a second factor anew"
    again = who.sent("/oauth/recovery", username="doctor", code=code, password="yet-another-one")
    assert again.status_code == 422, "a code is good once"


def test_recovery_codes_are_not_guessed() -> None:
    person()
    who = Browser()
    answers = [
        who.sent("/oauth/recovery", username="doctor", code=f"x-{n}", password="another-long-one").status_code
        for n in range(6)
    ]

    assert answers == [422] * 5 + [429]


def test_recovery_codes_end_after_a_day(settings: Any) -> None:
    user = person()
    assert settings.PASSWORD_RESET_TIMEOUT == 24 * 3600
    code = recovery.code_for(user)
    settings.PASSWORD_RESET_TIMEOUT = -1

    assert recovery.redeem("doctor", code, "another-long-one") is None
