"""A statement while it is put together: bound values, names of tables, and the actor's reach for each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from health_platform.fhir.access.session import Session
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER


@dataclass(slots=True)
class Statement:
    """Each value is bound under a name of its own, each table of resources has its own alias."""

    session: Session
    parameters: dict[str, Any] = field(default_factory=dict)
    _tables: int = 0

    def bind(self, value: object) -> str:
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"%({name})s"

    def alias(self) -> str:
        self._tables += 1
        return f"r{self._tables}"

    def living(self, alias: str, resource_type: str) -> list[str]:
        """The conditions on a table of resources: of the type, not deleted, within reach."""
        return [f"{alias}.type = {TYPE_NUMBER[resource_type]}", f"NOT {alias}.deleted", *self.reached(alias)]

    def reached(self, alias: str) -> list[str]:
        reach, parameters = self.session.reach(alias)
        self.parameters |= parameters
        return [reach] if reach else []

    def run(self, text: str) -> list[tuple[Any, ...]]:
        self.session.cursor.execute(text, self.parameters)
        return self.session.cursor.fetchall()
