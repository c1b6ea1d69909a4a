"""The level model as an ONNX graph: steps, products, four calibrated regressions, level, interval, contributions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from inference.training.graph import IR_VERSION, OPSET
from inference.training.triage_design import COLUMNS, STEPS, Design
from inference.training.triage_fit import Fit
from inference.triage.level_model import FROM_YEARS, MEASUREMENTS

Z_95 = 1.959963984540054
AGE_MISSING, AGE_OUTSIDE = 1, 2  # bits of `status`, as in every graph of the repository
OLDEST = 125.0


@dataclass(slots=True)
class _Writer:
    nodes: list[onnx.NodeProto]
    constants: list[onnx.TensorProto]

    def constant(self, value: object, dtype: type[np.generic] = np.float64) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name

    def node(self, operator: str, *inputs: str, to: str = "", **attributes: Any) -> str:
        name = to or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name


def level_graph(fit: Fit, design: Design, name: str, version: str) -> onnx.ModelProto:
    """Inputs `measurements` [N, 13] (NaN unknown) and `concepts` [N, K]; outputs FP64 and `status` INT32 [N, 1].

    Status bit 1: no age; bit 2: an age outside the model's range; then every number is NaN.
    """
    write = _Writer([], [])
    terms = _terms(write, design)
    at_most = _at_most(write, terms, fit)
    level = _level(write, at_most, fit)
    low, high = _interval(write, terms, fit)
    contributions = _contributions(write, terms, level, fit)
    status = _status(write)
    silent = write.node("Greater", status, write.constant(0, np.int32))
    nothing = write.constant(np.nan)
    for source, output in (
        (at_most, "at_most"),
        (level, "level"),
        (low, "emergent_low"),
        (high, "emergent_high"),
        (contributions, "contributions"),
    ):
        write.node("Where", silent, nothing, source, to=output)
    write.node("Identity", status, to="status")
    return _finished(write, design, name, version)


def _terms(write: _Writer, design: Design) -> str:
    pressure = write.node("Gather", "measurements", write.constant([1], np.int64), axis=1)
    pulse = write.node("Gather", "measurements", write.constant([3], np.int64), axis=1)
    columns = write.node("Concat", "measurements", write.node("Div", pulse, pressure), axis=1)
    places = [COLUMNS.index(step.measure) for step in STEPS]
    measured = write.node("Gather", columns, write.constant(places, np.int64), axis=1)
    from_start = write.node("Sub", measured, write.constant([step.start for step in STEPS]))
    risen = write.node("Div", from_start, write.constant([step.end - step.start for step in STEPS]))
    clipped = write.node("Clip", risen, write.constant(0.0), write.constant(1.0))
    steps = write.node("Where", write.node("IsNaN", risen), write.constant(0.0), clipped)
    simple = write.node("Concat", steps, "concepts", axis=1)
    first, second = zip(*design.pairs(), strict=True)
    left = write.node("Gather", simple, write.constant(first, np.int64), axis=1)
    right = write.node("Gather", simple, write.constant(second, np.int64), axis=1)
    return write.node("Concat", simple, write.node("Mul", left, right), axis=1)


def _at_most(write: _Writer, terms: str, fit: Fit) -> str:
    odds = write.node("Add", write.node("MatMul", terms, write.constant(fit.weights)), write.constant(fit.intercepts))
    each = write.node("Sigmoid", odds)
    return write.node("Concat", *_running_maximum(write, each), axis=1)


def _running_maximum(write: _Writer, values: str) -> list[str]:
    cuts = [write.node("Gather", values, write.constant([cut], np.int64), axis=1) for cut in range(4)]
    running = [cuts[0]]
    for cut in cuts[1:]:
        running.append(write.node("Max", running[-1], cut))
    return running


def _level(write: _Writer, at_most: str, fit: Fit) -> str:
    """1 plus the number of cuts before the first that is reached: 5 where none is."""
    reached = write.node("GreaterOrEqual", at_most, write.constant(fit.thresholds))
    total, *others = _running_maximum(write, _cast(write, reached))
    for cut in others:
        total = write.node("Add", total, cut)
    return write.node("Sub", write.constant(5.0), total)


def _cast(write: _Writer, value: str, kind: int = TensorProto.DOUBLE) -> str:
    name = f"t{len(write.nodes)}"
    write.nodes.append(helper.make_node("Cast", [value], [name], to=kind))
    return name


def _interval(write: _Writer, terms: str, fit: Fit) -> tuple[str, str]:
    """95 % interval of P(level <= 2) by the normal approximation of the coefficients."""
    spread = np.linalg.cholesky(fit.covariance + 1e-12 * np.eye(len(fit.covariance)))
    along = write.node("Add", write.node("MatMul", terms, write.constant(spread[:-1])), write.constant(spread[-1]))
    deviation = write.node("ReduceL2", along, axes=[1], keepdims=1)
    odds = write.node(
        "Add",
        write.node("MatMul", terms, write.constant(fit.weights[:, 1:2])),
        write.constant(fit.intercepts[1:2]),
    )
    margin = write.node("Mul", deviation, write.constant(Z_95))
    return write.node("Sigmoid", write.node("Sub", odds, margin)), write.node(
        "Sigmoid", write.node("Add", odds, margin)
    )


def _contributions(write: _Writer, terms: str, level: str, fit: Fit) -> str:
    """Each term's log odds for the cut of the level given; level 5 is explained by the cut before it."""
    cut = write.node("Sub", write.node("Min", level, write.constant(4.0)), write.constant(1.0))
    row = write.node("Squeeze", _cast(write, cut, TensorProto.INT64), write.constant([1], np.int64))
    weights = write.node("Gather", write.constant(fit.weights.T.copy()), row, axis=0)
    return write.node("Mul", terms, weights)


def _status(write: _Writer) -> str:
    age = write.node("Gather", "measurements", write.constant([0], np.int64), axis=1)
    young = write.node("Less", age, write.constant(float(FROM_YEARS)))
    old = write.node("Greater", age, write.constant(OLDEST + 1))
    missing = _cast(write, write.node("IsNaN", age), TensorProto.INT32)
    outside = _cast(write, write.node("Or", young, old), TensorProto.INT32)
    bits = write.node("Mul", outside, write.constant(AGE_OUTSIDE, np.int32))
    return write.node("Add", missing, bits)


def _finished(write: _Writer, design: Design, name: str, version: str) -> onnx.ModelProto:
    def described(tensor: str, width: int, kind: int = TensorProto.DOUBLE) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(tensor, kind, ["N", width])

    inputs = [described("measurements", len(MEASUREMENTS)), described("concepts", len(design.concepts))]
    outputs = [described(tensor, width) for tensor, width in output_widths(design).items()]
    outputs.append(described("status", 1, TensorProto.INT32))
    graph = helper.make_graph(write.nodes, name, inputs, outputs, write.constants)
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="bitgoeul",
        producer_version="",
        ir_version=IR_VERSION,
    )
    model.graph.doc_string = f"{name} version {version}"
    onnx.checker.check_model(model, full_check=True)
    return model


def output_widths(design: Design) -> dict[str, int]:
    """The FP64 outputs and how wide each is."""
    return {
        "at_most": 4,
        "level": 1,
        "emergent_low": 1,
        "emergent_high": 1,
        "contributions": len(design.names),
    }
