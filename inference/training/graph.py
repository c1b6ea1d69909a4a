"""Writes ONNX nodes in float64, each different value once, with names that depend on nothing but the spec."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8  # the oldest that carries opset 17: every Triton since 2022 loads it

DataType = Literal["number", "condition", "integer"]


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor of the graph: shape [N, 1], [N, K] or scalar; float64, bool or int."""

    name: str
    type: DataType


class GraphWriter:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self._known: dict[tuple[Any, ...], Value] = {}

    def constant(self, value: npt.ArrayLike, dtype: type[np.generic] = np.float64) -> Value:
        array = np.asarray(value, dtype=dtype)
        key = ("constant", array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            name = f"c{len(self.constants)}"
            self.constants[name] = numpy_helper.from_array(array, name)
            self._known[key] = Value(name, "number" if dtype is np.float64 else "integer")
        return self._known[key]

    def node(self, operator: str, *inputs: Value, type: DataType = "number", **attributes: Any) -> Value:
        key = (operator, inputs, tuple(sorted((name, repr(value)) for name, value in attributes.items())))
        if key not in self._known:
            name = f"t{len(self.nodes)}"
            self.nodes.append(helper.make_node(operator, [value.name for value in inputs], [name], **attributes))
            self._known[key] = Value(name, type)
        return self._known[key]

    def number(self, value: Value) -> Value:
        """1 where a condition holds, 0 where not; numbers as they are."""
        return self.node("Cast", value, to=TensorProto.DOUBLE) if value.type == "condition" else value

    def condition(self, value: Value) -> Value:
        """A number is true above one half."""
        if value.type == "condition":
            return value
        return self.node("Greater", value, self.constant(0.5), type="condition")

    def index(self, value: Value) -> Value:
        return self.node("Cast", value, type="integer", to=TensorProto.INT64)

    def output(self, value: Value, name: str) -> None:
        self.nodes.append(helper.make_node("Identity", [value.name], [name]))

    def model(self, name: str, version: str, inputs: Sequence[str], outputs: Sequence[str]) -> onnx.ModelProto:
        """The finished graph; inputs and outputs FP64 [N, 1] and a last output `status` INT32 [N, 1]."""
        batch: list[str | int | None] = ["N", 1]
        infos = [helper.make_tensor_value_info(item, TensorProto.DOUBLE, batch) for item in inputs]
        results = [helper.make_tensor_value_info(item, TensorProto.DOUBLE, batch) for item in outputs]
        results.append(helper.make_tensor_value_info("status", TensorProto.INT32, batch))
        graph = helper.make_graph(self.nodes, name, infos, results, list(self.constants.values()))
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(
            graph, opset_imports=opsets, producer_name="bitgoeul", producer_version="", ir_version=IR_VERSION
        )
        model.graph.doc_string = f"{name} version {version}"
        onnx.checker.check_model(model, full_check=True)
        return model
