"""What a parsed search value asks of the index, as plain values for the SQL to be built from.

Each criterion is one `name=value` of a query; several are joined by AND, the alternatives within one (the comma) by OR.
A criterion without alternatives matches nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from health_platform.fhir.search.registry import SearchParameter


@dataclass(frozen=True, slots=True)
class Box:
    """Bounds, both ends included, on an index row's `low` and `high`; None leaves that side open.

    A row lies in the box when `low_from <= low <= low_to` and `high_from <= high <= high_to`. The numbers are integers
    for dates (microseconds) and floats for numbers and quantities.
    """

    low_from: float | None = None
    low_to: float | None = None
    high_from: float | None = None
    high_to: float | None = None

    def holds(self, low: float, high: float) -> bool:
        """Whether a row with these values lies in the box."""
        return (
            (self.low_from is None or low >= self.low_from)
            and (self.low_to is None or low <= self.low_to)
            and (self.high_from is None or high >= self.high_from)
            and (self.high_to is None or high <= self.high_to)
        )


class StringMatch(StrEnum):
    """How a string is compared: at its start (the default), anywhere, as it is written, and by `_filter` at its end or
    as a whole without regard to case and accents."""

    STARTS = "starts"
    CONTAINS = "contains"
    EXACT = "exact"
    ENDS = "ends"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class TokenCriterion:
    """Any of `keys` in the token index; with `negated`, none of them."""

    parameter: SearchParameter
    keys: tuple[int, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class ConceptCriterion:
    """A token criterion that terminology must resolve first (search/concepts.py).

    `modifier` is in, not-in, above or below. `values` are canonical URLs of value sets for the first two, else pairs of
    system and code written `system|code`.
    """

    parameter: SearchParameter
    modifier: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IdCriterion:
    """The logical id is one of `ids` (`_id`); with `negated`, none of them."""

    parameter: SearchParameter
    ids: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class ReferenceCriterion:
    """Any of `keys` in the reference index.

    `targets` holds the (type, id) pairs that the value names, one per possible type where it gives the id alone.
    """

    parameter: SearchParameter
    keys: tuple[int, ...]
    targets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class UriCriterion:
    """Any of `keys` in the uri index."""

    parameter: SearchParameter
    keys: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UriBelowCriterion:
    """The URL is one of `values`, or below it in the path (`:below`)."""

    parameter: SearchParameter
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StringCriterion:
    """Any of `values`, normalised as the index is, compared as `match` says; `exact` holds the values as written.

    The index folds case and accents: for EXACT its equality is necessary, and the text of the resource decides.
    """

    parameter: SearchParameter
    match: StringMatch
    values: tuple[str, ...]
    exact: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DateCriterion:
    """A row of the date index (or, for `_lastUpdated`, the instant as both low and high) lies in any of `boxes`."""

    parameter: SearchParameter
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class NumberCriterion:
    """A row of the number index lies in any of `boxes`."""

    parameter: SearchParameter
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class QuantityCriterion:
    """A row of the quantity index has the key and lies in the box, for any of `alternatives`."""

    parameter: SearchParameter
    alternatives: tuple[tuple[int, Box], ...]


@dataclass(frozen=True, slots=True)
class PartRange:
    """A part of a composite by its place: any of `boxes`, each with the marked hash of its unit (None: no unit).

    `in_base_units` compares the amount in base units.
    """

    place: int
    boxes: tuple[tuple[int | None, Box], ...]
    in_base_units: bool = False


@dataclass(frozen=True, slots=True)
class CompositeAlternative:
    """One value of a composite: any of the keys in `leads` (empty: any), and of each of `groups` any hash."""

    leads: tuple[int, ...]
    groups: tuple[tuple[int, ...], ...]
    ranges: tuple[PartRange, ...] = ()
    texts: tuple[tuple[int, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class CompositeCriterion:
    """One row of the composite index meets any of `alternatives`."""

    parameter: SearchParameter
    alternatives: tuple[CompositeAlternative, ...]


@dataclass(frozen=True, slots=True)
class NearCriterion:
    """The position lies within `metres` of any of `places` (latitude, longitude, distance in metres)."""

    parameter: SearchParameter
    places: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class MissingCriterion:
    """Whether the resource has no value for the parameter (`missing`), or has one."""

    parameter: SearchParameter
    missing: bool


@dataclass(frozen=True, slots=True)
class TextCriterion:
    """Any of `values` is the start of a text of the coded value (`:text`), or stands anywhere in it."""

    parameter: SearchParameter
    values: tuple[str, ...]
    anywhere: bool = False


@dataclass(frozen=True, slots=True)
class OfTypeCriterion:
    """An identifier of this type with this value (`:of-type`): (system, code, value) of any of `identifiers`."""

    parameter: SearchParameter
    keys: tuple[int, ...]
    identifiers: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class WordsCriterion:
    """Words in the narrative (`_text`) or anywhere in the resource (`_content`): all words of any of `values`."""

    parameter: SearchParameter
    values: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class SelfCriterion:
    """The resource itself has one of `keys` (fhir_resource.self)."""

    keys: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CompartmentCriterion:
    """The resource is part of the record of one of `keys` (fhir_resource.compartment)."""

    keys: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ChainCriterion:
    """A reference of `parameter` leads to a resource of one of the types in `targets` that meets its criterion."""

    parameter: SearchParameter
    targets: tuple[tuple[str, Criterion], ...]


@dataclass(frozen=True, slots=True)
class HasCriterion:
    """A resource of the type of `parameter` refers to this one by it, and meets `criterion`."""

    parameter: SearchParameter
    criterion: Criterion


@dataclass(frozen=True, slots=True)
class And:
    """All of `criteria`."""

    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of `criteria`."""

    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not `criterion`."""

    criterion: Criterion


Criterion = (
    TokenCriterion
    | IdCriterion
    | ReferenceCriterion
    | UriCriterion
    | UriBelowCriterion
    | StringCriterion
    | DateCriterion
    | NumberCriterion
    | QuantityCriterion
    | ConceptCriterion
    | CompositeCriterion
    | NearCriterion
    | MissingCriterion
    | TextCriterion
    | OfTypeCriterion
    | WordsCriterion
    | SelfCriterion
    | CompartmentCriterion
    | ChainCriterion
    | HasCriterion
    | And
    | Or
    | Not
)
