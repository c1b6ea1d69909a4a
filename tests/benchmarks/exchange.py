"""CPU time of what the exchange does besides the database: names in a Bundle, patches, parts. Run by hand:

    python -m tests.benchmarks.exchange FOLDER_OF_BUNDLES

CPU time of one process, the best of five; the load of the machine stands beside it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django

ENTRIES = 3000


def best(run: Callable[[], object], of: int) -> float:
    """µs of CPU per item."""
    times = []
    for _ in range(5):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times) / of * 1e6


def main(folder: Path) -> None:
    from health_platform.fhir import body
    from health_platform.fhir.bundle.entries import entry_of, given_entries
    from health_platform.fhir.bundle.references import Names, names_of, resolved
    from health_platform.fhir.patch import fhirpath_patch, json_patch
    from health_platform.fhir.subset import Part, Summary, part

    raws: list[bytes] = []
    count = 0
    for file in sorted(folder.rglob("*.json")):
        raws.append(file.read_bytes())
        count += len(given_entries(raws[-1]))
        if count > ENTRIES:
            break
    bundles = [[entry_of(place, given) for place, given in enumerate(given_entries(raw))] for raw in raws]
    names: list[Names] = [
        names_of({each.full_url: f"{each.path[0]}/{each.place}" for each in entries if each.full_url})
        for entries in bundles
    ]
    resources = [(each.path[0], each.resource or b"") for entries in bundles for each in entries]

    def resolve() -> None:
        for entries, known in zip(bundles, names, strict=True):
            for each in entries:
                resolved(each.resource or b"", each.path[0], each.full_url, known, lambda kind, _: f"{kind}/1")

    parsed = [body.decode(raw, as_written=True) for kind, raw in resources if kind == "Observation"]
    change = [{"op": "replace", "path": "/status", "value": "amended"}]
    parts = [{"name": "type", "valueCode": "replace"}, {"name": "path", "valueString": "Observation.status"}]
    parts.append({"name": "value", "valueCode": "amended"})
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
    print(f"{count} entries, load average {os.getloadavg()[0]:.1f}; CPU µs each")
    print(f"read a Bundle: {best(lambda: [given_entries(raw) for raw in raws], count):.1f}")
    print(f"replace the names of entries: {best(resolve, count):.1f}")
    print(f"JSON Patch: {best(lambda: [json_patch.apply(one, change) for one in parsed], len(parsed)):.1f}")
    print(f"FHIRPath Patch: {best(lambda: [fhirpath_patch.apply(one, parameters) for one in parsed], len(parsed)):.1f}")
    for summary in (Summary.TRUE, Summary.DATA):
        asked = Part(summary)
        took = best(lambda asked=asked: [part(raw, kind, asked) for kind, raw in resources], count)  # type: ignore[misc]
        print(f"_summary={summary}: {took:.1f}")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "health_platform.settings.test")
    django.setup()
    main(Path(sys.argv[1]))
