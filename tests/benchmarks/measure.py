"""Tools of the benchmarks: a server of its own, a closed loop of callers, CPU time by process tree."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil

from health_platform.demo.embedded import postgres
from health_platform.demo.embedded.postgres import Cluster

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Outcome:
    """One measured workload."""

    name: str
    requests: int
    failed: int
    seconds: float
    web_cpu: float
    database_cpu: float
    latencies: list[float]

    def row(self) -> str:
        """A line of a Markdown table: requests/s, CPU µs per request of web and database, p50 and p99 in ms."""
        ordered = sorted(self.latencies)
        p99 = ordered[int(len(ordered) * 0.99) - 1]
        return (
            f"| {self.name} | {self.requests / self.seconds:,.0f} | {self.web_cpu / self.requests * 1e6:,.0f} "
            f"| {self.database_cpu / self.requests * 1e6:,.0f} | {statistics.median(ordered) * 1e3:.1f} "
            f"| {p99 * 1e3:.1f} | {self.failed} |"
        )


HEADER = (
    "| workload | requests/s | web CPU µs | database CPU µs | p50 ms | p99 ms | failed |\n|---|--:|--:|--:|--:|--:|--:|"
)


@contextmanager
def durable_cluster() -> Iterator[Cluster]:
    """A cluster of its own with crash safety on, as in the city."""
    cluster = postgres.locate(PROJECT, "benchmark")
    postgres.start(cluster)
    try:
        yield cluster
    finally:
        postgres.stop(cluster)


@contextmanager
def temporary_home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def tree_cpu(pid: int) -> float:
    """CPU seconds of a process and all its descendants."""
    root = psutil.Process(pid)
    return sum(sum(each.cpu_times()[:2]) for each in (root, *root.children(recursive=True)))


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().splitlines()[0])


Call = Callable[[aiohttp.ClientSession], Awaitable[bool]]


async def closed_loop(
    session: aiohttp.ClientSession, call: Call, callers: int, seconds: float
) -> tuple[int, list[float]]:
    """``callers`` loops that each wait for one answer before the next request; failures and latencies in s."""
    end = time.perf_counter() + seconds
    latencies: list[float] = []
    failed = 0

    async def caller() -> None:
        nonlocal failed
        while (start := time.perf_counter()) < end:
            if not await call(session):
                failed += 1
            latencies.append(time.perf_counter() - start)

    await asyncio.gather(*(caller() for _ in range(callers)))
    return failed, latencies


async def measured(
    name: str, session: aiohttp.ClientSession, call: Call, *, callers: int, seconds: float, web: int, database: int
) -> Outcome:
    """Warm up for a second, then measure."""
    await closed_loop(session, call, callers, 1.0)
    before = tree_cpu(web), tree_cpu(database)
    start = time.perf_counter()
    failed, latencies = await closed_loop(session, call, callers, seconds)
    took = time.perf_counter() - start
    return Outcome(
        name, len(latencies), failed, took, tree_cpu(web) - before[0], tree_cpu(database) - before[1], latencies
    )
