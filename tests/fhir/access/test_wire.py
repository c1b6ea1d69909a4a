"""Statements in one round trip: all or none, errors as Django's, no rights left behind."""

from __future__ import annotations

import pytest
from django.db import DataError, IntegrityError, transaction

from health_platform.demo.embedded import postgres
from health_platform.demo.embedded.postgres import Cluster
from health_platform.fhir.access import wire
from health_platform.fhir.access.session import open_session
from health_platform.fhir.repository import Repository
from tests.builders import OPERATOR


def one(statement: str, *values: object) -> object:
    row = wire.run([(statement, values or None)])[0].fetchone()
    return row[0] if row else None


def test_values_of_every_kind_come_back(db: None) -> None:
    values = ["글", 7, 2**40, 1.5, True, b"\x00{", None, [1, 2**40], ["a", None], [b"\x00"], [1.5], [True]]
    casts = "text int8 int8 float8 bool bytea text int8[] text[] bytea[] float8[] bool[]".split()
    columns = ", ".join(f"%s::{cast}" for cast in casts)
    assert wire.run([(f"SELECT {columns}", values)])[0].fetchone() == tuple(values)


def test_names_places_and_percent_signs(db: None) -> None:
    assert wire.run([("SELECT %(b)s::int8 - %(a)s::int8 + %(b)s::int8", {"a": 1, "b": 5})])[0].fetchone() == (9,)
    assert wire.run([("SELECT %s || '%%' || %s", ["a", "b"])])[0].fetchone() == ("a%b",)
    assert wire.run([("SELECT 'a' LIKE '%s'", None)])[0].fetchone() == (False,)


def test_a_number_of_another_size_is_the_same_statement(db: None) -> None:
    prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s"
    for number in (1, 70_000, 2**40):
        assert one("SELECT %s + 0 AS of_any_size", number) == number
    assert one(prepared, "SELECT $1 + 0 AS of_any_size") == 1


def test_only_so_many_statements_stay_prepared(db: None) -> None:
    for number in range(wire.KEPT + 20):
        assert one(f"SELECT {number}") == number
    assert one("SELECT 1") == 1
    assert one("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'wire%'") == wire.KEPT


def test_much_goes_both_ways_at_once(db: None) -> None:
    text = "x" * 3_000_000
    found = wire.run([("SELECT %s::text", [text])] * 4)
    assert all(rows.fetchone() == (text,) for rows in found)


def test_an_error_is_djangos_and_the_connection_goes_on(own_database: str) -> None:
    with pytest.raises(IntegrityError):
        wire.run([("INSERT INTO fhir_care VALUES (1, 2, now())", None)] * 2)
    assert one("SELECT count(*) FROM fhir_care") == 0
    with pytest.raises(DataError):
        wire.run([("SELECT %s::int8", ["no number"])])
    assert one("SELECT 1") == 1


def test_a_transaction_of_django_begins_with_the_first_statement(own_database: str) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        wire.run([("INSERT INTO fhir_care VALUES (1, 2, now())", None)])
        raise RuntimeError
    assert one("SELECT count(*) FROM fhir_care") == 0
    with transaction.atomic():
        wire.run([("INSERT INTO fhir_care VALUES (1, 2, now())", None)])
    assert one("SELECT count(*) FROM fhir_care") == 1


def test_a_session_leaves_no_rights_behind(own_database: str) -> None:
    Repository(OPERATOR).create({"resourceType": "Organization", "name": "x"})
    for reading in (True, False):
        with open_session(OPERATOR, reading=reading) as session:
            session.cursor.execute("SELECT count(*) FROM fhir_resource")
            assert session.cursor.fetchone() == (1,)
        assert one("SELECT current_setting('bitgoeul.reach', true)") == ""


def test_a_connection_that_ended_is_replaced(own_database: str, cluster: Cluster) -> None:
    ended = one("SELECT pg_backend_pid()")
    with postgres.connect(cluster) as administrator:
        administrator.execute("SELECT pg_terminate_backend(%s::int, 5000)", [ended])
    wire.renew()
    assert one("SELECT pg_backend_pid()") != ended
