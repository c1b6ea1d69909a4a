"""The 18 checks that an Open Inference Protocol server has to pass, by NVIDIA's own client over HTTP."""

import gzip
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPConnection
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from inference.protocol.endpoints import Endpoints
from inference.protocol.types import DATATYPES
from inference.runtime.onnx import OnnxEngine
from tests.inference.serving import serve

MODEL = "kfre-4v"
ROWS = {"age": [60.0, 45.0], "male": [1.0, 0.0], "egfr": [30.0, 55.0], "uacr": [300.0, 20.0]}
PUBLISHED = 1 - 0.9365 ** math.exp(
    -0.2201 * (6 - 7.036) + 0.2467 * (1 - 0.5642) - 0.5567 * (6 - 7.222) + 0.4510 * (math.log(300) - 5.137)
)


@pytest.fixture(scope="module")
def address(engine: OnnxEngine) -> Iterator[str]:
    with serve(engine) as host:
        yield host


@pytest.fixture
def client(address: str) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(address) as opened:
        yield opened


def inputs(binary: bool, rows: Mapping[str, list[float]] = ROWS, datatype: str = "FP64") -> list[triton.InferInput]:
    made = []
    for name, values in rows.items():
        data = np.array(values, dtype=DATATYPES[datatype]).reshape(-1, 1)
        tensor = triton.InferInput(name, list(data.shape), datatype)
        tensor.set_data_from_numpy(data, binary_data=binary)
        made.append(tensor)
    return made


def post(address: str, path: str, document: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    connection = HTTPConnection(address)
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    connection.request("POST", path, body, headers or {})
    response = connection.getresponse()
    return response.status, json.loads(response.read() or b"null")


def document(rows: Mapping[str, Sequence[float | None]] = ROWS) -> dict[str, Any]:
    return {
        "inputs": [
            {"name": name, "datatype": "FP64", "shape": [len(column), 1], "data": column}
            for name, column in rows.items()
        ]
    }


def refusal(client: triton.InferenceServerClient, tensors: list[triton.InferInput], **options: Any) -> tuple[str, str]:
    with pytest.raises(InferenceServerException) as caught:
        client.infer(options.pop("model", MODEL), tensors, **options)
    return str(caught.value.status()), str(caught.value.message())


def test_01_the_server_is_live(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()


def test_02_the_server_is_ready(client: triton.InferenceServerClient) -> None:
    assert client.is_server_ready()


def test_03_a_model_is_ready(client: triton.InferenceServerClient) -> None:
    assert client.is_model_ready(MODEL)
    assert not client.is_model_ready("no-such-model")


def test_04_the_server_describes_itself(client: triton.InferenceServerClient) -> None:
    assert {"binary_tensor_data", "statistics"} <= set(client.get_server_metadata()["extensions"])


def test_05_a_model_describes_its_inputs_and_outputs(client: triton.InferenceServerClient) -> None:
    described = client.get_model_metadata(MODEL)
    assert described["inputs"] == [{"name": name, "datatype": "FP64", "shape": [-1, 1]} for name in ROWS]
    assert described["outputs"][-1] == {"name": "status", "datatype": "INT32", "shape": [-1, 1]}
    assert described["versions"] == ["1"]


def test_06_json_in_and_out(client: triton.InferenceServerClient) -> None:
    outputs = [triton.InferRequestedOutput("risk_5y_non_na", binary_data=False)]
    result = client.infer(MODEL, inputs(binary=False), outputs=outputs, request_id="seven")
    assert result.as_numpy("risk_5y_non_na")[0, 0] == pytest.approx(PUBLISHED, rel=1e-12)
    assert result.get_response()["id"] == "seven"
    assert result.as_numpy("status") is None


def test_07_binary_tensors_in(client: triton.InferenceServerClient) -> None:
    outputs = [triton.InferRequestedOutput("risk_5y_non_na", binary_data=False)]
    result = client.infer(MODEL, inputs(binary=True), outputs=outputs)
    assert result.as_numpy("risk_5y_non_na")[0, 0] == pytest.approx(PUBLISHED, rel=1e-12)


def test_08_binary_tensors_out(client: triton.InferenceServerClient) -> None:
    outputs = [triton.InferRequestedOutput(name, binary_data=True) for name in ("status", "risk_5y_non_na")]
    result = client.infer(MODEL, inputs(binary=True), outputs=outputs)
    assert result.as_numpy("status").dtype == np.int32
    assert result.as_numpy("risk_5y_non_na")[0, 0] == pytest.approx(PUBLISHED, rel=1e-12)


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_09_compressed_both_ways(client: triton.InferenceServerClient, algorithm: str) -> None:
    rows = {name: values * 500 for name, values in ROWS.items()}
    result = client.infer(
        MODEL, inputs(True, rows), request_compression_algorithm=algorithm, response_compression_algorithm=algorithm
    )
    assert result.as_numpy("risk_5y_non_na").shape == (1000, 1)
    assert result.as_numpy("risk_5y_non_na")[0, 0] == pytest.approx(PUBLISHED, rel=1e-12)


def test_10_a_version_in_the_path(client: triton.InferenceServerClient) -> None:
    result = client.infer(MODEL, inputs(True), model_version="1")
    assert result.get_response()["model_version"] == "1"
    assert client.is_model_ready(MODEL, "1")


def test_11_an_unknown_model(client: triton.InferenceServerClient) -> None:
    status, message = refusal(client, inputs(True), model="no-such-model")
    assert status == "404"
    assert message == "Request for unknown model: 'no-such-model' is not found"


def test_12_an_unknown_version(client: triton.InferenceServerClient) -> None:
    status, message = refusal(client, inputs(True), model_version="9")
    assert status == "404"
    assert "version 9" in message


def test_13_a_wrong_shape(client: triton.InferenceServerClient) -> None:
    tensors = inputs(True)
    tensors[0] = triton.InferInput("age", [2, 2], "FP64")
    tensors[0].set_data_from_numpy(np.array([[60.0, 45.0], [50.0, 40.0]]))
    status, message = refusal(client, tensors)
    assert status == "400"
    assert "unexpected shape for input 'age'" in message
    assert "Expected[-1,1],got[2,2]" in message.replace(" ", "")


def test_14_a_wrong_datatype(client: triton.InferenceServerClient) -> None:
    status, message = refusal(client, inputs(True, datatype="FP32"))
    assert status == "400"
    assert "'FP32', but model 'kfre-4v' expects 'FP64'" in message


def test_15_a_missing_input(client: triton.InferenceServerClient) -> None:
    status, message = refusal(client, inputs(True)[:3])
    assert status == "400"
    assert "expected 4 inputs but got 3 inputs for model 'kfre-4v'" in message
    assert "uacr" in message


def test_16_an_error_is_an_object_with_a_text(address: str) -> None:
    status, body = post(address, f"/v2/models/{MODEL}/infer", {"inputs": []})
    assert status == 400
    assert set(body) == {"error"}
    assert "expected 4 inputs but got 0 inputs" in body["error"]


def test_17_the_repository_index(client: triton.InferenceServerClient) -> None:
    index = client.get_model_repository_index()
    assert (MODEL, "1", "READY") in {(item["name"], item["version"], item["state"]) for item in index}
    assert len(index) == 35


def test_18_statistics_count(client: triton.InferenceServerClient) -> None:
    before = client.get_inference_statistics(MODEL)["model_stats"][0]
    client.infer(MODEL, inputs(True))
    after = client.get_inference_statistics(MODEL)["model_stats"][0]
    assert after["inference_count"] - before["inference_count"] == 2
    assert after["execution_count"] - before["execution_count"] == 1
    assert after["inference_stats"]["success"]["ns"] > before["inference_stats"]["success"]["ns"]


def test_a_body_that_is_no_json_says_so(address: str) -> None:
    status, body = post(address, f"/v2/models/{MODEL}/infer", b"{")
    assert status == 400
    assert body["error"].startswith("failed to parse")


def test_a_missing_value_is_null_in_json_both_ways(address: str) -> None:
    status, body = post(address, f"/v2/models/{MODEL}/infer", document({**ROWS, "uacr": [300.0, None]}))
    outputs = {item["name"]: item["data"] for item in body["outputs"]}
    assert status == 200
    assert outputs["status"] == [0, 1]
    assert outputs["risk_5y_non_na"][0] == pytest.approx(PUBLISHED, rel=1e-12)
    assert outputs["risk_5y_non_na"][1] is None


def test_a_missing_value_is_nan_in_binary_both_ways(client: triton.InferenceServerClient) -> None:
    result = client.infer(MODEL, inputs(True, {**ROWS, "uacr": [300.0, math.nan]}))
    assert result.as_numpy("status").ravel().tolist() == [0, 1]
    assert math.isnan(result.as_numpy("risk_5y_non_na")[1, 0])


def test_nested_and_flat_data_are_the_same(address: str) -> None:
    nested = document()
    for item in nested["inputs"]:
        item["data"] = [[value] for value in item["data"]]
    assert post(address, f"/v2/models/{MODEL}/infer", nested) == post(address, f"/v2/models/{MODEL}/infer", document())


def test_the_answer_names_engine_and_provider(address: str) -> None:
    _, body = post(address, f"/v2/models/{MODEL}/infer", document())
    assert body["parameters"] == {"engine": "onnxruntime", "provider": "CPUExecutionProvider"}


def broken(change: Any) -> dict[str, Any]:
    made = document()
    change(made)
    return made


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "failed to parse"),
        (b"[]", "an object is expected"),
        ({}, "Unable to parse 'inputs'"),
        ({"inputs": [1]}, "Unable to parse a tensor"),
        (broken(lambda made: made["inputs"][0].pop("name")), "Unable to parse 'name'"),
        (broken(lambda made: made["inputs"][0].update(datatype="FP65")), "invalid datatype 'FP65' for 'age'"),
        (broken(lambda made: made["inputs"][0].update(shape=[2, -1])), "Unable to parse 'shape' of 'age'"),
        (broken(lambda made: made["inputs"][0].update(shape=[3, 1])), "2 elements, shape [3, 1]"),
        (broken(lambda made: made["inputs"][0].update(shape=[10**9, 10**9])), "more than 16000000 elements"),
        (broken(lambda made: made["inputs"][0].update(data=["60", 45])), "str where FP64 is expected"),
        (broken(lambda made: made["inputs"][0].update(data=[True, 45])), "bool where FP64 is expected"),
        (broken(lambda made: made["inputs"][0].update(data="60")), "a list is expected"),
        (broken(lambda made: made["inputs"].append(made["inputs"][0])), "a tensor is given twice"),
        (broken(lambda made: made["inputs"][0].update(name="ages")), "unexpected inference input 'ages'"),
        (broken(lambda made: made.update(outputs=[{"name": "risk"}])), "unexpected inference output 'risk'"),
        (broken(lambda made: made["inputs"][0].update(shape=[1, 1], data=[60])), "different batch sizes: [1, 2]"),
        (broken(lambda made: made["inputs"][0].update(parameters={"binary_data_size": 8})), "does not fit the body"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_with_the_reason(address: str, body: Any, message: str) -> None:
    status, answer = post(address, f"/v2/models/{MODEL}/infer", body)
    assert status == 400
    assert message in answer["error"]


@pytest.mark.parametrize(
    ("content", "headers", "message"),
    [
        (b"{}", {"Inference-Header-Content-Length": "900"}, "does not fit a body of 2 bytes"),
        (b"{}", {"Inference-Header-Content-Length": "-1"}, "does not fit"),
        (b"no gzip", {"Content-Encoding": "gzip"}, "the body is not gzip"),
        (gzip.compress(b"{}" * 100, mtime=0)[:-9], {"Content-Encoding": "gzip"}, "cut off"),
        (b"{}", {"Content-Encoding": "br"}, "'br' is not understood"),
    ],
)
def test_headers_that_lie_are_refused(address: str, content: bytes, headers: dict[str, str], message: str) -> None:
    status, answer = post(address, f"/v2/models/{MODEL}/infer", content, headers)
    assert status == 400
    assert message in answer["error"]


def test_a_body_that_unpacks_to_too_much_is_refused(engine: OnnxEngine) -> None:
    bomb = gzip.compress(bytes(200 * 1024 * 1024), compresslevel=1)
    reply = Endpoints(engine).handle("POST", f"/v2/models/{MODEL}/infer", {"content-encoding": "gzip"}, bomb)
    assert reply.status == 400
    assert b"unpacks to more than" in reply.body


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/kfre-4v/infer", 405),
        ("POST", "/v2/health/live", 405),
        ("GET", "/v2/nothing", 404),
        ("GET", "/v2/models/kfre-4v/versions/1/nothing", 404),
        ("GET", "/v2/models/..%2fkfre-4v", 404),
        ("GET", "/v2/", 200),
    ],
)
def test_paths_and_methods(engine: OnnxEngine, method: str, path: str, status: int) -> None:
    assert Endpoints(engine).handle(method, path, {}, b"").status == status
