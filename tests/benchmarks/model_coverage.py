"""How many people of a folder of FHIR bundles get a result of each model, and why the others do not.

`python -m tests.benchmarks.model_coverage FOLDER [YYYY-MM-DD]`: each person at that day, else at the last visit.
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from inference.ageing.panel import assess_panel
from inference.ageing.run import Assessment, Outcome
from inference.features.record import Record
from inference.runtime.model_repository import ModelRepository
from inference.runtime.onnx import OnnxEngine

REPOSITORY = Path(__file__).parents[2] / "inference" / "model_repository"


def records(folder: Path) -> Iterator[Record]:
    for path in sorted(folder.rglob("*.json")):
        by_type: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for entry in json.loads(path.read_text(encoding="utf-8"))["entry"]:
            by_type[entry["resource"]["resourceType"]].append(entry["resource"])
        for patient in by_type["Patient"]:
            yield Record(
                patient,
                by_type["Observation"],
                by_type["Condition"],
                by_type["MedicationRequest"] + by_type["MedicationStatement"],
                by_type["Encounter"],
            )


def last_visit(record: Record) -> date:
    return date.fromisoformat(max(encounter["period"]["start"][:10] for encounter in record.encounters))


def why(assessment: Assessment) -> str:
    missing = ", ".join(sorted({gap.name for gap in assessment.missing}))
    outside = ", ".join(use.feature for use in assessment.outside)
    return " ".join(part for part in (assessment.reason, missing, outside) if part)


def main() -> None:
    at = date.fromisoformat(sys.argv[2]) if len(sys.argv) > 2 else None
    repository = ModelRepository(REPOSITORY)
    engine, cards = OnnxEngine(repository), cache(repository.card)
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    people, dead = 0, 0
    for record in records(Path(sys.argv[1])):
        panel = assess_panel(record, at or last_visit(record), cards, engine)
        people, dead = people + 1, dead + panel.vector.deceased
        for item in panel.assessments:
            outcomes[item.model][item.outcome.value] += 1
            outcomes[item.model]["certain"] += item.outcome is Outcome.GIVEN and not item.assumed
            if item.outcome is not Outcome.GIVEN:
                reasons[item.model][why(item)] += 1
    sys.stdout.write(f"{people} people, {dead} of them dead and not assessed\n")
    head = ("model", "given (nothing assumed)", "no number", "not assessed", "does not apply", "most often because")
    sys.stdout.write("| " + " | ".join(head) + " |\n")
    sys.stdout.write("|---|--:|--:|--:|--:|---|\n")
    for model, counted in outcomes.items():
        given, *others = (str(counted[outcome.value]) for outcome in Outcome)
        columns = " | ".join([f"{given} ({counted['certain']})", *others])
        most = "; ".join(f"{count}: {reason}" for reason, count in reasons[model].most_common(2))
        sys.stdout.write(f"| {model} | {columns} | {most} |\n")


if __name__ == "__main__":
    main()
