"""Training and writing of the level model: from the visits to graph, configuration and card in the model repository."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.training.build_models import REPOSITORY
from inference.training.card import LARGEST_BATCH
from inference.training.triage_data import Visit
from inference.training.triage_design import Design
from inference.training.triage_fit import UNDER_TRIAGE_COST, Fit, fit, stratified
from inference.training.triage_graph import level_graph, output_widths
from inference.triage.assess import assess
from inference.triage.complaint_text import Lexicon, lexicon, normal
from inference.triage.level_model import FROM_YEARS, MEASUREMENTS, MODEL, concepts_of, measurements_of
from inference.triage.rule_pack import safety_net

VERSION = "1"
SEED = 20190906
Matrix = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Table:
    """The visits as arrays. `groups` holds one value for equal complaints, so that folds can keep them together."""

    terms: Matrix
    measurements: Matrix
    concepts: Matrix
    expert: Integers
    nurse: Integers
    rules: Integers
    groups: npt.NDArray[np.str_]


def table_of(visits: list[Visit], words: Lexicon) -> Table:
    """Arrays of the visits, in the order of a hash of their content: the file's order carries the answer."""
    ordered = sorted(visits, key=lambda visit: hashlib.sha256(repr((visit.text, visit.case)).encode()).digest())
    measurements = np.array([measurements_of(visit.case) for visit in ordered])
    concepts = np.array([concepts_of(words, words.found(visit.text)) for visit in ordered])
    return Table(
        terms=Design(words.names).matrix(measurements, concepts),
        measurements=measurements,
        concepts=concepts,
        expert=np.array([visit.expert for visit in ordered]),
        nurse=np.array([visit.nurse for visit in ordered]),
        rules=np.array([assess(visit.case, safety_net()).level.number for visit in ordered]),
        groups=np.array([normal(visit.text) or f"row {row}" for row, visit in enumerate(ordered)]),
    )


def train(table: Table) -> Fit:
    """The model of all rows. The same rows give the same numbers."""
    return fit(table.terms, table.expert, table.rules, table.groups, stratified, SEED)


def write_model(
    fitted: Fit, table: Table, figures: dict[str, Any], data_sha256: str, repository: Path = REPOSITORY
) -> str:
    """Write the model into a repository in Triton's layout; returns the SHA-256 of the graph."""
    words = lexicon()
    design = Design(words.names)
    graph = level_graph(fitted, design, MODEL, VERSION).SerializeToString(deterministic=True)
    checksum = hashlib.sha256(graph).hexdigest()
    folder = repository / MODEL / VERSION
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(graph)
    card = _card(fitted, design, table, figures, checksum, data_sha256)
    text = json.dumps(card, ensure_ascii=False, indent=1) + "\n"
    (folder / "card.json").write_text(text, encoding="utf-8")
    (folder.parent / "config.pbtxt").write_text(_triton_config(design), encoding="utf-8")
    return checksum


def _card(
    fitted: Fit, design: Design, table: Table, figures: dict[str, Any], checksum: str, data_sha256: str
) -> dict[str, Any]:
    return {
        "id": MODEL,
        "version": VERSION,
        "sha256": checksum,
        "title": "Triage level (KTAS 1-5) from complaint, vital signs and arrival",
        "family": "triage",
        "kind": "level",
        "horizon_years": None,
        "population": (
            f"{len(table.expert)} visits of adults (16-96 years) to two emergency departments in Korea, 2016-2017"
        ),
        "source": {
            "authors": "Moon SH, Shim JL, Park KS, Park CS (data); fitted by this project",
            "journal": "PLoS ONE 2019;14(9):e0216972 (data)",
            "doi": "10.1371/journal.pone.0216972",
        },
        "licence": "Data: CC BY 4.0, which allows derived works with attribution. The model: Apache-2.0.",
        "verification": {"state": "CV", "by": ["nested five-fold cross-validation, see figures"]},
        "korea": {"calibrated": True, "note": "Trained and calibrated in Korea, on two departments only."},
        "release": {"citizen": "none"},
        "limits": LIMITS,
        "method": METHOD,
        "training": {"n": len(table.expert), "data_sha256": data_sha256, "seed": SEED, "by_level": _counts(table)},
        "lexicon_sha256": lexicon().checksum,
        "thresholds": [float(value) for value in fitted.thresholds],
        "under_triage_cost": UNDER_TRIAGE_COST,
        "figures": figures,
        "measurements": list(MEASUREMENTS),
        "inputs": [
            _tensor("measurements", len(MEASUREMENTS)),
            _tensor("concepts", len(design.concepts)),
        ],
        "outputs": [_tensor(name, width) for name, width in output_widths(design).items()],
        "terms": [
            {"name": name, "finding": finding, "log_odds": [round(float(w), 6) for w in row]}
            for name, finding, row in zip(design.names, design.findings, fitted.weights, strict=True)
        ],
    }


METHOD = (
    "Four logistic regressions (level 1, 1-2, 1-3, 1-4) with a ridge penalty of 1 on steps of vital signs, concepts of "
    "the complaint and 12 products; Platt calibration and thresholds by cost on inner folds. Sex, hospital, crowding "
    "and everything known after triage are left out; the order of the rows is destroyed."
)
LIMITS = [
    "May raise the level of the rules and never lowers it.",
    f"From {FROM_YEARS} years; no child was in the data.",
    "Two departments, one data set: not validated elsewhere, not on ambulances, and not for patients' outcomes.",
    "Level 1 rests on 18 visits.",
    "14 visits ended in intensive care or death: nothing is claimed about outcomes.",
    "The experts' level is a judgement from records; this agrees with it, it is not the truth.",
    "Terms and penalty were chosen with the same visits in view: expect somewhat less on others.",
    "The data hold English complaints only; Korean ones are read by a lexicon of our own that no data have tested.",
    "An unknown sign pushes nowhere; what it could change is told apart.",
]


def _tensor(name: str, width: int) -> dict[str, Any]:
    return {"name": name, "width": width, "datatype": "FP64", "lead": False}


def _counts(table: Table) -> dict[str, int]:
    return {str(level): int((table.expert == level).sum()) for level in range(1, 6)}


def _triton_config(design: Design) -> str:
    inputs = {"measurements": len(MEASUREMENTS), "concepts": len(design.concepts)}
    outputs = [(name, "TYPE_FP64", width) for name, width in output_widths(design).items()]
    return "\n".join(
        [
            f'name: "{MODEL}"',
            'platform: "onnxruntime_onnx"',
            f"max_batch_size: {LARGEST_BATCH}",
            _tensors("input", [(name, "TYPE_FP64", width) for name, width in inputs.items()]),
            _tensors("output", [*outputs, ("status", "TYPE_INT32", 1)]),
            "dynamic_batching { }",
            "version_policy { all { } }",
            "instance_group [ { kind: KIND_CPU } ]",
            'parameters { key: "intra_op_thread_count" value: { string_value: "1" } }',
            "",
        ]
    )


def _tensors(side: str, tensors: list[tuple[str, str, int]]) -> str:
    lines = [f'  {{ name: "{name}" data_type: {kind} dims: [ {width} ] }}' for name, kind, width in tensors]
    return f"{side} [\n" + ",\n".join(lines) + "\n]"
