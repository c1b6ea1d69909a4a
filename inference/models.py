"""The tables of this app."""

from __future__ import annotations

from inference.triage.models import TriageRecord

__all__ = ["TriageRecord"]
