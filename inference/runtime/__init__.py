"""Runs models: in process by ONNX Runtime, or on Triton by the Open Inference Protocol. Knows no Django, no FHIR."""
