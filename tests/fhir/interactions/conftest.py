from __future__ import annotations

from tests.fhir.access.conftest import own_database

__all__ = ["own_database"]
