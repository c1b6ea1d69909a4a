"""What a Consent permits and denies (FHIR R4, consent.html), as rules without nesting (pure).

Only an active Consent of the scope patient-privacy counts. Its base is the `policyRule` OPTIN or OPTOUT, or the type of
the outermost provision; each provision within is an exception to the one around it and stays within its bounds. What
the server cannot keep to is refused, never passed over.

Which rule wins is decided row by row (fhir_granted, migration 0006): a deny, unless a permit is strictly more specific
than it, or an exception to it within the same Consent. A rule is more specific when it names at least as much as the
other of: who (a person more than an institution, which is more than anyone), types, codes, classes, purposes. So two
Consents that disagree about the same thing deny it.

A permit that names no class permits nothing sensitive: a class needs a permit that names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from health_platform.fhir.access.sensitivity import NONE, Sensitivity, of_label
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.outcome import Issue, IssueType, Severity, UnprocessableEntity

Json = Mapping[str, Any]

SCOPE_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/consentscope"
PRIVACY: Final = "patient-privacy"
ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ACT_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
ACTION_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/consentaction"
TYPE_SYSTEM: Final = "http://hl7.org/fhir/resource-types"
_BASE: Final = {"OPTIN": True, "OPTOUT": False}
_TYPES: Final = {"permit": True, "deny": False}
_GRANTEES: Final = ("Organization", "Practitioner", "Patient")
_ACTIONS: Final = frozenset({"access", "collect", "correct", "disclose", "use"})
# Roles of an actor that receives nothing: who keeps the Consent, who wrote it, who told of it.
_NO_RECIPIENTS: Final = frozenset({"AUT", "CST", "INF"})
# v3-ActReason: each purpose of use with those below it, as far as somebody may act for them here. What a family asks
# comes through the carer's own account.
_PURPOSES: Final[Mapping[str, tuple[str, ...]]] = {
    "TREAT": ("TREAT", "CAREMGT", "CLINTRL", "COC", "ETREAT", "BTG", "ERTREAT"),
    "ETREAT": ("ETREAT", "BTG", "ERTREAT"),
    "FAMRQT": ("FAMRQT", "PATRQT"),
    **{
        code: (code,)
        for code in (
            "BTG", "CAREMGT", "CLINTRL", "COC", "ERTREAT", "HCOMPL", "HMARKT", "HOPERAT", "HPAYMT", "HQUALIMP",
            "HRESCH", "HSYSADMIN", "PATADMIN", "PATRQT", "PATSFTY", "PUBHLTH",
        )
    },
}  # fmt: skip
_SEOUL: Final = ZoneInfo("Asia/Seoul")
_MAX_DEPTH: Final = 8
_INSTITUTION, _PERSON = 1, 3
_BY_TYPE, _BY_CODE, _BY_CLASS, _BY_PURPOSE = 4, 8, 16, 32


@dataclass(frozen=True, slots=True)
class Rule:
    """A provision without those within it.

    ``grantees`` are references; empty means whoever acts for an institution. ``types``, ``codes`` (system and code)
    and ``purposes`` are None where all are meant. ``depth`` counts from the base; ``place`` is where it stands.
    """

    permit: bool
    grantees: tuple[str, ...] = ()
    types: tuple[str, ...] | None = None
    codes: tuple[tuple[str, str], ...] | None = None
    classes: Sensitivity = NONE
    purposes: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    depth: int = 0
    place: str = "Consent.policyRule"

    def weight(self, grantee: str) -> int:
        """How specific the rule is about ``grantee``, as a mask: a rule is more specific than those whose bits are a
        part of its own."""
        who = 0 if not grantee else _INSTITUTION if grantee.startswith("Organization/") else _PERSON
        return (
            who
            | (_BY_TYPE if self.types is not None else 0)
            | (_BY_CODE if self.codes is not None else 0)
            | (_BY_CLASS if self.classes else 0)
            | (_BY_PURPOSE if self.purposes is not None else 0)
        )


def is_privacy(consent: Json) -> bool:
    """Whether the Consent is about who may see the record; others (research, treatment) change no access."""
    return _has(consent.get("scope"), SCOPE_SYSTEM, PRIVACY)


def in_force(consent: Json) -> bool:
    """Whether the Consent counts, within its periods."""
    return is_privacy(consent) and consent.get("status") == "active"


def accepted_by(consent: Json) -> frozenset[str]:
    """References to the carers who accept what the Consent gives them: each one's last `verification` counts."""
    said = {
        str(entry.get("verifiedWith", {}).get("reference", "")): entry.get("verified") is True
        for entry in consent.get("verification", ())
    }
    return frozenset(reference for reference, accepted in said.items() if reference and accepted)


def rules_of(consent: Json) -> list[Rule]:
    """The rules of a Consent that is in force; none of any other.

    Raises UnprocessableEntity with every part that cannot be kept to.
    """
    if not in_force(consent):
        return []
    reader = _Reader()
    found = reader.read(consent)
    if reader.issues:
        raise UnprocessableEntity(reader.issues)
    return found


class _Reader:
    """Collects rules and what is wrong with them."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []

    def read(self, consent: Json) -> list[Rule]:
        base = next((_BASE[code] for code in _codes(consent.get("policyRule"), ACT_CODE) if code in _BASE), None)
        outermost = consent.get("provision")
        if outermost is None:
            if base is None:
                self._refuse("Consent", "The Consent says neither OPTIN nor OPTOUT in 'policyRule', nor anything in "
                             "'provision': say what is permitted or denied.")  # fmt: skip
            return [Rule(bool(base))]
        kind = _TYPES.get(outermost.get("type", ""), base)
        if kind is None:
            self._refuse("Consent.provision.type", "Without OPTIN or OPTOUT in 'policyRule' the outermost provision "
                         "needs 'type': permit or deny.")  # fmt: skip
            return []
        first = [] if base is None or base is kind else [Rule(base)]
        around = Rule(kind, depth=len(first))
        return [*first, *self._provision(outermost, around, "Consent.provision")]

    def _provision(self, provision: Json, around: Rule, place: str) -> list[Rule]:
        """The rule of ``provision`` within ``around``, which has its type, and those within it."""
        if around.depth > _MAX_DEPTH:
            return self._refuse(place, "Provisions stand within each other more than %(most)s deep.", most=_MAX_DEPTH)
        for name in ("data", "dataPeriod"):
            if name in provision:
                self._refuse(f"{place}.{name}", "'%(name)s' is not kept to here: name types in 'class', codes in "
                             "'code' or sensitive classes in 'securityLabel'.", name=name)  # fmt: skip
        self._actions(provision, place)
        since, until = self._period(provision, around, place)
        rule = replace(
            around,
            grantees=self._grantees(provision, around, place),
            types=self._types(provision, around, place),
            codes=self._concepts(provision, around, place),
            classes=self._classes(provision, around, place),
            purposes=self._purposes(provision, around, place),
            since=since,
            until=until,
            place=place,
        )
        found = [rule]
        for number, inner in enumerate(provision.get("provision", ())):
            where = f"{place}.provision[{number}]"
            kind = _TYPES.get(inner.get("type", ""))
            if kind is None:
                self._refuse(f"{where}.type", "A provision within another needs 'type': permit or deny.")
                continue
            found += self._provision(inner, replace(rule, permit=kind, depth=rule.depth + 1), where)
        return found

    def _refuse(self, place: str, message: str, **args: object) -> list[Rule]:
        self.issues.append(
            Issue(Severity.ERROR, IssueType.NOT_SUPPORTED, message, (place,), "consent-not-understood", args)
        )
        return []

    def _grantees(self, provision: Json, around: Rule, place: str) -> tuple[str, ...]:
        found = []
        for number, actor in enumerate(provision.get("actor", ())):
            where = f"{place}.actor[{number}]"
            reference = str(actor.get("reference", {}).get("reference", ""))
            if set(_codes(actor.get("role"))) & _NO_RECIPIENTS:
                self._refuse(f"{where}.role", "This role receives nothing: name who may see the record, for example "
                             "with the role IRCP.")  # fmt: skip
            elif not _is_local(reference, _GRANTEES):
                self._refuse(f"{where}.reference", "'%(reference)s' cannot be given or denied access: name an "
                             "Organization, a Practitioner or, for a carer, a Patient of this server.",
                             reference=reference)  # fmt: skip
            else:
                found.append(reference)
        if not found or not around.grantees:
            return tuple(dict.fromkeys(found)) or around.grantees
        return self._within(found, around.grantees, f"{place}.actor")

    def _within(self, found: Sequence[str], around: Sequence[str], place: str) -> tuple[str, ...]:
        """An exception stays within what it is an exception to."""
        if not set(found) <= set(around):
            self._refuse(place, "An exception names what the provision around it leaves out: %(names)s.",
                         names=", ".join(sorted(set(found) - set(around))))  # fmt: skip
        return tuple(dict.fromkeys(found))

    def _types(self, provision: Json, around: Rule, place: str) -> tuple[str, ...] | None:
        found = []
        for number, coding in enumerate(provision.get("class", ())):
            system, code = coding.get("system"), coding.get("code")
            if system != TYPE_SYSTEM or code not in TYPE_NUMBER:
                self._refuse(f"{place}.class[{number}]", "'%(system)s|%(code)s' is no kind of data that can be told "
                             "apart here: use resource types (%(types)s).",
                             system=system or "", code=code or "", types=TYPE_SYSTEM)  # fmt: skip
            else:
                found.append(code)
        if not found or around.types is None:
            return tuple(found) or around.types
        return self._within(found, around.types, f"{place}.class")

    def _concepts(self, provision: Json, around: Rule, place: str) -> tuple[tuple[str, str], ...] | None:
        found = []
        for number, concept in enumerate(provision.get("code", ())):
            pairs = [(one.get("system"), one.get("code")) for one in concept.get("coding", ())]
            if not pairs or not all(system and code for system, code in pairs):
                self._refuse(f"{place}.code[{number}]", "A code needs 'coding' with system and code: words alone "
                             "cannot be compared.")  # fmt: skip
            found += pairs
        if found and around.codes is not None:
            self._refuse(f"{place}.code", "Codes stand in the provision around this one already: name them once.")
        return tuple(found) or around.codes

    def _classes(self, provision: Json, around: Rule, place: str) -> Sensitivity:
        found = NONE
        for number, label in enumerate(provision.get("securityLabel", ())):
            known = of_label(label.get("system"), label.get("code"))
            if not known:
                self._refuse(f"{place}.securityLabel[{number}]", "'%(system)s|%(code)s' is no label of sensitive data "
                             "here: use codes such as PSY, HIV or SEX of %(known)s, or R and V of v3-Confidentiality.",
                             system=label.get("system", ""), code=label.get("code", ""), known=ACT_CODE)  # fmt: skip
            else:
                found |= known
        if found and around.classes and found & ~around.classes:
            self._refuse(f"{place}.securityLabel", "An exception names a class that the provision around it leaves "
                         "out.")  # fmt: skip
        return found or around.classes

    def _purposes(self, provision: Json, around: Rule, place: str) -> tuple[str, ...] | None:
        found: list[str] = []
        for number, coding in enumerate(provision.get("purpose", ())):
            code = coding.get("code", "")
            if coding.get("system") != ACT_REASON or code not in _PURPOSES:
                self._refuse(f"{place}.purpose[{number}]", "'%(code)s' is no purpose for which the record is opened "
                             "here: use one of %(known)s of %(system)s.",
                             code=code, known=", ".join(sorted(_PURPOSES)), system=ACT_REASON)  # fmt: skip
            else:
                found += _PURPOSES[code]
        if not found or around.purposes is None:
            return tuple(dict.fromkeys(found)) or around.purposes
        return self._within(found, around.purposes, f"{place}.purpose")

    def _actions(self, provision: Json, place: str) -> None:
        codes = {code for concept in provision.get("action", ()) for code in _codes(concept, ACTION_SYSTEM)}
        if provision.get("action") and ("access" not in codes or not codes <= _ACTIONS):
            self._refuse(f"{place}.action", "Access is what can be permitted or denied here: name the action 'access' "
                         "of %(system)s, or none.", system=ACTION_SYSTEM)  # fmt: skip

    def _period(self, provision: Json, around: Rule, place: str) -> tuple[datetime | None, datetime | None]:
        period = provision.get("period", {})
        try:
            start, end = _instants(period.get("start")), _instants(period.get("end"))
        except ValueError:
            self._refuse(f"{place}.period", "The period is not understood: give dates or instants.")
            return around.since, around.until
        since = max((each for each in (start and start[0], around.since) if each), default=None)
        until = min((each for each in (end and end[1], around.until) if each), default=None)
        return since, until


def _instants(text: str | None) -> tuple[datetime, datetime] | None:
    """The first instant of a FHIR dateTime, and the first after it. Without a time zone it is Seoul's."""
    if not text:
        return None
    parts = text.split("-")
    if "T" in text:
        start = datetime.fromisoformat(text)
        start = start if start.tzinfo else start.replace(tzinfo=_SEOUL)
        end = start + timedelta(seconds=1)
    elif len(parts) == 3:
        start = datetime.fromisoformat(text).replace(tzinfo=_SEOUL)
        end = start + timedelta(days=1)
    else:
        year, month = int(parts[0]), int(parts[1]) if len(parts) == 2 else 1
        start = datetime(year, month, 1, tzinfo=_SEOUL)
        months = 1 if len(parts) == 2 else 12
        end = datetime(year + (month + months - 1) // 12, (month + months - 1) % 12 + 1, 1, tzinfo=_SEOUL)
    return start.astimezone(UTC), end.astimezone(UTC)


def _has(concept: Any, system: str, code: str) -> bool:
    return code in _codes(concept, system)


def _codes(concept: Any, system: str | None = None) -> Iterator[str]:
    for coding in (concept or {}).get("coding", ()):
        if system is None or coding.get("system") == system:
            yield str(coding.get("code", ""))


def _is_local(reference: str, types: Sequence[str]) -> bool:
    kind, _, id = reference.partition("/")
    return kind in types and bool(id) and "/" not in id
