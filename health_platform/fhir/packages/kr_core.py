"""KR Core 2.0.0, built in: the facts of compile_kr_core.py."""

from __future__ import annotations

import json
import lzma
from functools import cache
from pathlib import Path
from typing import Any

CANONICAL = "http://www.hl7korea.or.kr/fhir/krcore"
VERSION = "2.0.0"
PROFILES = f"{CANONICAL}/StructureDefinition/"


@cache
def facts() -> dict[str, Any]:
    """`profiles`, `terminology`, `search_parameters` (url, code, base, type, expression) and `provenance`."""
    content = (Path(__file__).parent / "kr_core.json.xz").read_bytes()
    found: dict[str, Any] = json.loads(lzma.decompress(content))
    return found
