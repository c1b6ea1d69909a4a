"""Who asks too often is refused, in the form of the address asked, and takes nothing from anybody else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.signals import request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client as HttpClient

from health_platform.accounts.models import User
from health_platform.fhir.http.door import Door
from health_platform.smart.bearer import access_of
from tests.builders import FHIR, Caller, observation
from tests.fhir.conftest import City, city  # noqa: F401  (a fixture)
from tests.fhir.test_door import ask
from tests.inference.triage.conftest import DEVICE, Endpoint, device_keys, device_token, endpoint  # noqa: F401

long = get_wsgi_application()
short = Door(long, access_of)
UNLIMITED = {"client": None, "person": None, "address": None, "triage": None}


@pytest.fixture(autouse=True)
def one_transaction() -> Iterator[None]:
    request_started.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)


def statuses(*responses: Any) -> list[int]:
    return [response.status_code for response in responses]


@pytest.mark.parametrize("way", [long, short], ids=["long", "short"])
def test_a_system_is_told_what_is_left_and_then_refused(settings: Any, city: City, way: Any) -> None:  # noqa: F811
    settings.RATE_LIMITS = UNLIMITED | {"client": (2, 60)}
    path = f"/Patient/{city.patient}"
    first, second, third = (ask(way, "GET", path, city.system.token) for _ in range(3))
    assert [answer[0][:3] for answer in (first, second, third)] == ["200", "200", "429"]
    assert {answer[1]["ratelimit-policy"] for answer in (first, second, third)} == {'"client";q=2;w=60'}
    assert [answer[1]["ratelimit"] for answer in (first, second)] == ['"client";r=1;t=30', '"client";r=0;t=30']
    assert "retry-after" not in second[1]
    seconds = third[1]["retry-after"]
    assert third[1]["ratelimit"] == f'"client";r=0;t={seconds}'
    assert 25 <= int(seconds) <= 30
    assert third[1]["content-type"].startswith("application/fhir+json")
    issue = json.loads(third[2])["issue"][0]
    assert (issue["severity"], issue["code"]) == ("error", "throttled")
    assert f"wait {seconds} seconds" in issue["diagnostics"]
    assert ask(way, "GET", "/metadata", city.other_system.token)[0] == "200 OK"


def test_both_ways_take_from_one_bucket(settings: Any, city: City) -> None:  # noqa: F811
    settings.RATE_LIMITS = UNLIMITED | {"client": (2, 60)}
    answers = [ask(way, "GET", "/metadata", city.system.token)[0] for way in (long, short, long, short)]
    assert [answer[:3] for answer in answers] == ["200", "200", "429", "429"]


def test_a_refused_write_stores_nothing(settings: Any, city: City) -> None:  # noqa: F811
    settings.RATE_LIMITS = UNLIMITED | {"client": (1, 60)}
    assert statuses(*(city.system.post(f"{FHIR}/Observation", observation(city.patient)) for _ in "12")) == [201, 429]
    settings.RATE_LIMITS = UNLIMITED
    assert city.system.get(f"{FHIR}/Observation?_summary=count").json()["total"] == 1


def test_a_citizen_has_a_bucket_of_her_own_and_so_has_a_clinician(settings: Any, city: City) -> None:  # noqa: F811
    settings.RATE_LIMITS = UNLIMITED | {"person": (1, 60)}
    path = f"{FHIR}/Patient/{city.patient}"
    assert statuses(*(city.citizen.get(path) for _ in range(2))) == [200, 429]
    assert statuses(city.clinician.get(path), city.stranger.get(path), city.system.get(path)) == [200, 404, 200]


def test_a_citizen_in_the_session_is_told_in_problem_details(settings: Any, city: City) -> None:  # noqa: F811
    settings.RATE_LIMITS = UNLIMITED | {"person": (1, 60)}
    browser, other = HttpClient(headers={"Accept-Language": "ko"}), HttpClient()
    browser.force_login(User.objects.get(username="citizen"))
    other.force_login(User.objects.get(username="stranger"))
    first, second = browser.get("/api/v1/me"), browser.get("/api/v1/me")
    assert statuses(first, second, other.get("/api/v1/me")) == [200, 429, 200]
    assert second["Content-Type"] == "application/problem+json"
    problem = second.json()
    assert problem["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    assert (problem["status"], problem["violated-policies"]) == (429, ["person"])
    assert problem["title"] == "요청이 너무 많습니다"
    assert f"{second['Retry-After']}초 뒤" in problem["detail"]


def test_the_inference_protocol_has_its_own_error(settings: Any, city: City) -> None:  # noqa: F811
    settings.RATE_LIMITS = UNLIMITED | {"client": (1, 60)}
    first, second = city.system.get("/v2"), city.system.get("/v2")
    assert statuses(first, second) == [200, 429]
    assert list(second.json()) == ["error"]
    assert second["Retry-After"]


def test_an_address_is_limited_until_somebody_signs_in(settings: Any, city: City) -> None:  # noqa: F811
    settings.RATE_LIMITS = UNLIMITED | {"address": (2, 60)}
    answers = [ask(short, "GET", "/Patient", token, REMOTE_ADDR="2001:db8::1") for token in ("", "x" * 43, "")]
    assert [answer[0][:3] for answer in answers] == ["401", "401", "429"]
    assert ask(short, "GET", "/Patient", "y" * 43, REMOTE_ADDR="2001:db8::2")[0].startswith("429")
    assert ask(short, "GET", "/Patient", REMOTE_ADDR="2001:db8:0:1::1")[0].startswith("401")
    assert ask(short, "GET", "/Patient", city.system.token, REMOTE_ADDR="2001:db8::1")[0] == "200 OK"


def test_a_page_is_limited_in_plain_words_and_health_is_not(settings: Any, db: None) -> None:
    settings.RATE_LIMITS = UNLIMITED | {"address": (1, 60)}
    first, second = Caller().get("/oauth/sign-in"), Caller().get("/oauth/sign-in")
    assert first.status_code != 429
    assert second.status_code == 429
    assert re.match(r"Too many requests: wait \d+ seconds", second.content.decode())
    assert statuses(*(Caller().get("/livez") for _ in range(3))) == [200, 200, 200]


def test_triage_has_a_bucket_that_nothing_else_uses_up(settings: Any, endpoint: Endpoint) -> None:  # noqa: F811
    settings.RATE_LIMITS = {"client": (1, 60), "person": (1, 60), "address": (1, 60), "triage": (2, 60)}
    for _ in range(3):
        Caller().get("/v2/health/live")
        endpoint(token="nonsense")
        Caller().post("/api/v1/triage", {})
    answers = [endpoint() for _ in range(3)]
    assert statuses(*answers) == [200, 200, 429]
    assert answers[0]["RateLimit"].startswith('"triage";r=1;')
    assert answers[2]["Retry-After"]
    assert answers[2]["Content-Type"] == "application/problem+json"
    other = device_token(type(DEVICE)("another", DEVICE.organization))
    assert endpoint(token=other).status_code == 200


def test_without_a_limit_nothing_is_said(settings: Any, city: City) -> None:  # noqa: F811
    settings.RATE_LIMITS = UNLIMITED
    for answer in (ask(way, "GET", "/metadata", city.system.token) for way in (long, short)):
        assert not {"ratelimit", "ratelimit-policy"} & set(answer[1])
