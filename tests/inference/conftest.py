"""What the tests of models share: the built repository, one engine, and the reference material beside the checkout."""

from pathlib import Path

import pytest

from inference.runtime.model_repository import ModelRepository
from inference.runtime.onnx import OnnxEngine
from tests.inference.running import Run, run_with

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def repository() -> ModelRepository:
    return ModelRepository(ROOT / "inference" / "model_repository")


@pytest.fixture(scope="session")
def engine(repository: ModelRepository) -> OnnxEngine:
    return OnnxEngine(repository)


@pytest.fixture(scope="session")
def run(engine: OnnxEngine) -> Run:
    return run_with(engine)


@pytest.fixture(scope="session")
def shared_models(shared: Path) -> Path:
    return shared / "models"
