"""Requests and responses as JSON and as binary tensors (Triton's binary tensor data extension), both directions.

A body with binary tensors is the JSON part, whose length the header Inference-Header-Content-Length gives, followed by
the tensors' bytes, little-endian, in the order of the JSON part. JSON knows no NaN: a missing value is `null` there,
both ways; that is an extension of ours.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import orjson

from .types import DATATYPES, Array, InferenceRequest, InferenceResponse, InvalidRequest, Tensor

JSON_LENGTH = "inference-header-content-length"
LARGEST_ELEMENTS = 16_000_000
INTEGERS = {"UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64"}


@dataclass(frozen=True, slots=True)
class Body:
    """A body and, where it carries binary tensors, the length of its JSON part."""

    content: bytes
    json_length: int | None = None

    def headers(self) -> dict[str, str]:
        if self.json_length is None:
            return {"Content-Type": "application/json"}
        return {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(self.json_length)}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which outputs the caller wants as binary tensors."""

    all: bool = False
    names: frozenset[str] = frozenset()

    def binary(self, name: str) -> bool:
        return self.all or name in self.names


def decode_request(
    model: str, version: str, content: bytes, json_length: str | None
) -> tuple[InferenceRequest, Wanted]:
    """Raises InvalidRequest that says what cannot be read and where."""
    document, tail = _split(content, json_length)
    inputs = document.get("inputs")
    if not isinstance(inputs, list):
        raise InvalidRequest("Unable to parse 'inputs': a list of tensors is expected")
    outputs = document.get("outputs", [])
    if not isinstance(outputs, list) or not all(isinstance(item, dict) and "name" in item for item in outputs):
        raise InvalidRequest("Unable to parse 'outputs': a list of objects with a name is expected")
    tensors = _tensors(inputs, tail)
    every = _parameters(document).get("binary_data_output") is True
    binary = frozenset(str(item["name"]) for item in outputs if _parameters(item).get("binary_data") is True)
    request = InferenceRequest(
        model=model,
        version=version,
        inputs=tensors,
        outputs=tuple(str(item["name"]) for item in outputs),
        id=str(document.get("id", "")),
    )
    return request, Wanted(every and not outputs, binary)


def encode_response(response: InferenceResponse, wanted: Wanted) -> Body:
    """`parameters` of the response name the engine and the provider that ran."""
    document: dict[str, Any] = {"model_name": response.model, "model_version": response.version}
    if response.id:
        document["id"] = response.id
    document["parameters"] = {"engine": response.engine, "provider": response.provider}
    if response.fell_back:
        document["parameters"]["fell_back"] = response.fell_back
    return _join(document, "outputs", response.outputs, wanted)


def encode_request(request: InferenceRequest) -> Body:
    """A request with binary tensors that asks for binary outputs: nothing is lost, NaN included."""
    document: dict[str, Any] = {"id": request.id} if request.id else {}
    if request.outputs:
        document["outputs"] = [{"name": name, "parameters": {"binary_data": True}} for name in request.outputs]
    else:
        document["parameters"] = {"binary_data_output": True}
    return _join(document, "inputs", request.inputs, Wanted(all=True))


def decode_response(content: bytes, json_length: str | None, engine: str) -> InferenceResponse:
    """What a server answered; `provider` is the one the server names, empty where it names none."""
    document, tail = _split(content, json_length)
    parameters = _parameters(document)
    return InferenceResponse(
        model=str(document.get("model_name", "")),
        version=str(document.get("model_version", "")),
        outputs=_tensors(document.get("outputs", []), tail),
        engine=engine,
        provider=str(parameters.get("provider", "")),
        id=str(document.get("id", "")),
    )


def _split(content: bytes, json_length: str | None) -> tuple[dict[str, Any], memoryview]:
    view = memoryview(content)
    length = len(content)
    if json_length is not None:
        if not json_length.isdecimal() or int(json_length) > length:
            raise InvalidRequest(
                f"Inference-Header-Content-Length {json_length!r} does not fit a body of {length} bytes"
            )
        length = int(json_length)
    document = _loads(bytes(view[:length]))
    if not isinstance(document, dict):
        raise InvalidRequest("failed to parse the request JSON buffer: an object is expected")
    return document, view[length:]


def _loads(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(content)  # numbers that strict JSON lacks: NaN and Infinity
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"failed to parse the request JSON buffer: {error}") from error


def _parameters(document: Mapping[str, Any]) -> Mapping[str, Any]:
    parameters = document.get("parameters", {})
    if not isinstance(parameters, dict):
        raise InvalidRequest("Unable to parse 'parameters': an object is expected")
    return parameters


def _tensors(documents: Sequence[Any], tail: memoryview) -> tuple[Tensor, ...]:
    tensors: list[Tensor] = []
    for document in documents:
        if not isinstance(document, dict):
            raise InvalidRequest("Unable to parse a tensor: an object is expected")
        size = _parameters(document).get("binary_data_size")
        if size is None:
            tensors.append(_from_json(document))
            continue
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= len(tail):
            raise InvalidRequest(f"binary_data_size {size!r} of '{document.get('name')}' does not fit the body")
        tensors.append(_from_binary(document, tail[:size]))
        tail = tail[size:]
    if len(tail):
        raise InvalidRequest(f"{len(tail)} bytes follow the last tensor")
    names = [tensor.name for tensor in tensors]
    if len(set(names)) < len(names):
        raise InvalidRequest("a tensor is given twice")
    return tuple(tensors)


def _head(document: Mapping[str, Any]) -> tuple[str, str, tuple[int, ...]]:
    name, datatype, shape = document.get("name"), document.get("datatype"), document.get("shape")
    if not isinstance(name, str) or not name:
        raise InvalidRequest("Unable to parse 'name' of a tensor: a text is expected")
    if not isinstance(datatype, str) or datatype not in DATATYPES:
        raise InvalidRequest(f"invalid datatype {datatype!r} for '{name}': one of {', '.join(DATATYPES)} is expected")
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise InvalidRequest(f"Unable to parse 'shape' of '{name}': a list of whole numbers is expected")
    if _elements(shape) > LARGEST_ELEMENTS:
        raise InvalidRequest(f"'{name}' has more than {LARGEST_ELEMENTS} elements")
    return name, datatype, tuple(shape)


def _elements(shape: Sequence[int]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total


def _from_json(document: Mapping[str, Any]) -> Tensor:
    name, datatype, shape = _head(document)
    data = document.get("data")
    if not isinstance(data, list):
        raise InvalidRequest(f"Unable to parse 'data' of '{name}': a list is expected")
    flat = _flat(data, len(shape))
    if len(flat) != _elements(shape):
        raise InvalidRequest(f"unable to parse 'data' of '{name}': {len(flat)} elements, shape {list(shape)}")
    _check_types(name, datatype, {type(value) for value in flat})
    try:
        array = np.array(flat, dtype=DATATYPES[datatype])
    except (ValueError, OverflowError, TypeError) as error:
        raise InvalidRequest(f"unable to parse 'data' of '{name}' as {datatype}: {error}") from error
    return Tensor(name, array.reshape(shape))


def _flat(data: list[Any], depth: int) -> list[Any]:
    for _ in range(depth):
        if not data or type(data[0]) is not list:
            break
        data = list(chain.from_iterable(data)) if all(type(row) is list for row in data) else data
    return data


def _check_types(name: str, datatype: str, found: set[type]) -> None:
    if datatype == "BOOL":
        allowed: set[type] = {bool}
    elif datatype in INTEGERS:
        allowed = {int}
    else:
        allowed = {int, float, type(None)}
    wrong = found - allowed
    if wrong:
        kinds = ", ".join(sorted(kind.__name__ for kind in wrong))
        raise InvalidRequest(f"unable to parse 'data' of '{name}': {kinds} where {datatype} is expected")


def _from_binary(document: Mapping[str, Any], content: memoryview) -> Tensor:
    name, datatype, shape = _head(document)
    dtype = np.dtype(DATATYPES[datatype]).newbyteorder("<")
    if len(content) != _elements(shape) * dtype.itemsize:
        raise InvalidRequest(
            f"unexpected total byte size {len(content)} for input '{name}', "
            f"expecting {_elements(shape) * dtype.itemsize}"
        )
    return Tensor(name, np.frombuffer(content, dtype=dtype).astype(DATATYPES[datatype], copy=False).reshape(shape))


def _join(document: dict[str, Any], side: str, tensors: Sequence[Tensor], wanted: Wanted) -> Body:
    tail: list[bytes] = []
    described: list[dict[str, Any]] = []
    for tensor in tensors:
        item: dict[str, Any] = {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}
        if wanted.binary(tensor.name):
            content = _little_endian(tensor.data)
            item["parameters"] = {"binary_data_size": len(content)}
            tail.append(content)
        else:
            item["data"] = np.ascontiguousarray(tensor.data).reshape(-1)
        described.append(item)
    document[side] = described
    head = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return Body(head + b"".join(tail), len(head)) if tail else Body(head)


def _little_endian(array: Array) -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
