"""Cost of inference: `python -m tests.benchmarks.inference` prints CPU microseconds and rows per second.

In process: one prediction through OnnxEngine against bare ONNX Runtime on the same session, and a batch of 4,096 rows.
Over the protocol: one JSON and one binary request through Endpoints.handle, without a socket.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort

from inference.protocol.codec import encode_request
from inference.protocol.endpoints import Endpoints
from inference.runtime.base import InferenceRequest, Tensor
from inference.runtime.model_repository import ModelRepository
from inference.runtime.onnx import CPU, OnnxEngine

REPOSITORY = Path(__file__).parents[2] / "inference" / "model_repository"
MODEL = "prevent-base-10y"
ROWS = 4096


def microseconds(times: int, *actions: Callable[[], object]) -> list[float]:
    """CPU microseconds of one call of each action: the least of nine series, taken in turns on a busy machine."""
    series: list[list[float]] = [[] for _ in actions]
    for _ in range(9):
        for action, found in zip(actions, series, strict=True):
            started = time.process_time()
            for _ in range(times):
                action()
            found.append((time.process_time() - started) / times * 1e6)
    return [min(found) for found in series]


def request(engine: OnnxEngine, rows: int) -> InferenceRequest:
    random = np.random.default_rng(1)
    items = engine.repository.card(MODEL)["inputs"]
    columns = [np.round(random.uniform(item["minimum"], item["maximum"], (rows, 1))) for item in items]
    return InferenceRequest(
        MODEL, tuple(Tensor(item["name"], column) for item, column in zip(items, columns, strict=True))
    )


def main() -> None:
    repository = ModelRepository(REPOSITORY)
    engine = OnnxEngine(repository)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    bare = ort.InferenceSession(repository.graph(MODEL, "1"), options, providers=[CPU])
    endpoints = Endpoints(engine)
    one, many = request(engine, 1), request(engine, ROWS)
    feed_one = {tensor.name: tensor.data for tensor in one.inputs}
    feed_many = {tensor.name: tensor.data for tensor in many.inputs}
    document = {
        "inputs": [
            {"name": item.name, "datatype": item.datatype, "shape": [1, 1], "data": item.data.ravel().tolist()}
            for item in one.inputs
        ]
    }
    as_json, as_binary = json.dumps(document).encode(), encode_request(one)
    binary_headers = {name.lower(): value for name, value in as_binary.headers().items()}
    bare_one, ours_one = microseconds(1000, lambda: bare.run(None, feed_one), lambda: engine.infer(one))
    bare_many, ours_many = microseconds(30, lambda: bare.run(None, feed_many), lambda: engine.infer(many))
    over_json, over_binary = microseconds(
        500, ask(endpoints, as_json, {}), ask(endpoints, as_binary.content, binary_headers)
    )
    say("one prediction, bare ONNX Runtime", bare_one, "us")
    say("one prediction, OnnxEngine", ours_one, "us")
    say("  overhead", ours_one - bare_one, "us")
    say(f"batch of {ROWS}, bare ONNX Runtime", ROWS / bare_many * 1e6, "rows/s")
    say(f"batch of {ROWS}, OnnxEngine", ROWS / ours_many * 1e6, "rows/s")
    say("  ratio", bare_many / ours_many, "")
    say("one JSON request, no socket", over_json, "us")
    say("one binary request, no socket", over_binary, "us")


def ask(endpoints: Endpoints, body: bytes, headers: dict[str, str]) -> Callable[[], object]:
    return lambda: endpoints.handle("POST", f"/v2/models/{MODEL}/infer", headers, body)


def say(what: str, value: float, unit: str) -> None:
    print(f"{what:40} {value:12.1f} {unit}")


if __name__ == "__main__":
    main()
