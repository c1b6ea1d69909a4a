"""The short way to the FHIR API answers like the long one, and hands on what is not plain."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from django.core.signals import request_started
from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError, close_old_connections, connection
from django.utils import translation
from oauth2_provider.models import AccessToken

from health_platform.accounts.models import Membership, User
from health_platform.fhir.http import door
from health_platform.fhir.http.door import Door
from health_platform.fhir.repository import Repository
from health_platform.smart import bearer
from health_platform.smart.bearer import access_of
from health_platform.smart.models import Client
from tests.builders import OPERATOR, Caller, observation
from tests.fhir.conftest import City

django = get_wsgi_application()
Answer = tuple[str, dict[str, str], bytes]


def ask(application: Any, method: str, path: str, token: str = "", body: bytes = b"", **more: str) -> Answer:
    path, _, query = path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method, "PATH_INFO": f"/fhir/R4{path}", "QUERY_STRING": query, "SCRIPT_NAME": "",
        "SERVER_NAME": "testserver", "SERVER_PORT": "80", "HTTP_HOST": "testserver", "wsgi.url_scheme": "http",
        "REMOTE_ADDR": "192.0.2.7", "CONTENT_TYPE": "application/fhir+json", "CONTENT_LENGTH": str(len(body)),
        "HTTP_ACCEPT_LANGUAGE": "en", "wsgi.input": BytesIO(body), **more,
    }  # fmt: skip
    if token:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    seen: list[Any] = []
    answer: Iterable[bytes] = application(environ, lambda status, headers, *_: seen.extend((status, headers)))
    whole = b"".join(answer)
    headers = {name.lower(): value for name, value in seen[1]}
    if "content-security-policy" in headers:  # its directives come in any order
        headers["content-security-policy"] = "; ".join(sorted(headers["content-security-policy"].split("; ")))
    return seen[0], headers, whole


@pytest.fixture(autouse=True)
def one_transaction() -> Iterator[None]:
    """The beginning of a request to Django closes no connection: the test's transaction stands on it."""
    request_started.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests that the door let through to Django, but for its probes."""
    seen: list[str] = []

    def note(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "HTTP_AUTHORIZATION" in environ or environ["PATH_INFO"] != "/fhir/R4/Patient":
            seen.append(environ["PATH_INFO"])
        return django(environ, start_response)

    monkeypatch.setattr("tests.fhir.test_door.short", Door(note, access_of))
    return seen


short = Door(django, access_of)
KOREAN = {"HTTP_ACCEPT_LANGUAGE": "ko-KR,ko;q=0.9,en;q=0.1"}
BROWSER = {"HTTP_ORIGIN": "https://app.example"}


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "/Patient/{patient}", {}),
        ("HEAD", "/Patient/{patient}", {}),
        ("GET", "/Patient/{patient}", BROWSER),
        ("GET", "/Patient/{patient}", {"HTTP_IF_NONE_MATCH": 'W/"1"'}),
        ("GET", "/Patient/{patient}", {"HTTP_ACCEPT": "application/fhir+xml"}),
        ("GET", "/Patient/{patient}?_format=xml", {}),
        ("GET", "/Patient/{patient}/_history", {}),
        ("GET", "/Patient/nobody", {}),
        ("GET", "/Patient/nobody", KOREAN),
        ("GET", "/Patient/not an id", {}),
        ("GET", "/Nothing", KOREAN),
        ("GET", "/Patient?_count=1", {}),
        ("GET", "/Patient?name=%EC%98%81%ED%9D%AC&_count=1", {}),
        ("GET", "/Patient?unknown=1", {}),
        ("GET", "/Patient?name=영희&_count=1".encode().decode("latin-1"), {}),
        ("GET", "/metadata", {}),
        ("GET", "/.well-known/smart-configuration", {}),
        ("PUT", "/Patient/{patient}", {"CONTENT_TYPE": "text/plain"}),
        ("PUT", "/Patient/{patient}", {}),
        ("DELETE", "/Patient/nobody", {}),
        ("OPTIONS", "/Patient", BROWSER | {"HTTP_ACCESS_CONTROL_REQUEST_METHOD": "GET"}),
        ("GET", "/Patient/{patient}", {"HTTP_HOST": "evil.example"}),
        ("GET", "/Patient/{patient}", {"HTTP_COOKIE": "django_language=ko"}),
    ],
)
@pytest.mark.parametrize("token", ["valid", "unknown", ""])
def test_both_ways_answer_alike(city: City, method: str, path: str, more: dict[str, str], token: str) -> None:
    bearer_token = {"valid": city.system.token, "unknown": "x" * 43, "": ""}[token]
    body = b'{"resourceType": "Patient", "id": "other"}' if method == "PUT" else b""
    address = path.format(patient=city.patient)
    answers = [ask(way, method, address, bearer_token, body, **more) for way in (django, short)]
    assert answers[0] == answers[1]


def test_a_write_answers_alike(city: City) -> None:
    body = json.dumps(observation(city.patient)).encode()
    long, brief = (ask(way, "POST", "/Observation", city.system.token, body) for way in (django, short))
    varying = {"location", "last-modified"}
    assert long[0] == brief[0] == "201 Created"
    assert {n: v for n, v in long[1].items() if n not in varying} == {
        n: v for n, v in brief[1].items() if n not in varying
    }
    assert brief[1]["location"].startswith("http://testserver/fhir/R4/Observation/")


def test_the_short_way_is_taken_by_who_is_signed_in_and_by_nobody_else(city: City, taken: list[str]) -> None:
    ask(short, "GET", f"/Patient/{city.patient}", city.system.token)
    assert taken == []
    ask(short, "GET", f"/Patient/{city.patient}")
    ask(short, "GET", f"/Patient/{city.patient}", city.system.token, HTTP_COOKIE="a=b")
    ask(short, "GET", f"/Patient/{city.patient}", city.system.token, HTTP_HOST="evil.example")
    ask(short, "OPTIONS", "/Patient", city.system.token)
    assert len(taken) == 4


def test_the_short_way_leaves_no_language_and_notes_the_address(city: City) -> None:
    with translation.override("ko"):
        ask(short, "GET", f"/Patient/{city.patient}", city.system.token)
        assert translation.get_language() == "ko"
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('bitgoeul.log', 'all', true)")
        cursor.execute("SELECT address FROM fhir_audit ORDER BY aid DESC LIMIT 1")
        assert cursor.fetchone() == ("192.0.2.7",)


def test_a_fault_of_our_own_is_an_outcome_without_the_value(
    city: City, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(request: object) -> None:
        raise RuntimeError("김영희")

    monkeypatch.setattr(door, "answer", broken)
    status, headers, body = ask(short, "GET", f"/Patient/{city.patient}", city.system.token)
    assert status.startswith("500")
    assert json.loads(body)["issue"][0]["code"] == "exception"
    assert headers["content-type"].startswith("application/fhir+json")
    assert "RuntimeError" in caplog.text
    assert "김영희" not in caplog.text


def test_a_store_that_does_not_answer_is_a_503(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(value: str) -> None:
        raise DatabaseError("김영희")

    status, _, body = ask(Door(django, gone), "GET", f"/Patient/{city.patient}", city.system.token)
    assert status.startswith("503")
    assert json.loads(body)["issue"][0]["code"] == "transient"


def status_of(caller: Caller, path: str) -> int:
    return int(ask(short, "GET", path, caller.token)[0][:3])


def test_what_ends_a_token_counts_at_the_next_request(city: City) -> None:
    path = f"/Patient/{city.patient}"

    def ends(caller: Caller, end: Any) -> bool:
        before = status_of(caller, path)
        end()
        return (before, status_of(caller, path)) == (200, 401)

    def expire() -> None:
        AccessToken.objects.filter(user=User.objects.get(username="citizen")).update(expires="2020-01-01T00:00Z")

    assert ends(city.citizen, expire)
    assert ends(city.clinician, lambda: User.objects.filter(username="clinician").update(is_active=False))
    assert ends(city.system, lambda: AccessToken.objects.filter(application__name="clinic").delete())


def test_what_narrows_a_token_counts_at_the_next_request(city: City) -> None:
    path = f"/Patient/{city.patient}"
    assert status_of(city.system, path) == status_of(city.clinician, path) == 200
    Client.objects.filter(name="clinic").update(organization=city.other_clinic)
    Membership.objects.filter(user__username="clinician").delete()
    assert (status_of(city.system, path), status_of(city.clinician, path)) == (404, 401)


def test_a_token_is_worked_out_once_and_from_the_rows_whose_versions_are_asked(
    city: City, django_assert_max_num_queries: Any
) -> None:
    bearer._known.clear()
    with django_assert_max_num_queries(20) as captured:
        assert access_of(city.clinician.token)
    assert captured.captured_queries
    for query in captured.captured_queries:
        read = {name for name in connection.introspection.table_names() if f'"{name}"' in query["sql"]}
        assert read <= bearer.SOURCES
    with django_assert_max_num_queries(0):
        first, second = access_of(city.clinician.token), access_of(city.clinician.token)
    assert first and second
    assert first.request_id != second.request_id


def test_hangul_in_the_address_finds_as_it_stands(city: City) -> None:
    """The bytes of the query as a WSGI server hands them on (PEP 3333)."""
    name = Repository(OPERATOR).read("Patient", city.patient).resource()["name"][0]["text"]
    escaped, bare = quote(name), name.encode().decode("latin-1")
    for way in (django, short):
        totals = [
            json.loads(ask(way, "GET", f"/Patient?name={asked}&_summary=count", city.system.token)[2])["total"]
            for asked in (escaped, bare)
        ]
        assert totals[0] == totals[1] > 0
