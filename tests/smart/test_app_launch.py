"""SMART App Launch 2.2: an application acts for a person, about a patient, within what the person granted."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client as HttpClient
from jwcrypto import jwk, jwt  # type: ignore[import-untyped]
from oauth2_provider.models import AccessToken, Grant, RefreshToken

from health_platform import smart
from health_platform.accounts.models import User
from health_platform.fhir.access.session import Session
from health_platform.fhir.repository import Repository
from health_platform.smart.context import of_user
from health_platform.smart.models import Authorization, EhrLaunch
from tests import builders
from tests.smart.conftest import (
    BASE,
    ORIGIN,
    PASSWORD,
    REDIRECT,
    App,
    Town,
    app,
    browser_of,
    clinician,
    get,
    key,
    key_set,
    post,
    told,
)

READ = "launch/patient patient/*.rs"


def reads(token: str, patient: str) -> int:
    return int(get(f"/fhir/R4/Patient/{patient}", token).status_code)


def begin(browser: HttpClient, launched: App, patient: str) -> dict[str, str]:
    """What the console's button hands to the application."""
    response = post("/oauth/launch", {"client": launched.client.client_id, "patient": patient}, browser)
    assert response.status_code == 200
    address = response.context["address"]
    assert address.startswith(launched.client.launch_uri)
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_a_citizens_application_gets_her_record_and_no_other(town: Town) -> None:
    answer = town.app.exchange(town.app.code(browser_of(town.citizen), READ))
    body = answer.json()

    assert answer["Cache-Control"] == "no-store"
    assert answer["Pragma"] == "no-cache"
    assert (body["patient"], body["token_type"], body["expires_in"]) == (town.patient, "Bearer", 300)
    assert body["need_patient_banner"] is True
    assert body["scope"].split() == READ.split()
    assert "refresh_token" not in body and "id_token" not in body
    assert (reads(body["access_token"], town.patient), reads(body["access_token"], town.second)) == (200, 404)


def test_a_clinician_chooses_a_patient_and_the_token_reaches_that_one_alone(town: Town) -> None:
    browser = browser_of(town.clinician)
    page = town.app.decide(browser, READ, {"decision": "search", "name": "김영희"})
    assert page.status_code == 200
    assert town.patient in page.content.decode() and town.foreign not in page.content.decode()

    body = town.app.tokens(browser, READ, {"patient": town.patient})
    assert body["patient"] == town.patient
    found = {patient: reads(body["access_token"], patient) for patient in (town.patient, town.second, town.foreign)}
    assert found == {town.patient: 200, town.second: 404, town.foreign: 404}
    ids = {entry["resource"]["id"] for entry in get("/fhir/R4/Patient", body["access_token"]).json()["entry"]}
    assert ids == {town.patient}


def test_a_patient_beyond_the_clinicians_reach_cannot_be_chosen(town: Town) -> None:
    response = town.app.decide(browser_of(town.clinician), READ, {"patient": town.foreign})

    assert told(response)["error"] == "access_denied"
    assert not Grant.objects.exists()


def test_when_the_care_ends_the_launched_token_reaches_nothing(town: Town) -> None:
    body = town.app.tokens(browser_of(town.clinician), READ, {"patient": town.patient})
    operator = builders.operator_client()
    kept = operator.get(f"/fhir/R4/Patient/{town.patient}").json()
    assert reads(body["access_token"], town.patient) == 200

    del kept["generalPractitioner"]
    assert operator.put(f"/fhir/R4/Patient/{town.patient}", kept).status_code == 200
    assert reads(body["access_token"], town.patient) == 404


def test_a_launched_application_writes_about_its_patient_alone(town: Town) -> None:
    token = town.app.tokens(browser_of(town.clinician), "launch/patient patient/*.cruds", {"patient": town.patient})
    caller = builders.Caller(token["access_token"])

    assert caller.post("/fhir/R4/Observation", builders.observation(town.patient)).status_code == 201
    assert caller.post("/fhir/R4/Observation", builders.observation(town.second)).status_code == 422
    new = {"resourceType": "Patient", "name": [{"text": "새 사람"}]}
    assert caller.post("/fhir/R4/Patient", new).status_code == 403
    stored = [
        Repository(builders.OPERATOR).search("Observation", {"patient": patient}).matches
        for patient in (town.patient, town.second)
    ]
    assert [len(found) for found in stored] == [1, 0]


def test_scopes_of_the_level_user_reach_no_further_than_the_launch(town: Town) -> None:
    scope = "launch/patient user/*.rs"
    token = town.app.tokens(browser_of(town.clinician), scope, {"patient": town.patient})["access_token"]
    assert (reads(token, town.patient), reads(token, town.second)) == (200, 404)

    whole = town.app.tokens(browser_of(town.clinician), "user/*.rs")
    assert "patient" not in whole
    assert (reads(whole["access_token"], town.second), reads(whole["access_token"], town.foreign)) == (200, 404)


def test_the_console_launches_an_application_for_the_open_record(town: Town) -> None:
    launched = app("viewer", launch_uri="https://app.example/launch")
    browser = browser_of(town.clinician)
    handed = begin(browser, launched, town.patient)
    assert handed["iss"] == BASE

    body = launched.tokens(browser, "launch patient/*.rs", launch=handed["launch"])
    assert (body["patient"], body["need_patient_banner"]) == (town.patient, False)
    assert (reads(body["access_token"], town.patient), reads(body["access_token"], town.second)) == (200, 404)
    again = launched.ask(browser, "launch patient/*.rs", launch=handed["launch"])
    assert told(again)["error"] == "invalid_request", "a launch is good once"


def test_a_launch_is_of_one_person_one_application_and_five_minutes(town: Town) -> None:
    launched, other = app("viewer", launch_uri="https://app.example/launch"), app("other")
    handle = begin(browser_of(town.clinician), launched, town.patient)["launch"]
    colleague = browser_of(clinician(town.clinic, "colleague"))

    refused = [
        launched.ask(colleague, "launch patient/*.rs", launch=handle),
        other.ask(browser_of(town.clinician), "launch patient/*.rs", launch=handle),
        launched.ask(browser_of(town.clinician), "launch patient/*.rs", launch="guessed"),
        launched.ask(browser_of(town.clinician), "launch patient/*.rs"),
    ]
    EhrLaunch.objects.update(expires="2020-01-01T00:00:00Z")
    refused.append(launched.ask(browser_of(town.clinician), "launch patient/*.rs", launch=handle))
    assert [told(response)["error"] for response in refused] == ["invalid_request"] * 5
    assert handle not in str(list(EhrLaunch.objects.values())), "kept as a hash"


def test_no_launch_begins_for_a_patient_or_an_application_that_is_not_the_clinics(town: Town) -> None:
    launched = app("viewer", launch_uri="https://app.example/launch")
    foreign = app("of another clinic", launch_uri="https://app.example/launch", organization="another")
    browser = browser_of(town.clinician)
    for client, patient in ((launched, town.foreign), (foreign, town.patient), (town.app, town.patient)):
        sent = {"client": client.client.client_id, "patient": patient}
        assert post("/oauth/launch", sent, browser).status_code == 404
    assert not EhrLaunch.objects.exists()


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_challenge": "-", "code_challenge_method": "-"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "-"}, "invalid_request"),
        ({"aud": "https://elsewhere.example/fhir"}, "invalid_request"),
        ({"aud": "-"}, "invalid_request"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"response_type": "id_token token", "nonce": "n"}, "unauthorized_client"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_a_request_that_is_not_right_goes_back_with_its_error(town: Town, changed: dict[str, str], error: str) -> None:
    response = town.app.ask(browser_of(town.citizen), f"openid {READ}", **changed)
    back = urlsplit(response["Location"])
    found = parse_qs(back.query or back.fragment)

    assert (found["error"], found["state"]) == ([error], ["a-state"])
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    "scope",
    [
        "system/*.rs",
        "patient/Observation.rs?category=laboratory",
        "launch/patient patient/Observation.rs?code=http://loinc.org|8867-4",
        "introspection",
        "launch/encounter",
        "everything",
    ],
)
def test_a_scope_that_is_not_granted_is_refused_and_never_widened(town: Town, scope: str) -> None:
    town.app.client.scopes += " system/*.cruds introspection"
    town.app.client.save()

    assert told(town.app.ask(browser_of(town.citizen), scope))["error"] == "invalid_scope"


def test_a_constrained_scope_in_a_registration_grants_nothing_wider(town: Town) -> None:
    narrow = app("narrow", scopes="launch/patient patient/Observation.rs?category=laboratory")

    for scope in ("patient/Observation.rs", "patient/Observation.rs?category=laboratory"):
        assert told(narrow.ask(browser_of(town.citizen), scope))["error"] == "invalid_scope"


@pytest.mark.parametrize(
    "changed", [{"redirect_uri": "https://evil.example/"}, {"client_id": "nobody"}, {"redirect_uri": REDIRECT + "/x"}]
)
def test_an_unknown_client_or_address_sends_the_browser_nowhere(town: Town, changed: dict[str, str]) -> None:
    response = town.app.ask(browser_of(town.citizen), READ, **changed)

    assert response.status_code == 400
    assert "Location" not in response
    assert "This application cannot be opened" in response.content.decode()


def test_scopes_of_version_one_are_understood(town: Town) -> None:
    body = town.app.tokens(browser_of(town.citizen), "launch/patient patient/Patient.read")
    token = body["access_token"]

    assert body["scope"] == "launch/patient patient/Patient.read"
    assert reads(token, town.patient) == 200
    assert get("/fhir/R4/Observation", token).status_code == 403


def test_whoever_is_not_signed_in_signs_in_first_and_comes_back(town: Town) -> None:
    browser = HttpClient(headers={"Accept-Language": "en"})
    first = town.app.ask(browser, READ)
    sign_in = first["Location"]
    assert urlsplit(sign_in).path == "/oauth/sign-in"
    goal = parse_qs(urlsplit(sign_in).query)["next"][0]

    wrong = post("/oauth/sign-in", {"username": "citizen", "password": "wrong", "next": goal}, browser)
    assert "The name or the password is not right." in wrong.content.decode()
    signed_in = post("/oauth/sign-in", {"username": "citizen", "password": PASSWORD, "next": goal}, browser)
    assert signed_in["Location"] == goal
    assert get(goal, browser=browser).status_code == 200
    assert town.app.tokens(browser, READ)["patient"] == town.patient


def test_the_consent_page_says_in_words_what_is_asked_and_allows_no_inline(town: Town) -> None:
    response = town.app.ask(browser_of(town.citizen), "launch/patient offline_access patient/*.cruds openid")
    page, policy = response.content.decode(), response["Content-Security-Policy"]

    for text in ("growth chart", "Know who you are", "Read and change the patient", "until you end it"):
        assert text in page
    assert "<script" not in page and "style=" not in page and "<style" not in page
    assert "unsafe" not in policy
    assert "form-action 'self' https://app.example" in policy
    assert "no-store" in response["Cache-Control"]


def test_the_request_may_come_by_post(town: Town) -> None:
    response = post("/oauth/authorize", town.app.parameters(READ), browser_of(town.citizen))

    assert response.status_code == 302
    assert get(response["Location"], browser=browser_of(town.citizen)).status_code == 200


def test_consent_is_given_by_a_form_of_this_site_only(town: Town) -> None:
    strict = HttpClient(enforce_csrf_checks=True)
    strict.force_login(town.citizen)

    assert town.app.decide(strict, READ).status_code == 403
    assert not Grant.objects.exists()


def test_a_no_goes_back_as_a_no(town: Town) -> None:
    back = told(town.app.decide(browser_of(town.citizen), READ, {"decision": "deny"}))

    assert (back["error"], back["state"], back["iss"]) == ("access_denied", "a-state", f"{ORIGIN}/oauth")
    assert not Grant.objects.exists()


def test_a_yes_names_who_gave_it(town: Town) -> None:
    back = told(town.app.decide(browser_of(town.citizen), READ))

    assert (back["state"], back["iss"]) == ("a-state", f"{ORIGIN}/oauth")


def test_a_code_is_good_once_and_the_second_time_ends_what_the_first_gave(town: Town) -> None:
    code = town.app.code(browser_of(town.citizen), f"{READ} offline_access")
    assert code not in str(list(Grant.objects.values())), "kept as a hash"
    first = town.app.exchange(code).json()
    assert reads(first["access_token"], town.patient) == 200

    again = town.app.exchange(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert reads(first["access_token"], town.patient) == 401
    assert town.app.refresh(first["refresh_token"]).status_code == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": "x" * 64},
        {"code_verifier": "-"},
        {"redirect_uri": "https://app.example/other"},
        {"client_id": "nobody"},
    ],
)
def test_a_code_without_its_proof_is_worth_nothing(town: Town, changed: dict[str, str]) -> None:
    code = town.app.code(browser_of(town.citizen), READ)

    assert town.app.exchange(code, **changed).status_code in (400, 401)
    assert not AccessToken.objects.exists()


def test_a_code_of_another_application_and_an_old_one_are_worth_nothing(town: Town) -> None:
    code = town.app.code(browser_of(town.citizen), READ)
    other = App(app("other").client, town.app.verifier)
    assert other.exchange(code).status_code == 400

    Grant.objects.update(expires="2020-01-01T00:00:00Z")
    assert town.app.exchange(code).status_code == 400
    assert not AccessToken.objects.exists()


def test_a_refresh_token_comes_only_when_asked_and_is_new_each_time(town: Town) -> None:
    first = town.app.tokens(browser_of(town.citizen), f"{READ} offline_access")
    second = town.app.refresh(first["refresh_token"])
    body = second.json()

    assert second.status_code == 200
    assert body["refresh_token"] != first["refresh_token"]
    assert (body["patient"], body["expires_in"]) == (town.patient, 300)
    assert second["Cache-Control"] == "no-store"
    assert reads(first["access_token"], town.patient) == 401, "the access token before it ends"
    assert reads(body["access_token"], town.patient) == 200
    assert [token.token for token in RefreshToken.objects.all()] == ["", ""], "kept as hashes"


def test_a_refresh_token_that_comes_again_ends_the_whole_family(town: Town) -> None:
    first = town.app.tokens(browser_of(town.citizen), f"{READ} offline_access")
    second = town.app.refresh(first["refresh_token"]).json()

    assert town.app.refresh(first["refresh_token"]).status_code == 400
    assert town.app.refresh(second["refresh_token"]).status_code == 400
    assert reads(second["access_token"], town.patient) == 401


def test_a_refresh_may_ask_for_less_and_never_for_more(town: Town) -> None:
    first = town.app.tokens(browser_of(town.citizen), f"{READ} offline_access")
    more = town.app.refresh(first["refresh_token"], scope="patient/*.cruds")
    assert more.json()["error"] == "invalid_scope"

    less = town.app.refresh(first["refresh_token"], scope="patient/*.rs").json()
    assert less["scope"] == "patient/*.rs"
    assert less["refresh_token"] != first["refresh_token"]


def test_online_access_ends_with_the_browser_session(town: Town) -> None:
    browser = browser_of(town.citizen)
    first = town.app.tokens(browser, f"{READ} online_access")
    second = town.app.refresh(first["refresh_token"]).json()
    assert reads(second["access_token"], town.patient) == 200

    browser.logout()
    assert town.app.refresh(second["refresh_token"]).status_code == 400


def test_a_person_who_was_switched_off_has_no_tokens(town: Town) -> None:
    first = town.app.tokens(browser_of(town.citizen), f"{READ} offline_access")
    User.objects.filter(pk=town.citizen.pk).update(is_active=False)

    assert reads(first["access_token"], town.patient) == 401
    assert town.app.refresh(first["refresh_token"]).status_code == 400


def test_a_confidential_application_signs_its_exchange(town: Town) -> None:
    signer = key()
    secret = app("server side", jwks=key_set(signer))
    secret.client.client_type = secret.client.CLIENT_CONFIDENTIAL
    secret.client.save()
    from tests.smart.conftest import ASSERTION_TYPE, assertion

    code = secret.code(browser_of(town.citizen), f"openid fhirUser {READ}")
    assert secret.exchange(code).status_code == 401
    signed = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion(secret.client, signer)}
    answer = secret.exchange(code, client_id="-", **signed)
    assert answer.status_code == 200
    assert answer.json()["patient"] == town.patient


def test_the_id_token_says_who_the_person_is_and_its_signature_holds(town: Town) -> None:
    body = town.app.tokens(browser_of(town.citizen), f"openid fhirUser {READ}", nonce="a-nonce")
    keys = jwk.JWKSet.from_json(get("/oauth/jwks").content.decode())
    token = jwt.JWT(jwt=body["id_token"], key=keys, algs=["RS256"])
    claims: dict[str, Any] = jwt.json_decode(token.claims)

    assert claims["iss"] == f"{ORIGIN}/oauth"
    assert claims["aud"] == town.app.client.client_id
    assert claims["fhirUser"] == f"{BASE}/Patient/{town.patient}"
    assert claims["nonce"] == "a-nonce"
    assert claims["sub"] == str(town.citizen.pk)
    assert time.time() < claims["exp"] <= time.time() + 300
    userinfo = get("/oauth/userinfo", body["access_token"])
    assert userinfo.json() == {"sub": claims["sub"], "fhirUser": claims["fhirUser"]}


def test_introspection_tells_a_client_of_its_own_tokens_with_their_launch(town: Town) -> None:
    body = town.app.tokens(browser_of(town.citizen), f"openid fhirUser {READ}")
    asks = town.system.client
    asks.scopes += " introspection"
    asks.save()

    found = _introspect(town, body["access_token"])
    assert (found["active"], found["client_id"], found["patient"]) == (True, town.app.client.client_id, town.patient)
    assert found["fhirUser"] == f"{BASE}/Patient/{town.patient}"
    assert found["scope"].split() == f"openid fhirUser {READ}".split()
    asks.scopes = "system/*.cruds"
    asks.save()
    assert _introspect(town, body["access_token"]) == {"active": False}, "of another client"
    assert _introspect(town, "guessed") == {"active": False}
    assert post("/oauth/introspect", {"token": body["access_token"]}).status_code == 401


def _introspect(town: Town, token: str) -> dict[str, Any]:
    from tests.smart.conftest import ASSERTION_TYPE

    signed = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": town.system.assertion()}
    answer = post("/oauth/introspect", {"token": token} | signed)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_what_is_revoked_is_worth_nothing(town: Town) -> None:
    body = town.app.tokens(browser_of(town.citizen), f"{READ} offline_access")
    stranger = app("stranger")
    form = {"token": body["refresh_token"], "client_id": stranger.client.client_id}
    assert post("/oauth/revoke", form).status_code == 200
    assert reads(body["access_token"], town.patient) == 200, "another client's revocation does nothing"

    form["client_id"] = town.app.client.client_id
    assert post("/oauth/revoke", form).status_code == 200
    assert reads(body["access_token"], town.patient) == 401
    assert town.app.refresh(body["refresh_token"]).status_code == 400


def test_a_token_without_the_persons_authorization_opens_nothing(town: Town) -> None:
    body = town.app.tokens(browser_of(town.citizen), READ)
    Authorization.objects.all().delete()

    assert reads(body["access_token"], town.patient) == 401


def test_a_token_in_the_address_is_no_token(town: Town) -> None:
    token = town.app.tokens(browser_of(town.citizen), READ)["access_token"]

    assert get(f"/fhir/R4/Patient/{town.patient}?access_token={token}").status_code == 401


def test_every_word_of_the_pages_is_there_in_korean(town: Town) -> None:
    korean = HttpClient(headers={"Accept-Language": "ko"})
    korean.force_login(town.clinician)
    page = town.app.ask(korean, f"openid {READ} offline_access").content.decode()
    assert '<html lang="ko">' in page
    for text in ("허락하기", "내가 누구인지 알기", "환자의 기록 보기: 모든 종류의 기록", "누구의 기록입니까?"):
        assert text in page

    folder = Path(smart.__file__).parent
    catalog = (folder / "locale" / "ko" / "LC_MESSAGES" / "django.po").read_text()
    known = set(re.findall(r'^msgid(?:_plural)? "(.+)"$', catalog, re.MULTILINE))
    for file in sorted(folder.glob("templates/smart/*.html")):
        for text in re.findall(r'{% translate "([^"]+)" %}', file.read_text()):
            assert text in known, f"{file.name}: {text}"
    for text in re.findall(r'_\("([^"]+)"\)', (folder / "plain_words.py").read_text()):
        assert text in known, text


def test_row_level_security_repeats_the_launch_when_the_applications_filter_is_off(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "reach", lambda *_: ("", {}))
    access = of_user(town.clinician)
    assert access is not None

    def seen(patient: str | None) -> set[str]:
        page = Repository(replace(access, launch_patient=patient)).search("Patient", "")
        return {found["id"] for found in page.resources()}

    assert seen(None) == {town.patient, town.second}
    assert seen(town.patient) == {town.patient}
    assert seen(town.foreign) == set()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "me"), ("GET", "me/risks"), ("GET", "me/consents"), ("POST", "session/renewal"), ("DELETE", "session")],
)
def test_the_token_of_an_application_opens_the_record_and_not_the_citizens_own_pages(
    town: Town, method: str, path: str
) -> None:
    token = town.app.tokens(browser_of(town.citizen), "launch/patient patient/Patient.rs")["access_token"]
    before = AccessToken.objects.count()

    assert builders.Caller(token).send(method, f"/api/v1/{path}").status_code == 403
    assert AccessToken.objects.count() == before
    assert reads(token, town.patient) == 200
