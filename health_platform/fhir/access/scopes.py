"""SMART scopes as values (SMART App Launch 2.2, scopes-and-launch-context.html): v1 and v2, levels and constraints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_SCOPE = re.compile(
    r"(?P<level>patient|user|system)/(?P<type>\*|[A-Za-z]+)\.(?P<rights>c?r?u?d?s?|read|write|\*)"
    r"(?:\?(?P<constraint>.+))?"
)
_V1 = {"read": "rs", "write": "cud", "*": "cruds"}


@dataclass(frozen=True, slots=True)
class ResourceScope:
    """``level`` is patient, user or system; ``resource_type`` a FHIR type or ``*``; ``rights`` some of c r u d s;
    ``constraint`` a FHIR query such as ``category=laboratory``, empty for none."""

    level: str
    resource_type: str
    rights: frozenset[str]
    constraint: str = ""

    def covers(self, other: ResourceScope) -> bool:
        """Whether whoever holds this scope may be given ``other``: never more than it says."""
        return (
            self.level == other.level
            and self.resource_type in ("*", other.resource_type)
            and self.rights >= other.rights
            and self.constraint in ("", other.constraint)
        )


@lru_cache(maxsize=4096)
def parse(scope: str) -> ResourceScope | None:
    """The scope on resources that ``scope`` names; None for another kind of scope, or for what is not one."""
    match = _SCOPE.fullmatch(scope)
    if match is None or not match["rights"]:
        return None
    rights = frozenset(_V1.get(match["rights"], match["rights"]))
    return ResourceScope(match["level"], match["type"], rights, match["constraint"] or "")
