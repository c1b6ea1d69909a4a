"""Vital signs: an Observation of one conforms to R4's profile of it, claimed or not.

https://hl7.org/fhir/R4/observation-vitalsigns.html: whoever sends one of these SHALL conform, so that it is found by
the one code of the profile and compared in its unit. The first code of each row is the one that it requires; the
others are LOINC's more specific ones of the same sign (by method, by body site), for which HL7's own validator
(org.hl7.fhir.validation, ObservationValidator) asks for the same profile.

What does not conform is told by warnings, and refused only where the profile is claimed, asked for or in a contract:
single pressures (8480-6), oral temperatures (8331-1) and units without a name for people are sent by many systems, and
nothing in them is false.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from health_platform.fhir.terminology.external import LOINC

PREFIX = "http://hl7.org/fhir/StructureDefinition/"
CODES: Mapping[str, str] = {
    "vitalspanel": "85353-1",
    "resprate": "9279-1 76170-0 76171-8 76172-6 19840-8 33438-3 76270-8 11291-2",
    "heartrate": (
        "8867-4 8889-8 8890-6 8891-4 8892-2 8893-0 8886-4 11328-2 40443-4 55425-3 60978-4 68999-2 69000-8 73795-7 "
        "73799-9 76476-1 76477-9"
    ),
    "oxygensat": "2708-6 2709-4 2710-2 2711-0 2713-6 19224-5 20564-1 51733-4 59408-5 59417-6 89276-0 97549-0",
    "bodytemp": (
        "8310-5 8309-7 8328-7 8329-5 8330-3 8331-1 8332-9 8333-7 8334-5 60834-9 60835-6 60836-4 60838-0 60955-2 "
        "61009-7 75539-7 75987-8 76010-8 76011-6 76278-1 91371-5 98657-0 98663-8"
    ),
    "bodyheight": "8302-2 3137-7 3138-5 8306-3 8308-9",
    "headcircum": "9843-4 8287-5",
    "bodyweight": "29463-7 3141-9 3142-7 75292-3 79348-9 8350-1 8351-9",
    "bmi": "39156-5 59574-4 89270-3",
    "bp": "85354-9 35094-2 55284-4 8459-0 8480-6 76534-7",
}
_PROFILES = {code: PREFIX + name for name, codes in CODES.items() for code in codes.split()}


def profile_of(observation: Mapping[str, Any]) -> str | None:
    """The canonical URL of R4's profile for the vital sign that the code names; None for anything else."""
    concept = observation.get("code")
    codings = concept.get("coding") if isinstance(concept, dict) else None
    for coding in codings if isinstance(codings, list) else ():
        if isinstance(coding, dict) and coding.get("system") == LOINC:
            code = coding.get("code")
            if isinstance(code, str) and code in _PROFILES:
                return _PROFILES[code]
    return None
