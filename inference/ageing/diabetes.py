"""Type 2 diabetes in people who do not have diabetes."""

from .family import Candidate, Family, FromAge, Without

FAMILY = Family("diabetes", (Candidate("findrisc", (FromAge(18), Without("diabetes"))),))
