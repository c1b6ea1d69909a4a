"""The emergency visits of PLOS ONE 0216972 (Moon et al. 2019, CC BY 4.0) as cases with a nurse's and experts' levels.

Columns known at triage only. Left out: the nurse's level (kept aside for comparison), diagnosis, disposition, length of
stay, error group, duration of triage, mistriage, which are known afterwards; sex; hospital and crowding, which no crew
knows. The order of the rows carries the answer (the first ones are the mistriaged), so nothing may depend on it.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.triage.case import ArrivalMode, TriageCase
from inference.triage.vital_signs import MEASUREMENTS, Avpu, VitalSigns, age_from_quantity

LEAKING = (
    "KTAS_RN", "Diagnosis in ED", "Disposition", "Error_group", "Length of stay_min", "KTAS duration_min", "mistriage",
)  # fmt: skip
NEVER_INPUTS = ("Sex", "Group", "Patients number per hour")
_NUMBERS = {
    "SBP": "systolic_blood_pressure",
    "DBP": "diastolic_blood_pressure",
    "HR": "heart_rate",
    "RR": "respiratory_rate",
    "BT": "body_temperature",
    "Saturation": "oxygen_saturation",
}
_MENTAL = {"1": Avpu.ALERT, "2": Avpu.VOICE, "3": Avpu.PAIN, "4": Avpu.UNRESPONSIVE}
_ARRIVAL = {
    "1": ArrivalMode.WALKING,
    "2": ArrivalMode.AMBULANCE_119,
    "3": ArrivalMode.PRIVATE_CAR,
    "4": ArrivalMode.AMBULANCE_PRIVATE,
    "5": ArrivalMode.PUBLIC_TRANSPORT,
    "6": ArrivalMode.WHEELCHAIR,
    "7": ArrivalMode.OTHER,
}


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit: what was known at triage, the experts' level and, for comparison, the nurse's. `sex` for reports."""

    case: TriageCase
    text: str
    expert: int
    nurse: int
    sex: str


def read_visits(path: Path) -> list[Visit]:
    """The visits of a file in the form of the published table (semicolons, decimal commas)."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [_visit(row) for row in csv.DictReader(file, delimiter=";")]


def _visit(row: Mapping[str, str]) -> Visit:
    signs: dict[str, Any] = {name: _plausible(row[column], name) for column, name in _NUMBERS.items()}
    in_pain = row["Pain"].strip() == "1"
    case = TriageCase(
        age=age_from_quantity(int(float(row["Age"])), "a"),
        vital_signs=VitalSigns(
            **signs,
            pain=_plausible(row["NRS_pain"], "pain") if in_pain else 0,
            avpu=_MENTAL.get(row["Mental"].strip()),
        ),
        injury=row["Injury"].strip() == "2",
        arrival_mode=_ARRIVAL.get(row["Arrival mode"].strip()),
    )
    expert, nurse = int(row["KTAS_expert"]), int(row["KTAS_RN"])
    return Visit(case, row["Chief_complain"] or "", expert, nurse, {"1": "female", "2": "male"}[row["Sex"].strip()])


def _plausible(text: str, name: str) -> float | None:
    """A number within the plausible range; `??`, `#BOŞ!` and the like are unknown."""
    try:
        value = float((text or "").strip().replace(",", "."))
    except ValueError:
        return None
    return value if MEASUREMENTS[name].low <= value <= MEASUREMENTS[name].high else None
