"""The FHIR API over HTTP: transactions, read, create, search by patient and code; bytes per stored resource.

Run by hand: `.venv/bin/python -m tests.benchmarks.fhir_http [folder of transaction Bundles]`. Authorization, audit,
validation and `synchronous_commit` are on; load generator, server and database share the machine.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path

import aiohttp
import psycopg

from health_platform.demo.embedded import provision
from tests.benchmarks.measure import HEADER, durable_cluster, measured, postmaster, temporary_home
from tests.builders import observation
from tests.databases import ensure_template
from tests.live import LiveServer, serve

PATIENTS, OBSERVATIONS = 200, 20
CODES = ("8867-4", "9279-1", "8310-5", "2708-6")
SECONDS = 8.0


async def fill(session: aiohttp.ClientSession, base: str) -> tuple[list[str], list[str]]:
    """Patients with observations; their ids."""
    patients, observations = [], []
    for number in range(PATIENTS):
        patient = {"resourceType": "Patient", "name": [{"text": f"김{number}"}], "birthDate": "1950-01-01"}
        async with session.post(f"{base}/Patient", json=patient) as answer:
            patients.append((await answer.json(content_type=None))["id"])
        entries = [
            {
                "resource": observation(patients[-1], 60 + index, CODES[index % 4], f"2026-0{index % 9 + 1}-01"),
                "request": {"method": "POST", "url": "Observation"},
            }
            for index in range(OBSERVATIONS)
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        async with session.post(base, json=bundle) as answer:
            body = await answer.json(content_type=None)
        observations += [entry["response"]["location"].split("/")[1] for entry in body["entry"]]
    return patients, observations


async def transactions(session: aiohttp.ClientSession, base: str, folder: Path) -> str:
    """Synthea-like transaction Bundles, four callers, each Bundle once."""
    files = sorted(folder.rglob("*.json"))
    waiting = list(files)
    resources = failed = 0

    async def caller() -> None:
        nonlocal resources, failed
        while waiting:
            raw = waiting.pop().read_bytes()
            async with session.post(base, data=raw) as answer:
                body = await answer.read()
            failed += answer.status != 200
            resources += len(json.loads(body).get("entry", []))

    start = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(4)))
    took = time.perf_counter() - start
    said = f"{resources:,} resources of {len(files)} Bundles in {took:.1f} s"
    return f"{said}: {resources / took:,.0f}/s, {failed} failed"


async def workloads(live: LiveServer, database: int, folder: Path | None) -> None:
    base, chance = live.fhir, random.Random(1)
    headers = {"Authorization": f"Bearer {live.token()}", "Content-Type": "application/fhir+json"}
    web = live.processes.running["web"].pid
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=64)) as session:
        if folder is not None:
            print(await transactions(session, base, folder))
        patients, observations = await fill(session, base)

        async def read(session: aiohttp.ClientSession) -> bool:
            async with session.get(f"{base}/Observation/{chance.choice(observations)}") as answer:
                await answer.read()
                return answer.status == 200

        async def create(session: aiohttp.ClientSession) -> bool:
            async with session.post(f"{base}/Observation", json=observation(chance.choice(patients))) as answer:
                await answer.read()
                return answer.status == 201

        async def search(session: aiohttp.ClientSession) -> bool:
            query = {"patient": chance.choice(patients), "code": f"http://loinc.org|{chance.choice(CODES)}"}
            async with session.get(f"{base}/Observation", params=query) as answer:
                return answer.status == 200 and b'"entry"' in await answer.read()

        print(HEADER)
        for name, call in (("read", read), ("Observation?patient=&code=", search), ("create", create)):
            outcome = await measured(name, session, call, callers=16, seconds=SECONDS, web=web, database=database)
            print(outcome.row())


def sizes(url: str) -> str:
    """Bytes on disk per stored resource: bodies, histories and search indexes."""
    statement = """
        SELECT (SELECT count(*) FROM fhir_resource), sum(pg_total_relation_size(oid))
        FROM pg_class WHERE relkind = 'r' AND relname LIKE 'fhir\\_%' AND relname NOT IN ('fhir_audit', 'fhir_outbox')
    """
    with psycopg.connect(url) as connection:
        connection.execute("SELECT set_config('bitgoeul.reach', 'all', false)")
        count, size = connection.execute(statement).fetchone() or (0, 0)
    return f"{int(size) / count:,.0f} bytes per stored resource ({count:,} resources)"


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with durable_cluster() as cluster, temporary_home() as home:
        template = ensure_template(cluster, "benchmark_template")
        with serve(cluster, template, "benchmark", home) as live:
            asyncio.run(workloads(live, postmaster(cluster), folder))
            print(sizes(cluster.url(provision.OWNER, "benchmark")))


if __name__ == "__main__":
    main()
