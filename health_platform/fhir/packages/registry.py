"""Which profiles and extension definitions are known: those of R4, KR Core, and the packages that were loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from health_platform.fhir.packages.profiles import PREFIX, Profile, from_facts, from_structure_definition, merged

MAX_BASES = 20
# Profiles that one request may have looked up; a body can name many.
MAX_READ = 20


class ProfileRegistry:
    """Finds a profile by canonical URL, `url` or `url|version`, several versions side by side.

    Without a version the one that was added last answers. A profile that is stated as a differential comes merged with
    its bases. Names without a scheme are of http://hl7.org/fhir/StructureDefinition/.
    """

    def __init__(self) -> None:
        self._profiles: dict[str, dict[str, Profile]] = {}
        self._facts: dict[str, list[Mapping[str, Any]]] = {}
        self._whole: dict[str, Profile] = {}
        self.compiled: dict[int, tuple[Profile, Any]] = {}
        """What validation makes of a profile, by its identity; forgotten when a profile is added."""

    def with_facts(self, facts: Iterable[Mapping[str, Any]]) -> ProfileRegistry:
        """Adds profiles in their compact form; each is read when it is first asked for."""
        for stated in facts:
            self._facts.setdefault(stated["url"], []).append(stated)
        self._forget()
        return self

    def add(self, profile: Profile) -> None:
        versions = self._profiles.setdefault(profile.url, {})
        versions.pop(profile.version, None)
        versions[profile.version] = profile
        self._forget()

    def add_structure_definition(self, resource: Mapping[str, Any]) -> Profile:
        """Adds a StructureDefinition resource. Raises ValueError where it is no profile of R4."""
        profile = from_structure_definition(resource)
        self.add(profile)
        return profile

    def find(self, canonical: str) -> Profile | None:
        """The whole profile; None where it, or a base of its differential, is not known."""
        found = self._whole.get(canonical)
        if found is None and (found := self._merged(self._stated(canonical), MAX_BASES)) is not None:
            self._whole[canonical] = found
        return found

    def _forget(self) -> None:
        self._whole.clear()
        self.compiled.clear()

    def urls(self) -> set[str]:
        return self._profiles.keys() | self._facts.keys()

    def profiles(self) -> Iterable[Profile]:
        """Every profile, as stated, by URL and version."""
        for url in sorted(self.urls()):
            yield from self._versions(url).values()

    def _stated(self, canonical: str) -> Profile | None:
        url, _, version = canonical.partition("|")
        versions = self._versions(url if ":" in url else PREFIX + url)
        if version:
            return versions.get(version)
        return next(reversed(list(versions.values())), None)

    def _versions(self, url: str) -> Mapping[str, Profile]:
        for stated in self._facts.pop(url, ()):
            versions = self._profiles.setdefault(url, {})
            versions.setdefault(stated["version"], from_facts(stated))
        return self._profiles.get(url, {})

    def _merged(self, profile: Profile | None, depth: int) -> Profile | None:
        if profile is None or not profile.from_differential or profile.base == profile.type:
            return profile
        base = self._merged(self._stated(profile.base), depth - 1) if depth else None
        if base is None or base.type != profile.type:
            return None
        return replace(profile, root=merged(base.root, profile.root))


class ReadableProfiles(ProfileRegistry):
    """A registry and, where it knows nothing, the StructureDefinitions that `find(url, version)` gives: those that the
    caller may read. They add and never replace; one that is no profile of R4 is as good as unknown."""

    def __init__(self, base: ProfileRegistry, find: Callable[[str, str], Mapping[str, Any] | None]) -> None:
        super().__init__()
        self._base = base
        self._read = find
        self._asked: dict[str, Profile | None] = {}

    def find(self, canonical: str) -> Profile | None:
        return self._base.find(canonical) or super().find(canonical)

    def _stated(self, canonical: str) -> Profile | None:
        known = self._base._stated(canonical)
        if known is not None:
            return known
        if canonical not in self._asked:
            self._asked[canonical] = self._stored(canonical) if len(self._asked) < MAX_READ else None
        return self._asked[canonical]

    def _stored(self, canonical: str) -> Profile | None:
        url, _, version = canonical.partition("|")
        resource = self._read(url, version) if ":" in url else None
        try:
            return from_structure_definition(resource) if resource else None
        except (ValueError, LookupError, TypeError, AttributeError):
            return None
