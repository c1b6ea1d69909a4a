"""The expression language of the specs: a small part of Python's own syntax.

Numbers, names (`egfr`, `women.stroke`), `+ - * / **`, comparisons, `and`, `or`, `not`, `a if condition else b`, and
the functions min, max, exp, log, sqrt, floor, abs, sigmoid, `missing(input)` and `lookup(table, index)`. A condition
counts 1 or 0 where a number stands; a number is true above one half. Comparisons with a missing value are false.
"""

import ast

from .spec import SpecError

BINARY = {ast.Add: "Add", ast.Sub: "Sub", ast.Mult: "Mul", ast.Div: "Div", ast.Pow: "Pow"}
COMPARE = {ast.Lt: "Less", ast.LtE: "LessOrEqual", ast.Gt: "Greater", ast.GtE: "GreaterOrEqual"}
FUNCTIONS = {"exp": "Exp", "log": "Log", "sqrt": "Sqrt", "floor": "Floor", "abs": "Abs", "sigmoid": "Sigmoid"}
PAIRS = {"min": "Min", "max": "Max"}


def parse(text: str) -> ast.expr:
    """The syntax tree of one expression. Raises SpecError with the text that is not understood."""
    try:
        return ast.parse(" ".join(text.split()), mode="eval").body
    except SyntaxError as error:
        raise SpecError(f"not an expression: {text!r}: {error.msg}") from error


def name_of(node: ast.expr) -> str | None:
    """`egfr` or `women.stroke`; None for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return None
