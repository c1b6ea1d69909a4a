"""Two independent FHIR clients from npm work against the server as they are: fhir-kit-client and fhirclient.

They are installed by `npm ci --prefix tests/conformance/npm`; without them the tests are skipped.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.live import LiveServer

HERE = Path(__file__).parent / "npm"


def run(live: LiveServer, client: str) -> dict[str, Any]:
    """What the script of a client saw."""
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules").is_dir():
        pytest.skip("needs Node.js and: npm ci --prefix tests/conformance/npm")
    done = subprocess.run(
        [node, f"{client}.js", live.fhir, live.token()],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    seen: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return seen


def test_fhir_kit_client_does_everything_that_it_can(live: LiveServer) -> None:
    assert run(live, "fhir_kit_client") == {
        "version": "4.0.1",
        "values": [60, 70, 80],
        "patched": ["corrected", "3"],
        "first": "final",
        "history": ["PUT", "PUT", "POST"],
        "ofType": "history",
        "ofSystem": "history",
        "conditional": 61,
        "transaction": ["201", "200"],
        "total": 4,
        "batch": "404",
        "everything": 5,
        "resolved": "Kim",
        "gone": [410, "OperationOutcome"],
    }


def test_fhirclient_for_javascript_reads_writes_pages_and_resolves(live: LiveServer) -> None:
    assert run(live, "fhirclient") == {
        "values": [60, 70, 80],
        "family": "Park",
        "updated": ["female", "2"],
        "patched": "1946-01-01",
        "byCode": 3,
        "gone": 410,
    }
