"""Dementia in people who do not have it. Every result waits until a clinician releases it."""

from .family import Candidate, Family, Without

_FREE = (Without("dementia"),)

FAMILY = Family(
    "dementia",
    (
        Candidate("ukb-drs-apoe", _FREE),
        Candidate("ukb-drs", _FREE),
        Candidate("bdsi", _FREE),
        Candidate("caide", _FREE),
        Candidate("libra", _FREE),
    ),
)
