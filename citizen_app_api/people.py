"""Who is asking: the one citizen whose record every address of this API is about."""

from __future__ import annotations

from dataclasses import replace

from health_platform.fhir.access.context import AccessContext, Role, service

SERVICE = "citizen_app_api"


def citizen_of(access: AccessContext | None) -> str | None:
    """The logical id of the citizen's own Patient; None for everybody who does not act as a citizen."""
    if access is None or access.role is not Role.CITIZEN:
        return None
    patient = access.actor.removeprefix("Patient/")
    return patient if patient in access.patients else None


def on_behalf_of(access: AccessContext) -> AccessContext:
    """The context for what a citizen may cause but not write herself. The citizen stays the one who acts, so that the
    access log names her; whatever an address or a body names must have been read with her own context first."""
    return replace(service(SERVICE, purpose=access.purpose, request_id=access.request_id), actor=access.actor)
