"""Triton, or any server of the Open Inference Protocol, over HTTP with binary tensors and kept connections."""

import http.client
import json
import queue
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from inference.protocol.codec import JSON_LENGTH, decode_response, encode_request
from inference.protocol.types import (
    EngineUnavailable,
    InferenceError,
    InferenceRequest,
    InferenceResponse,
    InvalidRequest,
    ModelMetadata,
    ModelNotFound,
    Statistics,
    TensorSpec,
)

ENGINE = "triton"
DEFAULT_TIMEOUT = 5.0
KEPT_CONNECTIONS = 32
NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    deadline: float


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class RemoteEngine:
    """`url` as in INFERENCE_URL: `http://host:port` or `https://…`, with or without a path before `/v2`."""

    url: str
    _idle: queue.LifoQueue[http.client.HTTPConnection] = field(
        default_factory=lambda: queue.LifoQueue(KEPT_CONNECTIONS), repr=False, compare=False
    )

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"INFERENCE_URL is {self.url!r}: http://host:port is expected")

    def models(self) -> list[str]:
        index = self._json("POST", "/v2/repository/index")
        return sorted({entry["name"] for entry in index if entry.get("state", "READY") == "READY"})

    def metadata(self, model: str, version: str = "") -> ModelMetadata:
        described = self._json("GET", _path(model, version))
        return ModelMetadata(
            name=described["name"],
            versions=tuple(str(item) for item in described.get("versions", ())),
            platform=described.get("platform", ""),
            inputs=tuple(_spec(item) for item in described["inputs"]),
            outputs=tuple(_spec(item) for item in described["outputs"]),
        )

    def ready(self, model: str, version: str = "") -> bool:
        return self._ask("GET", _path(model, version) + "/ready").status == 200

    def statistics(self, model: str, version: str = "") -> Statistics:
        found = self._json("GET", _path(model, version) + "/stats")["model_stats"][0]
        success, failed = found["inference_stats"]["success"], found["inference_stats"]["fail"]
        return Statistics(
            model=found["name"],
            version=str(found["version"]),
            requests=success["count"],
            rows=found["inference_count"],
            failures=failed["count"],
            nanoseconds=success["ns"],
            failed_nanoseconds=failed["ns"],
            last_milliseconds=found["last_inference"],
        )

    def infer(self, request: InferenceRequest, timeout: float | None = None) -> InferenceResponse:
        body = encode_request(request)
        path = _path(request.model, request.version) + "/infer"
        answer = self._ask("POST", path, timeout or DEFAULT_TIMEOUT, body.headers(), body.content)
        _raise_for(answer)
        try:
            return decode_response(answer.body, answer.headers.get(JSON_LENGTH), ENGINE)
        except InvalidRequest as error:
            raise EngineUnavailable(f"{self.url} sent an answer that cannot be read: {error}") from error

    def _json(self, method: str, path: str) -> Any:
        answer = self._ask(method, path)
        _raise_for(answer)
        return json.loads(answer.body)

    def _ask(
        self,
        method: str,
        path: str,
        timeout: float = DEFAULT_TIMEOUT,
        headers: Mapping[str, str] = NO_HEADERS,
        body: bytes = b"",
    ) -> _Answer:
        """One exchange within `timeout` seconds; a kept connection that has gone stale is replaced once."""
        whole = urlsplit(self.url).path.rstrip("/") + path
        call = _Call(method, whole, headers, body, time.monotonic() + timeout)
        connection, kept = self._connection()
        try:
            try:
                return self._exchange(connection, call)
            except ConnectionError:
                connection.close()
                if not kept:
                    raise
                return self._exchange(self._open(), call)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise EngineUnavailable(f"{self.url} did not answer: {error or type(error).__name__}") from error

    def _exchange(self, connection: http.client.HTTPConnection, call: _Call) -> _Answer:
        _allow(connection, call.deadline)
        connection.request(call.method, call.path, body=call.body, headers=dict(call.headers))
        _allow(connection, call.deadline)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        answer = _Answer(response.status, headers, response.read())
        self._keep(connection, response)
        return answer

    def _connection(self) -> tuple[http.client.HTTPConnection, bool]:
        try:
            return self._idle.get_nowait(), True
        except queue.Empty:
            return self._open(), False

    def _open(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.hostname or "", parts.port)

    def _keep(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        if response.will_close:
            connection.close()
            return
        if connection.sock is not None:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._idle.put_nowait(connection)
        except queue.Full:
            connection.close()


def _allow(connection: http.client.HTTPConnection, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("deadline passed")
    connection.timeout = left
    if connection.sock is not None:
        connection.sock.settimeout(left)


def _path(model: str, version: str) -> str:
    path = f"/v2/models/{quote(model, safe='')}"
    return f"{path}/versions/{quote(version, safe='')}" if version else path


def _spec(item: Mapping[str, Any]) -> TensorSpec:
    return TensorSpec(item["name"], item["datatype"], tuple(item["shape"]))


def _raise_for(answer: _Answer) -> None:
    if answer.status < 400:
        return
    try:
        text = str(json.loads(answer.body)["error"])
    except (ValueError, KeyError, TypeError):
        text = f"HTTP {answer.status}"
    kinds: dict[int, type[InferenceError]] = {400: InvalidRequest, 404: ModelNotFound}
    raise kinds.get(answer.status, EngineUnavailable)(text)
