"""Cost of the access log: what it adds to a read, events per second beside writes, sealing, verification.

Run by hand: `.venv/bin/python -m tests.benchmarks.audit [reads] [events] [seals]`. A database of its own with `fsync`
and `synchronous_commit` on; callers are threads of one process that speak to the Repository; load and database share
the machine.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from health_platform.demo.embedded import postgres, provision
from health_platform.demo.embedded.postgres import Cluster
from tests.databases import migrate, point_django_at

PROJECT = Path(__file__).resolve().parents[2]
READS, EVENTS, ROWS, ROUNDS, CALLERS = 800, 16_000, 200_000, 3, 32
Work = Callable[[int], object]


@contextlib.contextmanager
def database() -> Iterator[Cluster]:
    """A durable cluster with a migrated, empty database, to which Django is pointed."""
    cluster = postgres.locate(PROJECT, "audit-benchmark")
    postgres.start(cluster)
    try:
        provision.provision_roles(cluster)
        provision.drop_database(cluster, "audit")
        provision.provision_database(cluster, "audit")
        migrate(cluster.url(provision.OWNER, "audit"))
        point_django_at(cluster.url(provision.SERVER, "audit"))
        yield cluster
    finally:
        postgres.stop(cluster)


def database_cpu(cluster: Cluster) -> float:
    """CPU seconds of the server: of itself, of its processes that have ended, of those that run."""
    root = psutil.Process(int((cluster.data / "postmaster.pid").read_text().splitlines()[0]))
    spent = sum(root.cpu_times()[:4])
    for child in root.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            spent += sum(child.cpu_times()[:2])
    return float(spent)


@dataclass(frozen=True)
class Cost:
    """Of one call, in µs: CPU of this process and of the database, and the median time it took."""

    python: float
    database: float
    median: float


def cost(cluster: Cluster, work: Work, count: int, threads: int) -> Cost:
    """``count`` calls by ``threads`` callers."""
    from django.db import connection

    times: list[float] = []

    def caller(first: int) -> None:
        for number in range(first, count, threads):
            start = time.perf_counter()
            work(number)
            times.append(time.perf_counter() - start)
        connection.close()

    before = time.process_time(), database_cpu(cluster)
    run([lambda first=first: caller(first) for first in range(threads)])  # type: ignore[misc]
    time.sleep(0.2)
    spent = time.process_time() - before[0], database_cpu(cluster) - before[1]
    return Cost(spent[0] / count * 1e6, spent[1] / count * 1e6, statistics.median(times) * 1e6)


class Clock:
    """Time and CPU from its making on."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._start = time.perf_counter(), time.process_time() + database_cpu(cluster)

    def rate(self, count: int) -> str:
        took = time.perf_counter() - self._start[0]
        cpu = time.process_time() + database_cpu(self._cluster) - self._start[1]
        return f"{count / took:,.0f}/s, {cpu / count * 1e6:,.0f} µs CPU each"


def run(works: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def reads(cluster: Cluster) -> None:
    """Reads and searches with the log and without it, in turns; the smallest of the rounds."""
    from health_platform.fhir.access import audit
    from health_platform.fhir.access.context import AccessContext, Role
    from health_platform.fhir.repository import Repository
    from tests.builders import OPERATOR, observation, organization, patient

    clinic = organization("빛고을의원")
    patients = [patient(clinic, number=f"C-{number}") for number in range(50)]
    observations = [Repository(OPERATOR).create(observation(patients[number % 50])).id for number in range(250)]
    clinician = AccessContext(
        actor="Practitioner/kim", role=Role.CLINICIAN, organization=clinic, scopes=frozenset({"user/*.cruds"}),
        client="console", request_id="0123456789abcdef",
    )  # fmt: skip
    works: dict[str, Work] = {
        "read": lambda number: Repository(clinician).read("Observation", observations[number % 250]),
        "search by patient": lambda number: Repository(clinician).search(
            "Observation", f"patient={patients[number % 50]}"
        ),
    }
    write = audit.write
    say("| work | callers | CPU µs without (process + database) | with | more | median ms without | with |")
    say("|---|--:|--:|--:|--:|--:|--:|")
    for name, work in works.items():
        for threads in (1, 8):
            found: dict[bool, list[Cost]] = {False: [], True: []}
            for _ in range(ROUNDS):
                for on in (False, True):
                    audit.write = write if on else lambda entry: None
                    found[on].append(cost(cluster, work, READS, threads))
            audit.write = write
            without, with_ = (min(found[on], key=lambda each: each.python + each.database) for on in (False, True))
            more = (with_.python + with_.database) / (without.python + without.database) - 1
            say(
                f"| {name} | {threads} | {without.python:,.0f} + {without.database:,.0f}"
                f" | {with_.python:,.0f} + {with_.database:,.0f} | {more:.0%}"
                f" | {without.median / 1e3:.1f} | {with_.median / 1e3:.1f} |"
            )


def events(cluster: Cluster) -> None:
    """Rows of reads by CALLERS, first alone, then beside two callers that create resources."""
    from django.db import connection

    from health_platform.fhir.access import audit
    from health_platform.fhir.access.context import AccessContext, Role
    from health_platform.fhir.repository import Repository
    from tests.builders import OPERATOR, observation, organization, patient

    person = patient(organization("무등의원"))
    reader = AccessContext(
        actor="Practitioner/kim", role=Role.CLINICIAN, client="console", request_id="0123456789abcdef"
    )

    def read() -> None:
        for number in range(EVENTS // CALLERS):
            audit.note(reader, "read", [person], [f"Observation/o{number}/_history/1"])
        connection.close()

    clock = Clock(cluster)
    run([read] * CALLERS)
    say(f"rows of reads by {CALLERS} callers: {clock.rate(EVENTS)}")

    over = threading.Event()
    written = [0, 0]

    def write(index: int) -> None:
        while not over.is_set():
            Repository(OPERATOR).create(observation(person))
            written[index] += 1
        connection.close()

    def all_reads() -> None:
        run([read] * CALLERS)
        over.set()

    start = time.perf_counter()
    run([all_reads, lambda: write(0), lambda: write(1)])
    took = time.perf_counter() - start
    say(
        f"rows of reads by {CALLERS} callers beside writes: {EVENTS / took:,.0f}/s,"
        f" and {sum(written) / took:,.0f} writes/s"
    )


def seals(cluster: Cluster) -> None:
    """Sealing and checking ROWS rows."""
    from health_platform.fhir.access import audit, audit_chain
    from health_platform.fhir.access.audit_verify import verify
    from health_platform.fhir.access.context import AccessContext, Role

    reader = AccessContext(
        actor="Practitioner/kim", role=Role.CLINICIAN, organization="o", client="console", request_id="0123456789abcdef"
    )
    for block in range(ROWS // 1000):
        audit.insert(
            [
                audit.entry_of(reader, "read", [block * 1000 + number + 1], [f"Observation/o{number}/_history/1"],
                               query=f"Observation?patient={number}")
                for number in range(1000)
            ]
        )  # fmt: skip
    clock = Clock(cluster)
    made = audit_chain.seal()
    rows = sum(checkpoint.rows for checkpoint in made)
    say(f"sealed: {rows:,} rows under {len(made)} checkpoints, {clock.rate(rows)}")
    clock = Clock(cluster)
    report = verify()
    say(f"verified: {report.rows:,} rows, {clock.rate(report.rows)}, {len(report.findings)} findings")


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    with database() as cluster:
        for name, part in (("reads", reads), ("events", events), ("seals", seals)):
            if name in sys.argv[1:] or not sys.argv[1:]:
                part(cluster)


if __name__ == "__main__":
    main()
