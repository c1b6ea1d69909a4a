"""$meta, $meta-add and $meta-delete (https://hl7.org/fhir/R4/resource-operation-meta.html): profiles, tags and security
labels.

A change makes a version, for a label decides who sees the resource, and that must be found in its history. It needs the
right to update; what keeps a resource from its citizen is taken away by a clinician alone (record/writing.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.operations.parameters import answer, parameter, read_inputs, required
from health_platform.fhir.outcome import BadRequest, MethodNotAllowed
from health_platform.fhir.repository import Repository

Json = dict[str, Any]
_LISTS: Final = ("profile", "security", "tag")


def meta(request: FhirRequest, kind: str, id: str | None) -> FhirResponse:
    repository = Repository(request.access)
    if id is None:
        return _answer(repository.labels_in_use(kind))
    return _answer(repository.read(kind, id).resource()["meta"])


def meta_add(request: FhirRequest, kind: str, id: str | None) -> FhirResponse:
    return _changed(request, kind, id, _with)


def meta_delete(request: FhirRequest, kind: str, id: str | None) -> FhirResponse:
    return _changed(request, kind, id, _without)


def _changed(
    request: FhirRequest, kind: str, id: str | None, change: Callable[[list[Any], list[Any]], list[Any]]
) -> FhirResponse:
    if request.method != "POST":
        raise MethodNotAllowed("%(method)s is not possible here; possible: %(allowed)s.",
                               method=request.method, allowed="POST")  # fmt: skip
    given = required("meta", read_inputs(request).object("meta"))
    for name in _LISTS:
        if not isinstance(given.get(name, []), list):
            raise BadRequest("'%(name)s' is not a list.", expression=(f"meta.{name}",), name=name)
    changing = partial(_relabelled, given=given, change=change)
    stored = Repository(request.access).patch(kind, required("id", id), changing, if_match=request.if_match)
    return _answer(stored.resource().get("meta", {}))


def _relabelled(resource: Json, given: Json, change: Callable[[list[Any], list[Any]], list[Any]]) -> Json:
    found = dict(resource["meta"])
    for name in _LISTS:
        entries = change(found.pop(name, []), given.get(name, []))
        if entries:
            found[name] = entries
    return {**resource, "meta": found}


def _with(have: list[Any], given: list[Any]) -> list[Any]:
    known = {_identity(entry) for entry in have}
    return [*have, *(entry for entry in given if _identity(entry) not in known)]


def _without(have: list[Any], given: list[Any]) -> list[Any]:
    gone = {_identity(entry) for entry in given}
    return [entry for entry in have if _identity(entry) not in gone]


def _identity(entry: Any) -> tuple[Any, Any]:
    """R4: a tag or label is its system and code, a profile its URL."""
    return (entry.get("system"), entry.get("code")) if isinstance(entry, dict) else (None, entry)


def _answer(found: Json) -> FhirResponse:
    return answer(parameter("return", found, "Meta"))
