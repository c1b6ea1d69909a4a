"""Reads specs in the interchange form `modelspec/1` (JSON), in which a deployment receives optional models.

Such a file states its conditions as functions (`where`, `and_`, `b`, `isnan`); they become our own expressions. What
the interchange form does not know (reference values, scale of a contribution) stays at its neutral value.
"""

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .expression import parse
from .spec import Example, Input, Linear, ModelSpec, Output, SpecError

SCHEMA = "modelspec/1"


def load_interchange(folder: Path) -> dict[str, ModelSpec]:
    """All `modelspec/1` files of `folder` by id. Raises SpecError."""
    specs: dict[str, ModelSpec] = {}
    for path in sorted(folder.glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.get("schema") != SCHEMA:
            raise SpecError(f"{path.name}: schema is {data.get('schema')!r}, not {SCHEMA!r}")
        specs[data["id"]] = _spec(data)
    return specs


def _spec(data: Mapping[str, Any]) -> ModelSpec:
    lets = {item["name"]: _expression(item["expr"]) for item in data.get("lets", ()) if "expr" in item}
    tables = [item["linear"] for item in data.get("lets", ()) if "linear" in item]
    return ModelSpec(
        id=data["id"],
        version=data["version"],
        inputs=tuple(_input(item) for item in data["inputs"]),
        lets=lets,
        linear=_linear(tables[0]) if tables else None,
        outputs=tuple(_output(item, data.get("horizon_years")) for item in data["outputs"]),
        facts=_facts(data),
        tables={name: tuple(float(entry) for entry in column) for name, column in data.get("tables", {}).items()},
        examples=tuple(_example(item) for item in data.get("worked_examples", ())),
    )


def _facts(data: Mapping[str, Any]) -> dict[str, Any]:
    note = data.get("verification_note")
    return {
        "title": data["title"],
        "family": data["condition"],
        "kind": data["kind"],
        "population": data["population"],
        "licence": data["licence"],
        "limits": [note] if note else [],
        "source": data["source"],
        "verification": {"state": data["verification_state"], "by": data["coefficient_sources"]},
        "korea": {"calibrated": False, "note": data["calibration_korea"]},
        "horizon": data.get("horizon_years"),
        "release": None,
    }


def _input(item: Mapping[str, Any]) -> Input:
    binary = item["type"] == "binary"
    whole = item["unit"].startswith("{") and not binary
    return Input(
        name=item["name"],
        feature=item["name"],
        kind="binary" if binary else "grade" if whole else "number",
        unit=item["unit"],
        minimum=float(item["min"]),
        maximum=float(item["max"]),
        optional=not item["required"],
        loinc=item.get("loinc"),
        reference=None,
    )


def _output(item: Mapping[str, Any], horizon: float | None) -> Output:
    return Output(
        name=item["name"],
        expression=_expression(item["expr"]),
        unit=item["unit"],
        horizon=horizon,
        scale="identity",
        lead=False,
        loinc=item.get("loinc"),
        bands=(),
        hidden=None,
    )


def _linear(item: Mapping[str, Any]) -> Linear:
    return Linear(
        terms=tuple(item["terms"]),
        columns=tuple(item["outputs"]),
        intercepts=tuple(float(value) for value in item["intercept"]),
        coefficients=tuple(tuple(float(value) for value in row) for row in item["coef"]),
    )


def _example(item: Mapping[str, Any]) -> Example:
    return Example(item["source"], item["inputs"], item["expected"], item["tol"])


def _expression(text: str) -> str:
    return ast.unparse(ast.fix_missing_locations(_Conditions().visit(parse(text))))


class _Conditions(ast.NodeTransformer):
    """`where(c, a, b)` to `a if c else b`, `and_(c, d)` to `c and d`, `isnan(x)` to `missing(x)`, `b(c)` to `c`."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Name(id="where"), args=[test, body, other]):
                return ast.IfExp(test=test, body=body, orelse=other)
            case ast.Call(func=ast.Name(id="and_"), args=[left, right]):
                return ast.BoolOp(op=ast.And(), values=[left, right])
            case ast.Call(func=ast.Name(id="isnan"), args=[value]):
                return ast.Call(func=ast.Name(id="missing", ctx=ast.Load()), args=[value], keywords=[])
            case ast.Call(func=ast.Name(id="b"), args=[condition]):
                return condition
        return node
