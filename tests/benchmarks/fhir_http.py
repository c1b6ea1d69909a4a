"""The FHIR API over HTTP: transactions, read, create, searches, a mix of searches, a mix of changes; bytes and memory.

Run by hand: `.venv/bin/python -m tests.benchmarks.fhir_http [folder of transaction Bundles] [seconds]`. Authorization,
audit, validation and `synchronous_commit` are on; load generator, server and database share the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import psycopg

from health_platform.demo.embedded import provision
from tests.benchmarks import shapes
from tests.benchmarks.load import Caller, Work, closed_loop
from tests.benchmarks.measure import HEADER, Outcome, durable_cluster, postmaster, temporary_home, tree_cpu
from tests.databases import ensure_template
from tests.live import LiveServer, serve

PATIENTS, OBSERVATIONS = 200, 20


class Bench:
    """A running server with some data, and its workloads."""

    def __init__(self, live: LiveServer, database: int, seconds: float) -> None:
        self._base, self._seconds, self._database = live.fhir, seconds, database
        self._headers = {"Authorization": f"Bearer {live.token()}"}
        self._web = live.processes.running["web"].pid
        self.chance = random.Random(1)
        self.patients: list[str] = []
        self.observations: list[str] = []
        self.named: dict[str, str] = {}

    def callers(self, count: int) -> list[Caller]:
        return [Caller(self._base, self._headers) for _ in range(count)]

    async def fill(self) -> None:
        """Patients with observations, and one of each of the nine types."""
        caller = self.callers(1)[0]
        for number in range(PATIENTS):
            patient = await self._created(caller, shapes.person(self.chance, number))
            self.patients.append(patient)
            entries = [
                {
                    "resource": shapes.vital_sign(self.chance, patient),
                    "request": {"method": "POST", "url": "Observation"},
                }
                for _ in range(OBSERVATIONS)
            ]
            bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
            answer = await caller.send("POST", "", json.dumps(bundle).encode())
            assert answer.status == 200, answer.body
            answers = json.loads(answer.body)["entry"]
            self.observations += [entry["response"]["location"].split("/")[1] for entry in answers]
        for kind, make in shapes.nine(self.chance, PATIENTS):
            self.named[kind] = f"{kind}/{await self._created(caller, make(self.named))}"
        caller.close()

    async def _created(self, caller: Caller, resource: dict[str, Any]) -> str:
        answer = await caller.send("POST", resource["resourceType"], json.dumps(resource).encode())
        assert answer.status == 201, answer.body
        return answer.location.split("/")[-3]

    async def measure(self, name: str, work: Work, callers: int, requests: int = 1) -> None:
        """A row of the table; ``requests`` is how many one ``work`` sends."""
        some = self.callers(callers)
        await closed_loop(some, work, 1.0)
        before = tree_cpu(self._web), tree_cpu(self._database)
        load = await closed_loop(some, work, self._seconds)
        after = tree_cpu(self._web), tree_cpu(self._database)
        for caller in some:
            caller.close()
        count = len(load.latencies) * requests
        latencies = [each / requests for each in load.latencies]
        outcome = Outcome(name, count, load.failed, load.seconds, after[0] - before[0], after[1] - before[1], latencies)
        print(outcome.row(), f"load {os.getloadavg()[0]:.1f}", flush=True)

    async def read(self, caller: Caller) -> bool:
        return (await caller.send("GET", f"Observation/{self.chance.choice(self.observations)}")).status == 200

    async def create(self, caller: Caller) -> bool:
        body = json.dumps(shapes.vital_sign(self.chance, self.chance.choice(self.patients))).encode()
        return (await caller.send("POST", "Observation", body)).status == 201

    def searching(self, *among: shapes.Shape) -> Work:
        async def search(caller: Caller) -> bool:
            path = self.chance.choice(among)(self.chance, self.patients, self.named)
            return (await caller.send("GET", path)).status == 200

        return search

    async def changes(self, caller: Caller) -> bool:
        """POST, GET, PUT and DELETE of nine types."""
        ids: dict[str, str] = {}
        kept: dict[str, dict[str, Any]] = {}
        right = True
        for kind, make in shapes.nine(self.chance, self.chance.randrange(10**6)):
            kept[kind] = make(ids)
            ids[kind] = f"{kind}/{await self._created(caller, kept[kind])}"
        for reference in ids.values():
            right &= (await caller.send("GET", reference)).status == 200
        for kind, reference in ids.items():
            body = shapes.changed(kept[kind]) | {"id": reference.partition("/")[2]}
            right &= (await caller.send("PUT", reference, json.dumps(body).encode())).status == 200
        for reference in reversed(ids.values()):
            right &= (await caller.send("DELETE", reference)).status == 204
        return right

    async def supported(self, shape: shapes.Shape) -> str:
        """Why the server refuses a shape; empty where it does not."""
        caller = self.callers(1)[0]
        answer = await caller.send("GET", shape(self.chance, self.patients, self.named))
        caller.close()
        return "" if answer.status == 200 else f"{answer.status}: {answer.body[:200].decode()}"

    async def transactions(self, folder: Path) -> None:
        """Transaction Bundles, four callers, each Bundle once."""
        waiting = sorted(folder.rglob("*.json"))
        count, resources, failed = len(waiting), 0, 0
        before = tree_cpu(self._web), tree_cpu(self._database)

        async def post(caller: Caller) -> None:
            nonlocal resources, failed
            while waiting:
                answer = await caller.send("POST", "", waiting.pop().read_bytes())
                failed += answer.status != 200
                resources += len(json.loads(answer.body).get("entry", []))

        start = time.perf_counter()
        await asyncio.gather(*(post(caller) for caller in self.callers(4)))
        took = time.perf_counter() - start
        web, database = tree_cpu(self._web) - before[0], tree_cpu(self._database) - before[1]
        each = max(resources, 1) / 1e6
        print(f"{count} Bundles, {resources:,} resources: {resources / took:,.0f}/s, {failed} failed")
        print(
            f"CPU µs a resource: web {web / each:,.0f}, database {database / each:,.0f}; load {os.getloadavg()[0]:.1f}"
        )

    def memory(self) -> str:
        """Resident memory of each web process."""
        sizes = []
        for child in psutil.Process(self._web).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                sizes.append(child.memory_info().rss / 2**20)
        return ", ".join(f"{size:,.0f} MiB" for size in sizes)


async def workloads(bench: Bench, folder: Path | None) -> None:
    if folder is not None:
        await bench.transactions(folder)
    await bench.fill()
    print(HEADER)
    await bench.measure("read", bench.read, 16)
    await bench.measure("create", bench.create, 16)
    for name, shape in shapes.SINGLE.items():
        refused = await bench.supported(shape)
        if refused:
            print(f"{name}: not measured, {refused}")
        else:
            await bench.measure(name, bench.searching(shape), 16)
    usable = [shape for shape in shapes.MIX if not await bench.supported(shape)]
    await bench.measure(f"search mix, {len(usable)} of {len(shapes.MIX)} shapes", bench.searching(*usable), 30)
    await bench.measure("CRUD mix, 9 types", bench.changes, 16, requests=36)
    print("memory of the web processes:", bench.memory())


def sizes(url: str) -> str:
    """Bytes on disk per stored resource: bodies, histories and search indexes."""
    statement = """
        SELECT (SELECT count(*) FROM fhir_resource), sum(pg_total_relation_size(oid))
        FROM pg_class WHERE relkind = 'r' AND relname LIKE 'fhir\\_%' AND relname NOT LIKE 'fhir\\_audit%'
            AND relname <> 'fhir_outbox'
    """
    with psycopg.connect(url) as connection:
        connection.execute("SELECT set_config('bitgoeul.reach', 'all', false)")
        count, size = connection.execute(statement).fetchone() or (0, 0)
    return f"{int(size) / count:,.0f} bytes per stored resource ({count:,} resources)"


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1] else None
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 8.0
    with durable_cluster() as cluster, temporary_home() as home:
        template = ensure_template(cluster, "benchmark_template")
        with serve(cluster, template, "benchmark", home) as live:
            try:
                asyncio.run(workloads(Bench(live, postmaster(cluster), seconds), folder))
            except ConnectionError:
                print(live.processes.log("web").read_text())
                raise
            print(sizes(cluster.url(provision.OWNER, "benchmark")))


if __name__ == "__main__":
    main()
