"""Compiles `places.json` from a list of institutions: counts and roads of each dong, and no institution's name.

python -m health_platform.demo.city.compile_places facilities.csv.gz > health_platform/demo/city/places.json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from clinics.registry.hira_list import Institution, read_list

ROADS_PER_DONG = 6
PROVENANCE = (
    "Counted from the list of institutions of the Health Insurance Review and Assessment Service, 2026-03, by"
    " compile_places.py: kinds per district; per dong the number of institutions, their mean position (WGS 84) and the"
    " most frequent road names."
)


def compile_places(institutions: Iterable[Institution]) -> dict[str, Any]:
    """The document of `places.json`."""
    by_district: dict[str, list[Institution]] = defaultdict(list)
    for institution in institutions:
        by_district[institution.address.district.name].append(institution)
    districts = {name: _district(members) for name, members in sorted(by_district.items())}
    return {"provenance": PROVENANCE, "districts": districts}


def _district(members: Sequence[Institution]) -> dict[str, Any]:
    by_dong: dict[str, list[Institution]] = defaultdict(list)
    for institution in members:
        if institution.dong and institution.position:
            by_dong[institution.dong].append(institution)
    kinds = Counter(institution.type_name for institution in members)
    return {
        "kinds": dict(sorted(kinds.items())),
        "dongs": {name: _dong(inside) for name, inside in sorted(by_dong.items())},
    }


def _dong(members: Sequence[Institution]) -> dict[str, Any]:
    positions = [institution.position for institution in members if institution.position]
    roads = Counter(institution.address.road for institution in members)
    return {
        "institutions": len(members),
        "lon": round(fmean(float(longitude) for longitude, _ in positions), 4),
        "lat": round(fmean(float(latitude) for _, latitude in positions), 4),
        "roads": [road for road, _ in sorted(roads.items(), key=lambda item: (-item[1], item[0]))[:ROADS_PER_DONG]],
    }


def main() -> None:
    """Prints the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="the list: CSV, gzipped or not")
    document = compile_places(read_list(parser.parse_args().file.read_bytes()).institutions)
    text = json.dumps(document, ensure_ascii=False, indent=1)
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
