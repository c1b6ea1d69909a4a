"""How many Observations a second one core validates. Run by hand: `python -m tests.benchmarks.validation [bundles]`.

Uses the Observations of the Synthea bundles beside the checkout where they are, else one blood pressure of our own.
Times are CPU times, the best of several rounds, since other work on the machine only adds to them.
"""

from __future__ import annotations

import copy
import itertools
import json
import sys
import tarfile
import time
from collections.abc import Callable, Sequence
from typing import Any

from health_platform.fhir import body
from health_platform.fhir.packages import kr_core
from health_platform.fhir.validation import validate, validate_structure
from health_platform.fhir.validation.context import Options
from tests.fhir.validation.samples import OBSERVATION, SHARED

ROUNDS = 7
KR_CORE = Options(profiles=(f"{kr_core.PROFILES}krcore-bloodpressure",))
Observation = tuple[dict[str, Any], bytes]


def synthea(bundles: int) -> list[Observation]:
    path = SHARED / "synthea_r4_100_patients.tar.xz"
    if not path.exists():
        return []
    found: list[Observation] = []
    with tarfile.open(path) as files:
        for member in itertools.islice((m for m in files if m.name.endswith(".json")), bundles):
            content = files.extractfile(member)
            entries = json.load(content)["entry"] if content else []
            resources = [entry["resource"] for entry in entries if entry["resource"]["resourceType"] == "Observation"]
            found += [_prepared(resource) for resource in resources]
    return found


def blood_pressures(count: int) -> list[Observation]:
    return [_prepared(copy.deepcopy(OBSERVATION) | {"id": f"o{number}"}) for number in range(count)]


def _prepared(resource: dict[str, Any]) -> Observation:
    raw = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
    return body.parse(raw), raw


def per_second(work: Callable[[Observation], object], observations: Sequence[Observation]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for observation in observations:
            work(observation)
        best = min(best, time.process_time() - start)
    return len(observations) / best


def main(bundles: int) -> None:
    ours = blood_pressures(2000)
    measured = {"Synthea": synthea(bundles), "blood pressure of our own": ours}
    for name, observations in measured.items():
        if not observations:
            sys.stdout.write(f"{name}: not on this machine\n")
            continue
        size = sum(len(raw) for _, raw in observations) // len(observations)
        sys.stdout.write(f"{name}: {len(observations)} Observations of {size} bytes\n")
        structure = per_second(lambda found: validate_structure(found[1]), observations)
        full = per_second(lambda found: validate(*found), observations)
        sys.stdout.write(f"  structure {_shown(structure)}\n  with codes, bindings and invariants {_shown(full)}\n")
    with_profile = per_second(lambda found: validate(*found, options=KR_CORE), ours)
    sys.stdout.write(f"blood pressure with the KR Core profile {_shown(with_profile)}\n")


def _shown(rate: float) -> str:
    return f"{rate:,.0f}/s, {1_000_000 / rate:.1f} µs of CPU each"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
