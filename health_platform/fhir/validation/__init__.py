"""Validation of resources against FHIR R4: `validate(resource, raw)` gives the issues, errors and warnings."""

from health_platform.fhir.validation.structure import validate_structure
from health_platform.fhir.validation.validate import validate, validate_body

__all__ = ["validate", "validate_body", "validate_structure"]
