"""What an actor may do, and to which rows: one place, deny by default.

Three questions, asked in this order by the repository: does the scope allow the interaction on the type (SMART App
Launch 2.2, scopes-and-launch-context.html); does the role allow it; which rows does the actor reach. The last one is
compiled into every statement, and PostgreSQL's row-level security repeats it from the same settings (migration 0001).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.access.scopes import parse
from health_platform.fhir.keys import patient_key
from health_platform.fhir.outcome import Forbidden

RIGHTS = {
    "create": "c",
    "read": "r",
    "vread": "r",
    "history-instance": "r",
    "update": "u",
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


def session_settings(access: AccessContext, organization: int, own: list[int]) -> dict[str, str]:
    """The settings that row-level security reads: ``reach`` is ``all`` or ``own``, ``withheld`` is ``shown`` or
    ``hidden``, the rest are keys (keys.py)."""
    return {
        "bitgoeul.reach": "all" if access.unrestricted else "own",
        "bitgoeul.organization": str(organization),
        "bitgoeul.own": "{" + ",".join(map(str, own)) + "}",
        "bitgoeul.withheld": "hidden" if access.role is Role.CITIZEN else "shown",
    }


def own_compartments(organization: int, patients: list[int]) -> list[int]:
    """Whose records the actor reaches without a care relationship: what everyone may read (0), the actor's own
    patients, and what the actor's institution wrote about no patient."""
    return [0, *patients, *([organization] if organization else [])]


def reach(access: AccessContext, organization: int, own: list[int], alias: str) -> tuple[str, dict[str, Any]]:
    """The SQL condition on ``{alias}.compartment`` for the rows within the actor's reach, and its parameters."""
    if access.unrestricted:
        return "", {}
    within = f"{alias}.compartment = ANY(%(own)s)"
    parameters: dict[str, Any] = {"own": own}
    if access.role is Role.CITIZEN:
        within = f"({within} AND NOT {alias}.withheld)"
    if not organization:
        return within, parameters
    cared_for = (
        "EXISTS (SELECT 1 FROM fhir_care care WHERE care.organization = %(own_organization)s"
        f" AND care.patient = {alias}.compartment)"
    )
    return f"({within} OR {cared_for})", parameters | {"own_organization": organization}


def log_settings(access: AccessContext) -> dict[str, str]:
    """The settings that the access log's row-level security reads: ``log`` is ``all`` for who sees all of it, else
    ``own``, which is that of ``patients`` (keys)."""
    everything = access.unrestricted or access.role is Role.AUDITOR
    return {
        "bitgoeul.log": "all" if everything else "own",
        "bitgoeul.patients": "{" + ",".join(str(patient_key(patient)) for patient in access.patients) + "}",
    }
