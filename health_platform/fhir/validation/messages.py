"""What the validator says, in words that a clinic's programmer understands: what is wrong, and how to mend it.

Each message has a stable key, which is the `details` code of the issue. The texts are gettext msgids.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from health_platform.fhir.outcome import Issue
from health_platform.fhir.validation.texts_of_content import CODES, EXTENSIONS, PROFILES, RULES
from health_platform.fhir.validation.texts_of_form import NARRATIVE, PRIMITIVES, REFERENCES, STRUCTURE, Message

MESSAGES: Mapping[str, Message] = MappingProxyType(
    {**STRUCTURE, **PRIMITIVES, **REFERENCES, **NARRATIVE, **CODES, **EXTENSIONS, **PROFILES, **RULES}
)
MAX_SHOWN = 80
MAX_ISSUES = 500


class EnoughIssuesError(Exception):
    """A resource has MAX_ISSUES issues: nobody reads more, and looking for them costs."""


def issue(key: str, expression: str, /, **args: object) -> Issue:
    """The issue of a message at a place. Long values are shown in part. Raises KeyError for an unknown key."""
    severity, code, text = MESSAGES[key]
    shown = {name: shorten(value) for name, value in args.items()}
    return Issue(severity, code, text, (expression,) if expression else (), key, shown)


def shorten(value: object) -> str:
    text = str(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
