"""Falls, by a questionnaire for people of 65 and more (Rubenstein 2011)."""

from .family import Candidate, Family, FromAge

FAMILY = Family("falls", (Candidate("steadi-stay-independent", (FromAge(65),)),))
