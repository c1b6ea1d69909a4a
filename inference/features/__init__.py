"""From a FHIR record to named features with units, dates, sources and reasons for what is missing. Pure."""
