"""From FHIRPath text to its syntax tree: operator precedence as in the grammar of FHIRPath N1, appendix A."""

from decimal import Decimal
from functools import lru_cache
from typing import Final

from health_platform.fhir.fhirpath.errors import FhirPathLimitError, FhirPathSyntaxError
from health_platform.fhir.fhirpath.lexer import Token, TokenKind, tokenize
from health_platform.fhir.fhirpath.nodes import (
    Binary,
    Call,
    Constant,
    Index,
    Literal,
    Member,
    Node,
    TypeName,
    TypeOperation,
    Unary,
    Variable,
    children,
)
from health_platform.fhir.fhirpath.quantity import CALENDAR_UNITS, Quantity
from health_platform.fhir.fhirpath.temporal import Temporal, parse_date, parse_date_time, parse_time

MAX_DEPTH: Final = 200
MAX_NESTING: Final = 60

_PRECEDENCE: Final[dict[str, int]] = {
    "implies": 1,
    "or": 2,
    "xor": 2,
    "and": 3,
    "in": 4,
    "contains": 4,
    "=": 5,
    "~": 5,
    "!=": 5,
    "!~": 5,
    "<": 6,
    "<=": 6,
    ">": 6,
    ">=": 6,
    "|": 7,
    "is": 8,
    "as": 8,
    "+": 9,
    "-": 9,
    "&": 9,
    "*": 10,
    "/": 10,
    "div": 10,
    "mod": 10,
}
_UNARY_PRECEDENCE: Final = 11
_NAMES_THAT_ARE_OPERATORS: Final = frozenset(_PRECEDENCE) - {"as", "is", "in", "contains"}
_INTEGER_MAX: Final = 2**31 - 1


@lru_cache(maxsize=4096)
def parse(expression: str) -> Node:
    """The syntax tree of an expression; the last 4,096 are kept.

    Raises FhirPathSyntaxError with the offset of the first wrong token, FhirPathLimitError for an expression that is
    longer or deeper than an honest one gets.
    """
    parser = _Parser(expression, tokenize(expression))
    node = parser.expression(0)
    parser.end()
    _check_depth(node, expression)
    return node


def _check_depth(root: Node, expression: str) -> None:
    level: tuple[Node, ...] = (root,)
    for _ in range(MAX_DEPTH):
        level = tuple(child for node in level for child in children(node))
        if not level:
            return
    raise FhirPathLimitError(f"The expression is more than {MAX_DEPTH} levels deep.", expression)


class _Parser:
    def __init__(self, text: str, tokens: list[Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._position = 0
        self._nesting = 0

    @property
    def _token(self) -> Token:
        return self._tokens[self._position]

    def _next(self) -> Token:
        token = self._token
        self._position += 1
        return token

    def _at(self, text: str) -> bool:
        token = self._token
        return token.text == text and token.kind in (TokenKind.SYMBOL, TokenKind.IDENTIFIER)

    def _expect(self, symbol: str) -> Token:
        if not self._at(symbol) or self._token.kind is not TokenKind.SYMBOL:
            raise self._error(f"Expected {symbol!r}, found {self._shown()}.")
        return self._next()

    def _shown(self) -> str:
        return repr(self._token.text) if self._token.text else self._token.kind.value

    def _error(self, message: str) -> FhirPathSyntaxError:
        return FhirPathSyntaxError(message, self._text, self._token.offset)

    def end(self) -> None:
        if self._token.kind is not TokenKind.END:
            raise self._error(f"Expected the end of the expression, found {self._shown()}.")

    def expression(self, minimum: int) -> Node:
        """An expression whose operators bind tighter than `minimum`."""
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise FhirPathLimitError(f"The expression is nested more than {MAX_NESTING} levels.", self._text)
        left = self._unary()
        while (precedence := self._binary_precedence()) > minimum:
            token = self._next()
            if token.text in ("is", "as"):
                left = TypeOperation(token.text, left, self._type_name(), token.offset)
            else:
                left = Binary(token.text, left, self.expression(precedence), token.offset)
        self._nesting -= 1
        return left

    def _binary_precedence(self) -> int:
        token = self._token
        if token.kind not in (TokenKind.SYMBOL, TokenKind.IDENTIFIER):
            return 0
        return _PRECEDENCE.get(token.text, 0)

    def _unary(self) -> Node:
        if self._token.kind is TokenKind.SYMBOL and self._token.text in ("+", "-"):
            token = self._next()
            return Unary(token.text, self.expression(_UNARY_PRECEDENCE), token.offset)
        return self._postfix(self._term())

    def _postfix(self, node: Node) -> Node:
        while self._token.kind is TokenKind.SYMBOL:
            offset = self._token.offset
            if self._at("."):
                self._next()
                node = self._invocation(node)
            elif self._at("["):
                self._next()
                node = Index(node, self.expression(0), offset)
                self._expect("]")
            else:
                break
        return node

    def _invocation(self, source: Node | None) -> Node:
        token = self._token
        if token.kind is TokenKind.SYMBOL and token.text.startswith("$"):
            if source is not None:
                raise self._error(f"{token.text} cannot follow a path.")
            return Variable(self._next().text[1:], token.offset)
        # After a dot no operator can stand: Narrative.div is reached without backticks, as HL7's own patches write it.
        name = self._identifier(after_dot=source is not None)
        if not self._at("("):
            return Member(source, name, token.offset)
        self._next()
        arguments = self._arguments()
        return Call(source, name, arguments, token.offset)

    def _arguments(self) -> tuple[Node, ...]:
        arguments: list[Node] = []
        while not self._at(")"):
            if arguments:
                self._expect(",")
            arguments.append(self.expression(0))
        self._expect(")")
        return tuple(arguments)

    def _identifier(self, *, after_dot: bool = False) -> str:
        token = self._token
        if token.kind is TokenKind.QUOTED_IDENTIFIER:
            return self._next().text
        operator = token.text in _NAMES_THAT_ARE_OPERATORS and not after_dot
        if token.kind is not TokenKind.IDENTIFIER or operator:
            raise self._error(f"Expected a name, found {self._shown()}.")
        return self._next().text

    def _term(self) -> Node:
        token = self._token
        match token.kind:
            case TokenKind.NUMBER:
                return self._number()
            case TokenKind.STRING:
                return Literal(self._next().text, token.offset)
            case TokenKind.DATE_TIME | TokenKind.TIME:
                return Literal(self._temporal(self._next()), token.offset)
            case TokenKind.SYMBOL:
                return self._symbol()
            case TokenKind.IDENTIFIER if token.text in ("true", "false"):
                self._next()
                return Literal(token.text == "true", token.offset)
            case TokenKind.END:
                raise self._error("The expression ends too early.")
        return self._invocation(None)

    def _symbol(self) -> Node:
        token = self._token
        if token.text == "(":
            self._next()
            node = self.expression(0)
            self._expect(")")
            return node
        if token.text == "{":
            self._next()
            self._expect("}")
            return Literal(None, token.offset)
        if token.text == "%":
            self._next()
            return Constant(self._constant_name(), token.offset)
        if token.text.startswith("$"):
            return self._invocation(None)
        raise self._error(f"Unexpected {token.text!r}.")

    def _constant_name(self) -> str:
        if self._token.kind is TokenKind.STRING:
            return self._next().text
        return self._identifier()

    def _number(self) -> Node:
        token = self._next()
        unit = self._token
        if unit.kind is TokenKind.STRING:
            self._next()
            return Literal(Quantity(Decimal(token.text), unit.text), token.offset)
        if unit.kind is TokenKind.IDENTIFIER and unit.text in CALENDAR_UNITS:
            self._next()
            return Literal(Quantity(Decimal(token.text), CALENDAR_UNITS[unit.text], calendar=True), token.offset)
        if "." in token.text:
            return Literal(Decimal(token.text), token.offset)
        if int(token.text) > _INTEGER_MAX:
            return Literal(Decimal(token.text), token.offset)
        return Literal(int(token.text), token.offset)

    def _temporal(self, token: Token) -> Temporal:
        if token.kind is TokenKind.TIME:
            value: Temporal | None = parse_time(token.text)
        elif "T" in token.text:
            value = parse_date_time(token.text)
        else:
            value = parse_date(token.text)
        if value is None:
            raise FhirPathSyntaxError(f"@{token.text} is no date or time.", self._text, token.offset)
        return value

    def _type_name(self) -> TypeName:
        name = self._identifier()
        if not self._at("."):
            return TypeName(name)
        self._next()
        return TypeName(self._identifier(), namespace=name)
