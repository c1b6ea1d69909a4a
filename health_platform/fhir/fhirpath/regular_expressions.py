"""Regular expressions in bounded time, for patterns that may come from anyone.

A pattern becomes a small program (Pike, "Text Editor QED", 1994) that runs by backtracking with memory: no pair of
instruction and position is tried twice, so the work is at most their product, and every step of it is reported to
`spend`, which stops the run by raising. The part of the usual syntax that such a program can run: no look-around, no
back references, no possessive quantifiers. The dot matches every character (FHIRPath 2.1: single-line mode), `\\d`,
`\\w` and `\\s` are ASCII.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from health_platform.fhir.fhirpath.errors import FhirPathExecutionError, FhirPathLimitError

MAX_PROGRAM: Final = 4_000
_STEPS_AT_ONCE: Final = 64
_MAX_NESTING: Final = 30

Test = Callable[[str], bool]
Spend = Callable[[int], None]
Ranges = tuple[tuple[str, str], ...]

_DIGIT: Final[Ranges] = (("0", "9"),)
_WORD: Final[Ranges] = (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z"))
_SPACE: Final[Ranges] = (("\t", "\r"), (" ", " "))
_CLASSES: Final = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_ESCAPES: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}


@dataclass(frozen=True, slots=True)
class _Set:
    """A set of characters: ranges, negated sets and general categories; the whole may be negated."""

    ranges: Ranges = ()
    inner: tuple[_Set, ...] = ()
    categories: tuple[str, ...] = ()
    negated: bool = False

    def holds(self, character: str) -> bool:
        found = (
            any(low <= character <= high for low, high in self.ranges)
            or any(one.holds(character) for one in self.inner)
            or (bool(self.categories) and unicodedata.category(character).startswith(self.categories))
        )
        return found != self.negated


@dataclass(frozen=True, slots=True)
class _Repeat:
    node: _Node
    least: int
    most: int | None
    lazy: bool


@dataclass(frozen=True, slots=True)
class _Group:
    node: _Node
    number: int


@dataclass(frozen=True, slots=True)
class _Anchor:
    kind: str


@dataclass(frozen=True, slots=True)
class _Sequence:
    nodes: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    nodes: tuple[_Node, ...]


_Node = _Set | _Repeat | _Group | _Anchor | _Sequence | _Choice


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._place = 0
        self._nesting = 0
        self.groups = 0

    def _error(self, problem: str) -> FhirPathExecutionError:
        return FhirPathExecutionError(f"The regular expression {self._pattern[:100]!r} {problem} at {self._place}.")

    def _peek(self) -> str:
        return self._pattern[self._place : self._place + 1]

    def _take(self) -> str:
        character = self._peek()
        if not character:
            raise self._error("ends too early")
        self._place += 1
        return character

    def _skip(self, text: str) -> bool:
        found = self._pattern.startswith(text, self._place)
        if found:
            self._place += len(text)
        return found

    def whole(self) -> _Node:
        node = self._choice()
        if self._peek():
            raise self._error("has an unexpected ')'")
        return node

    def _choice(self) -> _Node:
        nodes = [self._sequence()]
        while self._skip("|"):
            nodes.append(self._sequence())
        return nodes[0] if len(nodes) == 1 else _Choice(tuple(nodes))

    def _sequence(self) -> _Node:
        nodes: list[_Node] = []
        while self._peek() not in ("", "|", ")"):
            nodes.append(self._quantified(self._atom()))
        return _Sequence(tuple(nodes))

    def _quantified(self, node: _Node) -> _Node:
        bounds = self._bounds()
        if bounds is None:
            return node
        if isinstance(node, _Anchor):
            raise self._error("repeats an anchor")
        lazy = self._skip("?")
        if not lazy and self._peek() in ("+", "*"):
            raise self._error("has a quantifier that is not supported")
        return _Repeat(node, *bounds, lazy)

    def _bounds(self) -> tuple[int, int | None] | None:
        simple = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(self._peek())
        if simple is not None:
            self._place += 1
            return simple
        if self._peek() != "{":
            return None
        end = self._pattern.find("}", self._place)
        low, comma, high = self._pattern[self._place + 1 : max(end, 0)].partition(",")
        if not low.isdecimal() or not (high.isdecimal() or not high) or len(low) > 4 or len(high) > 4:
            raise self._error("has a malformed quantifier")
        self._place = end + 1
        most = (int(high) if high else None) if comma else int(low)
        if most is not None and most < int(low):
            raise self._error("has a quantifier whose bounds are turned round")
        return int(low), most

    def _atom(self) -> _Node:
        character = self._take()
        match character:
            case "(":
                return self._group()
            case "[":
                return self._set()
            case ".":
                return _Set(negated=True)
            case "^" | "$":
                return _Anchor(character)
            case "\\":
                return self._escape()
            case "*" | "+" | "?" | "{":
                raise self._error("repeats nothing")
        return _Set(((character, character),))

    def _group(self) -> _Node:
        self._nesting += 1
        if self._nesting > _MAX_NESTING:
            raise self._error("is nested too deeply")
        if self._skip("?:"):
            node = self._choice()
        elif self._peek() == "?":
            raise self._error("has a group of a kind that is not supported")
        else:
            self.groups += 1
            number = self.groups
            node = _Group(self._choice(), number)
        if not self._skip(")"):
            raise self._error("has a '(' that never closes")
        self._nesting -= 1
        return node

    def _escape(self) -> _Node:
        if self._peek() in ("b", "B"):
            return _Anchor(self._take())
        return self._escaped_set()

    def _escaped_set(self) -> _Set:
        character = self._take()
        if character.lower() in _CLASSES:
            return _Set(_CLASSES[character.lower()], negated=character.isupper())
        if character in ("p", "P"):
            return self._category(negated=character == "P")
        if character in ("u", "x"):
            character = self._code_point(4 if character == "u" else 2)
        elif character in _ESCAPES:
            character = _ESCAPES[character]
        elif character.isalnum():
            raise self._error(f"has an escape \\{character} that is not supported")
        return _Set(((character, character),))

    def _category(self, negated: bool) -> _Set:
        end = self._pattern.find("}", self._place)
        name = self._pattern[self._place + 1 : max(end, 0)]
        if self._peek() != "{" or not 0 < len(name) < 3:
            raise self._error("has a category that is not supported")
        self._place = end + 1
        return _Set(categories=(name,), negated=negated)

    def _code_point(self, digits: int) -> str:
        text = self._pattern[self._place : self._place + digits]
        self._place += digits
        try:
            return chr(int(text, 16))
        except ValueError:
            raise self._error("has a malformed code point") from None

    def _set(self) -> _Set:
        negated = self._skip("^")
        ranges: list[tuple[str, str]] = []
        inner: list[_Set] = []
        first = True
        while first or self._peek() != "]":
            first = False
            member = self._member()
            if len(member.ranges) != 1 or member.negated or member.ranges[0][0] != member.ranges[0][1]:
                inner.append(member)
                continue
            low = high = member.ranges[0][0]
            if self._peek() == "-" and self._pattern[self._place + 1 : self._place + 2] not in ("]", ""):
                self._place += 1
                high = self._end_of_range()
            ranges.append((low, high))
        self._place += 1
        return _Set(tuple(ranges), tuple(inner), negated=negated)

    def _member(self) -> _Set:
        character = self._take()
        if character == "\\":
            return self._escaped_set()
        return _Set(((character, character),))

    def _end_of_range(self) -> str:
        member = self._member()
        if len(member.ranges) != 1 or member.negated:
            raise self._error("has a malformed range")
        return member.ranges[0][1]


@dataclass(frozen=True, slots=True)
class _Instruction:
    """`test` consumes a character, the others none; `split` goes on at `goto` first, then at `other`."""

    kind: str
    test: Test | None = None
    goto: int = 0
    other: int = 0
    anchor: str = ""


class _Program:
    def __init__(self, node: _Node, groups: int, pattern: str) -> None:
        self._pattern = pattern
        self.groups = groups
        self.instructions: list[_Instruction] = []
        self._emit(node)
        self._add(_Instruction("match"))

    def _add(self, instruction: _Instruction) -> int:
        if len(self.instructions) >= MAX_PROGRAM:
            raise FhirPathLimitError(f"The regular expression {self._pattern[:100]!r} is too large.")
        self.instructions.append(instruction)
        return len(self.instructions) - 1

    def _emit(self, node: _Node) -> None:
        match node:
            case _Set():
                self._add(_Instruction("test", test=lru_cache(maxsize=512)(node.holds)))
            case _Anchor(kind=kind):
                self._add(_Instruction("anchor", anchor=kind))
            case _Sequence(nodes=nodes):
                for one in nodes:
                    self._emit(one)
            case _Group(node=inner, number=number):
                self._add(_Instruction("save", goto=2 * number))
                self._emit(inner)
                self._add(_Instruction("save", goto=2 * number + 1))
            case _Choice(nodes=nodes):
                self._emit_choice(nodes)
            case _Repeat():
                self._emit_repeat(node)

    def _emit_choice(self, nodes: tuple[_Node, ...]) -> None:
        ends = []
        for one in nodes[:-1]:
            split = self._add(_Instruction("split"))
            self._emit(one)
            ends.append(self._add(_Instruction("jump")))
            self.instructions[split] = _Instruction("split", goto=split + 1, other=len(self.instructions))
        self._emit(nodes[-1])
        for end in ends:
            self.instructions[end] = _Instruction("jump", goto=len(self.instructions))

    def _emit_repeat(self, repeat: _Repeat) -> None:
        for _ in range(repeat.least):
            self._emit(repeat.node)
        if repeat.most is None:
            start = self._add(_Instruction("split"))
            self._emit(repeat.node)
            self._add(_Instruction("jump", goto=start))
            self._fork(start, repeat.lazy)
            return
        splits = []
        for _ in range(repeat.most - repeat.least):
            splits.append(self._add(_Instruction("split")))
            self._emit(repeat.node)
        for split in splits:
            self._fork(split, repeat.lazy)

    def _fork(self, split: int, lazy: bool) -> None:
        inside, after = split + 1, len(self.instructions)
        first, second = (after, inside) if lazy else (inside, after)
        self.instructions[split] = _Instruction("split", goto=first, other=second)


Spans = tuple[int | None, ...]


class _Run:
    """One run of a program over a text, from one place or, for a search, from each in turn."""

    def __init__(self, program: _Program, text: str, spend: Spend) -> None:
        self._program = program
        self._text = text
        self._spend = spend
        self._steps = 0
        spend(len(program.instructions) // 4)
        self._seen: set[tuple[int, int]] = set()

    def match_at(self, start: int, whole: bool) -> Spans | None:
        """The places of the match and of its groups, by the first way that matches; None for no match."""
        stack: list[tuple[int, int, Spans]] = [(0, start, (None,) * (2 * self._program.groups + 2))]
        while stack:
            counter, place, spans = stack.pop()
            if (counter, place) in self._seen:
                continue
            self._seen.add((counter, place))
            self._steps += 1
            if self._steps % _STEPS_AT_ONCE == 0:
                self._spend(_STEPS_AT_ONCE)
            instruction = self._program.instructions[counter]
            if instruction.kind == "match":
                if not whole or place == len(self._text):
                    return (start, place, *spans[2:])
            else:
                self._advance(instruction, counter, place, spans, stack)
        return None

    def _advance(
        self, instruction: _Instruction, counter: int, place: int, spans: Spans, stack: list[tuple[int, int, Spans]]
    ) -> None:
        match instruction.kind:
            case "test":
                test = instruction.test
                if test is not None and place < len(self._text) and test(self._text[place]):
                    stack.append((counter + 1, place + 1, spans))
            case "jump":
                stack.append((instruction.goto, place, spans))
            case "split":
                stack.append((instruction.other, place, spans))
                stack.append((instruction.goto, place, spans))
            case "save":
                number = instruction.goto
                stack.append((counter + 1, place, (*spans[:number], place, *spans[number + 1 :])))
            case _:
                if self._holds(instruction.anchor, place):
                    stack.append((counter + 1, place, spans))

    def _holds(self, anchor: str, place: int) -> bool:
        if anchor == "^":
            return place == 0
        if anchor == "$":
            return place == len(self._text)
        before = place > 0 and _WORD_SET.holds(self._text[place - 1])
        after = place < len(self._text) and _WORD_SET.holds(self._text[place])
        return (before != after) == (anchor == "b")

    def forget(self) -> None:
        """Make places that earlier matches used free again, for the next match of a substitution."""
        self._seen.clear()


_WORD_SET: Final = _Set(_WORD)


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> _Program:
    parser = _Parser(pattern)
    node = parser.whole()
    return _Program(node, parser.groups, pattern)


def search(text: str, pattern: str, spend: Spend) -> bool:
    """Whether the pattern matches somewhere. Raises FhirPathExecutionError or FhirPathLimitError."""
    run = _Run(_compiled(pattern), text, spend)
    return any(run.match_at(start, whole=False) is not None for start in range(len(text) + 1))


def full_match(text: str, pattern: str, spend: Spend) -> bool:
    """Whether the pattern matches the whole text. Raises FhirPathExecutionError or FhirPathLimitError."""
    return _Run(_compiled(pattern), text, spend).match_at(0, whole=True) is not None


def substitute(text: str, pattern: str, substitution: str, spend: Spend) -> str:
    """The text with every match replaced; `$1` stands for the first group. An empty pattern replaces nothing."""
    if not pattern:
        return text
    run = _Run(_compiled(pattern), text, spend)
    out: list[str] = []
    done = place = 0
    while place <= len(text):
        spans = run.match_at(place, whole=False)
        if spans is None:
            place += 1
            continue
        start, end = spans[0] or 0, spans[1] or 0
        out += (text[done:start], _filled(substitution, spans, text))
        spend(1 + len(out[-1]) // 50)
        done = end
        place = end if end > start else end + 1
        run.forget()
    return "".join(out) + text[done:]


def _filled(substitution: str, spans: Spans, text: str) -> str:
    if "$" not in substitution:
        return substitution
    out, place = "", 0
    while place < len(substitution):
        character = substitution[place]
        number = substitution[place + 1 : place + 2]
        if character == "$" and number.isdecimal() and 2 * int(number) < len(spans):
            start, end = spans[2 * int(number)], spans[2 * int(number) + 1]
            out += "" if start is None or end is None else text[start:end]
            place += 2
        else:
            out += character
            place += 1
    return out
