"""The index rows of a resource: one walk over its properties, guided by a plan for each resource type.

The plan of a type holds, for each JSON property at the top of a resource, what the search parameters take from it; so a
property that is absent costs nothing. `_id` and `_lastUpdated` have columns of their own and no rows. Composites and
positions have rows for each element (`parameters/composite.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from health_platform.fhir.fhirpath.compile import Branch, compile_search
from health_platform.fhir.search.parameters import (
    composite,
    date,
    near,
    number,
    quantity,
    reference,
    string,
    token,
    uri,
)
from health_platform.fhir.search.parameters.keys import parameter_mask
from health_platform.fhir.search.registry import SearchParameter, SearchType, generation, parameters

Json = Mapping[str, Any]

IN_COLUMNS: Final = ("_id", "_lastUpdated")


@dataclass(frozen=True, slots=True)
class IndexRows:
    """What the index tables hold of a resource; no row twice.

    token, reference, uri: keys (signed 64-bit, parameter and value in one; `parameters/keys.py`).
    date: (parameter, low, high) in microseconds UTC. number: (parameter, low, high). quantity: (parameter, key, low,
    high). string: (parameter, normalised text). composite: as `composite.Row`.
    """

    token: tuple[int, ...] = ()
    reference: tuple[int, ...] = ()
    uri: tuple[int, ...] = ()
    date: tuple[tuple[int, int, int], ...] = ()
    number: tuple[tuple[int, float, float], ...] = ()
    quantity: tuple[tuple[int, int, float, float], ...] = ()
    string: tuple[tuple[int, str], ...] = ()
    composite: tuple[composite.Row, ...] = ()

    def __len__(self) -> int:
        kinds = (
            self.token,
            self.reference,
            self.uri,
            self.date,
            self.number,
            self.quantity,
            self.string,
            self.composite,
        )
        return sum(len(kind) for kind in kinds)


_ADDERS: Final[Mapping[SearchType, Callable[[str], Mapping[str, Callable[..., None]]]]] = {
    SearchType.TOKEN: lambda _: token.ADDERS,
    SearchType.REFERENCE: reference.adders,
    SearchType.URI: lambda _: uri.ADDERS,
    SearchType.DATE: lambda _: date.ADDERS,
    SearchType.NUMBER: lambda _: number.ADDERS,
    SearchType.QUANTITY: lambda _: quantity.ADDERS,
    SearchType.STRING: lambda _: string.ADDERS,
}
_KINDS: Final = tuple(_ADDERS)
_BY_KEY: Final = (SearchType.TOKEN, SearchType.REFERENCE, SearchType.URI)

Step = tuple[Callable[[Any, Json], Iterable[Any]], Callable[..., None], int, int]
"""Values of a branch, what adds their rows, the parameter's number or mask, and the place of the kind in _KINDS."""


def index_values(resource: Json, base: str = "") -> IndexRows:
    """The index rows of a resource whose structure has been validated.

    `base` is this server's address with a closing slash: a reference to a URL below it is one to `Type/id`. Raises
    KeyError for an unknown resourceType.
    """
    by_property, whole = _plan(resource["resourceType"], base, generation())
    rows: tuple[list[Any], ...] = ([], [], [], [], [], [], [])
    for name, value in resource.items():
        for values, add, number_or_mask, kind in by_property.get(name, ()):
            add(values(value, resource), number_or_mask, rows[kind])
    for values, add, number_or_mask, kind in whole:
        add(values(resource, resource), number_or_mask, rows[kind])
    columns: list[tuple[Any, ...]] = [tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found) for found in rows]
    columns.append(_composite_rows(resource["resourceType"], resource))
    return IndexRows(*columns)


def _composite_rows(kind: str, resource: Json) -> tuple[composite.Row, ...]:
    found: list[composite.Row] = []
    for parameter in _composites(kind, generation()):
        take = near.rows_of if parameter.type is SearchType.SPECIAL else composite.rows_of
        found.extend(take(parameter, resource))
    return tuple(dict.fromkeys(found)) if found else ()


@lru_cache(maxsize=512)
def _composites(kind: str, _generation: int) -> tuple[SearchParameter, ...]:
    found = [one for one in parameters(kind).values() if one.expression]
    return tuple(
        one for one in found if one.code == "near" or (one.type is SearchType.COMPOSITE and composite.has_rows(one))
    )


@lru_cache(maxsize=512)
def _plan(resource_type: str, base: str, _generation: int) -> tuple[Mapping[str, tuple[Step, ...]], tuple[Step, ...]]:
    by_property: dict[str, list[Step]] = {}
    whole: list[Step] = []
    for parameter in parameters(resource_type).values():
        if not parameter.indexed or parameter.code in IN_COLUMNS:
            continue
        for branch in compile_search(parameter.expression, resource_type):
            steps = whole if branch.key is None else by_property.setdefault(branch.key, [])
            steps.append(_step(parameter, branch, base))
    return {name: tuple(steps) for name, steps in by_property.items()}, tuple(whole)


def _step(parameter: SearchParameter, branch: Branch, base: str) -> Step:
    add = _ADDERS[parameter.type](base)[branch.type]
    number_or_mask = parameter_mask(parameter.id) if parameter.type in _BY_KEY else parameter.id
    return branch.values, add, number_or_mask, _KINDS.index(parameter.type)
