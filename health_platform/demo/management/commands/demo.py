from __future__ import annotations

import signal
import socket
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError

from health_platform.demo.embedded import postgres
from health_platform.demo.embedded.postgres import EmbeddedPostgresError
from health_platform.demo.environment import Environment, prepare
from health_platform.demo.greeting import greeting
from health_platform.demo.notes import read
from health_platform.demo.processes import (
    Processes,
    ProcessFailed,
    wait_until_ready,
    web_command,
    worker_command,
)
from health_platform.settings.running_demo import leave


class Command(BaseCommand):
    help = "A synthetic city on this machine: database, web server, worker, 2,000 citizens. Ctrl-C stops all of it."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--citizens", type=int, default=2000)

    def handle(self, *args: Any, **options: Any) -> None:
        port: int = options["port"]
        self._refuse_taken(port)
        signal.signal(signal.SIGTERM, _interrupt)
        started = time.monotonic()
        environment: Environment | None = None
        processes: Processes | None = None
        noted: Path | None = None
        try:
            environment = self._prepare(port)
            noted = leave(port, environment.variables)
            processes = Processes(environment.home, environment.variables)
            self._start(processes, environment, port, options["citizens"])
            notes = read(environment.home / "city.json")
            if notes:
                self._say(greeting(port, notes.greeting, time.monotonic() - started))
            self._watch(processes)
        except KeyboardInterrupt:
            self.stdout.write("\nStopping ...")
        except (ProcessFailed, EmbeddedPostgresError) as error:
            raise CommandError(str(error)) from None
        finally:
            if noted:
                noted.unlink(missing_ok=True)
            if processes:
                processes.stop()
            if environment and environment.cluster:
                postgres.stop(environment.cluster)

    def _refuse_taken(self, port: int) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise CommandError(f"Port {port} is taken. Choose another: make demo PORT={port + 1}") from None

    def _prepare(self, port: int) -> Environment:
        self._say("Starting the database ...")
        environment = prepare(port)
        where = environment.cluster.data if environment.cluster else "the server that DATABASE_URL names"
        self._say(f"  its data: {where}")
        return environment

    def _start(self, processes: Processes, environment: Environment, port: int, citizens: int) -> None:
        self._say("Migrating ...")
        owner = "owner" if environment.variables.get("DATABASE_OWNER_URL") else "default"
        processes.run("migrate", "manage.py", "migrate", "--database", owner, "--verbosity", "0")
        self._say("Starting the web server and the worker ...")
        processes.start("web", *web_command(port))
        wait_until_ready(processes, port)
        processes.start("worker", *worker_command(environment.home))
        processes.start(
            "city", "manage.py", "build_city", "--base", f"http://127.0.0.1:{port}",
            "--citizens", str(citizens), "--notes", str(environment.home / "city.json"),
        )  # fmt: skip
        self._follow_city(processes)

    def _follow_city(self, processes: Processes) -> None:
        """Show the build's progress until it says that the city is ready."""
        shown = ""
        while True:
            processes.check()
            lines = processes.log("city").read_text(errors="replace").splitlines()
            if "READY" in lines:
                return
            if lines and lines[-1] != shown:
                shown = lines[-1]
                self._say(f"  {shown}")
            time.sleep(0.2)

    def _watch(self, processes: Processes) -> NoReturn:
        while True:
            processes.check()
            time.sleep(0.5)

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _interrupt(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt
