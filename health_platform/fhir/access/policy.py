"""What an actor may do, and to which rows: one place, deny by default.

Three questions, asked in this order by the repository: does the scope allow the interaction on the type (SMART App
Launch 2.2, scopes-and-launch-context.html); does the role allow it; which rows does the actor reach. The last one is
compiled into every statement, and PostgreSQL's row-level security repeats it from settings (migration 0006).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.access.scopes import parse
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.keys import key, organization_key, patient_key
from health_platform.fhir.outcome import Forbidden

if TYPE_CHECKING:
    from health_platform.fhir.access.session import Cursor

RIGHTS = {
    "create": "c",
    "read": "r",
    "vread": "r",
    "history-instance": "r",
    "history-type": "s",
    "update": "u",
    "patch": "u",
    "delete": "d",
    "search-type": "s",
}
# What each role may write; reading is limited by rows alone. Institutions are registered by the operator's import.
_ANY = frozenset({"*"})
WRITABLE: dict[Role, frozenset[str]] = {
    Role.CITIZEN: frozenset({"Consent"}),
    Role.CLINICIAN: _ANY,
    Role.AMBULANCE: frozenset(),
    Role.SYSTEM: _ANY,
    Role.SERVICE: _ANY,
    Role.AUDITOR: frozenset(),
    Role.OPERATOR: _ANY,
}


@lru_cache(maxsize=4096)
def scope_allows(scopes: frozenset[str], resource_type: str, right: str) -> bool:
    """Whether a SMART scope (v1 or v2) grants ``right``, one of c r u d s, on ``resource_type``.

    A scope with a search constraint grants nothing: it is refused at the authorization already, and ignoring the
    constraint would widen it.
    """
    for scope in map(parse, scopes):
        if scope is None or scope.constraint:
            continue
        if scope.resource_type in ("*", resource_type) and right in scope.rights:
            return True
    return False


def allows(access: AccessContext, interaction: str, resource_type: str) -> bool:
    """Whether a scope allows an interaction that changes nothing."""
    return scope_allows(access.scopes, resource_type, RIGHTS[interaction])


def require(access: AccessContext, interaction: str, resource_type: str) -> None:
    """Raise Forbidden unless scope and role allow ``interaction`` on ``resource_type``."""
    right = RIGHTS[interaction]
    if not scope_allows(access.scopes, resource_type, right):
        raise Forbidden(
            "The token's scopes do not allow '%(interaction)s' on %(type)s: ask for a scope such as "
            "system/%(type)s.%(right)s.",
            interaction=interaction,
            type=resource_type,
            right=right,
        )
    if access.launch_patient is not None and (interaction, resource_type) == ("create", "Patient"):
        raise Forbidden("An application that was launched for a patient does not register others.")
    if right in "cud" and not WRITABLE[access.role] & {"*", resource_type}:
        raise Forbidden("The role '%(role)s' may not write %(type)s.", role=str(access.role), type=resource_type)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys (keys.py) by which rows are reached.

    ``own`` are compartments that the actor reaches without a care relationship: what everyone may read (0), the actor's
    own patients, what the actor's institution wrote about no patient. ``organization`` is the institution whose care
    relationships and own entries count (0: none), ``grantees`` are those under which Consents may name the actor,
    ``purpose`` for what the actor asks, and ``only`` narrows everything to some compartments (None: no).
    """

    own: tuple[int, ...]
    organization: int
    grantees: tuple[int, ...]
    purpose: str
    only: tuple[int, ...] | None = None


_PATIENT = TYPE_NUMBER["Patient"]
ANYONE = 0
"""The grantee that stands for whoever acts for an institution."""


def keys_of(access: AccessContext) -> Keys:
    """Where an actor's rights on rows come from: this is the one place that says it."""
    return _keys(access.role, access.actor, access.organization, access.patients, access.purpose, access.launch_patient)


@lru_cache(maxsize=4096)
def _keys(
    role: Role, actor: str, institution: str | None, patients: frozenset[str], purpose: str, launch: str | None
) -> Keys:
    organization = (organization_key(institution),) if institution else ()
    own = tuple(sorted(patient_key(patient) for patient in patients))
    return Keys(
        own=(0, *own, *organization),
        organization=organization[0] if organization else 0,
        grantees=_grantees(role, actor, organization, own),
        purpose=purpose,
        only=(0, *organization, patient_key(launch)) if launch is not None else None,
    )


def _grantees(role: Role, actor: str, organization: tuple[int, ...], patients: tuple[int, ...]) -> tuple[int, ...]:
    """A citizen is named as a person, who acts for an institution also by it, and with all others who do."""
    if role is Role.CITIZEN:
        return patients
    person = (key(actor),) if role in (Role.CLINICIAN, Role.AMBULANCE) else ()
    return (ANYONE, *organization, *person) if organization else person


def session_settings(access: AccessContext, keys: Keys) -> dict[str, str]:
    """The settings that row-level security reads (migration 0006): ``reach`` is ``all`` or ``own``, ``withheld`` is
    ``shown`` or ``hidden``, the rest are keys."""
    return {
        "bitgoeul.reach": "all" if access.unrestricted else "own",
        "bitgoeul.organization": str(keys.organization),
        "bitgoeul.own": _array(keys.own),
        "bitgoeul.keys": _array(keys.grantees),
        "bitgoeul.purpose": keys.purpose,
        "bitgoeul.only": _array(keys.only) if keys.only is not None else "",
        "bitgoeul.withheld": "hidden" if access.role is Role.CITIZEN else "shown",
    }


def _array(keys: Iterable[int]) -> str:
    return "{" + ",".join(map(str, keys)) + "}"


def reach(access: AccessContext, keys: Keys, alias: str) -> tuple[str, dict[str, Any]]:
    """The SQL condition on ``alias``, a table of versions of resources, for the rows within the actor's reach, and its
    parameters: actor, role, institution, care relationship, purpose of use, consent and security label in one.

    A row is reached when it is in an own compartment; else, when the person decided something that concerns the actor,
    as that says (fhir_granted, migration 0006); else when the institution cares for the person and the row is of no
    sensitive class or its own.
    """
    condition, parameters = _reach(access, keys, alias, whole=True)
    if access.role is Role.CITIZEN:
        condition = f"({condition} AND NOT {alias}.withheld)"
    return condition, parameters


def reach_of_records(access: AccessContext, keys: Keys, alias: str) -> tuple[str, dict[str, Any]]:
    """As `reach`, for a table of which only ``compartment`` is known: its rows are reached with the Patient."""
    return _reach(access, keys, alias, whole=False)


def _reach(access: AccessContext, keys: Keys, alias: str, *, whole: bool) -> tuple[str, dict[str, Any]]:
    if access.unrestricted:
        return "", {}
    others, narrowed = bool(keys.organization or keys.grantees), keys.only is not None
    parameters: dict[str, Any] = {"own": list(keys.own)}
    if others:
        parameters["own_organization"] = keys.organization
        parameters["own_keys"] = list(keys.grantees)
        parameters["own_purpose"] = keys.purpose
    if keys.only is not None:
        parameters["own_only"] = list(keys.only)
    return _condition(alias, whole, others, narrowed), parameters


@lru_cache(maxsize=64)
def _condition(alias: str, whole: bool, others: bool, narrowed: bool) -> str:
    """The condition's text. ``whole`` is a table of versions; ``others`` than the own records can be reached;
    ``narrowed`` to some compartments."""
    condition = f"{alias}.compartment = ANY(%(own)s)"
    if others:
        mine = f"({alias}.custodian = %(own_organization)s AND %(own_organization)s::bigint <> 0)"
        row = f"{alias}.type, {alias}.sensitive, {mine}" if whole else f"{_PATIENT}::smallint, 0::smallint, false"
        cared_for = (
            "EXISTS (SELECT 1 FROM fhir_care care WHERE care.organization = %(own_organization)s"
            f" AND care.patient = {alias}.compartment)"
        )
        condition = (
            f"({condition} OR CASE WHEN EXISTS (SELECT 1 FROM fhir_grant g WHERE g.patient = {alias}.compartment"
            " AND g.grantee = ANY(%(own_keys)s))"
            f" THEN fhir_granted({alias}.compartment, {row}, {cared_for},"
            f" {f'{alias}.rid' if whole else 'NULL::bigint'}, %(own_keys)s, %(own_purpose)s)"
            f" ELSE {f'({alias}.sensitive = 0 OR {mine}) AND ' if whole else ''}{cared_for} END)"
        )
    return f"({condition} AND {alias}.compartment = ANY(%(own_only)s))" if narrowed else condition


_FEW = """
SELECT care.patient FROM fhir_care care WHERE care.organization = %(organization)s
UNION SELECT g.patient FROM fhir_grant g WHERE g.grantee = ANY(%(keys)s) AND g.permit
LIMIT %(limit)s
"""


def few_compartments(cursor: Cursor, access: AccessContext, keys: Keys, limit: int) -> list[int] | None:
    """All compartments in which the actor may reach anything, when there are at most ``limit``; None when there are
    more, or no end to them. Not every row in them is reached: `reach` stays part of the statement."""
    if access.unrestricted:
        return None
    if not keys.organization and not keys.grantees:
        return sorted({*keys.own} & {*keys.only} if keys.only is not None else {*keys.own})
    cursor.execute(_FEW, {"organization": keys.organization, "keys": list(keys.grantees), "limit": limit + 1})
    found = {*keys.own, *(row[0] for row in cursor.fetchall())}
    if keys.only is not None:
        found &= {*keys.only}
    return sorted(found) if len(found) <= limit else None


def log_settings(access: AccessContext) -> dict[str, str]:
    """The settings that the access log's row-level security reads: ``log`` is ``all`` for who sees all of it, else
    ``own``, which is that of ``patients`` (keys)."""
    everything = access.unrestricted or access.role is Role.AUDITOR
    return {
        "bitgoeul.log": "all" if everything else "own",
        "bitgoeul.patients": "{" + ",".join(str(patient_key(patient)) for patient in access.patients) + "}",
    }
