"""Two engines, one answer; what ran is said, and a fall-back is never silent."""

import socket
import time

import numpy as np
import pytest

from inference.runtime.base import (
    EngineUnavailable,
    InferenceRequest,
    InvalidRequest,
    ModelNotFound,
    Route,
    Routes,
    Tensor,
)
from inference.runtime.model_repository import ModelRepository
from inference.runtime.onnx import CPU, OnnxEngine, refuse_two_distributions
from inference.runtime.remote import RemoteEngine
from inference.runtime.routing import RoutingClient
from tests.inference.serving import serve

NOBODY = "http://127.0.0.1:9"  # the discard port: nothing listens there


def request(rows: int = 3) -> InferenceRequest:
    random = np.random.default_rng(7)
    values = {"female": random.integers(0, 2, rows), "age": random.uniform(20, 90, rows)}
    values["creatinine"] = random.uniform(0.4, 6, rows)
    tensors = tuple(Tensor(name, column.astype(np.float64).reshape(-1, 1)) for name, column in values.items())
    return InferenceRequest("ckd-epi-2021", tensors)


def remote_first(engine: OnnxEngine, url: str, fall_back: bool = True, **changes: object) -> RoutingClient:
    routes = Routes(Route(prefer="remote", timeout=0.5, fall_back=fall_back))
    return RoutingClient({"embedded": engine, "remote": RemoteEngine(url)}, routes, **changes)  # type: ignore[arg-type]


def test_the_response_says_what_ran(engine: OnnxEngine) -> None:
    response = engine.infer(request())
    assert (response.engine, response.provider, response.version) == ("onnxruntime", "CPUExecutionProvider", "1")
    assert response.fell_back == ""


def test_remote_and_embedded_agree_to_the_last_bit(engine: OnnxEngine) -> None:
    asked = request(500)
    with serve(engine) as address:
        remote = RemoteEngine(f"http://{address}")
        assert remote.models() == engine.models()
        assert remote.metadata("ckd-epi-2021") == engine.metadata("ckd-epi-2021")
        assert remote.ready("ckd-epi-2021")
        assert remote.infer(asked).output("egfr").tobytes() == engine.infer(asked).output("egfr").tobytes()
        assert remote.infer(asked).engine == "triton"
        assert remote.statistics("ckd-epi-2021") == engine.statistics("ckd-epi-2021")


def test_a_remote_engine_keeps_its_connection(engine: OnnxEngine) -> None:
    opened: list[socket.socket] = []
    with serve(engine, opened) as address:
        remote = RemoteEngine(f"http://{address}")
        for _ in range(20):
            remote.infer(request())
    assert len(opened) == 1


def test_remote_errors_have_the_same_kinds(engine: OnnxEngine) -> None:
    with serve(engine) as address:
        remote = RemoteEngine(f"http://{address}")
        with pytest.raises(ModelNotFound, match="no-such-model"):
            remote.metadata("no-such-model")
        with pytest.raises(InvalidRequest, match="is missing"):
            remote.infer(InferenceRequest("ckd-epi-2021", request().inputs[:1]))


def test_a_dead_remote_is_unavailable_within_its_deadline() -> None:
    started = time.monotonic()
    with pytest.raises(EngineUnavailable, match="did not answer"):
        RemoteEngine(NOBODY).infer(request(), timeout=0.5)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("url", ["", "triton:8000", "grpc://triton:8001", "http://"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="http://host:port is expected"):
        RemoteEngine(url)


def test_a_fall_back_says_why(engine: OnnxEngine) -> None:
    response = remote_first(engine, NOBODY).infer(request())
    assert response.engine == "onnxruntime"
    assert response.fell_back.startswith("remote: http://127.0.0.1:9 did not answer")
    assert response.output("egfr").tobytes() == engine.infer(request()).output("egfr").tobytes()


def test_a_dead_engine_is_asked_again_only_after_a_rest(engine: OnnxEngine) -> None:
    now = [0.0]
    client = remote_first(engine, NOBODY, clock=lambda: now[0])
    assert "did not answer" in client.infer(request()).fell_back
    assert client.infer(request()).fell_back == "remote failed within the last 5 s"
    now[0] = 6.0
    assert "did not answer" in client.infer(request()).fell_back


def test_without_a_fall_back_the_failure_is_told(engine: OnnxEngine) -> None:
    with pytest.raises(EngineUnavailable):
        remote_first(engine, NOBODY, fall_back=False).infer(request())


def test_a_wrong_request_is_not_tried_elsewhere(engine: OnnxEngine) -> None:
    with serve(engine) as address, pytest.raises(InvalidRequest):
        remote_first(engine, f"http://{address}").infer(InferenceRequest("ckd-epi-2021", ()))


def test_no_request_fails_when_the_remote_dies_under_load(engine: OnnxEngine) -> None:
    engines: list[str] = []
    with serve(engine) as address:
        client = remote_first(engine, f"http://{address}")
        engines += [client.infer(request()).engine for _ in range(20)]
    engines += [client.infer(request()).engine for _ in range(20)]
    assert engines == ["triton"] * 20 + ["onnxruntime"] * 20


def test_a_large_batch_is_cut_and_joined_in_order(engine: OnnxEngine) -> None:
    routes = Routes(Route(largest_batch=64))
    asked = request(1000)
    cut = RoutingClient({"embedded": engine}, routes).infer(asked)
    assert cut.output("egfr").tobytes() == engine.infer(asked).output("egfr").tobytes()


def test_two_distributions_side_by_side_are_refused() -> None:
    with pytest.raises(RuntimeError, match="onnxruntime and onnxruntime-gpu are both installed"):
        refuse_two_distributions(["numpy", "onnxruntime", "onnxruntime_gpu"])
    refuse_two_distributions(["numpy", "onnxruntime-gpu"])


def test_a_demanded_device_that_is_absent_is_told_not_replaced(repository: ModelRepository) -> None:
    device = "CUDAExecutionProvider"
    ran = OnnxEngine(repository, providers=(device, CPU)).infer(request()).provider
    if ran.startswith(device):
        pytest.skip("this machine has the device")
    assert ran == CPU
    with pytest.raises(EngineUnavailable, match=f"asks for {device}"):
        OnnxEngine(repository, providers=(device, CPU), demand_first=True).ready("osta")
