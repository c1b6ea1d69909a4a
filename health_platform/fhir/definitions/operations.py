"""The operations of FHIR R4 that this server has (https://hl7.org/fhir/R4/operationslist.html)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

_ALL: Final[tuple[str, ...]] = ()
# Name -> (its OperationDefinition, the resource types that have it; none for all of them).
OPERATIONS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "validate": ("Resource-validate", _ALL),
    "lookup": ("CodeSystem-lookup", ("CodeSystem",)),
    "subsumes": ("CodeSystem-subsumes", ("CodeSystem",)),
    "validate-code": ("{kind}-validate-code", ("CodeSystem", "ValueSet")),
    "expand": ("ValueSet-expand", ("ValueSet",)),
    "translate": ("ConceptMap-translate", ("ConceptMap",)),
    "everything": ("Patient-everything", ("Patient",)),
    "meta": ("Resource-meta", _ALL),
    "meta-add": ("Resource-meta-add", _ALL),
    "meta-delete": ("Resource-meta-delete", _ALL),
}


def operations_of(kind: str) -> Iterator[tuple[str, str]]:
    """Name and canonical URL of the definition of each operation on a resource type."""
    for name, (definition, types) in OPERATIONS.items():
        if not types or kind in types:
            yield name, f"http://hl7.org/fhir/OperationDefinition/{definition.format(kind=kind)}"
