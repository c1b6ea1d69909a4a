"""The platform as it is served: granian in processes of its own, against a copy of the template database."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from health_platform.demo.embedded import provision
from health_platform.demo.embedded.postgres import Cluster
from health_platform.demo.processes import Processes, wait_until_ready, web_command, worker_command
from tests.databases import copy_of

PASSED_ON = ("PATH", "HOME", "LANG", "TZ", "OIDC_SIGNING_KEY")


@dataclass(frozen=True)
class LiveServer:
    """A running server at ``base``; ``manage`` runs a command of manage.py beside it and gives what it printed."""

    base: str
    processes: Processes

    @property
    def fhir(self) -> str:
        return f"{self.base}/fhir/R4"

    def manage(self, name: str, *arguments: str) -> str:
        self.processes.run(name, "manage.py", *arguments)
        return self.processes.log(name).read_text()

    def token(self, client: str = "measure") -> str:
        return self.manage("issue_token", "issue_token", "--client", client).strip().splitlines()[-1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def serve(cluster: Cluster, template: str, name: str, home: Path, *, worker: bool = False) -> Iterator[LiveServer]:
    """A server on a free port with a database of its own; both are gone in the end."""
    port = free_port()
    with copy_of(cluster, template, name) as url:
        variables = {key: value for key, value in os.environ.items() if key in PASSED_ON} | {
            "DJANGO_SETTINGS_MODULE": "health_platform.settings.test",
            "DATABASE_URL": url,
            "DATABASE_OWNER_URL": cluster.url(provision.OWNER, name),
            "DATABASE_POOL": "4",
            "CELERY_BROKER_FOLDER": str(home / "broker"),
            "OAUTHLIB_INSECURE_TRANSPORT": "1",
        }
        processes = Processes(home, variables)
        try:
            processes.start("web", *web_command(port))
            wait_until_ready(processes, port)
            if worker:
                processes.start("worker", *worker_command(home))
            processes.run("operator", "-c", _MAKE_OPERATOR)
            yield LiveServer(f"http://127.0.0.1:{port}", processes)
        finally:
            processes.stop()


_MAKE_OPERATOR = "import django; django.setup(); from health_platform.demo.people import operator; operator()"
