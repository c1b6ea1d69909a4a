"""The fast decoder is built by the first request that needs it, and several may be the first."""

from __future__ import annotations

import os
import subprocess
import sys

_MANY_AT_ONCE = """
import sys, threading
from health_platform.fhir.validation.decoder import accepts
sys.setswitchinterval(1e-6)
bodies = [b'{"resourceType":"%s","status":"active"}' % kind for kind in
          (b"Claim", b"ExplanationOfBenefit", b"Observation", b"Encounter", b"MedicationRequest", b"Patient")]
together = threading.Barrier(12)
def validate(number):
    together.wait()
    for body in bodies[number % 6:] + bodies:
        accepts(body)
threads = [threading.Thread(target=validate, args=[number]) for number in range(12)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_many_first_requests_at_once_crash_nothing() -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "health_platform.settings.test"}
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", _MANY_AT_ONCE], env=environment, capture_output=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")
