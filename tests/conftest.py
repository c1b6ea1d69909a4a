"""The suite runs against an embedded PostgreSQL as the server's role: no superuser, row-level security in force."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from health_platform.demo.embedded import postgres
from tests.live import LiveServer, serve

PROJECT = Path(__file__).resolve().parents[1]
TEMPLATE = "bitgoeul_test_template"


def _worker() -> str:
    """A name that no other run on this machine has."""
    return f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "health_platform.settings.test")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference data beside the checkout; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("BITGOEUL_SHARED") or PROJECT.parent / "shared")
    if not folder.is_dir():
        pytest.skip("the reference data (../shared) is not on this machine")
    return folder


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    """The running server, shared by all workers of a test run; it is left running for the next one."""
    found = postgres.locate(PROJECT, "test")
    postgres.start_locked(found)
    yield found


@pytest.fixture(scope="session")
def template(cluster: postgres.Cluster) -> str:
    """A migrated, empty database from which others are copied; made anew when a migration changed."""
    from tests.databases import ensure_template

    return ensure_template(cluster, TEMPLATE)


@pytest.fixture(scope="session")
def django_db_setup(cluster: postgres.Cluster, template: str, django_db_blocker: object) -> Iterator[None]:
    """Django's connection leads to a copy of the template, as the server's role."""
    from tests.databases import copy_of, point_django_at

    name = f"bitgoeul_test_{_worker()}"
    with copy_of(cluster, template, name) as url:
        point_django_at(url)
        yield


@pytest.fixture(scope="session")
def live(cluster: postgres.Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The platform behind granian, with its worker; shared by the tests of one worker of the run."""
    home = tmp_path_factory.mktemp("live")
    with serve(cluster, template, f"bitgoeul_live_{_worker()}", home, worker=True) as server:
        yield server


@pytest.fixture(scope="session")
def unpacked(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[Path]]:
    """Unpacks an archive below the reference data once, and gives its JSON files in order."""
    known: dict[str, list[Path]] = {}

    def unpack(archive: str) -> list[Path]:
        if archive not in known:
            target = tmp_path_factory.mktemp("unpacked")
            with tarfile.open(shared / archive) as tar:
                tar.extractall(target, filter="data")
            known[archive] = sorted(target.rglob("*.json"))
        return known[archive]

    return unpack
