"""Which answers that are no probability ask for a clinician soon: limits that papers or guidelines call high.

FINDRISC 15 (Lindstrom 2003), OSTA below -4 (Koh 2001), AWGS any sarcopenia (Chen 2020), SARC-F 4 (Malmstrom 2013), Stay
Independent 4 (Rubenstein 2011), PHQ-9 15 (Kroenke 2001), FIB-4 2.67 (Sterling 2006, as used since), eGFR below 30
(KDIGO 2024, G4).
"""

from collections.abc import Callable, Mapping

Values = Mapping[str, float | None]


def _at_least(output: str, limit: float) -> Callable[[Values], bool]:
    return lambda values: (value := values.get(output)) is not None and value >= limit


def _below(output: str, limit: float) -> Callable[[Values], bool]:
    return lambda values: (value := values.get(output)) is not None and value < limit


HIGH: Mapping[str, Callable[[Values], bool]] = {
    "findrisc": _at_least("score", 15),
    "osta": _at_least("band", 2),
    "awgs-2019": _at_least("category", 1),
    "sarc-f": _at_least("positive", 1),
    "steadi-stay-independent": _at_least("at_risk", 1),
    "phq9": _at_least("phq9", 15),
    "fib4": _at_least("fib4", 2.67),
    "ckd-epi-2021": _below("egfr", 30),
    "bdsi": _at_least("high_risk", 1),
}


def is_high(model: str, values: Values) -> bool:
    """Whether the answer reaches the limit; probabilities have none here."""
    rule = HIGH.get(model)
    return rule is not None and rule(values)
