"""A real Triton serves the same model files: the same 18 checks, the same numbers. Skipped where there is no Triton."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tritonclient import grpc

from inference.protocol.types import DATATYPES, InferenceRequest, Tensor
from inference.runtime.base import Route, Routes
from inference.runtime.model_repository import ModelRepository
from inference.runtime.onnx import OnnxEngine
from inference.runtime.remote import RemoteEngine
from inference.runtime.routing import RoutingClient
from tests.inference import test_protocol, triton_server
from tests.inference.triton_server import triton

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(triton_server.packages() is None, reason=triton_server.MISSING),
]


@pytest.fixture(scope="module")
def address(engine: OnnxEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with triton(engine.repository, tmp_path_factory.mktemp("triton")) as (http, _grpc, _server):
        yield http


client = test_protocol.client
for name, check in vars(test_protocol).items():
    if name.startswith("test_") and name[5:7].isdigit():
        globals()[name] = check


def _request(engine: OnnxEngine, model: str, rows: int) -> InferenceRequest:
    random = np.random.default_rng(rows)
    inputs = []
    for spec in engine.metadata(model).inputs:
        values = random.uniform(0, 120, (rows, *spec.shape[1:])).astype(DATATYPES[spec.datatype])
        values[0] = np.nan
        inputs.append(Tensor(spec.name, values))
    return InferenceRequest(model, tuple(inputs))


def test_every_model_gives_the_same_numbers(address: str, engine: OnnxEngine) -> None:
    remote = RemoteEngine(f"http://{address}")
    for model in engine.models():
        request = _request(engine, model, 50)
        here, there = engine.infer(request), remote.infer(request, timeout=30)
        for tensor in here.outputs:
            found = there.output(tensor.name)
            np.testing.assert_allclose(
                found.astype(float), tensor.data.astype(float), rtol=1e-6, atol=1e-6, err_msg=f"{model} {tensor.name}"
            )


def test_a_missing_value_stays_missing(address: str, engine: OnnxEngine) -> None:
    response = RemoteEngine(f"http://{address}").infer(_request(engine, "kfre-4v", 3), timeout=30)
    assert np.isnan(response.output("risk_5y_non_na")[0, 0])
    assert response.output("status")[0, 0] == 1


def test_killing_triton_under_load_fails_nobody(
    engine: OnnxEngine, repository: ModelRepository, tmp_path: Path
) -> None:
    few = tmp_path / "few"
    shutil.copytree(repository.folder / "osta", few / "osta")
    with triton(ModelRepository(few), tmp_path / "scratch") as (http, _grpc, server):
        routes = Routes(Route(prefer="remote", timeout=1.0))
        client = RoutingClient({"embedded": engine, "remote": RemoteEngine(f"http://{http}")}, routes)
        request = _request(engine, "osta", 4)
        engines: list[str] = []
        failures: list[Exception] = []

        def ask() -> None:
            for _ in range(200):
                try:
                    engines.append(client.infer(request).engine)
                except Exception as error:
                    failures.append(error)

        callers = [threading.Thread(target=ask) for _ in range(4)]
        for caller in callers:
            caller.start()
        while len(engines) < 100:
            time.sleep(0.01)
        server.kill()
        for caller in callers:
            caller.join()
    assert failures == []
    assert len(engines) == 800
    assert set(engines) == {"triton", "onnxruntime"}


def test_grpc_is_tritons(engine: OnnxEngine, repository: ModelRepository, tmp_path: Path) -> None:
    few = tmp_path / "few"
    shutil.copytree(repository.folder / "osta", few / "osta")
    with triton(ModelRepository(few), tmp_path / "scratch") as (_http, address, _server):
        request = _request(engine, "osta", 4)
        tensors = []
        for tensor in request.inputs:
            made = grpc.InferInput(tensor.name, list(tensor.shape), "FP64")
            made.set_data_from_numpy(tensor.data)
            tensors.append(made)
        with grpc.InferenceServerClient(address) as client:
            found = client.infer("osta", tensors)
        for tensor in engine.infer(request).outputs:
            np.testing.assert_array_equal(found.as_numpy(tensor.name).astype(float), tensor.data.astype(float))
