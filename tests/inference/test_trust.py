"""What is not what somebody signed, or is not a graph of known operators, does not load, and says why."""

from __future__ import annotations

import hashlib
import json
import shutil
from io import StringIO
from pathlib import Path

import onnx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.core.management import CommandError, call_command
from onnx import TensorProto, helper
from pytest_django import Settings

from inference import registry
from inference.protocol.types import EngineUnavailable
from inference.runtime.model_repository import ModelRepository
from inference.runtime.onnx import OnnxEngine


def _key(folder: Path, name: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


@pytest.fixture
def models(repository: ModelRepository, tmp_path: Path) -> Path:
    shutil.copytree(repository.folder / "osta", tmp_path / "models" / "osta")
    return tmp_path / "models"


@pytest.fixture
def signed(models: Path, tmp_path: Path, settings: Settings) -> Path:
    """The public key under which the command has signed ``models``."""
    private, public = _key(tmp_path, "city")
    settings.MODEL_REPOSITORY = models
    registry.model_repository.cache_clear()
    call_command("sign_models", "--key", str(private), stdout=StringIO())
    registry.model_repository.cache_clear()
    return public


def _load(models: Path, *keys: Path) -> bool:
    return OnnxEngine(ModelRepository(models, keys)).ready("osta")


def test_what_was_signed_loads(models: Path, signed: Path, tmp_path: Path) -> None:
    assert _load(models, signed)
    assert _load(models, _key(tmp_path, "older")[1], signed)


@pytest.mark.parametrize("file", ["card.json", "model.onnx"])
def test_a_changed_byte_does_not_load_and_says_which(models: Path, signed: Path, file: str) -> None:
    changed = models / "osta" / "1" / file
    changed.write_bytes(changed.read_bytes() + b" ")
    with pytest.raises(EngineUnavailable, match=file):
        _load(models, signed)


def test_a_file_more_does_not_load(models: Path, signed: Path) -> None:
    (models / "osta" / "1" / "more.bin").write_bytes(b"x")
    with pytest.raises(EngineUnavailable, match=r"more\.bin"):
        _load(models, signed)


def test_a_graph_and_card_of_another_hand_do_not_load(models: Path, signed: Path) -> None:
    """Someone who can write the folder can make graph and card agree, and cannot sign."""
    folder = models / "osta" / "1"
    model = onnx.load(folder / "model.onnx")
    model.doc_string = "another"
    graph = model.SerializeToString()
    (folder / "model.onnx").write_bytes(graph)
    card = json.loads((folder / "card.json").read_text()) | {"sha256": hashlib.sha256(graph).hexdigest()}
    (folder / "card.json").write_text(json.dumps(card))
    assert _load(models)
    with pytest.raises(EngineUnavailable, match="is not loaded"):
        _load(models, signed)


def test_another_key_and_no_signature_do_not_load(models: Path, signed: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"stranger\.pub"):
        _load(models, _key(tmp_path, "stranger")[1])
    (models / "osta" / "1" / "model.sig").unlink()
    with pytest.raises(EngineUnavailable, match=r"no model\.sig"):
        _load(models, signed)


def test_a_key_that_is_none_signs_nothing(models: Path, tmp_path: Path, settings: Settings) -> None:
    settings.MODEL_REPOSITORY = models
    registry.model_repository.cache_clear()
    (tmp_path / "bad.pem").write_text("no key")
    with pytest.raises(CommandError):
        call_command("sign_models", "--key", str(tmp_path / "bad.pem"), stdout=StringIO())
    registry.model_repository.cache_clear()
    assert not (models / "osta" / "1" / "model.sig").exists()


def _write(models: Path, model: onnx.ModelProto) -> None:
    graph = model.SerializeToString()
    folder = models / "osta" / "1"
    (folder / "model.onnx").write_bytes(graph)
    card = json.loads((folder / "card.json").read_text()) | {"sha256": hashlib.sha256(graph).hexdigest()}
    (folder / "card.json").write_text(json.dumps(card))


def _graph(*nodes: onnx.NodeProto, initializer: tuple[onnx.TensorProto, ...] = ()) -> onnx.ModelProto:
    values = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, 1]) for name in ("x", "y")]
    graph = helper.make_graph(list(nodes), "test", values[:1], values[1:], initializer=list(initializer))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("vendor", 1)])


def test_foreign_operators_do_not_load_even_in_a_branch(models: Path) -> None:
    foreign = helper.make_node("Shell", ["x"], ["y"], domain="vendor")
    _write(models, _graph(foreign))
    with pytest.raises(EngineUnavailable, match=r"vendor\.Shell"):
        _load(models)
    out = helper.make_tensor_value_info("y", TensorProto.DOUBLE, None)
    branch = helper.make_graph([helper.make_node("Loop", ["x"], ["y"])], "branch", [], [out])
    _write(models, _graph(helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)))
    with pytest.raises(EngineUnavailable, match=r"ai\.onnx\.Loop"):
        _load(models)


def test_data_in_other_files_does_not_load(models: Path) -> None:
    tensor = TensorProto(name="w", data_type=TensorProto.DOUBLE, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="../../../etc/passwd")
    _write(models, _graph(helper.make_node("Add", ["x", "w"], ["y"]), initializer=(tensor,)))
    with pytest.raises(EngineUnavailable, match="data in other files"):
        _load(models)


def test_bytes_that_are_no_graph_do_not_load(models: Path) -> None:
    folder = models / "osta" / "1"
    (folder / "model.onnx").write_bytes(b"\xff" * 64)
    digest = hashlib.sha256(b"\xff" * 64).hexdigest()
    card = json.loads((folder / "card.json").read_text()) | {"sha256": digest}
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(EngineUnavailable, match="no ONNX graph"):
        _load(models)
