"""What a criterion asks of one index table: the condition on its row `x`."""

from __future__ import annotations

import math

from health_platform.fhir.search.parameters.criteria import (
    Box,
    CompositeAlternative,
    CompositeCriterion,
    Criterion,
    DateCriterion,
    NearCriterion,
    NumberCriterion,
    OfTypeCriterion,
    QuantityCriterion,
    ReferenceCriterion,
    StringCriterion,
    StringMatch,
    TokenCriterion,
    UriCriterion,
)
from health_platform.fhir.search.parameters.keys import parameter_mask
from health_platform.fhir.search.parameters.near import EARTH_METRES
from health_platform.fhir.search.registry import SearchParameter
from health_platform.fhir.search.sql.statement import Statement

_BOUNDS = (("low_from", "low", ">="), ("low_to", "low", "<="), ("high_from", "high", ">="), ("high_to", "high", "<="))
_LAST = "\U0010ffff"


def leaf(statement: Statement, criterion: Criterion) -> tuple[str, str] | None:
    """The index table that answers the criterion, and the condition on its row; None where no table does.

    A row is necessary; what it cannot tell (`:exact`, `:of-type`) the condition on the resource adds.
    """
    match criterion:
        case TokenCriterion() | OfTypeCriterion():
            return "fhir_token", _keyed(statement, criterion.keys)
        case ReferenceCriterion():
            return "fhir_reference", _keyed(statement, criterion.keys)
        case UriCriterion():
            return "fhir_uri", _keyed(statement, criterion.keys)
        case StringCriterion():
            return "fhir_string", _string(statement, criterion)
        case DateCriterion() if criterion.parameter.code != "_lastUpdated":
            return "fhir_date", _of_parameter(statement, criterion.parameter, criterion.boxes)
        case NumberCriterion():
            return "fhir_number", _of_parameter(statement, criterion.parameter, criterion.boxes)
        case QuantityCriterion():
            return "fhir_quantity", _quantity(statement, criterion)
        case CompositeCriterion():
            return "fhir_composite", _any([_composite(statement, one) for one in criterion.alternatives])
        case NearCriterion():
            return "fhir_composite", _any([_near(statement, criterion.parameter, place) for place in criterion.places])
    return None


def boxes(statement: Statement, found: tuple[Box, ...], low: str = "x.low", high: str = "x.high") -> str:
    """The condition that low and high lie in any of the boxes."""
    return _any([_box(statement, box, low, high) for box in found])


def _box(statement: Statement, box: Box, low: str, high: str) -> str:
    columns = {"low": low, "high": high}
    bounds = [
        f"{columns[side]} {comparison} {statement.bind(bound)}"
        for name, side, comparison in _BOUNDS
        if (bound := getattr(box, name)) is not None
    ]
    # Low is never above high: a bound of one is a bound of the other, and lets either index narrow the rows.
    if low != high and box.low_from is not None and box.high_from is None:
        bounds.append(f"{high} >= {statement.bind(box.low_from)}")
    if low != high and box.high_to is not None and box.low_to is None:
        bounds.append(f"{low} <= {statement.bind(box.high_to)}")
    return " AND ".join(bounds) or "true"


def _any(alternatives: list[str]) -> str:
    return "(" + " OR ".join(f"({one})" for one in alternatives) + ")" if alternatives else "false"


def _keyed(statement: Statement, keys: tuple[int, ...]) -> str:
    if len(keys) == 1:
        return f"x.key = {statement.bind(keys[0])}"
    return f"x.key = ANY({statement.bind(list(keys))}::bigint[])"


def _of_parameter(statement: Statement, parameter: SearchParameter, found: tuple[Box, ...]) -> str:
    return f"x.param = {parameter.id} AND {boxes(statement, found)}"


def _quantity(statement: Statement, criterion: QuantityCriterion) -> str:
    return _any(
        [f"x.key = {statement.bind(key)} AND {boxes(statement, (box,))}" for key, box in criterion.alternatives]
    )


def _string(statement: Statement, criterion: StringCriterion) -> str:
    own = f"x.param = {criterion.parameter.id}"
    if criterion.match in (StringMatch.EXACT, StringMatch.WHOLE):
        return f"{own} AND x.value = ANY({statement.bind(list(criterion.values))}::text[])"
    if criterion.match is StringMatch.STARTS:
        # A range, not LIKE: a prepared statement does not know the pattern when it is planned.
        spans = [
            f"x.value >= {statement.bind(value)} AND x.value <= {statement.bind(value + _LAST)}"
            for value in criterion.values
        ]
        return f"{own} AND {_any(spans)}"
    after = "%" if criterion.match is StringMatch.CONTAINS else ""
    patterns = [f"x.value LIKE {statement.bind('%' + escaped(value) + after)}" for value in criterion.values]
    return f"{own} AND {_any(patterns)}"


def escaped(value: str) -> str:
    """A text as it stands in a pattern of LIKE."""
    return value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _composite(statement: Statement, asked: CompositeAlternative) -> str:
    conditions = [f"x.key = ANY({statement.bind(list(asked.leads))}::bigint[])"] if asked.leads else []
    conditions += [f"x.keys && {statement.bind(list(group))}::bigint[]" for group in asked.groups]
    for part in asked.ranges:
        offset = "cardinality(x.lows) / 2 + " if part.in_base_units else ""
        place = f"[{offset}{part.place + 1}]"
        alternatives = []
        for unit, box in part.boxes:
            inside = _box(statement, box, f"x.lows{place}", f"x.highs{place}")
            marked = f"x.keys @> ARRAY[{statement.bind(unit)}::bigint] AND " if unit is not None else ""
            alternatives.append(f"x.lows{place} IS NOT NULL AND {marked}{inside}")
        conditions.append(_any(alternatives))
    for part_place, values in asked.texts:
        starts = [f"x.texts[{part_place + 1}] LIKE {statement.bind(escaped(value) + '%')}" for value in values]
        conditions.append(_any(starts))
    return " AND ".join(conditions) or "false"


def _near(statement: Statement, parameter: SearchParameter, place: tuple[float, float, float]) -> str:
    latitude, longitude, metres = place
    high = math.degrees(metres / EARTH_METRES)
    north, south = min(90.0, latitude + high), max(-90.0, latitude - high)
    first, second = statement.bind(math.radians(latitude)), statement.bind(math.radians(longitude))
    # The haversine formula, with PostgreSQL's functions; the band of latitudes is cheap and comes first.
    return (
        f"x.key = {statement.bind(parameter_mask(parameter.id))}"
        f" AND x.lows[1] BETWEEN {statement.bind(south)} AND {statement.bind(north)}"
        f" AND 2 * {EARTH_METRES} * asin(least(1, sqrt("
        f"power(sin((radians(x.lows[1]) - {first}::float8) / 2), 2) + cos({first}::float8) * cos(radians(x.lows[1]))"
        f" * power(sin((radians(x.lows[2]) - {second}::float8) / 2), 2)))) <= {statement.bind(metres)}::float8"
    )
