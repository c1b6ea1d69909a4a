"""What an evaluation is given, and what it keeps while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from health_platform.fhir.fhirpath.elements import Collection, Element
from health_platform.fhir.fhirpath.errors import FhirPathExecutionError, FhirPathLimitError

DEFAULT_STEPS: Final = 25_000

TEXT_PER_STEP: Final = 50
"""Characters that a step of work on text covers."""

Resolve = Callable[[str], Mapping[str, Any] | None]
Judge = Callable[[Element, str], bool | None]
"""A question about an element and a URL; None where the answer is not known."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What the world outside says to an expression.

    `now` is the clock of `now()`, `today()` and `timeOfDay()`. `resolve` gives the resource of a reference or canonical
    that is neither contained nor in the Bundle at hand. `member_of` tells whether a coded element is in a value set,
    `conforms_to` whether an element conforms to a profile, `html_checks` whether narrative is allowed.
    `variables` are external constants (`%name`) of the caller's own.

    `steps` bounds the work: one for each item that a function or path touches, about a microsecond. With `strict`, a
    path that the type cannot have is an error. With `as_in_r4`, the expressions of R4's own invariants are understood
    as they were meant: `as` filters a collection of several items, and `Boolean` also names FHIR's boolean and so on.
    """

    now: datetime | None = None
    resolve: Resolve | None = None
    member_of: Judge | None = None
    conforms_to: Judge | None = None
    html_checks: Callable[[Element], bool] | None = None
    trace: Callable[[str, Collection], None] | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    steps: int = DEFAULT_STEPS
    strict: bool = False
    as_in_r4: bool = False


class State:
    """The running evaluation: steps left, `$index` and `$total`, and what the constants stand for."""

    __slots__ = ("context", "environment", "index", "resource", "root", "steps", "total")

    def __init__(self, environment: Environment, context: Collection, resource: Any, root: Any) -> None:
        self.environment = environment
        self.steps = environment.steps
        self.context = context
        self.resource = resource
        self.root = root
        self.index = 0
        self.total: Collection = []

    def spend(self, steps: int) -> None:
        """Count work done. Raises FhirPathLimitError when the bound is passed."""
        self.steps -= steps
        if self.steps < 0:
            raise FhirPathLimitError(f"The expression needs more than {self.environment.steps} steps.")


Compiled = Callable[[Collection, State], Collection]
"""A part of an expression, ready to run: from the current context (`$this`) to its value."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function of FHIRPath: how many arguments it takes and what it does.

    An eager one takes `(input, values of the arguments, state)`. A lazy one takes `(input, compiled arguments, state,
    this)` and evaluates them itself.
    """

    minimum: int
    maximum: int
    run: Callable[..., Collection]
    lazy: bool = False


def single(items: Collection, what: str) -> Any:
    """The only item, None without any. Raises FhirPathExecutionError for several."""
    if len(items) > 1:
        raise FhirPathExecutionError(f"{what} takes one item, there are {len(items)}.")
    return items[0] if items else None
