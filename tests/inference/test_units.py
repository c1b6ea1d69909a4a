"""Conversions against values that are published or exact by definition; software is known to get these wrong."""

import pytest

from inference.features.units import QUANTITIES, UnknownUnit, from_canonical, to_canonical


@pytest.mark.parametrize(
    ("quantity", "value", "unit", "canonical", "tolerance"),
    [
        ("cholesterol", 5.0, "mmol/L", 193.3, 0.1),  # 38.67 mg/dL per mmol/L
        ("creatinine", 88.4, "umol/L", 1.0, 1e-4),  # 88.4 umol/L per mg/dL
        ("creatinine", 0.1, "mmol/L", 1.131, 1e-3),
        ("glucose", 5.55, "mmol/L", 100.0, 0.05),  # 18.0 mg/dL per mmol/L
        ("calcium", 2.5, "mmol/L", 10.02, 0.01),  # 4.008 mg/dL per mmol/L
        ("phosphate", 1.0, "mmol/L", 3.097, 1e-3),  # 3.097 mg/dL per mmol/L
        ("albumin", 43.0, "g/L", 4.3, 1e-12),
        ("crp", 8.0, "mg/L", 0.8, 1e-12),
        ("uacr", 3.0, "mg/mmol", 26.52, 0.01),  # 8.84 mg/g per mg/mmol: stage A2 begins at 30 mg/g, 3 mg/mmol
        ("uacr", 30.0, "ug/mg", 30.0, 1e-12),
        ("hba1c", 48.0, "mmol/mol", 6.54, 0.01),  # 48 mmol/mol is the diagnostic 6.5 %
        ("hba1c", 53.0, "mmol/mol", 7.0, 0.01),
        ("mm[Hg]", 16.0, "kPa", 120.0, 0.02),
        ("cells", 6500.0, "/uL", 6.5, 1e-12),
        ("cells", 250.0, "10*9/L", 250.0, 1e-12),
        ("U/L", 0.5, "ukat/L", 30.0, 1e-12),
        ("cm", 5.0, "[ft_i]", 152.4, 1e-12),
        ("cm", 1.62, "m", 162.0, 1e-12),
        ("kg", 150.0, "[lb_av]", 68.0388555, 1e-9),
        ("force", 60.0, "[lbf_av]", 27.2155422, 1e-9),  # AWGS counts in kg, the LOINC example unit is pound-force
        ("force", 280.0, "N", 28.552, 1e-3),
        ("Cel", 100.4, "[degF]", 38.0, 1e-9),
        ("m/s", 80.0, "cm/s", 0.8, 1e-12),
    ],
)
def test_a_value_becomes_what_the_tables_say(
    quantity: str, value: float, unit: str, canonical: float, tolerance: float
) -> None:
    assert to_canonical(quantity, value, unit) == pytest.approx(canonical, abs=tolerance)


@pytest.mark.parametrize(("quantity", "unit"), [(name, unit) for name, units in QUANTITIES.items() for unit in units])
def test_there_and_back_is_the_same(quantity: str, unit: str) -> None:
    assert from_canonical(quantity, to_canonical(quantity, 7.25, unit), unit) == pytest.approx(7.25, rel=1e-12)


@pytest.mark.parametrize(
    ("quantity", "unit"),
    [("egfr", "mL/min"), ("cholesterol", ""), ("crp", "mg/g"), ("%", "fL"), ("uacr", "mg/L"), ("creatinine", "mg/g")],
)
def test_a_unit_of_another_quantity_is_refused(quantity: str, unit: str) -> None:
    with pytest.raises(UnknownUnit):
        to_canonical(quantity, 1.0, unit)
