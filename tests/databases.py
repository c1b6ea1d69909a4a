"""Databases for tests: one migrated template, cheap copies of it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connections
from psycopg.conninfo import conninfo_to_dict

from health_platform.demo.embedded import postgres, provision
from health_platform.demo.embedded.postgres import Cluster

PROJECT = Path(__file__).resolve().parents[1]


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for file in sorted(PROJECT.glob("*/**/migrations/*.py")):
        if ".venv" not in file.parts:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def ensure_template(cluster: Cluster, prefix: str) -> str:
    """The name of a database with all migrations applied by the owner; made once for one state of the migrations."""
    name = f"{prefix}_{_fingerprint()}"
    with (cluster.home / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with postgres.connect(cluster) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if not known:
            provision.provision_roles(cluster)
            building = f"{name}_building"
            provision.drop_database(cluster, building)
            provision.provision_database(cluster, building)
            migrate(cluster.url(provision.OWNER, building))
            with postgres.connect(cluster) as connection:
                connection.execute(f'ALTER DATABASE "{building}" RENAME TO "{name}"')
    return name


def migrate(owner_url: str) -> None:
    """Apply all migrations as the owner, in a process of its own."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "health_platform.settings.test",
        "DATABASE_URL": owner_url,
        "DATABASE_OWNER_URL": owner_url,
    }
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--database", "owner", "--verbosity", "0"],
        cwd=PROJECT,
        env=environment,
        check=True,
    )


@contextmanager
def copy_of(cluster: Cluster, template: str, name: str) -> Iterator[str]:
    """A fresh copy of ``template``; yields the address for the server's role, and drops the copy in the end."""
    provision.drop_database(cluster, name)
    provision.provision_database(cluster, name, template=template)
    try:
        yield cluster.url(provision.SERVER, name)
    finally:
        connections.close_all()
        provision.drop_database(cluster, name)


def point_django_at(url: str) -> None:
    """Let Django's default connection lead to ``url``."""
    parts = conninfo_to_dict(url)
    settings = {"NAME": parts["dbname"], "USER": parts["user"], "PASSWORD": parts["password"], "HOST": parts["host"]}
    connections["default"].close()
    connections.settings["default"].update(settings)
    connections["default"].settings_dict.update(settings)
