"""The Open Inference Protocol, version 2, over HTTP: types, codecs and endpoints. Knows no Django, no FHIR."""
