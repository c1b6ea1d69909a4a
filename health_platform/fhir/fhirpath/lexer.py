"""The words of a FHIRPath text (FHIRPath N1, section "Lexical Elements")."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from health_platform.fhir.fhirpath.errors import FhirPathLimitError, FhirPathSyntaxError

MAX_LENGTH: Final = 16_384
MAX_TOKENS: Final = 4_096


class TokenKind(Enum):
    """What a token is; a keyword is an identifier until the parser says otherwise."""

    DATE_TIME = "date or date-time"
    TIME = "time"
    NUMBER = "number"
    STRING = "string"
    IDENTIFIER = "identifier"
    QUOTED_IDENTIFIER = "quoted identifier"
    SYMBOL = "symbol"
    END = "end of the expression"


@dataclass(frozen=True, slots=True)
class Token:
    """A token: `text` is unescaped and without its quotes or its `@`."""

    kind: TokenKind
    text: str
    offset: int


_PATTERN: Final = re.compile(
    r"""
    (?P<SKIP>\s+|//[^\r\n]*|/\*(?:[^*]|\*(?!/))*\*/)
    |@T(?P<TIME>\d{2}(?::\d{2}(?::\d{2}(?:\.\d+)?)?)?)
    |@(?P<DATE_TIME>\d{4}(?:-\d{2}(?:-\d{2})?)?(?:T(?:\d{2}(?::\d{2}(?::\d{2}(?:\.\d+)?)?)?(?:Z|[+-]\d{2}:\d{2})?)?)?)
    |(?P<NUMBER>\d+(?:\.\d+)?)
    |'(?P<STRING>(?:[^'\\]|\\.)*)'
    |(?P<IDENTIFIER>[A-Za-z_][A-Za-z0-9_]*)
    |`(?P<QUOTED_IDENTIFIER>(?:[^`\\]|\\.)*)`
    |(?P<SYMBOL><=|>=|!=|!~|[-+*/&|=~<>()\[\]{},.%]|\$(?:this|index|total)\b)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED: Final = {"f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPED_AS_IS: Final = frozenset("\\'\"`/")


def tokenize(expression: str) -> list[Token]:
    """The tokens, closed by one of kind END.

    Raises FhirPathSyntaxError where no token starts, FhirPathLimitError where the text is longer than MAX_LENGTH
    characters or MAX_TOKENS tokens.
    """
    if len(expression) > MAX_LENGTH:
        raise FhirPathLimitError(f"The expression has {len(expression)} characters, more than {MAX_LENGTH}.")
    tokens = list(_scan(expression))
    if len(tokens) > MAX_TOKENS:
        raise FhirPathLimitError(f"The expression has more than {MAX_TOKENS} tokens.")
    return tokens


def _scan(expression: str) -> Iterator[Token]:
    position = 0
    while position < len(expression):
        match = _PATTERN.match(expression, position)
        if match is None:
            raise FhirPathSyntaxError(f"Unexpected {expression[position]!r}.", expression, position)
        if match[0] == "/" and expression.startswith("/*", position):
            raise FhirPathSyntaxError("The comment never ends.", expression, position)
        name = match.lastgroup or ""
        if name != "SKIP":
            yield _token(TokenKind[name], match[name], expression, position)
        position = match.end()
    yield Token(TokenKind.END, "", position)


def _token(kind: TokenKind, text: str, expression: str, offset: int) -> Token:
    if kind in (TokenKind.STRING, TokenKind.QUOTED_IDENTIFIER) and "\\" in text:
        text = _unescape(text, expression, offset)
    return Token(kind, text, offset)


def _unescape(text: str, expression: str, offset: int) -> str:
    def replaced(match: re.Match[str]) -> str:
        escape = match[1]
        if len(escape) > 1:
            return chr(int(escape[1:], 16))
        if escape in _ESCAPED_AS_IS:
            return escape
        if escape not in _ESCAPED:
            raise FhirPathSyntaxError(f"Unknown escape \\{escape} in a string.", expression, offset)
        return _ESCAPED[escape]

    return _ESCAPE.sub(replaced, text)
