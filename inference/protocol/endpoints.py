"""The HTTP endpoints of the Open Inference Protocol as one function, whatever web framework calls it.

Paths, bodies and status codes are Triton's: an error is `{"error": text}`, 400 for a request that does not fit,
404 for an unknown model or version, 503 for a model that cannot run now.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from .codec import JSON_LENGTH, decode_request, encode_response
from .types import (
    InferenceError,
    InferenceRequest,
    InferenceResponse,
    InvalidRequest,
    ModelMetadata,
    Statistics,
    TensorSpec,
)

LARGEST_BODY = 128 * 1024 * 1024
COMPRESSION_FROM = 512
MODEL_PATH = re.compile(
    r"/v2/models/(?P<model>[^/]+)(?:/versions/(?P<version>[^/]+))?(?:/(?P<action>ready|infer|stats))?"
)


class Engine(Protocol):
    """What the endpoints ask of an engine; see inference.runtime.base.InferenceClient."""

    def models(self) -> Sequence[str]: ...

    def metadata(self, model: str, version: str = "") -> ModelMetadata: ...

    def ready(self, model: str, version: str = "") -> bool: ...

    def infer(self, request: InferenceRequest, timeout: float | None = None) -> InferenceResponse: ...

    def statistics(self, model: str, version: str = "") -> Statistics: ...


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


class MethodNotAllowed(InferenceError):
    status = 405


class PathNotFound(InferenceError):
    status = 404


@dataclass(frozen=True, slots=True)
class Endpoints:
    """`name` and `version` are what server metadata says of this server."""

    engine: Engine
    name: str = "bitgoeul"
    version: str = "0.1.0"

    def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answers one request; `headers` by lower-case name. Never raises InferenceError: it becomes the reply."""
        try:
            reply = self._route(method, path.rstrip("/"), headers, body)
        except InferenceError as error:
            reply = _json({"error": str(error)}, error.status)
        return _compress(reply, headers.get("accept-encoding", ""))

    def _route(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        plain = self._plain().get(path)
        if plain is not None:
            allowed, answer = plain
            _allow(method, allowed)
            return answer()
        match = MODEL_PATH.fullmatch(path)
        if match is None:
            raise PathNotFound(f"no such path: {path}")
        model, version, action = match["model"], match["version"] or "", match["action"]
        _allow(method, "POST" if action == "infer" else "GET")
        if action == "infer":
            return self._infer(model, version, headers, body)
        if action == "ready":
            return self._ready(model, version)
        if action == "stats":
            return _json({"model_stats": [_statistics(self.engine.statistics(model, version))]})
        return _json(_metadata(self.engine.metadata(model, version)))

    def _plain(self) -> dict[str, tuple[str, Callable[[], Reply]]]:
        return {
            "/v2": ("GET", self._server),
            "/v2/health/live": ("GET", lambda: Reply(200, {}, b"")),
            "/v2/health/ready": ("GET", self._server_ready),
            "/v2/repository/index": ("POST", self._index),
            "/v2/models/stats": ("GET", self._all_statistics),
        }

    def _server(self) -> Reply:
        extensions = ["binary_tensor_data", "model_repository", "statistics"]
        return _json({"name": self.name, "version": self.version, "extensions": extensions})

    def _server_ready(self) -> Reply:
        models = self.engine.models()
        return Reply(200 if models else 503, {}, b"")

    def _ready(self, model: str, version: str) -> Reply:
        return Reply(200 if self.engine.ready(model, version) else 503, {}, b"")

    def _index(self) -> Reply:
        return _json([entry for model in self.engine.models() for entry in self._entries(model)])

    def _entries(self, model: str) -> list[dict[str, str]]:
        try:
            versions = self.engine.metadata(model).versions
        except InferenceError as error:
            return [{"name": model, "version": "", "state": "UNAVAILABLE", "reason": str(error)}]
        return [{"name": model, "version": version, "state": "READY", "reason": ""} for version in versions]

    def _all_statistics(self) -> Reply:
        return _json({"model_stats": [_statistics(self.engine.statistics(model)) for model in self.engine.models()]})

    def _infer(self, model: str, version: str, headers: Mapping[str, str], body: bytes) -> Reply:
        self.engine.ready(model, version)
        content = _decompress(body, headers.get("content-encoding", ""))
        request, wanted = decode_request(model, version, content, headers.get(JSON_LENGTH))
        encoded = encode_response(self.engine.infer(request), wanted)
        return Reply(200, encoded.headers(), encoded.content)


def _allow(method: str, allowed: str) -> None:
    if method != allowed:
        raise MethodNotAllowed(f"{method} is not possible here, {allowed} is")


def _json(document: object, status: int = 200) -> Reply:
    return Reply(status, {"Content-Type": "application/json"}, orjson.dumps(document))


def _metadata(described: ModelMetadata) -> dict[str, Any]:
    return {
        "name": described.name,
        "versions": list(described.versions),
        "platform": described.platform,
        "inputs": [_tensor(spec) for spec in described.inputs],
        "outputs": [_tensor(spec) for spec in described.outputs],
    }


def _tensor(spec: TensorSpec) -> dict[str, Any]:
    return {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}


def _statistics(done: Statistics) -> dict[str, Any]:
    success = {"count": done.requests, "ns": done.nanoseconds}
    return {
        "name": done.model,
        "version": done.version,
        "last_inference": done.last_milliseconds,
        "inference_count": done.rows,
        "execution_count": done.requests,
        "inference_stats": {
            "success": success,
            "fail": {"count": done.failures, "ns": done.failed_nanoseconds},
            "compute_infer": success,
        },
        "batch_stats": [],
    }


def _decompress(body: bytes, encoding: str) -> bytes:
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "deflate"):
        raise InvalidRequest(f"Content-Encoding {encoding!r} is not understood: gzip, deflate or none is")
    machine = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        content = machine.decompress(body, LARGEST_BODY)
    except zlib.error as error:
        raise InvalidRequest(f"the body is not {encoding}: {error}") from error
    if machine.unconsumed_tail:
        raise InvalidRequest(f"the body unpacks to more than {LARGEST_BODY} bytes")
    if not machine.eof:
        raise InvalidRequest(f"the {encoding} body is cut off")
    return content


def _compress(reply: Reply, accepted: str) -> Reply:
    if len(reply.body) < COMPRESSION_FROM:
        return reply
    names = [part.split(";")[0].strip() for part in accepted.split(",")]
    if "gzip" in names:
        return _packed(reply, "gzip", gzip.compress(reply.body, compresslevel=1, mtime=0))
    if "deflate" in names:
        return _packed(reply, "deflate", zlib.compress(reply.body, level=1))
    return reply


def _packed(reply: Reply, encoding: str, body: bytes) -> Reply:
    return Reply(reply.status, {**reply.headers, "Content-Encoding": encoding}, body)
