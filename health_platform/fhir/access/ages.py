"""What changes at 14 and at 19: who decides about a record, and what a parent still sees (pure).

- Under 14 the legal representative consents in the child's place (Personal Information Protection Act, article 22-2
  paragraph 1: consent of the legal representative, who has to be verified).
- From 14 on the minor consents alone, for the Act asks for a representative no longer. Parents, who hold parental
  authority (Civil Act, articles 909 and 913), go on seeing the record, as the national app lets them since July 2025
  for children under 19; sensitive classes only when the minor permits them, and nothing that the minor denies.
- From 19 on the person is of age (Civil Act, article 4): parents see nothing unless the person makes them carers.

Age is counted in full years from the day of birth (Civil Act, article 158).
"""

from __future__ import annotations

from datetime import date
from typing import Final

DECIDES_AT: Final = 14
OF_AGE_AT: Final = 19


def birthday(birth_date: str, age: int) -> date | None:
    """The day on which somebody becomes ``age``. A FHIR date may leave out day or month: then the latest that it may
    mean, so that nobody is taken for older. None for what is no date."""
    parts = birth_date.split("-")
    try:
        numbers = [int(part) for part in parts]
    except ValueError:
        return None
    year, month, day = (*numbers, 12, 31)[:3] if len(numbers) < 2 else (*numbers, 31)[:3]
    try:
        return _day(year + age, month, day, whole=len(numbers) == 3)
    except ValueError:
        return None


def _day(year: int, month: int, day: int, *, whole: bool) -> date:
    """That day, or the nearest one there is: 29 February becomes 1 March, a month without a day its last day."""
    try:
        return date(year, month, day)
    except ValueError:
        if whole and (month, day) == (2, 29):
            return date(year, 3, 1)
        if whole or not 1 <= month <= 12:
            raise
        return _day(year, month, day - 1, whole=False)


def is_younger(birth_date: str, age: int, today: date) -> bool:
    """Whether somebody is younger than ``age``; somebody whose birth is not known is not."""
    reached = birthday(birth_date, age)
    return reached is not None and today < reached
