"""Versions of a model side by side: who decides, who is answered by which, and that a change fails nobody."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from io import StringIO
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from pytest_django import Settings

from health_platform.fhir.access.session import open_session
from inference import registry
from inference.models import InferenceRun, ModelVersion, ServingDecision
from inference.protocol.types import EngineUnavailable, InferenceRequest, Tensor
from inference.runtime.model_repository import ModelRepository
from inference.runtime.onnx import OnnxEngine
from inference.runtime.serving import Mode, PlanBoard, ServedVersions, ServingPlan
from tests.inference.people import check_up, in_care
from tests.inference.stored import OPERATOR, assess, store

MODEL = "prevent-base-10y"
WHO = {"by": "Practitioner/kim", "reason": "agreed in the review of models"}
CACHES = (registry.model_repository, registry._embedded, registry.inference_client, registry._card, registry._board)


def _add_version(folder: Path, model: str, version: str, change: bytes = b"") -> None:
    """A version with the graph of version 1; ``change`` is put behind the graph, against its card."""
    target = folder / model / version
    shutil.copytree(folder / model / "1", target)
    card = json.loads((target / "card.json").read_text())
    (target / "card.json").write_text(json.dumps(card | {"version": version}))
    graph = target / "model.onnx"
    graph.write_bytes(graph.read_bytes() + change)


@pytest.fixture
def folder(repository: ModelRepository, tmp_path: Path) -> Path:
    """A model repository in which two models have two versions, and the third version of one has been tampered with."""
    shutil.copytree(repository.folder, tmp_path / "models")
    for model in (MODEL, "osta"):
        _add_version(tmp_path / "models", model, "2")
    _add_version(tmp_path / "models", MODEL, "3", change=b"\0")
    return tmp_path / "models"


@pytest.fixture
def deployed(folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process serves ``folder`` and takes up decisions at once."""
    settings.MODEL_REPOSITORY = folder
    monkeypatch.setattr("inference.runtime.serving.FRESH_SECONDS", 0.0)
    for cached in CACHES:
        cached.cache_clear()
    yield
    for cached in CACHES:
        cached.cache_clear()


def _answering(model: str, key: str = "") -> str:
    return str(registry.card(model, key)["version"])


@pytest.mark.django_db
@pytest.mark.usefixtures("deployed")
class TestDecisions:
    def test_the_champion_answers_whatever_is_newer(self) -> None:
        registry.decide(MODEL, ServingPlan("1"), **WHO)
        assert _answering(MODEL) == "1"
        registry.decide(MODEL, ServingPlan("2"), **WHO)
        assert _answering(MODEL) == "2"

    def test_a_changed_byte_is_not_taken_up_and_changes_nothing(self) -> None:
        registry.decide(MODEL, ServingPlan("1"), **WHO)
        with pytest.raises(EngineUnavailable, match="SHA-256"):
            registry.decide(MODEL, ServingPlan("3"), **WHO)
        assert _answering(MODEL) == "1"

    def test_one_command_rolls_back(self) -> None:
        for version in ("1", "2"):
            call_command("model_serve", MODEL, version, "--by", "kim", "--reason", "a new year", stdout=StringIO())
        call_command("model_roll_back", MODEL, "--by", "kim", "--reason", "worse in the over-80s", stdout=StringIO())
        assert _answering(MODEL) == "1"
        rows = ServingDecision.objects.filter(model=MODEL).order_by("id")
        assert [(row.champion, row.reason) for row in rows] == [
            ("1", "a new year"),
            ("2", "a new year"),
            ("1", "worse in the over-80s"),
        ]

    def test_without_an_earlier_champion_there_is_nothing_to_roll_back_to(self) -> None:
        with pytest.raises(CommandError, match="no champion before"):
            call_command("model_roll_back", "osta", "--by", "kim", "--reason", "none", stdout=StringIO())

    @pytest.mark.parametrize("options", [["--shadow"], ["--challenger", "2"], ["--challenger", "1", "--shadow"]])
    def test_a_challenger_has_a_part_to_play(self, options: list[str]) -> None:
        with pytest.raises(CommandError):
            call_command("model_serve", MODEL, "1", "--by", "kim", "--reason", "x", *options, stdout=StringIO())
        assert not ServingDecision.objects.exists()

    def test_decisions_are_never_changed(self) -> None:
        registry.decide(MODEL, ServingPlan("1"), **WHO)
        with pytest.raises(DatabaseError), transaction.atomic():
            ServingDecision.objects.update(reason="another")

    def test_a_shadow_is_kept_and_told_to_nobody(self) -> None:
        registry.decide(MODEL, ServingPlan("1", "2", Mode.SHADOW), **WHO)
        told = assess(store(*check_up(), *in_care()))
        with open_session(OPERATOR):
            runs = {
                run.model_version.version: run
                for run in InferenceRun.objects.filter(model_version__model=MODEL).select_related("model_version")
            }
        assert set(runs) == {"1", "2"}
        assert runs["1"].risk_assessment == told[MODEL]["id"]
        assert runs["2"].risk_assessment == ""
        assert runs["2"].outputs == runs["1"].outputs
        assert [row.version for row in ModelVersion.objects.filter(model=MODEL, serving=True)] == ["1"]

    def test_a_canary_answers_its_share_and_the_same_people_each_time(self) -> None:
        registry.decide(MODEL, ServingPlan("1", "2", Mode.CANARY, 0.3), **WHO)
        people = [f"person-{number}" for number in range(1000)]
        first = [_answering(MODEL, person) for person in people]
        assert [_answering(MODEL, person) for person in people] == first
        assert 240 < first.count("2") < 360


def _request(version: str = "") -> InferenceRequest:
    tensors = tuple(Tensor(name, np.array([[value]])) for name, value in (("age", 70.0), ("weight", 50.0)))
    return InferenceRequest("osta", tensors, version=version)


def test_a_change_of_version_under_load_fails_nobody(folder: Path) -> None:
    engine = OnnxEngine(ModelRepository(folder))
    decided = {"osta": ServingPlan("1")}
    board = PlanBoard(lambda: decided, engine.ready, engine.release, clock=count(step=10).__next__)
    served = ServedVersions(engine, lambda model, key: plan.version_for(key) if (plan := board.plan(model)) else "")
    failures: list[Exception] = []
    seen: list[str] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                seen.append(served.infer(_request()).version)
            except Exception as error:
                failures.append(error)

    callers = [threading.Thread(target=ask) for _ in range(4)]
    for caller in callers:
        caller.start()
    for turn in range(30):
        before = len(seen)
        decided["osta"] = ServingPlan("2" if turn % 2 == 0 else "1")
        while len(seen) < before + 50 and not failures:
            pass
    stop.set()
    for caller in callers:
        caller.join()
    assert failures == []
    assert {"1", "2"} <= set(seen)


def test_the_version_before_is_let_go(folder: Path) -> None:
    engine = OnnxEngine(ModelRepository(folder))
    decided = {"osta": ServingPlan("1")}
    board = PlanBoard(lambda: decided, engine.ready, engine.release, clock=count(step=10).__next__)
    board.plan("osta")
    decided["osta"] = ServingPlan("2")
    board.plan("osta")
    assert {version for model, version in engine._loaded if model == "osta"} == {"2"}


def test_a_version_that_does_not_load_leaves_the_one_that_answers(folder: Path) -> None:
    engine = OnnxEngine(ModelRepository(folder))
    decided = {MODEL: ServingPlan("1")}
    board = PlanBoard(lambda: decided, engine.ready, engine.release, clock=count(step=10).__next__)
    board.plan(MODEL)
    decided[MODEL] = ServingPlan("3")
    plan = board.plan(MODEL)
    assert plan is not None
    assert plan.champion == "1"


def test_a_request_that_names_a_version_gets_it(folder: Path) -> None:
    served = ServedVersions(OnnxEngine(ModelRepository(folder)), lambda _model, _key: "1")
    assert served.infer(_request()).version == "1"
    assert served.infer(_request("2")).version == "2"
