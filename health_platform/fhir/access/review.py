"""The monthly review of the access log: looks that ask for a question (PIPA's standard of safety measures: check it
monthly). A finding is no reproach: it names who should be asked why.

Only people are reviewed: systems and the platform's own workers look at everybody by their nature. Emergencies are
left out of the nights and listed by themselves, all of them.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from health_platform.accounts.models import Membership, User
from health_platform.fhir import body
from health_platform.fhir.access.context import service
from health_platform.fhir.access.session import Session, open_session
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.keys import patient_key

COMPOUND_SURNAMES = ("남궁", "황보", "제갈", "사공", "선우", "서문", "독고", "동방", "어금", "망절")
"""Korean surnames of two syllables; all others have one."""
KINDS = {
    "emergency": gettext_noop("record opened in an emergency"),
    "own": gettext_noop("own record"),
    "colleague": gettext_noop("record of a colleague"),
    "surname": gettext_noop("same surname"),
    "mass": gettext_noop("unusually many people in one day"),
    "night": gettext_noop("at night"),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """When a look asks for a question. Night is from ``night_from`` to ``night_to`` o'clock in Seoul. A day is a mass
    look-up with ``mass_least`` people or more, and more than ``mass_times`` the median of all people's days. A shared
    surname is told where at most ``surname_share`` of the patients looked at bear it: of common ones it says little."""

    night_from: int = 22
    night_to: int = 6
    night_least: int = 3
    mass_least: int = 50
    mass_times: float = 4.0
    surname_share: float = 0.05


@dataclass(frozen=True, slots=True)
class Look:
    """All looks of one person at one patient (a key) in the month, ``night`` of them at night."""

    actor: str
    organization: str
    patient: int
    count: int
    night: int


@dataclass(frozen=True, slots=True)
class Day:
    """How many patients one person looked at on one day."""

    actor: str
    day: date
    patients: int


@dataclass(frozen=True, slots=True)
class People:
    """Names of actors, names and logical ids of patients by key, the patient that an actor is, and the patients who
    work at an institution."""

    actors: Mapping[str, str]
    patients: Mapping[int, str]
    ids: Mapping[int, str]
    own: Mapping[str, int]
    staff: Mapping[str, frozenset[int]]


@dataclass(frozen=True, slots=True)
class Finding:
    """``kind`` is one of KINDS; ``patient`` a logical id, empty for none or several; ``day`` for a mass look-up."""

    kind: str
    actor: str
    patient: str
    count: int
    day: date | None = None


def surname(name: str) -> str:
    """The family name as far as a written name tells it; empty for an empty name."""
    name = name.strip()
    if not name:
        return ""
    if "가" <= name[0] <= "힣":
        return name[:2] if name.startswith(COMPOUND_SURNAMES) and len(name) > 2 else name[0]
    return name.split()[-1].casefold()


def findings(looks: Iterable[Look], days: Iterable[Day], people: People, limits: Limits) -> list[Finding]:
    """What asks for a question, by kind and then by how often."""
    looks, days = list(looks), list(days)
    found = _of_relations(looks, people, limits) + _of_nights(looks, limits) + _of_masses(days, limits)
    order = list(KINDS)
    return sorted(found, key=lambda each: (order.index(each.kind), -each.count, each.actor, each.patient))


def _of_relations(looks: list[Look], people: People, limits: Limits) -> list[Finding]:
    seen = {look.patient for look in looks}
    shares = Counter(surname(people.patients.get(patient, "")) for patient in seen)
    found = []
    for look in looks:
        own_name = surname(people.actors.get(look.actor, ""))
        rare = 0 < shares[own_name] <= max(1.0, limits.surname_share * len(seen))
        if people.own.get(look.actor) == look.patient:
            kind = "own"
        elif look.patient in people.staff.get(look.organization, frozenset()):
            kind = "colleague"
        elif own_name and rare and surname(people.patients.get(look.patient, "")) == own_name:
            kind = "surname"
        else:
            continue
        found.append(Finding(kind, look.actor, people.ids.get(look.patient, ""), look.count))
    return found


def _of_nights(looks: list[Look], limits: Limits) -> list[Finding]:
    nights: Counter[str] = Counter()
    for look in looks:
        nights[look.actor] += look.night
    return [Finding("night", actor, "", count) for actor, count in nights.items() if count >= limits.night_least]


def _of_masses(days: list[Day], limits: Limits) -> list[Finding]:
    if not days:
        return []
    usual = statistics.median(day.patients for day in days)
    least = max(limits.mass_least, limits.mass_times * usual)
    return [Finding("mass", day.actor, "", day.patients, day.day) for day in days if day.patients >= least]


# ---- from the store

_LOOKS = """
SELECT a.actor, a.organization, p.patient, count(*),
       count(*) FILTER (WHERE a.purpose NOT IN ('ETREAT', 'BTG') AND (
           extract(hour FROM a.recorded AT TIME ZONE 'Asia/Seoul') >= %s
           OR extract(hour FROM a.recorded AT TIME ZONE 'Asia/Seoul') < %s))
FROM fhir_audit a, unnest(a.patients) AS p (patient)
WHERE a.recorded >= %s AND a.recorded < %s AND a.role = 'clinician' AND a.outcome = 0
GROUP BY 1, 2, 3
"""
_DAYS = """
SELECT a.actor, (a.recorded AT TIME ZONE 'Asia/Seoul')::date, count(DISTINCT p.patient)
FROM fhir_audit a, unnest(a.patients) AS p (patient)
WHERE a.recorded >= %s AND a.recorded < %s AND a.role = 'clinician' AND a.outcome = 0
GROUP BY 1, 2
"""


_EMERGENCIES = """
SELECT a.actor, p.patient, count(*) FROM fhir_audit a, unnest(a.patients) AS p (patient)
WHERE a.recorded >= %s AND a.recorded < %s AND a.interaction = 'emergency-access' AND a.outcome = 0
GROUP BY 1, 2
"""


def review(since: datetime, until: datetime, limits: Limits = Limits()) -> list[Finding]:
    """The findings of the period from ``since`` up to ``until``."""
    with open_session(service("audit-review", "HCOMPL")) as session:
        session.cursor.execute(_LOOKS, [limits.night_from, limits.night_to, since, until])
        looks = [Look(*row) for row in session.cursor.fetchall()]
        session.cursor.execute(_DAYS, [since, until])
        days = [Day(*row) for row in session.cursor.fetchall()]
        session.cursor.execute(_EMERGENCIES, [since, until])
        opened = session.cursor.fetchall()
        people = _people(session, {look.patient for look in looks} | {patient for _actor, patient, _count in opened})
    emergencies = [Finding("emergency", who, people.ids.get(patient, ""), count) for who, patient, count in opened]
    emergencies.sort(key=lambda each: (-each.count, each.actor, each.patient))
    return [*emergencies, *findings(looks, days, people, limits)]


def _people(session: Session, patients: set[int]) -> People:
    session.cursor.execute(
        "SELECT compartment, id, body FROM fhir_resource WHERE compartment = ANY(%s) AND type = %s AND NOT deleted",
        [sorted(patients), TYPE_NUMBER["Patient"]],
    )
    found = [(key, id, _name(body.parse(bytes(raw)))) for key, id, raw in session.cursor.fetchall()]
    staff: dict[str, set[int]] = defaultdict(set)
    members = Membership.objects.exclude(user__patient="").values_list("organization", "user__patient")
    for organization, patient in members:
        staff[organization].add(patient_key(patient))
    users = {_actor(user): user for user in User.objects.filter(memberships__isnull=False).distinct()}
    return People(
        actors={actor: user.display_name for actor, user in users.items()},
        patients={key: name for key, _id, name in found},
        ids={key: id for key, id, _ in found},
        own={actor: patient_key(user.patient) for actor, user in users.items() if user.patient},
        staff={organization: frozenset(keys) for organization, keys in staff.items()},
    )


def _actor(user: User) -> str:
    """As health_platform.smart names the person."""
    return f"Practitioner/{user.practitioner}" if user.practitioner else f"Person/{user.username}"


def _name(patient: Mapping[str, Any]) -> str:
    """A name that begins with the surname in Korean writing, and ends with it in Latin."""
    for name in patient.get("name", ()):
        if name.get("text"):
            return str(name["text"])
        if name.get("family"):
            return str(name["family"])
    return ""


def text_of(found: list[Finding], month: str) -> str:
    """The report in the active language."""
    head = _("Unusual access in %(month)s: %(count)s findings") % {"month": month, "count": len(found)}
    note = _("A finding is no reproach. Ask the person named why, and write down the answer.")
    lines = [head, note]
    for kind, label in KINDS.items():
        chosen = [each for each in found if each.kind == kind]
        if chosen:
            lines += ["", f"{_(label)} ({len(chosen)})"]
            lines += [_line(each) for each in chosen]
    if not found:
        lines += ["", _("Nothing unusual was found.")]
    return "\n".join(lines)


def _line(found: Finding) -> str:
    if found.kind == "mass":
        return _("- %(actor)s: %(count)s people on %(day)s") % {
            "actor": found.actor, "count": found.count, "day": found.day,
        }  # fmt: skip
    if not found.patient:
        return _("- %(actor)s: %(count)s times") % {"actor": found.actor, "count": found.count}
    return _("- %(actor)s, Patient/%(patient)s: %(count)s times") % {
        "actor": found.actor, "patient": found.patient, "count": found.count,
    }  # fmt: skip
