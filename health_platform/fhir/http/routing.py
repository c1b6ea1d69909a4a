"""From method and path to the interaction (FHIR R4, http.html#summary). The only place that knows the addresses."""

from __future__ import annotations

import re
from dataclasses import replace

from health_platform.fhir.bundle.entries import kind_of
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.http.errors import failure
from health_platform.fhir.interactions.batch import batch
from health_platform.fhir.interactions.capabilities import capabilities
from health_platform.fhir.interactions.create import create
from health_platform.fhir.interactions.delete import delete, delete_matching
from health_platform.fhir.interactions.history import history, history_of_all, history_of_type
from health_platform.fhir.interactions.patch import patch, patch_matching
from health_platform.fhir.interactions.read import read
from health_platform.fhir.interactions.search import search
from health_platform.fhir.interactions.search_several import search_compartment, search_system
from health_platform.fhir.interactions.transaction import transaction
from health_platform.fhir.interactions.update import update, update_matching
from health_platform.fhir.interactions.vread import vread
from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.operations.registry import carry_out
from health_platform.fhir.outcome import BadRequest, FhirError, MethodNotAllowed, NotFound, UnsupportedMediaType

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_JSON_TYPES = ("application/fhir+json", "application/json", "text/json")
_FORM = "application/x-www-form-urlencoded"


def handle(request: FhirRequest) -> FhirResponse:
    """The answer to any request; an error is an OperationOutcome."""
    try:
        return _dispatch(request)
    except FhirError as error:
        return failure(error)


def _dispatch(request: FhirRequest) -> FhirResponse:
    segments = request.path.strip("/").split("/") if request.path.strip("/") else []
    if not segments or segments[0] in ("metadata", "_search", "_history"):
        return _whole(request, segments)
    kind = segments[0]
    if kind not in TYPE_NUMBER:
        raise NotFound("'%(type)s' is not a resource type of FHIR R4.", type=kind)
    if segments[-1].startswith("$"):
        return _operation(request, kind, segments[1:])
    if len(segments) == 1 or segments[1:] == ["_search"]:
        return _type_level(request, kind, form=len(segments) == 2)
    if segments[1:] == ["_history"]:
        return history_of_type(_reading(request), kind)
    _require_id(segments[1])
    if kind == "Patient" and len(segments) in (3, 4) and (segments[2] == "*" or segments[2] in TYPE_NUMBER):
        return _compartment(request, segments[1], segments[2], segments[3:])
    if len(segments) == 2:
        return _instance_level(request, kind, segments[1])
    return _version_level(request, kind, segments[1], segments[2:])


def _whole(request: FhirRequest, segments: list[str]) -> FhirResponse:
    """The addresses of the system as a whole."""
    if not segments:
        return _system(request)
    if len(segments) > 1:
        raise NotFound("There is nothing at this address.")
    if segments == ["_search"]:
        if request.method != "POST":
            raise _not_allowed(request, "POST")
        return search_system(_with_form(request))
    return capabilities(_reading(request)) if segments == ["metadata"] else history_of_all(_reading(request))


def _system(request: FhirRequest) -> FhirResponse:
    if request.method in ("GET", "HEAD"):
        return search_system(request)
    if request.method != "POST":
        raise _not_allowed(request, "GET, POST")
    _require_json(request)
    kind = kind_of(request.body)
    if kind == "transaction":
        return transaction(request, _dispatch)
    if kind == "batch":
        return batch(request, handle, failure)
    raise BadRequest("Send a Bundle whose type is 'transaction' or 'batch' to this address.",
                     expression=("Bundle.type",))  # fmt: skip


def _type_level(request: FhirRequest, kind: str, *, form: bool) -> FhirResponse:
    if request.method in ("GET", "HEAD") and not form:
        return search(request, kind)
    if request.method == "POST" and form:
        return search(_with_form(request), kind)
    if request.method == "POST":
        _require_json(request)
        return create(request, kind)
    if form:
        raise _not_allowed(request, "POST")
    return _conditional(request, kind)


def _conditional(request: FhirRequest, kind: str) -> FhirResponse:
    """Changes of the one resource that meets the criteria of the query."""
    if request.method == "PUT":
        _require_json(request)
        return update_matching(request, kind)
    if request.method == "PATCH":
        return patch_matching(request, kind)
    if request.method == "DELETE":
        return delete_matching(request, kind)
    raise _not_allowed(request, "GET, POST; with criteria PUT, PATCH, DELETE")


def _instance_level(request: FhirRequest, kind: str, id: str) -> FhirResponse:
    if request.method in ("GET", "HEAD"):
        return read(request, kind, id)
    if request.method == "PUT":
        _require_json(request)
        return update(request, kind, id)
    if request.method == "PATCH":
        return patch(request, kind, id)
    if request.method == "DELETE":
        return delete(request, kind, id)
    raise _not_allowed(request, "GET, PUT, PATCH, DELETE")


def _compartment(request: FhirRequest, patient: str, kind: str, rest: list[str]) -> FhirResponse:
    if rest == ["_search"] and request.method == "POST":
        return search_compartment(_with_form(request), patient, kind)
    if rest:
        raise NotFound("There is nothing at this address.")
    return search_compartment(_reading(request), patient, kind)


def _version_level(request: FhirRequest, kind: str, id: str, rest: list[str]) -> FhirResponse:
    if rest[0] != "_history" or len(rest) > 2:
        raise NotFound("There is nothing at this address.")
    _reading(request)
    return history(request, kind, id) if len(rest) == 1 else vread(request, kind, id, rest[1])


def _reading(request: FhirRequest) -> FhirRequest:
    if request.method not in ("GET", "HEAD"):
        raise _not_allowed(request, "GET")
    return request


def _operation(request: FhirRequest, kind: str, rest: list[str]) -> FhirResponse:
    if len(rest) > 2:
        raise NotFound("There is nothing at this address.")
    if request.method not in ("GET", "HEAD", "POST"):
        raise _not_allowed(request, "GET, POST")
    if request.body:
        _require_json(request)
    id = rest[0] if len(rest) == 2 else None
    if id is not None:
        _require_id(id)
    return carry_out(request, rest[-1].removeprefix("$"), kind, id)


def _require_id(id: str) -> None:
    if not _ID.fullmatch(id):
        raise NotFound("'%(id)s' is not a logical id: letters, digits, '-' and '.', at most 64.", id=id)


def _with_form(request: FhirRequest) -> FhirRequest:
    if request.headers.get("content-type", "").partition(";")[0].strip() != _FORM:
        raise UnsupportedMediaType("Send the search as %(type)s.", type=_FORM)
    form = request.body.decode("utf-8", "replace")
    return replace(request, query="&".join(part for part in (request.query, form) if part))


def _require_json(request: FhirRequest) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in _JSON_TYPES:
        raise UnsupportedMediaType(
            "The body's type is '%(given)s': send application/fhir+json.", given=given or "missing"
        )


def _not_allowed(request: FhirRequest, allowed: str) -> MethodNotAllowed:
    return MethodNotAllowed("%(method)s is not possible here; possible: %(allowed)s.",
                            method=request.method, allowed=allowed)  # fmt: skip
