"""Consents take effect in the transaction that writes them: who may write one, and the grants that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from health_platform.fhir import body
from health_platform.fhir.access import ages
from health_platform.fhir.access.consent import Rule, accepted_by, in_force, is_privacy, rules_of
from health_platform.fhir.access.context import Role
from health_platform.fhir.access.policy import ANYONE
from health_platform.fhir.access.sensitivity import NONE, Sensitivity
from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES, TYPE_NUMBER
from health_platform.fhir.keys import key, patient_key
from health_platform.fhir.outcome import Forbidden, Issue, IssueType, Severity, UnprocessableEntity
from health_platform.fhir.record.work import Work
from health_platform.fhir.rows import Row
from health_platform.fhir.search.parameters.token import coding_keys
from health_platform.fhir.search.registry import SearchType, parameter

Resource = dict[str, Any]
_CODE_PARAMETERS: Final = ("code", "vaccine-code", "medication", "type")


@dataclass(frozen=True, slots=True)
class Grant:
    """A row of fhir_grant (migration 0006)."""

    grantee: int
    permit: bool
    weight: int
    depth: int = 0
    classes: Sensitivity = NONE
    types: list[int] | None = None
    purposes: list[str] | None = None
    tokens: list[int] | None = None
    since: datetime | None = None
    until: datetime | None = None
    resource: int | None = None
    guardian: bool = False


def replace_grants(work: Work, basis: int, patient: int, grants: Iterable[Grant]) -> None:
    """Let exactly ``grants`` follow from the row ``basis``."""
    cursor = work.session.cursor
    cursor.execute("DELETE FROM fhir_grant WHERE basis = %s", [basis])
    for grant in grants:
        cursor.execute(
            "INSERT INTO fhir_grant (patient, grantee, basis, since, until, resource, classes, weight, depth, permit,"
            " guardian, types, purposes, tokens) VALUES (%s, %s, %s, coalesce(%s::timestamptz, '-infinity'),"
            " coalesce(%s::timestamptz, 'infinity'), %s, %s, %s, %s, %s, %s, %s::smallint[], %s::text[], %s::bigint[])",
            [
                patient, grant.grantee, basis, grant.since, grant.until, grant.resource, int(grant.classes),
                grant.weight, grant.depth, grant.permit, grant.guardian, grant.types, grant.purposes, grant.tokens,
            ],
        )  # fmt: skip


def before_write(work: Work, resource: Resource, previous: Resource | None) -> None:
    """Raise Forbidden unless the actor may decide what the Consent decides, or change what it decided before.

    The person does, from 14 years on; before, a guardian (access/ages.py). An institution may write one that is not in
    force, such as a proposal. A carer's acceptance is the carer's own to record (carers.py).
    """
    decided = any(in_force(each) for each in (resource, previous) if each is not None)
    if work.access.unrestricted:
        return
    if work.access.role is Role.CITIZEN:
        for each in (resource, previous):
            if each is not None:
                _require_say(work, each)
    elif decided:
        raise Forbidden("Who may see a record is decided by the person: an institution writes the Consent as a "
                        "proposal, with the status 'proposed'.", code=IssueType.BUSINESS_RULE)  # fmt: skip
    new = accepted_by(resource) - (accepted_by(previous) if previous else frozenset())
    if new and is_privacy(resource):
        raise UnprocessableEntity(
            Issue(
                Severity.ERROR,
                IssueType.BUSINESS_RULE,
                "A carer's acceptance is recorded by the carer.",
                ("Consent.verification",),
            )
        )


def written(work: Work, row: Row, resource: Resource) -> None:
    """Compile the Consent: what it permits and denies holds from this transaction's commit on."""
    rules = rules_of(resource)
    _require_known(work, rules)
    accepted = accepted_by(resource)
    replace_grants(work, row.rid, row.compartment, _grants(rules, accepted, row.rid))


def _grants(rules: Iterable[Rule], accepted: frozenset[str], rid: int) -> Iterator[Grant]:
    """One grant for each grantee. A carer sees the Consent from the beginning, and the record once it is accepted."""
    offered: set[str] = set()
    for rule in rules:
        for grantee in rule.grantees or ("",):
            carer = grantee.startswith("Patient/")
            if carer and grantee not in offered:
                offered.add(grantee)
                yield Grant(key(grantee), permit=True, weight=63, depth=99, resource=rid)
            if carer and rule.permit and grantee not in accepted:
                continue
            yield Grant(
                grantee=key(grantee) if grantee else ANYONE,
                permit=rule.permit,
                weight=rule.weight(grantee),
                depth=rule.depth,
                classes=rule.classes,
                types=[TYPE_NUMBER[name] for name in rule.types] if rule.types is not None else None,
                purposes=list(rule.purposes) if rule.purposes is not None else None,
                tokens=_tokens(rule) if rule.codes is not None else None,
                since=rule.since,
                until=rule.until,
            )


def _tokens(rule: Rule) -> list[int]:
    """Under which keys the codes stand in the index, for every type that has them."""
    types = rule.types if rule.types is not None else RESOURCE_TYPES
    return sorted({found for kind in types for system, code in rule.codes or () for found in _keys(kind, system, code)})


@lru_cache(maxsize=4096)
def _keys(kind: str, system: str, code: str) -> tuple[int, ...]:
    found = (parameter(kind, name) for name in _CODE_PARAMETERS)
    known = [each for each in found if each is not None and each.type is SearchType.TOKEN and each.indexed]
    return tuple(number for each in known for number in coding_keys(each, system, code))


def _require_known(work: Work, rules: Iterable[Rule]) -> None:
    """A deny for an institution that is misspelt would protect nothing. Whether a Patient exists is not told."""
    named = {(grantee, rule.place) for rule in rules for grantee in rule.grantees if not grantee.startswith("Patient/")}
    if not named:
        return
    work.flush()
    pairs = sorted({grantee for grantee, _ in named})
    work.session.cursor.execute(
        "SELECT r.type, r.id FROM unnest(%s::smallint[], %s::text[]) AS w (type, id)"
        " JOIN fhir_resource r ON r.id = w.id AND r.type = w.type WHERE NOT r.deleted",
        [[TYPE_NUMBER[one.partition("/")[0]] for one in pairs], [one.partition("/")[2] for one in pairs]],
    )
    known = {f"{RESOURCE_TYPES[kind - 1]}/{id}" for kind, id in work.session.cursor.fetchall()}
    missing = sorted((place, grantee) for grantee, place in named if grantee not in known)
    if missing:
        text = "%(reference)s is not known here: name an institution or a person of this server."
        raise UnprocessableEntity(
            Issue(Severity.ERROR, IssueType.NOT_FOUND, text, (f"{place}.actor",), args={"reference": grantee})
            for place, grantee in missing
        )


# ---- who decides

_PATIENT = "SELECT r.body FROM fhir_resource r WHERE r.compartment = %s AND r.type = %s AND NOT r.deleted"
_GUARDIAN = (
    "SELECT 1 FROM fhir_grant g WHERE g.patient = %s AND g.grantee = ANY(%s) AND g.guardian AND g.since <= now()"
    " AND now() < g.until"
)


def _require_say(work: Work, consent: Resource) -> None:
    patient = str(consent.get("patient", {}).get("reference", "")).removeprefix("Patient/")
    young = ages.is_younger(birth_date(work, patient), ages.DECIDES_AT, work.now.date())
    if patient in work.access.patients:
        if young:
            raise Forbidden("Under %(age)s years a guardian decides (Personal Information Protection Act, article "
                            "22-2).", code=IssueType.BUSINESS_RULE, age=ages.DECIDES_AT)  # fmt: skip
        return
    work.session.cursor.execute(_GUARDIAN, [patient_key(patient), list(work.session.keys.grantees)])
    if not young or work.session.cursor.fetchone() is None:
        raise Forbidden("A Consent is given by the person herself; by a guardian only for a child under %(age)s.",
                        age=ages.DECIDES_AT)  # fmt: skip


def birth_date(work: Work, patient: str) -> str:
    """The day of birth of a Patient within reach; empty when it is not known."""
    work.flush()
    work.session.cursor.execute(_PATIENT, [patient_key(patient), TYPE_NUMBER["Patient"]])
    row = work.session.cursor.fetchone()
    return str(body.parse(bytes(row[0])).get("birthDate", "")) if row else ""
