"""The key of a resource is the same number in PostgreSQL and in Python."""

from __future__ import annotations

from django.db import connection

from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES, TYPE_NUMBER
from health_platform.fhir.search.parameters.keys import own_hash


def test_postgresql_and_python_agree_on_the_key_of_a_resource(db: None) -> None:
    names = [(kind, id) for kind in RESOURCE_TYPES for id in ("1", "A.b-9", "0" * 64)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT fhir_self(t, i) FROM unnest(%s::smallint[], %s::text[]) AS n (t, i)",
            [[TYPE_NUMBER[kind] for kind, _ in names], [id for _, id in names]],
        )
        assert [row[0] for row in cursor.fetchall()] == [own_hash(*name) for name in names]
