"""Cost of one triage answer that is recorded, in the server's process: CPU of process and database, and the time.

Run by hand: `.venv/bin/python -m tests.benchmarks.triage [requests]`. A database of its own with `fsync` and
`synchronous_commit` on; one device after the other asks; the resources are made afterwards and timed apart.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "health_platform.settings.test")

WARM = 30


def main(requests: int) -> None:
    """Print a line for the pure answer, for the recorded one, and for the resources made of each."""
    import django

    django.setup()
    from django.conf import settings

    from health_platform.fhir import outbox
    from inference.triage import store
    from inference.triage.recording import CircuitBreaker, Deadline
    from tests.benchmarks.audit import database, database_cpu
    from tests.inference.triage.conftest import KEY, Endpoint

    settings.TRIAGE_DEVICE_KEYS = json.dumps({"keys": [KEY.as_dict(private=False)]})
    patient: Deadline[store.Written] = Deadline(60.0, CircuitBreaker(3, pause_s=0.5))
    recorded = Endpoint(record=lambda submission: patient.run(lambda resolve: store.write(submission, resolve)))
    with database() as cluster:
        for name, endpoint in (("answer alone", Endpoint()), ("answer, recorded", recorded)):
            for number in range(WARM):
                endpoint(key=f"warm-{name[:8]}-{number:06}".replace(" ", "-"))
            spent = time.process_time(), database_cpu(cluster)
            times = [timed(endpoint, number) for number in range(requests)]
            print(line(name, times, time.process_time() - spent[0], database_cpu(cluster) - spent[1]))
        spent, start = (time.process_time(), database_cpu(cluster)), time.perf_counter()
        made = outbox.drain()
        each = [(time.perf_counter() - start) / made] * made
        print(line("resources of one", each, time.process_time() - spent[0], database_cpu(cluster) - spent[1]))


def timed(endpoint: Callable[..., object], number: int) -> float:
    """Seconds of one request."""
    start = time.perf_counter()
    endpoint(key=f"request-{number:06}")
    return time.perf_counter() - start


def line(name: str, times: list[float], python: float, base: float) -> str:
    """One row: CPU µs of process and database for each, median and 99th percentile in ms, and the load."""
    count, ordered = len(times), sorted(times)
    middle, late = statistics.median(times) * 1e3, ordered[int(count * 0.99)] * 1e3
    cpu = f"{python / count * 1e6:.0f} + {base / count * 1e6:.0f}"
    return f"{name}: CPU {cpu} µs, p50 {middle:.2f} ms, p99 {late:.2f} ms, n {count}, load {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
