"""`manage.py` in a checkout whose demo runs speaks to that demo, unless the environment says otherwise."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / ".data"
_KEPT = (
    "DJANGO_SETTINGS_MODULE",
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "CELERY_BROKER_FOLDER",
    "SECRET_KEY",
    "TRIAGE_DEVICE_KEYS",
    "AUDIT_QUERY_KEYS",
    "AUDIT_SIGNING_KEY",
)


def leave(port: int, variables: Mapping[str, str]) -> Path:
    """Note the variables of the demo on ``port`` for other commands of this checkout."""
    FOLDER.mkdir(exist_ok=True)
    file = FOLDER / f"running-{port}.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({name: variables[name] for name in _KEPT if name in variables}))
    return file


def adopt() -> None:
    """Take over the variables of the running demo: that on PORT, or the one started last."""
    if "DJANGO_SETTINGS_MODULE" in os.environ or "DATABASE_URL" in os.environ:
        return
    pattern = f"running-{os.environ['PORT']}.json" if "PORT" in os.environ else "running-*.json"
    files = sorted(FOLDER.glob(pattern), key=lambda file: file.stat().st_mtime)
    if files:
        os.environ.update(json.loads(files[-1].read_text()))
