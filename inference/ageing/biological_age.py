"""Biological age from a blood test."""

from .family import Candidate, Family

FAMILY = Family("biological-age", (Candidate("phenoage-2018"),))
