"""A million synthetic concepts: how long they take to load, in how much memory, and how long a page of them takes.

Run by hand, against a copy of the test database that is dropped afterwards:

    .venv/bin/python -m tests.benchmarks.terminology [CONCEPTS]
"""

from __future__ import annotations

import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
URL = "https://example.org/million"
DATABASE = "bitgoeul_terminology_benchmark"
FIRST = "급성 만성 양성 악성 선천성 후천성 원발성 이차성 재발성 본태성".split()
SECOND = "당뇨병 고혈압 골절 폐렴 위염 관절염 협심증 빈혈 백내장 우울증 천식 신부전".split()
REPEATS = 50


def write(path: Path, concepts: int) -> None:
    """A file whose concepts stand in a tree of three levels, ten thousand to a branch."""
    chosen = random.Random(20261)
    with path.open("w", encoding="utf-8") as file:
        file.write("code,display,parent,en\n")
        for number in range(concepts):
            top, middle = number // 10_000 * 10_000, number // 100 * 100
            parent = "" if number == top else f"C{top:07}" if number == middle else f"C{middle:07}"
            words = f"{chosen.choice(FIRST)} {chosen.choice(SECOND)} {number % 977}형"
            file.write(f"C{number:07},{words},{parent},Synthetic disorder {number}\n")


def peak() -> float:
    """The most memory that this process held so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Median and 95th percentile in ms, after one call to warm up."""
    act()
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        act()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken), sorted(taken)[int(REPEATS * 0.95)]


def measure(concepts: int, folder: Path) -> Iterator[str]:
    from dataclasses import replace

    from health_platform.fhir.access.context import service
    from health_platform.fhir.http.routing import handle
    from health_platform.fhir.messages import FhirRequest
    from health_platform.fhir.terminology.formats import FORMATS
    from health_platform.fhir.terminology.loading import load

    file = folder / "million.csv"
    write(file, concepts)
    before, start = peak(), time.perf_counter()
    loaded = load(file, replace(FORMATS["codes"], url=URL, title="Million"), "1")
    taken = time.perf_counter() - start
    size = file.stat().st_size / 2**20
    yield f"load: {loaded.count} concepts ({size:.0f} MiB) in {taken:.1f} s, {peak() - before:.0f} MiB more at most"

    def ask(query: str) -> None:
        request = FhirRequest("GET", "ValueSet/$expand", query, {}, b"", service("benchmark"), "http://x/fhir/R4")
        answer = handle(request)
        assert answer.status == 200, answer.body

    whole = f"url={URL}?fhir_vs"
    for name, query in {
        "first page of 20": f"{whole}&count=20",
        "last page of 20": f"{whole}&count=20&offset={concepts - 20}",
        "filter, a twelfth of all: 당뇨": f"{whole}&count=20&filter=당뇨",
        "filter, few: C0999": f"{whole}&count=20&filter=C0{concepts // 1000 - 1:03}",
        "filter, one: synthetic 77777": f"{whole}&count=20&filter=synthetic disorder 77777",
        "branch of 10,000": f"url={URL}?fhir_vs=isa/C0010000&count=20",
    }.items():
        median, late = timed(lambda query=query: ask(query))  # type: ignore[misc]
        yield f"{name}: {median:.1f} ms median, {late:.1f} ms p95"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "health_platform.settings.test")
    import django

    django.setup()
    from health_platform.demo.embedded import postgres
    from tests.databases import copy_of, ensure_template, point_django_at

    concepts = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    cluster = postgres.locate(PROJECT, "test")
    postgres.start_locked(cluster)
    with (
        tempfile.TemporaryDirectory() as folder,
        copy_of(cluster, ensure_template(cluster, "bitgoeul_test_template"), DATABASE) as url,
    ):
        point_django_at(url)
        for line in measure(concepts, Path(folder)):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
