"""What an application asks for, in words for the person who decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from health_platform.fhir.access.scopes import ResourceScope, parse


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that the application could do. ``writes``: it could change the record."""

    text: str
    writes: bool = False


def sentences(scopes: Iterable[str]) -> list[Sentence]:
    """What the scopes amount to, each thing once, the changes of the record last."""
    found = {_of(scope) for scope in scopes} - {None}
    return sorted((sentence for sentence in found if sentence), key=lambda sentence: (sentence.writes, sentence.text))


def _of(scope: str) -> Sentence | None:
    wanted = parse(scope)
    if wanted is not None:
        return _of_resources(wanted)
    if scope in ("openid", "fhirUser"):
        return Sentence(_("Know who you are"))
    if scope == "offline_access":
        return Sentence(_("Go on reading when you have left, until you end it"))
    if scope == "online_access":
        return Sentence(_("Go on reading while you are signed in"))
    return None


def _of_resources(scope: ResourceScope) -> Sentence:
    kinds = _("all kinds of entries") if scope.resource_type == "*" else scope.resource_type
    writes = bool(scope.rights & set("cud"))
    if scope.level == "patient":
        text = (
            _("Read and change the patient's record: %(kinds)s")
            if writes
            else _("Read the patient's record: %(kinds)s")
        )
    else:
        text = _("Read and change what you may: %(kinds)s") if writes else _("Read what you may: %(kinds)s")
    return Sentence(text % {"kinds": kinds}, writes)
