"""What the passes after structure share: what is known, what was asked for, where they stand, what they found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from health_platform.fhir.definitions.structures import read_facts
from health_platform.fhir.outcome import Issue, IssueType, Severity
from health_platform.fhir.packages import kr_core
from health_platform.fhir.packages.registry import ProfileRegistry
from health_platform.fhir.terminology.registry import Terminology, r4_terminology_facts
from health_platform.fhir.validation.messages import MAX_ISSUES, EnoughIssuesError, issue

Json = Mapping[str, Any]
# (place of the parent, name in a FHIRPath expression, index or -1): written out only when an issue is found.
Place = tuple["Place | None", str, int]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The terminology and the profiles against which is validated."""

    terminology: Terminology
    profiles: ProfileRegistry


@cache
def built_in() -> Knowledge:
    """R4 and KR Core."""
    terminology = Terminology().with_facts(r4_terminology_facts()).with_facts(kr_core.facts()["terminology"])
    profiles = ProfileRegistry().with_facts(read_facts("profiles.json.xz")["profiles"])
    return Knowledge(terminology, profiles.with_facts(kr_core.facts()["profiles"]))


@dataclass(frozen=True, slots=True)
class Options:
    """What a validation is asked for.

    `profiles`: canonical URLs that the resource must conform to, besides R4. `expected`: those that a contract names
    and that are checked elsewhere: what they demand may be absent with a reason. `claimed_profiles`: whether those of
    meta.profile count as well. `best_practice`: report what R4 only recommends (dom-6). `must_support`: report
    must-support elements of the profiles that are absent, as information. `resolve` gives the resource of a literal
    reference outside the validated one, or None.
    """

    profiles: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    claimed_profiles: bool = True
    best_practice: bool = False
    must_support: bool = False
    resolve: Callable[[str], Json | None] | None = None


@dataclass(slots=True)
class Context:
    """One validation. `resource` is the nearest resource, `container` the one that contains it, or the same.

    `is_sound` says that the structure was found right.
    """

    knowledge: Knowledge
    options: Options
    resource: Json
    container: Json
    bundle: Json | None = None
    is_sound: bool = True
    issues: list[Issue] = field(default_factory=list)
    seen: set[tuple[str, str]] = field(default_factory=set)

    def add(self, found: Issue) -> None:
        """Keeps an issue. Raises EnoughIssuesError where there are too many already."""
        if len(self.issues) >= MAX_ISSUES:
            raise EnoughIssuesError
        self.issues.append(found)

    def report(self, key: str, place: Place, /, **args: object) -> None:
        self.add(issue(key, expression(place), **args))

    def report_as(self, severity: Severity, key: str, place: Place, /, **args: object) -> None:
        self.add(replace(issue(key, expression(place), **args), severity=severity))

    def report_told(self, severity: Severity, key: str, rule: str, text: str, place: Place) -> None:
        """Reports a broken rule in words of its own: `text` is the msgid, after the rule's key."""
        self.add(Issue(severity, IssueType.INVARIANT, text, (expression(place),), key, {"rule": rule}))

    def report_once(self, key: str, subject: str, place: Place, /, **args: object) -> None:
        """Reports the same thing of the same subject at its first place only."""
        if (key, subject) not in self.seen:
            self.seen.add((key, subject))
            self.report(key, place, **args)

    def trial(self) -> Context:
        """A context of the same place whose issues stay apart, to ask whether something conforms."""
        return Context(self.knowledge, self.options, self.resource, self.container, self.bundle, self.is_sound)

    @property
    def has_errors(self) -> bool:
        return any(found.is_error for found in self.issues)


def expression(place: Place) -> str:
    """`Patient.name[0].given[1]` of a place."""
    parts: list[str] = []
    step: Place | None = place
    while step is not None:
        step, name, index = step
        parts.append(name if index < 0 else f"{name}[{index}]")
    return ".".join(reversed(parts))


def element_path(place: Place) -> str:
    """`Patient.name.given`: the path of the element that a place is of, without indexes and types of choices."""
    names: list[str] = []
    step: Place | None = place
    while step is not None:
        step, name, _ = step
        names.append(name.partition(".ofType(")[0])
    return ".".join(reversed(names))
