"""Depression. Every result waits until a clinician releases it; the ninth answer never waits (see services)."""

from .family import Candidate, Family

FAMILY = Family("depression", (Candidate("phq9"),))
