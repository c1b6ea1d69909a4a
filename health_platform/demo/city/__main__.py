"""`python -m health_platform.demo.city --citizens 3 --seed 1`: the citizens' transactions as NDJSON, for a look."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import date
from typing import Any

from health_platform.demo.city import codes
from health_platform.demo.city.city import City
from health_platform.demo.city.history import Directory


def citizen_bundles(city: City, citizens: int) -> Iterator[dict[str, Any]]:
    """Every citizen's transactions with conditional references in place of ids."""
    directory = Directory()
    for number in range(citizens):
        history = city.history(number)
        yield history.home_bundle(directory)
        patient = f"Patient?identifier={codes.CITIZEN}|{history.person.identifier}"
        for _, bundle in history.other_bundles(directory, patient):
            yield bundle


def main() -> None:
    """Prints one Bundle a line."""
    parser = argparse.ArgumentParser(prog="python -m health_platform.demo.city", description=__doc__)
    parser.add_argument("--citizens", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--today", type=date.fromisoformat, default=None, help="YYYY-MM-DD (default: today)")
    options = parser.parse_args()
    city = City(options.seed, options.today or date.today())
    for bundle in citizen_bundles(city, options.citizens):
        sys.stdout.write(json.dumps(bundle, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
