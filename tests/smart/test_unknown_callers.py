"""A request without a valid token leaves a row in the access log, and many leave few."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.signals import request_started
from django.core.wsgi import get_wsgi_application
from django.db import OperationalError, close_old_connections, connection

from health_platform.accounts.models import User
from health_platform.fhir.access import audit, unknown_callers
from health_platform.fhir.access.token_bucket import Buckets, Quota
from health_platform.fhir.http.door import Door
from health_platform.smart.bearer import access_of
from tests.builders import Caller, caller_for
from tests.fhir.conftest import City, city  # noqa: F401  (a fixture)
from tests.fhir.test_door import ask

long = get_wsgi_application()
short = Door(long, access_of)
HERE = "192.0.2.99"


@pytest.fixture(autouse=True)
def one_transaction() -> Iterator[None]:
    request_started.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)


@pytest.fixture(autouse=True)
def nothing_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unknown_callers, "_of_address", Buckets(Quota(3, 60)))
    monkeypatch.setattr(unknown_callers, "_of_all", Buckets(Quota(60, 60), most=1))


def rows() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('bitgoeul.log', 'all', true)")
        cursor.execute(
            "SELECT interaction, action, outcome, actor, client, address, patients, entities, query FROM fhir_audit"
            " WHERE interaction = 'token' ORDER BY aid"
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def row(api: str, address: str = HERE) -> tuple[Any, ...]:
    return ("token", "E", 4, "", api, address, [], [], None)


@pytest.mark.parametrize("way", [long, short], ids=["long", "short"])
@pytest.mark.parametrize("token", ["", "x" * 43])
def test_a_refusal_at_the_record_leaves_one_row(city: City, way: Any, token: str) -> None:  # noqa: F811
    answer = ask(way, "GET", f"/Patient/{city.patient}?name=김영희", token, REMOTE_ADDR=HERE)
    assert answer[0].startswith("401")
    assert rows() == [row("/fhir/R4")]


@pytest.mark.parametrize(("api", "path"), [("/api/v1", "/api/v1/me"), ("/v2", "/v2/models/fib4")])
def test_so_does_one_at_the_other_apis(db: None, api: str, path: str) -> None:
    assert Caller("x" * 43).get(path, X_Planted="김영희").status_code == 401
    assert rows() == [row(api, "127.0.0.1")]


def test_an_expired_token_is_told_like_a_wrong_one(city: City) -> None:  # noqa: F811
    User.objects.filter(username="clinician").update(is_active=False)
    assert ask(short, "POST", "/Observation", city.clinician.token, b"{}", REMOTE_ADDR=HERE)[0].startswith("401")
    assert rows() == [row("/fhir/R4")]


def test_nobody_fills_the_log(city: City) -> None:  # noqa: F811
    for way in (long, short):
        for number in range(20):
            assert ask(way, "GET", "/Patient", REMOTE_ADDR=HERE)[0].startswith("401")
            ask(way, "GET", "/Patient", "x" * 43, REMOTE_ADDR=f"2001:db8::{number}")
    assert sorted(found[5] for found in rows()) == [HERE] * 3 + ["2001:db8::0", "2001:db8::1", "2001:db8::2"]


def test_many_addresses_fill_it_no_more(db: None) -> None:
    for number in range(100):
        ask(long, "GET", "/Patient", REMOTE_ADDR=f"198.51.100.{number}")
    assert 60 <= len(rows()) <= 62


def test_who_is_let_in_or_may_not_leaves_no_such_row(city: City) -> None:  # noqa: F811
    for way in (long, short):
        ask(way, "GET", f"/Patient/{city.patient}", city.system.token)
        ask(way, "GET", f"/Patient/{city.patient}", city.other_system.token)
    assert city.citizen.get("/v2").status_code == 403
    assert rows() == []


def test_the_log_being_away_changes_nothing_for_the_caller(
    db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("김영희")

    monkeypatch.setattr(audit, "write", away)
    assert ask(long, "GET", "/Patient", REMOTE_ADDR=HERE)[0].startswith("401")
    assert "OperationalError" in caplog.text
    assert "김영희" not in caplog.text


def test_an_auditor_reads_it_as_an_event(city: City) -> None:  # noqa: F811
    ask(short, "GET", "/Patient", "x" * 43, REMOTE_ADDR=HERE)
    auditor = User.objects.create_user(username="auditor", password="a-long-password", role="auditor")
    found = caller_for(auditor).get("/fhir/R4/AuditEvent?outcome=4").json()
    events = [entry["resource"] for entry in found["entry"] if entry["search"]["mode"] == "match"]
    assert [(event["type"]["code"], event["outcome"]) for event in events] == [("110114", "4")]
    assert HERE in str(events[0]["agent"])
