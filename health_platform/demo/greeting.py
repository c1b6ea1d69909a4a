"""What the demo prints when the city is ready."""

from __future__ import annotations


def greeting(port: int, notes: dict[str, str], seconds: float) -> str:
    """Addresses, one sign-in per role, and three lines to try."""
    base = f"http://127.0.0.1:{port}"
    return f"""
The city is ready after {seconds:.0f} s. All people in it are synthetic. Not a cleared medical device.

  Citizen's app        {base}/app/          {notes["citizen"]}  /  {notes["password"]}
  Clinicians' console  {base}/console/      {notes["clinician"]}  /  {notes["password"]}
    of another clinic                                  {notes["other_clinician"]}  /  {notes["password"]}
  FHIR R4              {base}/fhir/R4       client 'measure': .venv/bin/python manage.py issue_token --client measure
  Ambulance device     {base}/api/v1/triage

Three lines to try (the tokens are good for 12 hours; run the demo again for new ones):

  curl -s -H 'Authorization: Bearer {notes["measure_token"]}' '{base}/fhir/R4/Patient?_count=2'

  curl -s -H 'Authorization: Bearer {notes["citizen_token"]}' -H 'Accept-Language: ko' {base}/api/v1/me/risks

  curl -s -X POST -H 'Authorization: Bearer {notes["device_token"]}' -H 'Idempotency-Key: try-0001' \\
       -H 'Content-Type: application/json' -d '{notes["triage_example"]}' {base}/api/v1/triage

Ctrl-C stops all of it.
"""
