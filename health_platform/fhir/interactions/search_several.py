"""search of the system, by `_type`, and of a patient's compartment (FHIR R4, http.html#search, #vsearch)."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES, TYPE_NUMBER
from health_platform.fhir.interactions import access_log
from health_platform.fhir.interactions.search import search, searchset, shaped
from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.outcome import BadRequest, IssueType, NotFound
from health_platform.fhir.repository import Repository
from health_platform.fhir.search.compartment import in_compartment, types_in_compartment
from health_platform.fhir.search.query import parse_search
from health_platform.fhir.search.request import SearchRequest

_SORTABLE = ("_lastUpdated", "_id")


def search_system(request: FhirRequest) -> FhirResponse:
    """GET [base]?_type=..., and POST [base]/_search."""
    kinds = _types(request)
    if not kinds:
        raise BadRequest("Name the resource types to search by _type, such as _type=Patient,Observation.",
                         expression=("_type",))  # fmt: skip
    return _answer(request, kinds, "", None)


def search_compartment(request: FhirRequest, patient: str, kind: str) -> FhirResponse:
    """GET [base]/Patient/[id]/[type], and with `*` what of any type is about the patient."""
    possible = types_in_compartment()
    if kind == "*":
        named = _types(request)
        return _answer(request, [one for one in named or possible if one in possible], f"Patient/{patient}/*", patient)
    if kind not in possible:
        raise NotFound("%(type)s is in no compartment of a Patient. Possible: %(possible)s.",
                       type=kind, possible=", ".join(possible))  # fmt: skip
    if kind in access_log.RENDERED:
        own = urlencode([*request.parameters, ("patient", patient)])
        return search(replace(request, query=own), kind)
    return _answer(request, [kind], f"Patient/{patient}/{kind}", patient)


def _types(request: FhirRequest) -> list[str]:
    named = [one for name, value in request.parameters if name == "_type" for one in value.split(",") if one]
    wrong = [one for one in named if one not in TYPE_NUMBER]
    if wrong:
        raise BadRequest("The resource types %(types)s do not exist in FHIR R4.", expression=("_type",),
                         types=", ".join(wrong))  # fmt: skip
    return [kind for kind in RESOURCE_TYPES if kind in named]


def _answer(request: FhirRequest, kinds: list[str], path: str, patient: str | None) -> FhirResponse:
    rest = [(name, value) for name, value in request.parameters if name != "_type"]
    asked = [parse_search(kind, rest, lenient=request.lenient, base=request.base + "/") for kind in kinds]
    if len(asked) > 1:
        _check_order(asked[0])
    if patient is not None:
        asked = [replace(one, criteria=(*one.criteria, in_compartment(one.resource_type, patient))) for one in asked]
    page = Repository(request.access).search_types(asked, f"{path}?{urlencode(request.parameters)}")
    return FhirResponse(200, searchset(shaped(page, asked[0]), asked[0], request, path))


def _check_order(asked: SearchRequest) -> None:
    """Several types have only those keys in common that every resource has."""
    others = [key.parameter.code for key in asked.sort if key.parameter.code not in _SORTABLE]
    if others or len(asked.sort) > 1:
        raise BadRequest(
            "A search over several types is sorted by one of %(choices)s. Ask for one type to sort by others.",
            code=IssueType.NOT_SUPPORTED,
            expression=("_sort",),
            choices=", ".join(_SORTABLE),
        )
