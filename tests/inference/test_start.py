"""A process that cannot keep what its settings promise of the models does not start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def _start(**environment: str) -> subprocess.CompletedProcess[str]:
    settings = {"DJANGO_SETTINGS_MODULE": "health_platform.settings.test", **environment}
    return subprocess.run(
        [sys.executable, "-c", "import django; django.setup(); print('started')"],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_without_the_demanded_provider_nothing_starts() -> None:
    if os.environ.get("CUDA_VISIBLE_DEVICES"):
        pytest.skip("this machine may have the provider")
    refused = _start(INFERENCE_PROVIDERS="TensorrtExecutionProvider", INFERENCE_PROVIDER_DEMANDED="yes")
    assert refused.returncode != 0
    assert "asks for TensorrtExecutionProvider, ONNX Runtime gave CPUExecutionProvider" in refused.stderr
    assert "started" not in refused.stdout


def test_with_it_and_without_a_demand_it_starts() -> None:
    assert "started" in _start(INFERENCE_PROVIDER_DEMANDED="yes").stdout
    assert "started" in _start(INFERENCE_PROVIDERS="TensorrtExecutionProvider,CPUExecutionProvider").stdout
