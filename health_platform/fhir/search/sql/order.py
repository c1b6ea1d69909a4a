"""The order of the matches, and the place in it where a page ends (hl7.org/fhir/R4/search.html#sort).

A page continues after the values of the last row of the one before (keyset), so it does not move while others write:
what is not touched in between is neither left out nor given twice. Resources without a value come last.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from health_platform.fhir.compartment import MOMENT_PARAMETER
from health_platform.fhir.outcome import BadRequest
from health_platform.fhir.search.parameters.keys import parameter_mask
from health_platform.fhir.search.parameters.quantity import NO_UNIT
from health_platform.fhir.search.registry import SearchParameter, SearchType
from health_platform.fhir.search.request import SearchRequest, SortKey
from health_platform.fhir.search.sql.criteria import Place, body, paths_of
from health_platform.fhir.search.sql.statement import Statement

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SORTED_AS: Final = {
    "CodeableConcept": '."coding"."code"',
    "Coding": '."code"',
    "Identifier": '."value"',
    "ContactPoint": '."value"',
    "Reference": '."reference"',
    "Attachment": '."url"',
    "Resource": '."id"',
}


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its expression over the table `r`, its direction, and its type in SQL."""

    expression: str
    descending: bool
    type: str
    can_miss: bool = True

    @property
    def order(self) -> str:
        return f"{self.expression} {'DESC' if self.descending else 'ASC'}" + (" NULLS LAST" if self.can_miss else "")


MOMENT: Final = Key("r.moment", descending=True, type="bigint", can_miss=False)


def is_moment(resource_type: str, parameter: SearchParameter) -> bool:
    """Whether the parameter gives the clinical date that is a column of the store."""
    return MOMENT_PARAMETER.get(resource_type) == parameter.id


def keys_of(statement: Statement, request: SearchRequest) -> tuple[Key, ...]:
    """The keys of the order; the row id, in the direction of the first, comes after them."""
    if not request.sort:
        return (MOMENT,)
    place = Place(statement, "r", request.resource_type)
    return tuple(_key(place, one) for one in request.sort)


def _key(place: Place, asked: SortKey) -> Key:
    parameter, falling = asked.parameter, asked.descending
    if parameter.code == "_lastUpdated":
        return Key("r.last_updated", falling, "timestamptz", can_miss=False)
    if parameter.code == "_id":
        return Key("r.id", falling, "text", can_miss=False)
    if is_moment(place.resource_type, parameter):
        return Key("r.moment", falling, "bigint", can_miss=False)
    pick = "max" if falling else "min"
    match parameter.type:
        case SearchType.DATE:
            column = "high" if falling else "low"
            return Key(_from("fhir_date", f"{pick}(x.{column})", f"x.param = {parameter.id}"), falling, "bigint")
        case SearchType.NUMBER:
            return Key(_from("fhir_number", f"{pick}(x.low)", f"x.param = {parameter.id}"), falling, "float8")
        case SearchType.QUANTITY:
            own = f"x.key = {NO_UNIT ^ parameter_mask(parameter.id)}"
            return Key(_from("fhir_quantity", f"{pick}(x.low)", own), falling, "float8")
        case SearchType.STRING:
            return Key(_from("fhir_string", f"{pick}(x.value)", f"x.param = {parameter.id}"), falling, "text")
    return Key(_from_body(place, parameter, pick), falling, "text")


def _from(table: str, value: str, condition: str) -> str:
    return f"(SELECT {value} FROM {table} x WHERE x.rid = r.rid AND {condition})"


def _from_body(place: Place, parameter: SearchParameter, pick: str) -> str:
    """Tokens, references and URIs stand in the index as hashes: their order is read from the resource."""
    values = " UNION ALL ".join(
        f"SELECT v.value #>> '{{}}' AS text FROM jsonb_path_query({body(place)},"
        f" {place.statement.bind(path + _SORTED_AS.get(kind, ''))}::jsonpath) v (value)"
        for kind, path in paths_of(parameter)
    )
    return f'(SELECT {pick}(v.text COLLATE "C") FROM ({values}) v)' if values else "NULL::text"


# ---- where a page ends


def cursor_of(row: tuple[Any, ...], rid: int) -> str:
    """The place after a row: the values of its keys and its id."""
    values = [_written(value) for value in row]
    return base64.urlsafe_b64encode(orjson.dumps([*values, rid])).decode().rstrip("=")


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value - _EPOCH) // timedelta(microseconds=1)
    return repr(value) if isinstance(value, float) else value


def after(statement: Statement, keys: tuple[Key, ...], cursor: str) -> str:
    """The condition that a row comes after the cursor's place. Raises BadRequest for what is none of ours."""
    try:
        *values, rid = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if len(values) != len(keys):
            raise ValueError(cursor)
        bound = [_bound(statement, key, value) for key, value in zip(keys, values, strict=True)]
        last = statement.bind(int(rid))
    except (ValueError, TypeError, OverflowError):
        raise BadRequest("'_cursor' is not one that this server gave: follow the link 'next' as it stands.",
                         expression=("_cursor",)) from None  # fmt: skip
    if len(keys) == 1 and not keys[0].can_miss and bound[0] is not None:
        comparison = "<" if keys[0].descending else ">"
        return f"({keys[0].expression}, r.rid) {comparison} ({bound[0]}, {last}::bigint)"
    return _after(keys, bound, last)


def _bound(statement: Statement, key: Key, value: Any) -> str | None:
    if value is None:
        return None
    match key.type:
        case "timestamptz":
            return f"{statement.bind(_EPOCH + timedelta(microseconds=int(value)))}::timestamptz"
        case "bigint":
            return f"{statement.bind(int(value))}::bigint"
        case "float8":
            return f"{statement.bind(float(value))}::float8"
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(value)
    return f'{statement.bind(value)}::text COLLATE "C"'


def _after(keys: tuple[Key, ...], values: list[str | None], last: str) -> str:
    """Later in the first key, or equal in it and later in the rest."""
    step = "<" if keys[0].descending else ">"
    condition = f"r.rid {step} {last}::bigint"
    for key, value in reversed(list(zip(keys, values, strict=True))):
        if value is None:
            condition = f"({key.expression} IS NULL AND {condition})"
            continue
        comparison = "<" if key.descending else ">"
        later = f"{key.expression} {comparison} {value}"
        if key.can_miss:
            later += f" OR {key.expression} IS NULL"
        condition = f"({later} OR ({key.expression} = {value} AND {condition}))"
    return condition
