"""One row through a model, for tests."""

from collections.abc import Callable, Mapping

import numpy as np

from inference.runtime.base import InferenceRequest, Tensor
from inference.runtime.onnx import OnnxEngine

Row = Mapping[str, float | None]
Run = Callable[[str, Row], dict[str, float]]


def run_with(engine: OnnxEngine) -> Run:
    """One row through a model: absent and None are NaN; the outputs and `status` by name."""

    def run(model: str, row: Row) -> dict[str, float]:
        names = [spec.name for spec in engine.metadata(model).inputs]
        values = {name: row.get(name) for name in names}
        tensors = tuple(
            Tensor(name, np.array([[np.nan if value is None else value]], dtype=np.float64))
            for name, value in values.items()
        )
        response = engine.infer(InferenceRequest(model, tensors))
        return {tensor.name: float(tensor.data[0, 0]) for tensor in response.outputs}

    return run
