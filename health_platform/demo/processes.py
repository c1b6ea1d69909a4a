"""The demo's processes: started in groups of their own, ended together."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

WEB_WORKERS = 2
WEB_THREADS = 4


class ProcessFailed(Exception):
    """A process ended that should not have; the message names its log."""


@dataclass
class Processes:
    """Children of the demo, each with a log file in ``home``."""

    home: Path
    environment: dict[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        with self.log(name).open("wb") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, *command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, name: str, *command: str) -> None:
        """Run to the end. Raises ProcessFailed with the end of the log."""
        self.start(name, *command)
        if self.running.pop(name).wait():
            raise ProcessFailed(f"{name} failed:\n{self.log(name).read_text(errors='replace')[-3000:]}")

    def log(self, name: str) -> Path:
        return self.home / f"{name}.log"

    def check(self) -> None:
        """Raise ProcessFailed when one has ended by itself with an error."""
        for name, process in self.running.items():
            if process.poll():
                end = self.log(name).read_text(errors="replace")[-3000:]
                raise ProcessFailed(f"{name} ended with status {process.returncode}:\n{end}")

    def stop(self) -> None:
        """End all of them, youngest first; who does not end in ten seconds is killed."""
        for process in reversed(self.running.values()):
            _signal(process, signal.SIGTERM)
        deadline = time.monotonic() + 10
        for process in reversed(self.running.values()):
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(process, signal.SIGKILL)
                process.wait()
        self.running.clear()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def web_command(port: int) -> tuple[str, ...]:
    """The web server on loopback."""
    return (
        "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(WEB_WORKERS), "--blocking-threads", str(WEB_THREADS), "--no-ws", "--log-level", "warning",
        "health_platform.wsgi:application",
    )  # fmt: skip


def worker_command(home: Path) -> tuple[str, ...]:
    """The worker, with the clock that sweeps the outbox."""
    return (
        "-m", "celery", "-A", "health_platform.celery", "worker", "--beat", "--schedule", str(home / "beat"),
        "--concurrency", "1", "--loglevel", "WARNING", "--without-gossip", "--without-mingle",
    )  # fmt: skip


def wait_until_ready(processes: Processes, port: int, seconds: float = 60) -> None:
    """Wait for the web server's /readyz. Raises ProcessFailed when it does not come up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        processes.check()
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2).close()
            return
        time.sleep(0.1)
    raise ProcessFailed(f"the web server did not come up; see {processes.log('web')}")
