"""The second lock: what the server's role is, read from PostgreSQL itself."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db
RECORD_TABLES = ("fhir_resource", "fhir_history", "fhir_audit", "fhir_audit_link", "inference_triage_record")
APPEND_ONLY = ("fhir_history", "fhir_audit", "fhir_audit_link", "fhir_audit_block", "fhir_audit_checkpoint")


def one(statement: str, *parameters: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
    assert row is not None
    return row


def test_the_server_is_neither_superuser_nor_may_it_bypass_row_level_security() -> None:
    assert one("SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user") == (
        False,
        False,
        False,
    )


@pytest.mark.parametrize("table", RECORD_TABLES)
def test_row_level_security_is_forced_and_the_server_is_not_the_owner(table: str) -> None:
    found = one(
        "SELECT relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner) <> current_user FROM pg_class"
        " WHERE relname = %s",
        table,
    )
    assert found == (True, True, True)


@pytest.mark.parametrize(
    ("table", "right"),
    [(table, right) for table in APPEND_ONLY for right in ("UPDATE", "DELETE", "TRUNCATE")]
    + [("fhir_resource", "DELETE"), ("fhir_resource", "TRUNCATE")],
)
def test_the_server_cannot_change_what_is_append_only(table: str, right: str) -> None:
    assert one("SELECT has_table_privilege(current_user, %s, %s)", table, right) == (False,)
