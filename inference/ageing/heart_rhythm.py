"""Atrial fibrillation: its risk in those without it, the risk of stroke in those with it."""

from .family import Candidate, Family, Having, Without

FAMILY = Family(
    "atrial-fibrillation",
    (
        Candidate("cha2ds2-vasc", (Having("atrial_fibrillation"),)),
        Candidate("charge-af", (Without("atrial_fibrillation"),)),
    ),
)
