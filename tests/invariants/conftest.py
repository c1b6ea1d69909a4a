"""The people of the record's own tests stand here too."""

from tests.fhir.conftest import city

__all__ = ["city"]
