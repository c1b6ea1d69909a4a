"""`_filter` (hl7.org/fhir/R4/search_filter.html): a text of comparisons, `and`, `or`, `not`, as a criterion.

filter    = term (("and" | "or") term)*        `and` binds closer than `or`
term      = "not" "(" filter ")" | "(" filter ")" | path operator value
path      = name | name "." path | name "[" filter "]" "." path     also with `name:Type`
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from health_platform.fhir.outcome import BadRequest, FhirError, IssueType
from health_platform.fhir.search import terms
from health_platform.fhir.search.parameters.criteria import (
    And,
    ChainCriterion,
    ConceptCriterion,
    Criterion,
    MissingCriterion,
    Not,
    Or,
    StringCriterion,
    StringMatch,
)
from health_platform.fhir.search.registry import SearchParameter, SearchType
from health_platform.fhir.search.terms import NotUnderstood, Reading, criterion, known

MAX_TERMS: Final = 200
MAX_DEPTH: Final = 40
_TOKEN: Final = re.compile(r'\s*(?:([()\[\]])|"((?:[^"\\]|\\.)*)"|([^\s()\[\]"]+))')
_ORDERED: Final = ("eq", "ne", "gt", "lt", "ge", "le", "ap", "sa", "eb")
OPERATORS: Final[dict[SearchType, tuple[str, ...]]] = {
    SearchType.STRING: ("eq", "ne", "co", "sw", "ew", "pr"),
    SearchType.TOKEN: ("eq", "ne", "in", "ss", "sb", "pr"),
    SearchType.REFERENCE: ("eq", "ne", "re", "pr"),
    SearchType.URI: ("eq", "ne", "sw", "pr"),
    SearchType.DATE: (*_ORDERED, "po", "pr"),
    SearchType.NUMBER: (*_ORDERED, "pr"),
    SearchType.QUANTITY: (*_ORDERED, "pr"),
    SearchType.COMPOSITE: ("eq", "ne"),
    SearchType.SPECIAL: ("eq",),
}
"""The operators that a type of parameter can be compared by."""


@dataclass(slots=True)
class _Reader:
    reading: Reading
    tokens: list[tuple[str, str, str]]
    place: int = 0
    terms: int = 0

    def peek(self) -> tuple[str, str, str]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("", "", "")

    def word(self) -> str:
        return self.peek()[2]

    def take(self) -> tuple[str, str, str]:
        found = self.peek()
        self.place += 1
        return found

    def expect(self, mark: str) -> None:
        if self.take()[0] != mark:
            raise _broken("_filter: '%(mark)s' is missing.", mark=mark)


def parse(reading: Reading, resource_type: str, text: str) -> Criterion:
    """The criterion of a filter text. Raises BadRequest."""
    reader = _Reader(reading, _tokens(text))
    found = _any(reader, resource_type, 0)
    if reader.place < len(reader.tokens):
        raise _broken("_filter: '%(found)s' was not expected.", found="".join(reader.peek()))
    return found


def _tokens(text: str) -> list[tuple[str, str, str]]:
    tokens: list[tuple[str, str, str]] = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _broken("_filter: a quotation mark is not closed.")
        mark, quoted, word = match.groups()
        tokens.append((mark or "", "" if quoted is None else "q" + _unquoted(quoted), word or ""))
        place = match.end()
    return tokens


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _any(reader: _Reader, kind: str, depth: int) -> Criterion:
    found = [_all(reader, kind, depth)]
    while reader.word() == "or":
        reader.take()
        found.append(_all(reader, kind, depth))
    return found[0] if len(found) == 1 else Or(tuple(found))


def _all(reader: _Reader, kind: str, depth: int) -> Criterion:
    found = [_term(reader, kind, depth)]
    while reader.word() == "and":
        reader.take()
        found.append(_term(reader, kind, depth))
    return found[0] if len(found) == 1 else And(tuple(found))


def _term(reader: _Reader, kind: str, depth: int) -> Criterion:
    reader.terms += 1
    if reader.terms > MAX_TERMS or depth > MAX_DEPTH:
        raise _broken(
            "_filter has more than %(terms)s comparisons, or is deeper than %(depth)s brackets.",
            terms=MAX_TERMS,
            depth=MAX_DEPTH,
        )
    negated = reader.word() == "not"
    if negated:
        reader.take()
    if reader.peek()[0] == "(":
        reader.take()
        found = _any(reader, kind, depth + 1)
        reader.expect(")")
        return Not(found) if negated else found
    if negated:
        raise _broken("_filter: 'not' is followed by a bracket: not (...).")
    return _comparison(reader, kind, depth)


def _comparison(reader: _Reader, kind: str, depth: int) -> Criterion:
    name = reader.take()[2]
    if not name:
        raise _broken("_filter: the name of a search parameter is missing.")
    return _path(reader, kind, name, depth)


def _path(reader: _Reader, kind: str, name: str, depth: int) -> Criterion:
    """What follows a path's first name: `.rest`, `[filter].rest`, or the comparison."""
    first, dot, rest = name.partition(".")
    if dot and rest:
        return _step(reader, kind, first, rest, None, depth)
    if reader.peek()[0] == "[":
        # The filter is read again for each type that the reference may lead to.
        return _step(reader, kind, first, None, reader.place, depth)
    operator = reader.take()[2]
    _, quoted, word = reader.take()
    value = quoted[1:] if quoted else word
    if not operator or not value:
        raise _broken(
            "_filter: '%(name)s' lacks an operator or a value, such as: name co \"kim\" and birthdate ge 1950.",
            name=name,
        )
    return _compared(reader, known(kind, first), operator, value)


def _step(reader: _Reader, kind: str, first: str, rest: str | None, bracket: int | None, depth: int) -> ChainCriterion:
    code, _, modifier = first.partition(":")
    found = terms.reference_parameter(kind, code)
    start, end = reader.place, [reader.place]

    def below(target: str) -> Criterion:
        reader.place = start
        if bracket is None:
            inner = _path(reader, target, rest or "", depth + 1)
        else:
            reader.expect("[")
            condition = _any(reader, target, depth + 1)
            reader.expect("]")
            following = reader.take()[2]
            if not following.startswith(".") or len(following) < 2:
                raise _broken("_filter: a name is missing after %(name)s[...].", name=first)
            inner = And((condition, _path(reader, target, following[1:], depth + 1)))
        end[0] = reader.place
        return inner

    chain = terms.chained(found, terms.chain_types(found, modifier), first, below)
    reader.place = end[0]
    return chain


def _compared(reader: _Reader, found: SearchParameter, operator: str, value: str) -> Criterion:
    if operator not in OPERATORS[found.type]:
        raise NotUnderstood(
            terms.error(
                "_filter cannot compare %(parameter)s by '%(operator)s'. Possible: %(possible)s.",
                found.code,
                IssueType.NOT_SUPPORTED,
                operator=operator,
                possible=", ".join(OPERATORS[found.type]),
            )
        )
    if operator == "pr":
        if value not in ("true", "false"):
            raise _broken("_filter: '%(name)s pr' takes true or false.", name=found.code)
        return MissingCriterion(found, value == "false")
    return _OF_TYPE.get(found.type, _plain)(reader.reading, found, operator, value)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,")


def _plain(reading: Reading, found: SearchParameter, operator: str, value: str) -> Criterion:
    equal = criterion(reading, found.resource_type, found.code, _escaped(value))
    return Not(equal) if operator == "ne" else equal


def _ordered(reading: Reading, found: SearchParameter, operator: str, value: str) -> Criterion:
    if operator == "po":  # the spans overlap
        start = criterion(reading, found.resource_type, found.code, f"ge{value}")
        end = criterion(reading, found.resource_type, found.code, f"le{value}")
        return And((start, end))
    return criterion(reading, found.resource_type, found.code, operator + _escaped(value))


def _string(reading: Reading, found: SearchParameter, operator: str, value: str) -> Criterion:
    plain = criterion(reading, found.resource_type, found.code, _escaped(value))
    if not isinstance(plain, StringCriterion):
        return Not(plain) if operator == "ne" else plain
    match = {"sw": StringMatch.STARTS, "co": StringMatch.CONTAINS, "ew": StringMatch.ENDS}.get(
        operator, StringMatch.WHOLE
    )
    compared = StringCriterion(found, match, plain.values, plain.exact)
    return Not(compared) if operator == "ne" else compared


def _token(reading: Reading, found: SearchParameter, operator: str, value: str) -> Criterion:
    modifier = {"in": ":in", "ss": ":below", "sb": ":above"}.get(operator)
    if modifier:
        concept = criterion(reading, found.resource_type, found.code + modifier, _escaped(value))
        assert isinstance(concept, ConceptCriterion)  # noqa: S101  (terms.py)
        return concept
    return _plain(reading, found, operator, value)


def _uri(reading: Reading, found: SearchParameter, operator: str, value: str) -> Criterion:
    if operator == "sw":
        return criterion(reading, found.resource_type, f"{found.code}:below", _escaped(value))
    return _plain(reading, found, operator, value)


_OF_TYPE: Final = {
    SearchType.STRING: _string,
    SearchType.TOKEN: _token,
    SearchType.URI: _uri,
    SearchType.DATE: _ordered,
    SearchType.NUMBER: _ordered,
    SearchType.QUANTITY: _ordered,
}


def _broken(message: str, **args: object) -> FhirError:
    return BadRequest(message, code=IssueType.INVALID, expression=("_filter",), **args)
