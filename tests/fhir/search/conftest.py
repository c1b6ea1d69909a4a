"""Real resources from the folder beside the repository; tests that need them skip where it is absent."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).parents[4] / "shared" / "fhir"


def _resources(archive: Path, members: int | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    with tarfile.open(archive) as opened:
        for member in opened:
            extracted = opened.extractfile(member) if member.name.endswith(".json") else None
            if extracted is None:
                continue
            resource = json.load(extracted)
            found.append(resource)
            found += [entry["resource"] for entry in resource.get("entry", ()) if "resource" in entry]
            members = None if members is None else members - 1
            if members == 0:
                break
    return found


@pytest.fixture(scope="session")
def shared_resources() -> list[dict[str, Any]]:
    """The R4 examples, the KR Core examples and two Synthea patients with all their resources."""
    if not SHARED.exists():
        pytest.skip(f"{SHARED} is absent: no real resources to test with")
    return (
        _resources(SHARED / "r4_examples.tar.xz")
        + _resources(SHARED / "kr_core" / "examples.tar.xz")
        + _resources(SHARED / "synthea_r4_100_patients.tar.xz", members=2)
    )
