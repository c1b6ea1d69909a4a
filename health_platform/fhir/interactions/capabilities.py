"""capabilities (FHIR R4, http.html#capabilities): generated from what is registered, never written by hand."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urljoin

import orjson
from django.conf import settings

from health_platform.fhir.definitions.operations import operations_of
from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES
from health_platform.fhir.messages import FHIR_JSON, FhirRequest, FhirResponse
from health_platform.fhir.patch.change import JSON_PATCH
from health_platform.fhir.search.registry import SearchParameter, SearchType, parameters
from health_platform.fhir.search.terms import WORDS

VERSION = "0.1.0"
PUBLISHED = "2026-11-22"
SYSTEM_INTERACTIONS = ("transaction", "batch", "history-system", "search-system")
INSTANCE_INTERACTIONS = (
    "read",
    "vread",
    "create",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "search-type",
)


def capabilities(request: FhirRequest) -> FhirResponse:
    return FhirResponse(200, orjson.dumps(capability_statement(request.base)))


@lru_cache(maxsize=8)
def capability_statement(base: str) -> dict[str, Any]:
    """The CapabilityStatement of the server at ``base``."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": PUBLISHED,
        "kind": "instance",
        "software": {"name": "Bitgoeul", "version": VERSION},
        "implementation": {"description": "Bitgoeul: a city's health record", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "patchFormat": [JSON_PATCH, FHIR_JSON],
        "rest": [
            {
                "mode": "server",
                "security": {
                    "cors": True,
                    "extension": [_oauth_addresses(base)],
                    "service": [
                        {
                            "coding": [
                                {
                                    "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                                    "code": "SMART-on-FHIR",
                                }
                            ]
                        }
                    ],
                },
                "resource": [_resource(kind) for kind in RESOURCE_TYPES],
                "interaction": [{"code": code} for code in SYSTEM_INTERACTIONS],
            }
        ],
    }


def _oauth_addresses(base: str) -> dict[str, Any]:
    """The extension oauth-uris of SMART App Launch (conformance.html)."""
    return {
        "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
        "extension": [
            {"url": name, "valueUri": urljoin(base, path)} for name, path in settings.FHIR_OAUTH_ADDRESSES.items()
        ],
    }


def _resource(kind: str) -> dict[str, Any]:
    supported = [found for found in parameters(kind).values() if _is_supported(found)]
    includes = [f"{kind}:{found.code}" for found in supported if found.type is SearchType.REFERENCE]
    reverse = _referring(kind)
    return {
        "type": kind,
        "interaction": [{"code": code} for code in INSTANCE_INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        **({"searchInclude": ["*", *includes]} if includes else {}),
        **({"searchRevInclude": reverse} if reverse else {}),
        "searchParam": [{"name": found.code, "type": str(found.type)} for found in supported],
        "operation": [{"name": name, "definition": definition} for name, definition in operations_of(kind)],
    }


def _is_supported(found: SearchParameter) -> bool:
    return found.ready and (bool(found.expression) or found.code in WORDS)


@lru_cache(maxsize=256)
def _referring(kind: str) -> list[str]:
    """What `_revinclude` takes for a type: the parameters of other types that name it as their target."""
    every = (found for name in RESOURCE_TYPES for found in parameters(name).values())
    return [
        f"{found.resource_type}:{found.code}"
        for found in every
        if found.type is SearchType.REFERENCE and found.indexed and found.ready and kind in found.targets
    ]
