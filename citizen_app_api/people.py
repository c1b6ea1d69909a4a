"""Who is asking: the one citizen whose record every address of this API is about."""

from __future__ import annotations

from dataclasses import replace

from health_platform.fhir.access.context import AccessContext, Role, service

SERVICE = "citizen_app_api"
FAMILY = "FAMRQT"
"""v3-ActReason: a family member or carer asks."""


def citizen_of(access: AccessContext | None) -> str | None:
    """The logical id of the Patient whom the citizen asks about: her own, or that of a person for whom she acts; None
    for everybody who does not act as a citizen."""
    if access is None or access.role is not Role.CITIZEN:
        return None
    if access.launch_patient is not None:
        return access.launch_patient
    patient = access.actor.removeprefix("Patient/")
    return patient if patient in access.patients else None


def acting_for(access: AccessContext, patient: str) -> AccessContext:
    """The citizen's context narrowed to the record of ``patient``, as carer or parent. What she may see there, and
    whether anything, the record decides."""
    return replace(access, launch_patient=patient, purpose=FAMILY)


def on_behalf_of(access: AccessContext) -> AccessContext:
    """The context for what a citizen may cause but not write herself. The citizen stays the one who acts, so that the
    access log names her; whatever an address or a body names must have been read with her own context first."""
    return replace(service(SERVICE, purpose=access.purpose, request_id=access.request_id), actor=access.actor)
