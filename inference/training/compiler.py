"""Spec to ONNX graph: equations, missing values and ranges all inside, so that every server answers alike.

`status` bits: 1 a required input is missing (NaN), 2 an input is outside its range (also: infinite, or a fraction
where a whole number is due), 4 an optional input is missing. Where bit 1 or 2 is set every output is NaN.
"""

import ast
from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto

from .expression import BINARY, COMPARE, FUNCTIONS, PAIRS, name_of, parse
from .graph import GraphWriter, Value
from .spec import Input, Linear, ModelSpec, SpecError


def compile_model(spec: ModelSpec) -> onnx.ModelProto:
    """The float64 graph of `spec`. Raises SpecError where an expression is not understood."""
    try:
        return _Compiler(spec).model()
    except SpecError as error:
        raise SpecError(f"{spec.id}: {error}") from error


class _Compiler:
    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self.graph = GraphWriter()
        self.values: dict[str, Value] = {item.name: Value(item.name, "number") for item in spec.inputs}
        self.tables: Mapping[str, tuple[float, ...]] = spec.tables

    def model(self) -> onnx.ModelProto:
        for name, text in self.spec.lets.items():
            self.values[name] = self.value(parse(text))
        if self.spec.linear is not None:
            self.linear(self.spec.linear)
        status, refused = self.status()
        for output in self.spec.outputs:
            result = self.graph.number(self.value(parse(output.expression)))
            self.graph.output(self.graph.node("Where", refused, self.graph.constant(np.nan), result), output.name)
        self.graph.output(status, "status")
        spec = self.spec
        return self.graph.model(
            spec.id, spec.version, [item.name for item in spec.inputs], [item.name for item in spec.outputs]
        )

    def status(self) -> tuple[Value, Value]:
        """(`status` INT32 [N, 1], condition [N, 1] under which no number is given)."""
        graph, inputs = self.graph, self.spec.inputs
        row = graph.node("Concat", *(self.values[item.name] for item in inputs), axis=1)
        missing = graph.node("IsNaN", row, type="condition")
        outside = self.outside(row, inputs)
        required = [int(not item.optional) for item in inputs]
        flags = [
            self.any(missing, required, 1),
            self.any(outside, [1] * len(inputs), 2),
            self.any(missing, [1 - flag for flag in required], 4),
        ]
        refused = graph.node("Add", flags[0], flags[1], type="integer")
        status = graph.node("Add", refused, flags[2], type="integer")
        zero = graph.constant(0, np.int32)
        return status, graph.node("Greater", refused, zero, type="condition")

    def outside(self, row: Value, inputs: tuple[Input, ...]) -> Value:
        graph = self.graph
        low = graph.node("Less", row, graph.constant([item.minimum for item in inputs]), type="condition")
        high = graph.node("Greater", row, graph.constant([item.maximum for item in inputs]), type="condition")
        either = graph.node("Or", low, high, type="condition")
        if all(item.kind == "number" for item in inputs):
            return either
        fraction = graph.node("Sub", row, graph.node("Floor", row))
        allowed = graph.constant([2.0 if item.kind == "number" else 0.0 for item in inputs])
        broken = graph.node("Greater", fraction, allowed, type="condition")
        return graph.node("Or", either, broken, type="condition")

    def any(self, condition: Value, columns: list[int], bit: int) -> Value:
        """`bit` where the condition holds in one of the chosen columns, else 0; INT32 [N, 1]."""
        graph = self.graph
        held = graph.node("Cast", condition, type="integer", to=TensorProto.INT32)
        chosen = graph.node("Mul", held, graph.constant([bit * flag for flag in columns], np.int32), type="integer")
        return graph.node("ReduceMax", chosen, type="integer", axes=[1], keepdims=1)

    def linear(self, table: Linear) -> None:
        """One matrix product for all linear predictors of the table, then a column a name."""
        graph = self.graph
        terms = [self.graph.number(self.named(term)) for term in table.terms]
        row = graph.node("Concat", *terms, axis=1)
        product = graph.node("MatMul", row, graph.constant(table.coefficients))
        sums = graph.node("Add", product, graph.constant(table.intercepts))
        for position, column in enumerate(table.columns):
            self.values[column] = graph.node("Gather", sums, graph.constant([position], np.int64), axis=1)

    def named(self, name: str) -> Value:
        if name not in self.values:
            raise SpecError(f"unknown name {name!r}")
        return self.values[name]

    def value(self, node: ast.expr) -> Value:
        match node:
            case ast.Name() | ast.Attribute():
                result = self.named(name_of(node) or ast.unparse(node))
            case ast.Constant(value=int() | float() as number):
                result = self.graph.constant(float(number))
            case ast.UnaryOp():
                result = self.unary(node)
            case ast.BinOp() if type(node.op) in BINARY:
                result = self.numeric(BINARY[type(node.op)], node.left, node.right)
            case ast.Compare(ops=[relation], comparators=[right]) if type(relation) in COMPARE:
                result = self.compare(COMPARE[type(relation)], node.left, right)
            case ast.BoolOp():
                result = self.boolean(node)
            case ast.IfExp():
                result = self.choice(node)
            case ast.Call(func=ast.Name(id=function), keywords=[]):
                result = self.call(function, node.args)
            case _:
                raise SpecError(f"not understood: {ast.unparse(node)!r}")
        return result

    def numeric(self, operator: str, *nodes: ast.expr) -> Value:
        return self.graph.node(operator, *(self.graph.number(self.value(node)) for node in nodes))

    def compare(self, operator: str, left: ast.expr, right: ast.expr) -> Value:
        sides = (self.graph.number(self.value(node)) for node in (left, right))
        return self.graph.node(operator, *sides, type="condition")

    def unary(self, node: ast.UnaryOp) -> Value:
        match node:
            case ast.UnaryOp(op=ast.Not()):
                return self.graph.node("Not", self.graph.condition(self.value(node.operand)), type="condition")
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return self.graph.constant(-float(number))
            case ast.UnaryOp(op=ast.USub()):
                return self.numeric("Neg", node.operand)
        raise SpecError(f"not understood: {ast.unparse(node)!r}")

    def boolean(self, node: ast.BoolOp) -> Value:
        operator = "And" if isinstance(node.op, ast.And) else "Or"
        first, *rest = (self.graph.condition(self.value(part)) for part in node.values)
        for part in rest:
            first = self.graph.node(operator, first, part, type="condition")
        return first

    def choice(self, node: ast.IfExp) -> Value:
        condition = self.graph.condition(self.value(node.test))
        sides = (self.graph.number(self.value(part)) for part in (node.body, node.orelse))
        return self.graph.node("Where", condition, *sides)

    def call(self, function: str, arguments: list[ast.expr]) -> Value:
        if function in FUNCTIONS and len(arguments) == 1:
            return self.numeric(FUNCTIONS[function], *arguments)
        if function in PAIRS and len(arguments) == 2:
            return self.numeric(PAIRS[function], *arguments)
        if function == "missing" and len(arguments) == 1:
            return self.graph.node("IsNaN", self.value(arguments[0]), type="condition")
        if function == "lookup" and len(arguments) == 2:
            return self.lookup(name_of(arguments[0]), arguments[1])
        raise SpecError(f"unknown function or wrong number of arguments: {function}")

    def lookup(self, table: str | None, position: ast.expr) -> Value:
        """The table's entry at a whole position; outside the table, or missing, the nearest or the first entry.

        Such an entry never shows: the range of the inputs refuses the row.
        """
        if table is None or table not in self.tables:
            raise SpecError(f"unknown table {table!r}")
        graph, column = self.graph, self.tables[table]
        wanted = self.value(position)
        known = graph.node("Where", graph.node("IsNaN", wanted, type="condition"), graph.constant(0.0), wanted)
        inside = graph.node("Min", graph.node("Max", known, graph.constant(0.0)), graph.constant(len(column) - 1.0))
        return graph.node("Gather", graph.constant(column), graph.index(inside), axis=0)
