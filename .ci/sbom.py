"""The bill of materials of what runs, as CycloneDX 1.6 JSON (https://cyclonedx.org/docs/1.6/json/), from the lock file
and the metadata of the installed packages; with `--licences` one line for each package."""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
_LOCKED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^ ;\\]+)(?P<rest>.*)$")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
UNKNOWN = "NOASSERTION"


def components(lock: str) -> list[dict[str, Any]]:
    """One component for each package of a hash-locked requirements file."""
    found: list[dict[str, Any]] = []
    for line in lock.splitlines():
        match = _LOCKED.match(line)
        if match:
            found.append(_component(match["name"], match["version"]))
        if found:
            found[-1]["hashes"] += [{"alg": "SHA-256", "content": each} for each in _HASH.findall(line)]
    return found


def _component(name: str, version: str) -> dict[str, Any]:
    address = f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{version}"
    return {
        "type": "library",
        "bom-ref": address,
        "name": name,
        "version": version,
        "purl": address,
        "licenses": [{"license": {"name": licence_of(name)}}],
        "hashes": [],
    }


def licence_of(name: str) -> str:
    """What the package says of its licence; UNKNOWN for one that is locked for another kind of machine."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return UNKNOWN
    classifiers = [each for each in about.get_all("Classifier") or () if each.startswith("License ::")]
    said = about.get("License-Expression") or "; ".join(each.rpartition(" :: ")[2] for each in classifiers)
    return said or (about.get("License") or _first_line(name) or UNKNOWN).splitlines()[0][:120]


def _first_line(name: str) -> str:
    """The title of the licence file that the package carries."""
    carried = [each for each in metadata.files(name) or () if each.name.upper().startswith("LICENSE")]
    lines = [line.strip() for line in carried[0].read_text().splitlines()] if carried else []
    return next((line for line in lines if line), "")


def bill() -> dict[str, Any]:
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "bitgoeul",
                "name": "bitgoeul",
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": components((PROJECT / "requirements.txt").read_text(encoding="utf-8")),
    }


def main() -> None:
    found = bill()
    if "--licences" in sys.argv[1:]:
        for each in found["components"]:
            licence = each["licenses"][0]["license"]["name"]
            sys.stdout.write(f"{each['name']} {each['version']}: {licence}\n")
        return
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
