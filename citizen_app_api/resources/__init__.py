"""The FHIR resources that are written on a citizen's behalf (pure)."""
