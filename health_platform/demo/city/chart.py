"""One institution's share of a citizen's history as a FHIR transaction, resource by resource.

Values are written as clinics write them: a few are missing, implausible, in another unit, or marked as entered in
error. How often is the project's own assumption (the constants below). The values of a `complete` person are all
there and right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from health_platform.demo.city import codes, resources
from health_platform.demo.city.codes import MEASURES, Measure, uuid_of
from health_platform.demo.city.draw import Draw
from health_platform.demo.city.resources import Resource, Setting, rounded

KOREA = timezone(timedelta(hours=9))
NOT_MEASURED = 0.01
ENTERED_IN_ERROR = 0.004
IMPLAUSIBLE = 0.006
OTHER_UNIT = 0.08
_REASONS = ("not-performed", "error", "unknown")
# A slipped decimal point, a missing one, or the code that some devices send for "no reading".
_SLIPS: tuple[Callable[[float], float], ...] = (lambda value: value * 10, lambda value: value / 10, lambda _: 999.0)


class Chart:
    """Collects the entries of one transaction Bundle."""

    def __init__(self, draw: Draw, person: str, institution: str, *, complete: bool) -> None:
        self._draw = draw
        self._scope = (codes.CITIZEN, person, institution)
        self._complete = complete
        self._entries: list[Resource] = []

    def add(self, resource: Resource, condition: str = "") -> str:
        """Adds a resource to be created and gives the reference to it within the Bundle."""
        full_url = f"urn:uuid:{uuid_of(*self._scope, len(self._entries))}"
        request = {"method": "POST", "url": resource["resourceType"]}
        if condition:
            request["ifNoneExist"] = condition
        self._entries.append({"fullUrl": full_url, "resource": resource, "request": request})
        return full_url

    def bundle(self) -> dict[str, Any]:
        """The transaction."""
        return {"resourceType": "Bundle", "type": "transaction", "entry": self._entries}

    def setting(self, on: date, subject: str, organization: str, practitioner: str) -> Setting:
        """Opens a visit: an Encounter at some time of that day, and the setting of what is recorded in it."""
        at = datetime.combine(on, time(self._draw.integer(9, 17), self._draw.integer(0, 59)), KOREA)
        visit = Setting(subject, "", organization, practitioner, at)
        insurance = "5" if self._draw.chance(0.05) else "4"
        reference = self.add(resources.encounter(visit, self._draw.integer(8, 40), insurance))
        return Setting(subject, reference, organization, practitioner, at + timedelta(minutes=5))

    def measure(self, setting: Setting, names: Iterable[str], values: Mapping[str, float]) -> None:
        """Records the named measures that have a value."""
        for name in names:
            if name in values:
                self.add(self._observation(setting, MEASURES[name], values[name]))

    def blood_pressure(self, setting: Setting, values: Mapping[str, float]) -> None:
        """Records a blood pressure, sometimes an implausible one."""
        systolic, diastolic = round(values["systolic"]), round(values["diastolic"])
        if self._happens(IMPLAUSIBLE):
            systolic = self._draw.pick((systolic * 10, diastolic - 15, 0))
        self.add(self._marked(resources.blood_pressure(setting, systolic, diastolic)))

    def _observation(self, setting: Setting, measure: Measure, value: float) -> Resource:
        if self._happens(NOT_MEASURED):
            return resources.not_measured(setting, measure, self._draw.pick(_REASONS))
        if self._happens(IMPLAUSIBLE):
            slipped = self._draw.pick(_SLIPS)(value)
            return self._marked(resources.measurement(setting, measure, rounded(slipped, measure.digits + 1)))
        if measure.others and self._happens(OTHER_UNIT):
            return self._marked(resources.measurement_in(setting, measure, value, self._draw.pick(measure.others)))
        return self._marked(resources.measurement(setting, measure, rounded(value, measure.digits)))

    def _marked(self, resource: Resource) -> Resource:
        return {**resource, "status": "entered-in-error"} if self._happens(ENTERED_IN_ERROR) else resource

    def _happens(self, probability: float) -> bool:
        return not self._complete and self._draw.chance(probability)
