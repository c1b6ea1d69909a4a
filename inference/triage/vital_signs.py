"""What a crew measures, as values with units and plausible ranges. None means unknown, never normal.

Units are UCUM codes. A plausible range says what a working device can show on a living or dying person; values outside
it are entry errors and are refused at the edge, so that a slipped digit never becomes a level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from types import MappingProxyType

DAYS_PER_MONTH = 30.4375
ADULT_FROM_YEARS = 15  # (Pre-)KTAS has separate tools for those under 15
OLDEST_YEARS = 125


class Acvpu(StrEnum):
    """Consciousness as NEWS2 scores it: alert, new confusion, responds to voice, to pain, unresponsive."""

    ALERT = "A"
    CONFUSION = "C"
    VOICE = "V"
    PAIN = "P"
    UNRESPONSIVE = "U"


class Avpu(StrEnum):
    """Consciousness as the Korean run sheet has it; ALERT here does not say that new confusion was looked for."""

    ALERT = "A"
    VOICE = "V"
    PAIN = "P"
    UNRESPONSIVE = "U"


@dataclass(frozen=True, slots=True)
class Measurement:
    """Definition of one measured quantity: UCUM unit, LOINC code and the plausible range, both ends included."""

    name: str
    unit: str
    loinc: str
    low: float
    high: float
    integer: bool = True


MEASUREMENTS: Mapping[str, Measurement] = MappingProxyType(
    {
        m.name: m
        for m in (
            Measurement("respiratory_rate", "/min", "9279-1", 0, 120),
            Measurement("oxygen_saturation", "%", "59408-5", 20, 100, integer=False),
            Measurement("systolic_blood_pressure", "mm[Hg]", "8480-6", 0, 320),
            Measurement("diastolic_blood_pressure", "mm[Hg]", "8462-4", 0, 220),
            Measurement("heart_rate", "/min", "8867-4", 0, 350),
            Measurement("body_temperature", "Cel", "8310-5", 20, 45, integer=False),
            Measurement("blood_glucose", "mg/dL", "2339-0", 10, 2000, integer=False),
            Measurement("glasgow_coma_scale", "{score}", "9269-2", 3, 15),
            Measurement("pain", "{score}", "72514-3", 0, 10),
        )
    }
)


@dataclass(frozen=True, slots=True)
class VitalSigns:
    """One set of vital signs. Units and ranges are those of `MEASUREMENTS`; None is unknown.

    `oxygen_given` is any supplementary oxygen. `hypercapnic_target` is a clinician's confirmed target of 88-92 %
    (NEWS2 scale 2); unknown counts as not confirmed, as NEWS2 asks.
    """

    respiratory_rate: float | None = None
    oxygen_saturation: float | None = None
    systolic_blood_pressure: float | None = None
    diastolic_blood_pressure: float | None = None
    heart_rate: float | None = None
    body_temperature: float | None = None
    blood_glucose: float | None = None
    glasgow_coma_scale: float | None = None
    pain: float | None = None
    acvpu: Acvpu | None = None
    avpu: Avpu | None = None
    oxygen_given: bool | None = None
    hypercapnic_target: bool | None = None


VITAL_SIGN_NAMES = tuple(f.name for f in fields(VitalSigns))


@dataclass(frozen=True, slots=True)
class Age:
    """Age as an interval in months, both ends included, because "0 years" can be any month of the first year."""

    months_low: float
    months_high: float

    @property
    def years(self) -> int:
        """Completed years."""
        return int(self.months_low // 12)


def age_from_quantity(value: int, unit: str) -> Age:
    """Age from completed units; `unit` is UCUM `a` (0-125), `mo` (0-47) or `d` (0-60).

    Raises ValueError, naming the allowed range, for anything else.
    """
    highest = {"a": OLDEST_YEARS, "mo": 47, "d": 60}.get(unit)
    if highest is None:
        raise ValueError("unit must be a (years), mo (months) or d (days)")
    if not 0 <= value <= highest:
        raise ValueError(f"value must be 0 to {highest} for unit {unit}")
    if unit == "a":
        return Age(12 * value, 12 * value + 11.99)
    if unit == "mo":
        return Age(value, value + 0.99)
    return Age(value / DAYS_PER_MONTH, value / DAYS_PER_MONTH)


def responsiveness(vital_signs: VitalSigns) -> frozenset[Acvpu]:
    """The ACVPU codes that what is known leaves open: all five when nothing is known.

    The worst statement wins. A Glasgow score under 15 counts as confusion at least, since which of its parts fell is
    not known here. AVPU alone cannot tell alert from newly confused.
    """
    stated: list[Acvpu] = []
    if vital_signs.acvpu is not None:
        stated.append(vital_signs.acvpu)
    if vital_signs.avpu is not None and vital_signs.avpu is not Avpu.ALERT:
        stated.append(Acvpu(vital_signs.avpu.value))
    if vital_signs.glasgow_coma_scale is not None:
        stated.append(Acvpu.ALERT if vital_signs.glasgow_coma_scale >= 15 else Acvpu.CONFUSION)
    if stated:
        return frozenset({max(stated, key=_DEPTH.__getitem__)})
    if vital_signs.avpu is Avpu.ALERT:
        return frozenset({Acvpu.ALERT, Acvpu.CONFUSION})
    return frozenset(Acvpu)


_DEPTH = {code: depth for depth, code in enumerate(Acvpu)}
