"""Packages in FHIR's NPM form: a .tgz with `package/package.json` and one JSON file for each resource.

https://confluence.hl7.org/display/FHIR/NPM+Package+Specification. Nothing is written to disk. Sizes are limited, since
a package comes from outside.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

MAX_FILE = 64 * 1024 * 1024
MAX_FILES = 20_000
MAX_TOTAL = 1024 * 1024 * 1024
FHIR_VERSIONS = ("4.0.0", "4.0.1")
CONFORMANCE = frozenset(
    {"StructureDefinition", "ValueSet", "CodeSystem", "ConceptMap", "SearchParameter", "NamingSystem"}
)


class PackageError(ValueError):
    """The file is not a package that this server can load; the text says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Package:
    """`resources` are the conformance resources, in the order of their file names."""

    name: str
    version: str
    canonical: str
    dependencies: Mapping[str, str]
    resources: tuple[Mapping[str, Any], ...]

    def of_type(self, resource_type: str) -> Iterator[Mapping[str, Any]]:
        return (resource for resource in self.resources if resource.get("resourceType") == resource_type)


def load_package(source: Path | IO[bytes]) -> Package:
    """The package of a .tgz file. Raises PackageError."""
    try:
        with tarfile.open(source, "r:gz") if isinstance(source, Path) else tarfile.open(fileobj=source) as archive:
            files = dict(_files(archive))
    except (tarfile.TarError, EOFError, OSError) as error:
        raise PackageError(f"The file is not a package in FHIR's NPM form (.tgz): {error}") from error
    if "package/package.json" not in files:
        raise PackageError("The archive has no package/package.json: is it a package in FHIR's NPM form?")
    manifest = _json("package/package.json", files.pop("package/package.json"))
    _check_version(manifest)
    resources = (_json(name, content) for name, content in sorted(files.items()))
    return Package(
        str(manifest.get("name", "")),
        str(manifest.get("version", "")),
        str(manifest.get("canonical", "")),
        dict(manifest.get("dependencies") or {}),
        tuple(resource for resource in resources if resource.get("resourceType") in CONFORMANCE),
    )


def _files(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    total = 0
    for number, member in enumerate(archive):
        total += member.size
        if number >= MAX_FILES or member.size > MAX_FILE or total > MAX_TOTAL:
            raise PackageError(f"The package is larger than this server loads ({MAX_FILES} files, 1 GB).")
        path = PurePosixPath(member.name)
        if member.isfile() and path.parent == PurePosixPath("package") and path.suffix == ".json":
            content = archive.extractfile(member)
            if content is not None:
                yield str(path), content.read()


def _json(name: str, content: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise PackageError(f"{name} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise PackageError(f"{name} is JSON but not an object.")
    return value


def _check_version(manifest: Mapping[str, Any]) -> None:
    if not manifest.get("name") or not manifest.get("version"):
        raise PackageError("package/package.json states no name or no version.")
    stated = manifest.get("fhirVersions") or manifest.get("fhir-version-list") or []
    if stated and not any(str(version).startswith(FHIR_VERSIONS) for version in stated):
        raise PackageError(f"The package is for FHIR {', '.join(map(str, stated))}; this server is FHIR R4 (4.0.1).")
