"""Conversion between the UCUM units in which laboratories report and the one in which a feature is kept.

A factor turns a value in the given unit into the canonical unit of the quantity. Molar masses in g/mol: cholesterol
386.65, creatinine 113.12, glucose 180.156, calcium 40.078, phosphorus 30.974 (CIAAW 2021 atomic weights). HbA1c in
mmol/mol becomes % by the NGSP master equation, NGSP = 0.09148 * IFCC + 2.152 (ngsp.org/ifccngsp.asp).
"""

from collections.abc import Mapping
from dataclasses import dataclass

CHOLESTEROL, CREATININE, GLUCOSE, CALCIUM, PHOSPHORUS = 386.65, 113.12, 180.156, 40.078, 30.974
POUND, INCH = 0.45359237, 2.54
MMHG_PER_KPA = 7.500615758456563  # 101.325 kPa are 760 mm[Hg]
NEWTON_PER_KGF = 9.80665


@dataclass(frozen=True, slots=True)
class Scale:
    """canonical = value * factor + offset"""

    factor: float = 1.0
    offset: float = 0.0

    def to_canonical(self, value: float) -> float:
        return value * self.factor + self.offset

    def from_canonical(self, value: float) -> float:
        return (value - self.offset) / self.factor


class UnknownUnit(ValueError):
    """A unit in which this quantity cannot be."""


def _scales(factors: Mapping[str, float]) -> dict[str, Scale]:
    return {unit: Scale(factor) for unit, factor in factors.items()}


def _mass_concentration(grams_per_mole: float) -> dict[str, Scale]:
    """Canonical mg/dL; also mmol/L and its relatives."""
    per_mmol = grams_per_mole / 10
    return _scales(
        {
            "mg/dL": 1,
            "mg/L": 0.1,
            "g/L": 100,
            "g/dL": 1000,
            "mmol/L": per_mmol,
            "umol/L": per_mmol / 1000,
            "mol/m3": per_mmol,
        }
    )


CELLS = _scales({"10*3/uL": 1, "10*9/L": 1, "10*3/mm3": 1, "K/uL": 1, "/uL": 0.001, "/mm3": 0.001, "10*6/L": 0.001})
ENZYME = _scales({"U/L": 1, "[IU]/L": 1, "mU/mL": 1, "ukat/L": 60, "nkat/L": 0.06})
SCORE = _scales({"{score}": 1, "1": 1, "{points}": 1, "": 1})
SECONDS = _scales({"s": 1, "min": 60, "ms": 0.001})
EGFR_UNITS = ("mL/min/{1.73_m2}", "mL/min/1.73.m2", "mL/min/{1.73m2}", "mL/min/1.73_m2", "mL/min/1.73m2")

QUANTITIES: Mapping[str, Mapping[str, Scale]] = {
    "mm[Hg]": _scales({"mm[Hg]": 1, "mmHg": 1, "kPa": MMHG_PER_KPA}),
    "cholesterol": _mass_concentration(CHOLESTEROL),
    "creatinine": _mass_concentration(CREATININE),
    "glucose": _mass_concentration(GLUCOSE),
    "calcium": _mass_concentration(CALCIUM),
    "phosphate": _mass_concentration(PHOSPHORUS),
    "albumin": _scales({"g/dL": 1, "g/L": 0.1, "mg/dL": 0.001}),
    "crp": _scales({"mg/dL": 1, "mg/L": 0.1, "ug/mL": 0.1, "ug/L": 0.0001}),
    "uacr": _scales(
        {
            "mg/g": 1,
            "mg/g{creat}": 1,
            "mg/g{Cre}": 1,
            "ug/mg": 1,
            "ug/mg{creat}": 1,
            "mg/mmol": 1000 / CREATININE,
            "mg/mmol{creat}": 1000 / CREATININE,
            "g/mol": 1000 / CREATININE,
        }
    ),
    "hba1c": {"%": Scale(), "%{Hb}": Scale(), "mmol/mol": Scale(0.09148, 2.152), "mmol/mol{Hb}": Scale(0.09148, 2.152)},
    "bicarbonate": _scales({"mmol/L": 1, "meq/L": 1}),
    "%": _scales({"%": 1, "1": 100}),
    "fL": _scales({"fL": 1, "um3": 1}),
    "cells": CELLS,
    "U/L": ENZYME,
    "kg/m2": _scales({"kg/m2": 1}),
    "cm": _scales({"cm": 1, "m": 100, "mm": 0.1, "[in_i]": INCH, "[ft_i]": 12 * INCH}),
    "kg": _scales({"kg": 1, "g": 0.001, "[lb_av]": POUND}),
    "force": _scales({"kg": 1, "kgf": 1, "N": 1 / NEWTON_PER_KGF, "[lbf_av]": POUND, "[lb_av]": POUND}),
    "m/s": _scales({"m/s": 1, "cm/s": 0.01, "km/h": 1 / 3.6}),
    "s": SECONDS,
    "a": _scales({"a": 1, "mo": 1 / 12}),
    "/min": _scales({"/min": 1, "{beats}/min": 1, "{breaths}/min": 1}),
    "Cel": {"Cel": Scale(), "[degF]": Scale(5 / 9, -160 / 9), "K": Scale(1.0, -273.15)},
    "egfr": _scales(dict.fromkeys(EGFR_UNITS, 1.0)),
    "score": SCORE,
}


def to_canonical(quantity: str, value: float, unit: str) -> float:
    """Raises UnknownUnit."""
    return _scale(quantity, unit).to_canonical(value)


def from_canonical(quantity: str, value: float, unit: str) -> float:
    """Raises UnknownUnit."""
    return _scale(quantity, unit).from_canonical(value)


def _scale(quantity: str, unit: str) -> Scale:
    scale = QUANTITIES[quantity].get(unit)
    if scale is None:
        raise UnknownUnit(f"{unit!r} is not a unit of {quantity}")
    return scale
