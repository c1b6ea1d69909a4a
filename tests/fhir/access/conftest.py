from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from health_platform.demo.embedded import provision
from health_platform.demo.embedded.postgres import Cluster
from tests.databases import copy_of, point_django_at


@pytest.fixture
def own_database(cluster: Cluster, template: str, django_db_setup: None, django_db_blocker: object) -> Iterator[str]:
    """Django speaks to a database that this test has alone, with real commits; yields its name."""
    from django.db import connections

    settings = dict(connections["default"].settings_dict)
    name = f"{settings['NAME']}_own"
    with django_db_blocker.unblock(), copy_of(cluster, template, name) as url:  # type: ignore[attr-defined]
        point_django_at(url)
        try:
            yield name
        finally:
            connections["default"].close()
            connections["default"].settings_dict.update(settings)
            connections.settings["default"].update({key: settings[key] for key in ("NAME", "USER", "PASSWORD", "HOST")})


@pytest.fixture
def tamper(cluster: Cluster, own_database: str) -> Iterator[psycopg.Connection]:
    """The owner, who has switched off triggers and row-level security: nothing but the seals is in the way."""
    with psycopg.connect(cluster.url(provision.OWNER, own_database), autocommit=True) as owner:
        for table in ("fhir_audit", "fhir_audit_link", "fhir_audit_block", "fhir_audit_checkpoint"):
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            owner.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        yield owner
