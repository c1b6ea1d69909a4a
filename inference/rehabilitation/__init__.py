"""Rehabilitation: from tests of physical function to a plan that a clinician signs, behind the no-exercise gate."""
