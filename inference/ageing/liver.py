"""Liver fibrosis."""

from .family import Candidate, Family

FAMILY = Family("liver", (Candidate("fib4"),))
