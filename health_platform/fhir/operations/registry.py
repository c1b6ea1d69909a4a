"""From the name of an operation to the function that carries it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from health_platform.fhir.definitions.operations import operations_of
from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.operations.everything import everything
from health_platform.fhir.operations.expand import expand
from health_platform.fhir.operations.lookup import lookup
from health_platform.fhir.operations.meta import meta, meta_add, meta_delete
from health_platform.fhir.operations.subsumes import subsumes
from health_platform.fhir.operations.translate import translate
from health_platform.fhir.operations.validate import validate
from health_platform.fhir.operations.validate_code import validate_code
from health_platform.fhir.outcome import NotFound

Handler = Callable[[FhirRequest, str, str | None], FhirResponse]
_HANDLERS: Final[Mapping[str, Handler]] = {
    "validate": validate,
    "lookup": lookup,
    "subsumes": subsumes,
    "validate-code": validate_code,
    "expand": expand,
    "translate": translate,
    "everything": everything,
    "meta": meta,
    "meta-add": meta_add,
    "meta-delete": meta_delete,
}


def carry_out(request: FhirRequest, name: str, kind: str, id: str | None) -> FhirResponse:
    """The answer of `$name` on a type or an instance. Raises NotFound for an operation that the type has not."""
    known = [found for found, _ in operations_of(kind)]
    if name not in known:
        raise NotFound(
            "%(type)s has no operation $%(name)s; it has %(known)s.",
            type=kind,
            name=name,
            known=", ".join(f"${one}" for one in known),
        )
    return _HANDLERS[name](request, kind, id)
