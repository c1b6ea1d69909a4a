"""What the tests of operations share: small calls, and a package that a test builds."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.builders import FHIR, Caller

LINE = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line"
COLUMN = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-col"


def outputs(body: Any) -> dict[str, Any]:
    """The outputs of a Parameters resource by name; the last one of a name that repeats."""
    assert body["resourceType"] == "Parameters", body
    return {part["name"]: next((v for k, v in part.items() if k != "name"), None) for part in body["parameter"]}


def all_outputs(body: Any, name: str) -> list[dict[str, Any]]:
    """The parts of each output of a name."""
    parts = [part["part"] for part in body["parameter"] if part["name"] == name]
    return [{one["name"]: next(v for k, v in one.items() if k != "name") for one in group} for group in parts]


def parameters(**values: Any) -> dict[str, Any]:
    """A Parameters resource: a dict with a resourceType is a resource, another dict a Coding, a str a string."""
    parts: list[dict[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, dict):
            parts.append({"name": name, "resource" if "resourceType" in value else "valueCoding": value})
        else:
            parts.append({"name": name, "valueBoolean" if isinstance(value, bool) else "valueString": value})
    return {"resourceType": "Parameters", "parameter": parts}


def issues(answer: Any) -> list[dict[str, Any]]:
    """The issues of a 200 answer that are errors or warnings."""
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    return [issue for issue in body["issue"] if issue["severity"] != "information"]


def errors(answer: Any) -> list[dict[str, Any]]:
    return [issue for issue in issues(answer) if issue["severity"] in ("error", "fatal")]


def codes(caller: Caller, **query: str) -> list[str]:
    """The codes of an expansion's page."""
    from urllib.parse import urlencode

    answer = caller.get(f"{FHIR}/ValueSet/$expand?{urlencode(query)}")
    assert answer.status_code == 200, answer.content
    return [entry["code"] for entry in answer.json()["expansion"].get("contains", [])]


@pytest.fixture
def package(tmp_path: Path) -> Callable[..., Path]:
    """Builds a package in FHIR's NPM form of these resources."""

    def build(version: str, *resources: dict[str, Any], name: str = "kr.gwangju.bitgoeul") -> Path:
        manifest = {"name": name, "version": version, "fhirVersions": ["4.0.1"], "canonical": "https://example.org/ig"}
        path = tmp_path / f"{name}-{version}.tgz"
        with tarfile.open(path, "w:gz") as archive:
            for file, content in [("package", manifest), *((str(r["id"]), r) for r in resources)]:
                data = json.dumps(content).encode()
                entry = tarfile.TarInfo(f"package/{file}.json")
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
        return path

    return build
