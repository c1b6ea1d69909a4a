"""What is over goes: by the nightly command, and at once by the person's own wish."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken

from health_platform.accounts.models import Challenge
from health_platform.smart.models import Authorization
from tests.smart.conftest import PASSWORD, Town, browser_of, get

pytestmark = pytest.mark.django_db
READ = "launch/patient patient/*.rs"


def clear() -> str:
    out = StringIO()
    call_command("clear_ended", stdout=out)
    return out.getvalue()


def test_an_authorization_goes_when_its_tokens_are_over_and_not_before(town: Town) -> None:
    browser = browser_of(town.citizen)
    kept = town.app.tokens(browser, f"{READ} offline_access")
    town.app.tokens(browser, READ)
    clear()
    assert Authorization.objects.count() == 2

    AccessToken.objects.update(expires=timezone.now() - timedelta(minutes=1))
    Authorization.objects.update(created=timezone.now() - timedelta(minutes=10))
    assert "1 authorizations" in clear()
    assert Authorization.objects.get().refresh_tokens.exists()
    assert town.app.refresh(kept["refresh_token"]).status_code == 200


def test_an_authorization_whose_code_was_never_exchanged_goes_too(town: Town) -> None:
    town.app.code(browser_of(town.citizen), READ)
    clear()
    assert Authorization.objects.count() == 1, "its code may still come"

    Authorization.objects.update(created=timezone.now() - timedelta(minutes=10))
    clear()
    assert not Authorization.objects.exists()


def test_a_reused_refresh_token_still_ends_its_family_after_the_cleaning(town: Town) -> None:
    first = town.app.tokens(browser_of(town.citizen), f"{READ} offline_access")
    second = town.app.refresh(first["refresh_token"]).json()
    clear()

    assert town.app.refresh(first["refresh_token"]).status_code == 400
    assert town.app.refresh(second["refresh_token"]).status_code == 400


def test_open_challenges_stay_and_old_ones_go(town: Town) -> None:
    now = timezone.now()
    Challenge.objects.create(digest="a", expires=now + timedelta(minutes=5))
    Challenge.objects.create(digest="b", expires=now - timedelta(minutes=5))
    clear()

    assert list(Challenge.objects.values_list("digest", flat=True)) == ["a"]


def test_a_person_ends_what_she_allowed_an_application_and_nobody_elses(town: Town) -> None:
    browser, other = browser_of(town.citizen), browser_of(town.clinician)
    token = town.app.tokens(browser, f"{READ} offline_access")
    authorization = Authorization.objects.get()
    page = browser.get("/oauth/sessions").content.decode()
    assert "growth chart" in page and "growth chart" not in other.get("/oauth/sessions").content.decode()
    other.post("/oauth/sessions", {"application": str(authorization.pk)})
    assert get(f"/fhir/R4/Patient/{town.patient}", token["access_token"]).status_code == 200

    browser.post("/oauth/sessions", {"application": str(authorization.pk)})
    assert get(f"/fhir/R4/Patient/{town.patient}", token["access_token"]).status_code == 401
    assert town.app.refresh(token["refresh_token"]).status_code == 400
    assert "growth chart" not in browser.get("/oauth/sessions").content.decode()


def test_signing_out_everywhere_else_ends_tokens_as_well(town: Town) -> None:
    token = town.app.tokens(browser_of(town.citizen), f"{READ} offline_access")
    here = browser_of(town.citizen)
    here.post("/oauth/sign-in", {"username": "citizen", "password": PASSWORD})
    here.post("/oauth/sessions", {"session": "others"})

    assert here.get("/oauth/sessions").status_code == 200
    assert get(f"/fhir/R4/Patient/{town.patient}", token["access_token"]).status_code == 401
    assert not RefreshToken.objects.filter(user=town.citizen).exists()
