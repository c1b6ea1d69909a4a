"""What a graph has to be before it is loaded: signed where keys are given, of known operators, whole, not too large.

Signatures are those of OpenSSF Model Signing 1.0 (https://github.com/sigstore/model-transparency, in a Sigstore bundle)
with an elliptic key that is kept offline. A graph is a program: one with operators beyond ONNX's own, or with data in
files elsewhere, is not run at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import onnx

from inference.protocol.types import EngineUnavailable

SIGNATURE: Final = "model.sig"
LARGEST_GRAPH: Final = 512 * 1024 * 1024
DOMAINS: Final = frozenset({"", "ai.onnx", "ai.onnx.ml"})
# Operators that run other graphs without bound, or keep state between calls.
REFUSED_OPERATORS: Final = frozenset({"Loop", "Scan"})


def refuse_unsigned(folder: Path, keys: Sequence[Path]) -> None:
    """Raises EngineUnavailable unless one of ``keys`` (public, PEM files) has signed ``folder`` as it stands. Without
    keys nothing is asked."""
    if not keys:
        return
    signature = folder / SIGNATURE
    if not signature.is_file():
        raise EngineUnavailable(f"{_name(folder)} is not loaded: it has no {SIGNATURE}; sign it with `sign_models`")
    why = [reason for key in keys if (reason := _refusal(folder, signature, key))]
    if len(why) == len(keys):
        raise EngineUnavailable(f"{_name(folder)} is not loaded: {'; '.join(why)}")


def _refusal(folder: Path, signature: Path, key: Path) -> str:
    """Why the signature does not hold under this key; empty where it holds."""
    from model_signing import hashing, verifying  # half a second, for who demands signatures alone

    everything = hashing.Config().set_ignored_paths(paths=[signature], ignore_git_paths=False)  # type: ignore[no-untyped-call]
    try:
        verifier = verifying.Config().use_elliptic_key_verifier(public_key=key)  # type: ignore[no-untyped-call]
        verifier.set_hashing_config(everything).verify(folder, signature)
    except Exception as error:
        return f"by {key.name}: {error or type(error).__name__}"
    return ""


def sign(folder: Path, private_key: Path, password: str | None = None) -> Path:
    """Sign the folder of a model version; the signature file in it. Raises ValueError for a key that cannot be read."""
    from model_signing import hashing, signing

    signature = folder / SIGNATURE
    everything = hashing.Config().set_ignored_paths(paths=[signature], ignore_git_paths=False)  # type: ignore[no-untyped-call]
    signer = signing.Config().use_elliptic_key_signer(private_key=private_key, password=password)  # type: ignore[no-untyped-call]
    signer.set_hashing_config(everything).sign(folder, signature)
    return signature


def refuse_unbounded(graph: bytes, name: str) -> None:
    """Raises EngineUnavailable for a graph that is too large, has foreign operators, or has data elsewhere."""
    if len(graph) > LARGEST_GRAPH:
        raise EngineUnavailable(f"{name} is not loaded: {len(graph)} bytes, at most {LARGEST_GRAPH} are")
    try:
        parsed = onnx.load_model_from_string(graph)
    except Exception as error:
        raise EngineUnavailable(f"{name} is not loaded: model.onnx is no ONNX graph") from error
    foreign = sorted({f"{node.domain or 'ai.onnx'}.{node.op_type}" for node in _nodes(parsed) if _is_foreign(node)})
    if foreign:
        raise EngineUnavailable(f"{name} is not loaded: operators that are not allowed here: {', '.join(foreign)}")
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in _tensors(parsed)):
        raise EngineUnavailable(f"{name} is not loaded: it has data in other files; store them inside the graph")


def _is_foreign(node: onnx.NodeProto) -> bool:
    return node.domain not in DOMAINS or node.op_type in REFUSED_OPERATORS


def _graphs(model: onnx.ModelProto) -> Iterator[onnx.GraphProto]:
    waiting = [model.graph]
    while waiting:
        graph = waiting.pop()
        yield graph
        waiting += _subgraphs(graph.node)


def _subgraphs(nodes: Iterable[onnx.NodeProto]) -> list[onnx.GraphProto]:
    attributes = [attribute for node in nodes for attribute in node.attribute]
    single = [attribute.g for attribute in attributes if attribute.HasField("g")]
    return single + [graph for attribute in attributes for graph in attribute.graphs]


def _nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    for graph in _graphs(model):
        yield from graph.node
    for function in model.functions:
        yield from function.node


def _tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    for graph in _graphs(model):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for node in _nodes(model):
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors


def _name(folder: Path) -> str:
    return f"model '{folder.parent.name}' version {folder.name}"
