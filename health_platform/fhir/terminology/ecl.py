"""The Expression Constraint Language of SNOMED CT, read for its form alone (docs.snomed.org, ECL 2.2, brief syntax).

A filter of a value set may say in it which concepts are meant (snomedct.html, property `constraint`). Which those are
needs SNOMED CT itself; whether the text is ECL at all does not. What stands in `{{ }}` is taken as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

MAX_LENGTH: Final = 10_000
MAX_NESTING: Final = 50
_TOKEN = re.compile(
    r"\s+|/\*.*?\*/"
    r"|(?P<filter>\{\{.*?\}\}(?:\s*\{\{.*?\}\})*)"
    r"|(?P<history>\+\s*HISTORY(?:-(?:MIN|MOD|MAX))?)"
    r"|(?P<concept>[1-9]\d{5,17}(?:\s*\|[^|]*\|)?|\*)"
    r"|(?P<operator><<!|<!|<<|!!<|>>!|>!|>>|!!>)"
    r"|(?P<compare>!=|<=|>=|=)"
    r"|(?P<value>\#[+-]?\d+(?:\.\d+)?|\"(?:[^\"\\]|\\.)*\"|true\b|false\b)"
    r"|(?P<word>AND\b|OR\b|MINUS\b|R\b)"
    r"|(?P<cardinality>\[\d+\.\.(?:\d+|\*)\])"
    r"|(?P<fields>\[[A-Za-z][A-Za-z\s,]*\])"
    r"|(?P<mark>[()<>:,.{}^])",
    re.IGNORECASE | re.DOTALL,
)
_COMPARED = re.compile(r"(?:\s|/\*.*?\*/)*(?:!=|<=|>=|=|[<>](?![<>!]))", re.DOTALL)
_JOINING: Final = ("AND", "OR", "MINUS", ",")


class EclError(ValueError):
    """The text is not ECL."""


def check(text: str) -> None:
    """Raises EclError where the text cannot be read, with what stands there."""
    if len(text) > MAX_LENGTH:
        raise EclError(f"more than {MAX_LENGTH} characters")
    reader = _Reader(text)
    reader.expression()
    if reader.kind:
        raise reader.error()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.depth = 0
        self.kind = self.lexeme = ""
        self.advance()

    def advance(self) -> None:
        self.kind = self.lexeme = ""
        while self.position < len(self.text):
            match = _TOKEN.match(self.text, self.position)
            if match is None:
                raise EclError(f"unexpected '{self.text[self.position : self.position + 20]}'")
            self.position = match.end()
            if match.lastgroup:
                self.kind, self.lexeme = match.lastgroup, match[0].upper()
                return

    def error(self) -> EclError:
        return EclError(f"unexpected '{self.lexeme[:40]}'" if self.kind else "the text ends too early")

    def takes(self, *tokens: str) -> bool:
        if self.kind not in ("word", "mark", "compare") or self.lexeme not in tokens:
            return False
        self.advance()
        return True

    def must(self, token: str) -> None:
        if not self.takes(token):
            raise self.error()

    def expression(self) -> None:
        """Parts that are joined, refined (`: attribute = value`) or followed (`. attribute`)."""
        self.part()
        if self.takes(":"):
            self.refinement()
            return
        while self.takes("."):
            self.part()
        while self.takes(*_JOINING):
            self.part()

    def part(self) -> None:
        if self.kind == "operator":
            self.advance()
        else:
            self.takes("<", ">")
        if self.takes("^") and self.kind == "fields":
            self.advance()
        if self.takes("("):
            self.nested(self.expression)
            self.must(")")
        elif self.kind == "concept":
            self.advance()
        else:
            raise self.error()
        while self.kind in ("filter", "history"):
            self.advance()

    def refinement(self) -> None:
        self.group()
        while self.takes("AND", "OR", ","):
            self.group()

    def group(self) -> None:
        """An attribute, several in braces, or a refinement in brackets."""
        if self.kind == "cardinality":
            self.advance()
        if self.takes("{"):
            self.nested(self.refinement)
            self.must("}")
        elif self._is_refinement_in_brackets():
            self.must("(")
            self.nested(self.refinement)
            self.must(")")
        else:
            self.attribute()

    def _is_refinement_in_brackets(self) -> bool:
        """Whether a bracket holds attributes; one around the name of an attribute is followed by a comparison."""
        if self.kind != "mark" or self.lexeme != "(":
            return False
        after, depth = self.position, 1
        while depth:
            match = _TOKEN.match(self.text, after)
            if match is None:
                return False
            after = match.end()
            depth += {"(": 1, ")": -1}.get(match["mark"] or "", 0)
        return _COMPARED.match(self.text, after) is None

    def attribute(self) -> None:
        self.takes("R")
        self.part()
        if self.kind != "compare" and not (self.kind == "mark" and self.lexeme in ("<", ">")):
            raise self.error()
        self.advance()
        if self.kind == "value":
            self.advance()
        else:
            self.part()

    def nested(self, read: Callable[[], None]) -> None:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise EclError(f"nested more than {MAX_NESTING} levels")
        read()
        self.depth -= 1
