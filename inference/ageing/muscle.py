"""Sarcopenia. The Asian working group's criteria of 2019 are for older adults, from 60 years (Chen 2020)."""

from .family import Candidate, Family, FromAge

FAMILY = Family("muscle", (Candidate("awgs-2019", (FromAge(60),)), Candidate("sarc-f", (FromAge(60),))))
