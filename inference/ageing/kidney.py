"""Kidney function, and kidney failure in chronic kidney disease.

KFRE is for chronic kidney disease of stage 3 to 5 (Tangri 2016): an eGFR below 60 at least twice, 90 days or more
apart (KDIGO 2024: abnormalities for a minimum of 3 months), and no dialysis or transplant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from inference.features.vector import FeatureVector

from .family import Candidate, Family, NotApplicable, Unknown, Verdict, Without

LIMIT, APART = 60.0, timedelta(days=90)
CONFIRMED = "egfr_below_60_confirmed"
EGFR_MODEL = "ckd-epi-2021"


@dataclass(frozen=True, slots=True)
class Chronic:
    """Only with a confirmed eGFR below 60; a single low value asks for a second one."""

    premises: tuple[str, ...] = (CONFIRMED,)

    def __call__(self, vector: FeatureVector) -> Verdict:
        egfr = vector.value("egfr")
        if egfr is None:
            return Unknown("egfr")
        if egfr >= LIMIT:
            return NotApplicable("kidney-function-kept")
        return None if vector.says(CONFIRMED) else Unknown(CONFIRMED)


_CHRONIC = (Chronic(), Without("dialysis_or_transplant"))

FAMILY = Family(
    "kidney",
    (Candidate("kfre-8v", _CHRONIC), Candidate("kfre-4v", _CHRONIC), Candidate(EGFR_MODEL)),
)


@dataclass(frozen=True, slots=True)
class Egfr:
    """An estimated filtration rate in mL/min/1.73 m2 and where it comes from."""

    value: float
    when: date
    source: str


def confirmed_below_60(series: Sequence[Egfr]) -> tuple[Egfr, Egfr] | None:
    """The newest value and an earlier one 90 days or more before it, both below 60; None where that is not so.

    A value of 60 or more between the two means that the disease is not shown to have lasted.
    """
    newest_first = sorted(series, key=lambda item: item.when, reverse=True)
    if not newest_first or newest_first[0].value >= LIMIT:
        return None
    for earlier in newest_first[1:]:
        if earlier.value >= LIMIT:
            return None
        if newest_first[0].when - earlier.when >= APART:
            return newest_first[0], earlier
    return None
