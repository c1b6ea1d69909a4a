"""Loaded packages in the store: what of a package is used, checked before it is kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction

from health_platform.fhir.models import LoadedPackage, PackageResource
from health_platform.fhir.packages.loader import Package, PackageError
from health_platform.fhir.packages.profiles import from_structure_definition
from health_platform.fhir.terminology import values

_LOGICAL: Final = ("logical",)
_READ: Final = {
    "StructureDefinition": from_structure_definition,
    "CodeSystem": values.code_system,
    "ValueSet": values.value_set,
    "ConceptMap": values.concept_map,
}


def store(package: Package) -> Mapping[str, int]:
    """Keeps the resources of a package and says how many of each type; the same version of it is replaced.

    Raises PackageError naming a resource that cannot be read; nothing is kept then.
    """
    used = [resource for resource in package.resources if _is_used(resource)]
    for resource in used:
        _check(resource)
    with transaction.atomic():
        LoadedPackage.objects.filter(name=package.name, version=package.version).delete()
        row = LoadedPackage.objects.create(name=package.name, version=package.version, canonical=package.canonical)
        PackageResource.objects.bulk_create(_row(row, resource) for resource in used)
    return Counter(str(resource["resourceType"]) for resource in used)


def _is_used(resource: Mapping[str, Any]) -> bool:
    return resource.get("resourceType") in _READ and resource.get("kind") not in _LOGICAL and bool(resource.get("url"))


def _check(resource: Mapping[str, Any]) -> None:
    try:
        _READ[resource["resourceType"]](resource)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PackageError(f"{resource['url']} cannot be read: {type(error).__name__}: {error}") from error


def _row(package: LoadedPackage, resource: Mapping[str, Any]) -> PackageResource:
    return PackageResource(
        package=package,
        resource_type=resource["resourceType"],
        url=resource["url"],
        version=str(resource.get("version", "")),
        body=json.dumps(resource, ensure_ascii=False),
    )
