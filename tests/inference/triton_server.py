"""A real Triton on this machine, for tests: the server of the wheel `nvidia-pytriton`, in an environment of its own.

`TRITON_ENVIRONMENT` names the environment, made by::

    python3 -m venv FOLDER && FOLDER/bin/pip install nvidia-pytriton 'numpy<2' onnxruntime
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

from inference.runtime.model_repository import ModelRepository
from inference.runtime.triton_overlay import write_overlay

START_SECONDS = 120
MISSING = "no Triton: TRITON_ENVIRONMENT names no environment with nvidia-pytriton (tests/inference/triton_server.py)"


def packages() -> Path | None:
    """Where the wheel is installed; None without one."""
    named = os.environ.get("TRITON_ENVIRONMENT")
    found = sorted(Path(named).glob("lib/python3*/site-packages")) if named else []
    return next((path for path in found if (path / "pytriton" / "tritonserver").is_dir()), None)


@contextmanager
def triton(repository: ModelRepository, folder: Path) -> Iterator[tuple[str, str, subprocess.Popen[bytes]]]:
    """HTTP and gRPC address (`host:port`) and the process while Triton serves the graphs of ``repository``; ``folder``
    is scratch."""
    installed = packages()
    assert installed is not None, MISSING
    write_overlay(repository, folder / "models")
    http, grpc = _free_port(), _free_port()
    with (folder / "triton.log").open("w") as log:
        server = subprocess.Popen(
            [
                str(installed / "pytriton" / "tritonserver" / "bin" / "tritonserver"),
                f"--model-repository={folder / 'models'}",
                f"--backend-directory={_backends(installed, folder)}",
                "--http-address=127.0.0.1",
                f"--http-port={http}",
                "--grpc-address=127.0.0.1",
                f"--grpc-port={grpc}",
                "--allow-metrics=false",
            ],
            env=_environment(installed),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its backend's processes outlive it when it is killed
        )
        try:
            _wait(server, f"127.0.0.1:{http}")
            yield f"127.0.0.1:{http}", f"127.0.0.1:{grpc}", server
        finally:
            server.terminate()
            server.wait(60)
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)


def _backends(installed: Path, folder: Path) -> Path:
    """The python backend beside the stub of this Python's version, which the wheel keeps elsewhere."""
    server = installed / "pytriton" / "tritonserver"
    backend = folder / "backends" / "python"
    backend.mkdir(parents=True)
    stub = server / "python_backend_stubs" / installed.parent.name.removeprefix("python") / "triton_python_backend_stub"
    for file in (*(server / "backends" / "python").glob("*.*"), stub):
        (backend / file.name).symlink_to(file)
    return backend.parent


def _environment(installed: Path) -> dict[str, str]:
    libraries = f"{sysconfig.get_config_var('LIBDIR')}:{installed / 'nvidia_pytriton.libs'}"
    tools = installed.parents[2] / "bin"
    return os.environ | {
        "LD_LIBRARY_PATH": libraries,
        "PYTHONPATH": str(installed),
        "PATH": f"{tools}:{os.environ.get('PATH', '')}",
    }


def _wait(server: subprocess.Popen[bytes], address: str) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        if _ready(address):
            return
        time.sleep(0.2)
    raise RuntimeError("Triton did not become ready: see triton.log")


def _ready(address: str) -> bool:
    connection = HTTPConnection(address, timeout=2)
    try:
        connection.request("GET", "/v2/health/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
