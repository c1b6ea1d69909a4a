"""What the terminology operations share: which terminology a caller reaches, and codes in the forms that are sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from health_platform.fhir import knowledge
from health_platform.fhir.messages import FhirRequest
from health_platform.fhir.operations.parameters import Inputs, required
from health_platform.fhir.outcome import BadRequest
from health_platform.fhir.repository import Repository
from health_platform.fhir.terminology.layers import ReadableTerminology
from health_platform.fhir.terminology.values import Concept, Designation

Json = Mapping[str, Any]
Coded = tuple[str, str, str]
"""System, code and display; empty where they were not sent."""
_SENT: Final = "urn:bitgoeul:sent:"


class Asked:
    """The terminology of one call, and the canonical of its subject: by address, sent along, or by `url`."""

    def __init__(self, request: FhirRequest, inputs: Inputs, kind: str, id: str | None, inline: str = "") -> None:
        self._repository = Repository(request.access)
        self._sent: dict[str, Json] = {}
        self.inputs = inputs
        self.resource = self._subject(kind, id, inputs.object(inline) if inline else None)
        self.terminology = ReadableTerminology(knowledge.current().terminology, self._find)
        self.canonical = _SENT + kind if self.resource is not None else _versioned(inputs.text("url"), inputs)

    def _subject(self, kind: str, id: str | None, sent: Json | None) -> Json | None:
        """A resource of the store or of the call; it goes by a name of its own, whatever URL it states."""
        resource = self._repository.read(kind, id).resource() if id is not None else sent
        if resource is None:
            return None
        if resource.get("resourceType") != kind:
            raise BadRequest("The operation works on a %(kind)s here, not on a %(found)s.",
                             kind=kind, found=resource.get("resourceType"))  # fmt: skip
        self._sent[_SENT + kind] = {**resource, "url": _SENT + kind, "version": ""}
        return resource

    def _find(self, kind: str, url: str, version: str) -> Json | None:
        if url in self._sent:
            return self._sent[url]
        if url.startswith(_SENT) or not url:
            return None
        criteria = {"url": url, "_count": "1"} | ({"version": version} if version else {})
        found = self._repository.search(kind, criteria).resources()
        return found[0] if found else None

    def named(self) -> str:
        """The canonical of the subject. Raises BadRequest where the call names none."""
        return required("url", self.canonical)


def _versioned(url: str, inputs: Inputs) -> str:
    version = inputs.text("version") or inputs.text("valueSetVersion") or inputs.text("conceptMapVersion")
    return f"{url}|{version}" if url and version and "|" not in url else url


def coded(inputs: Inputs) -> list[Coded]:
    """The codes of `code` (with `system`), `coding` or `codeableConcept`. Raises BadRequest without any."""
    if code := inputs.text("code"):
        return [(inputs.text("system"), code, inputs.text("display"))]
    if (coding := inputs.object("coding")) is not None:
        return [of_coding(coding)]
    concept = required("code", inputs.object("codeableConcept"))
    codings = concept.get("coding")
    return [of_coding(coding) for coding in codings] if isinstance(codings, list) else []


def of_coding(coding: Any) -> Coded:
    parts = [coding.get(name, "") if isinstance(coding, dict) else None for name in ("system", "code", "display")]
    if not all(isinstance(part, str) for part in parts) or not parts[1]:
        raise BadRequest("A Coding needs a code, and its system, code and display are texts.", expression=("coding",))
    return str(parts[0]), str(parts[1]), str(parts[2])


def display_in(concept: Concept, language: str) -> str:
    """The display in a language (`ko`, `en-US`), else the system's own."""
    wanted = language.partition("-")[0].casefold()
    return next((d.value for d in concept.designations if wanted and _speaks(d, wanted)), concept.display)


def _speaks(designation: Designation, language: str) -> bool:
    return designation.language.partition("-")[0].casefold() == language
