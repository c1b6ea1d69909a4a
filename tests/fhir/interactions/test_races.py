"""What goes wrong in other servers when many write at once, or when a commit fails; each check is also shown to notice
a server that is broken in just that way."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connections

from health_platform.demo.embedded import postgres, provision
from health_platform.fhir.record import reading, work
from health_platform.fhir.repository import Repository
from health_platform.fhir.search import concepts
from tests import builders
from tests.builders import FHIR, OPERATOR, Caller

CALLERS = 16
MARKED = {
    "resourceType": "Basic",
    "code": {"text": "x"},
    "identifier": [{"system": "urn:clinic", "value": "7"}],
}
WHERE = "identifier=urn:clinic|7"


@pytest.fixture
def system(own_database: str) -> Caller:
    return builders.clinic_client("clinic", builders.organization("빛고을의원"))


@pytest.fixture
def slow_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time between looking and writing, so that whoever does not wait for the others is caught."""
    found = concepts.search

    def slowly(*arguments: Any) -> Any:
        page = found(*arguments)
        time.sleep(0.02)
        return page

    monkeypatch.setattr(reading, "search", slowly)


def at_once(send: Callable[[int], Any]) -> list[Any]:
    """What each of the callers gets who all send at the same moment."""
    start = threading.Barrier(CALLERS)
    answers: list[Any] = [None] * CALLERS

    def one(number: int) -> None:
        try:
            start.wait(20)
            answers[number] = send(number)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def matches() -> list[str]:
    page = Repository(OPERATOR).search("Basic", f"{WHERE}&_count=100")
    return [match.stored.id for match in page.matches]


def create(system: Caller) -> Callable[[int], int]:
    return lambda _: system.post(f"{FHIR}/Basic", MARKED, If_None_Exist=WHERE).status_code


def create_in_a_transaction(system: Caller) -> Callable[[int], int]:
    request = {"method": "POST", "url": "Basic", "ifNoneExist": WHERE}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": MARKED, "request": request}]}
    return lambda _: int(system.post(FHIR, bundle).json()["entry"][0]["response"]["status"][:3])


def update(system: Caller) -> Callable[[int], int]:
    return lambda _: system.put(f"{FHIR}/Basic?{WHERE}", MARKED).status_code


DOORS = [create, create_in_a_transaction, update]


@pytest.mark.parametrize("door", DOORS)
def test_sixteen_who_look_and_create_at_once_make_one_resource(
    system: Caller, slow_search: None, door: Callable[[Caller], Callable[[int], int]]
) -> None:
    statuses = Counter(at_once(door(system)))
    assert statuses == {201: 1, 200: CALLERS - 1}
    assert len(matches()) == 1


@pytest.mark.parametrize("door", DOORS)
def test_the_check_notices_a_server_without_the_lock(
    system: Caller, slow_search: None, door: Callable[[Caller], Callable[[int], int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "lock", lambda *_: None)
    at_once(door(system))
    assert len(matches()) > 1


def test_the_same_criteria_written_in_another_way_are_the_same_lock() -> None:
    ways = [f"{WHERE}&code:text=x", f"code:text=x&{WHERE}", f"{WHERE.replace('|', '%7C')}&code:text=x"]
    assert len({reading.condition_key("Basic", way) for way in ways}) == 1
    assert reading.condition_key("Basic", WHERE) != reading.condition_key("Group", WHERE)


def test_one_of_sixteen_changes_the_version_that_all_have_read(system: Caller) -> None:
    id = system.post(f"{FHIR}/Basic", MARKED).json()["id"]
    statuses = Counter(
        at_once(lambda _: system.put(f"{FHIR}/Basic/{id}", MARKED | {"id": id}, If_Match='W/"1"').status_code)
    )
    assert statuses == {200: 1, 412: CALLERS - 1}
    assert system.get(f"{FHIR}/Basic/{id}")["ETag"] == 'W/"2"'


def test_sixteen_who_bring_the_same_new_id_make_one_resource(system: Caller) -> None:
    statuses = Counter(at_once(lambda _: system.put(f"{FHIR}/Basic/same", MARKED | {"id": "same"}).status_code))
    assert statuses[201] == 1
    assert set(statuses) <= {200, 201, 409}
    versions = system.get(f"{FHIR}/Basic/same/_history?_count=50").json()["entry"]
    assert [entry["resource"]["meta"]["versionId"] for entry in versions] == [
        str(number) for number in range(statuses[200] + 1, 0, -1)
    ]


def test_transactions_that_change_the_same_in_other_orders_do_not_block_each_other(system: Caller) -> None:
    ids = [system.post(f"{FHIR}/Basic", MARKED).json()["id"] for _ in range(4)]

    def send(number: int) -> int:
        order = ids if number % 2 else ids[::-1]
        entries = [
            {"resource": MARKED | {"id": id}, "request": {"method": "PUT", "url": f"Basic/{id}"}} for id in order
        ]
        return system.post(FHIR, {"resourceType": "Bundle", "type": "transaction", "entry": entries}).status_code

    assert at_once(send) == [200] * CALLERS
    assert {system.get(f"{FHIR}/Basic/{id}")["ETag"] for id in ids} == {f'W/"{CALLERS + 1}"'}


# ---- a commit that fails

_FAILING = """
CREATE FUNCTION fail_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the disk is gone'; END $$;
CREATE CONSTRAINT TRIGGER fail_at_commit AFTER INSERT OR UPDATE ON fhir_resource
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail_at_commit();
"""
_MENDED = "DROP TRIGGER fail_at_commit ON fhir_resource; DROP FUNCTION fail_at_commit();"


@contextmanager
def commits_fail(cluster: postgres.Cluster) -> Iterator[None]:
    """Every statement works, and the commit does not."""
    owner = cluster.url(provision.OWNER, str(connections["default"].settings_dict["NAME"]))
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(_FAILING)
        yield
        connection.execute(_MENDED)


def bundle_of(*requests: dict[str, Any]) -> dict[str, Any]:
    entries = [{"resource": MARKED, "request": request} for request in requests]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


WRITES: list[Callable[[Caller], Any]] = [
    lambda system: system.post(f"{FHIR}/Basic", MARKED),
    lambda system: system.post(f"{FHIR}/Basic", MARKED, If_None_Exist=WHERE),
    lambda system: system.put(f"{FHIR}/Basic?{WHERE}", MARKED),
    lambda system: system.post(FHIR, bundle_of({"method": "POST", "url": "Basic", "ifNoneExist": WHERE})),
    lambda system: system.post(FHIR, bundle_of(*[{"method": "POST", "url": "Basic"}] * 3)),
]


def promised_nothing(system: Caller, write: Callable[[Caller], Any]) -> bool:
    """Whether a write and its repetition, both with a commit that fails, say that they failed, and store nothing."""
    answers = [write(system) for _ in range(2)]
    return all(answer.status_code >= 500 for answer in answers) and matches() == []


@pytest.mark.parametrize("write", WRITES)
def test_a_write_whose_commit_fails_says_so_and_so_does_its_repetition(
    system: Caller, cluster: postgres.Cluster, write: Callable[[Caller], Any]
) -> None:
    with commits_fail(cluster):
        assert promised_nothing(system, write)
        answer = write(system)
        assert answer.json()["resourceType"] == "OperationOutcome"
        assert answer.json()["issue"][0]["code"] == "transient"
    assert write(system).status_code in (200, 201)
    assert len(matches()) in (1, 3)


def test_the_check_notices_a_server_that_answers_before_the_commit(
    system: Caller, cluster: postgres.Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = work.open_work

    @contextmanager
    def careless(*arguments: Any, **options: Any) -> Iterator[Any]:
        try:
            with opened(*arguments, **options) as done:
                yield done
        except DatabaseError:
            return

    monkeypatch.setattr("health_platform.fhir.repository.open_work", careless)
    with commits_fail(cluster):
        assert not promised_nothing(system, WRITES[0])
