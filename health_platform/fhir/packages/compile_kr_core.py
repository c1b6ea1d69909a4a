"""Compile KR Core 2.0.0 (CC0-1.0, http://www.hl7korea.or.kr/fhir/krcore) into compact facts. Run by hand:

    python -m health_platform.fhir.packages.compile_kr_core FOLDER

FOLDER holds the definitions as JSON files. Writes `kr_core.json.xz`: the profiles and extensions as overlays on R4, the
code systems and value sets, and the search parameters; no prose.
"""

from __future__ import annotations

import json
import lzma
import sys
from pathlib import Path
from typing import Any

from health_platform.fhir.definitions.compile_terminology import compact
from health_platform.fhir.packages.profiles import from_structure_definition, to_facts

Json = dict[str, Any]
TARGET = Path(__file__).parent / "kr_core.json.xz"


def main(folder: Path) -> None:
    resources = [json.loads(path.read_text()) for path in sorted(folder.rglob("*.json"))]
    facts = {
        "provenance": {
            "source": "KR Core 2.0.0 (hl7.fhir.kr.core, 2025-08-29), HL7 Korea, licence CC0-1.0",
            "canonical": "http://www.hl7korea.or.kr/fhir/krcore",
            "script": "health_platform/fhir/packages/compile_kr_core.py",
        },
        "profiles": [to_facts(from_structure_definition(r)) for r in _of_type(resources, "StructureDefinition")],
        "terminology": compact(resources),
        "search_parameters": [_search_parameter(r) for r in _of_type(resources, "SearchParameter")],
    }
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    TARGET.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    sys.stdout.write(f"{TARGET.name}: {len(facts['profiles'])} profiles, {TARGET.stat().st_size} bytes\n")


def _of_type(resources: list[Json], resource_type: str) -> list[Json]:
    return [resource for resource in resources if resource["resourceType"] == resource_type]


def _search_parameter(resource: Json) -> list[Any]:
    return [resource[name] for name in ("url", "code", "base", "type")] + [resource.get("expression", "")]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
