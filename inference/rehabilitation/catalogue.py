"""The exercises of each programme: how often, how long, how hard.

Marked by what stands behind them: `read` at the named source, or `known` (general knowledge of a public programme,
to be checked by the clinician who signs). VIVIFRAIL: 12 weeks, resistance at 30 to 60 % of one repetition maximum,
balance, gait, five days a week (known). WHO 2020 for 65 and more: 150 minutes a week of moderate activity, strength
on 2 days, balance and strength together on 3 (known). Otago: 30 minutes three times a week, walking twice (read).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from .recommend import Programme

WEEKS = 12
BORG = (3, 4)  # of 10; speaking is possible, singing is not


@dataclass(frozen=True, slots=True)
class Exercise:
    """`days` a week, `minutes` each time. `support` says whether somebody or something to hold on has to be near."""

    code: str
    days: int
    minutes: int
    support: bool
    evidence: str = "known"


_HOLD = {Programme.A: True, Programme.B: True, Programme.C: False, Programme.D: False}


def _exercises(programme: Programme, walk_minutes: int) -> tuple[Exercise, ...]:
    hold = _HOLD[programme]
    return (
        Exercise("leg-strength", 3, 20, hold),
        Exercise("arm-strength", 3, 10, False),
        Exercise("balance", 3, 10, hold),
        Exercise("walking", 5, walk_minutes, programme is Programme.A),
        Exercise("stretching", 3, 10, False),
    )


EXERCISES: Mapping[Programme, tuple[Exercise, ...]] = {
    Programme.A: _exercises(Programme.A, 5),
    Programme.B: _exercises(Programme.B, 10),
    Programme.C: _exercises(Programme.C, 20),
    Programme.D: _exercises(Programme.D, 30),
}
MORE_BALANCE = Exercise("balance", 5, 15, True)


def exercises(programme: Programme, plus: bool) -> tuple[Exercise, ...]:
    """The exercises of a programme; its plus variant trains balance on more days, and longer, with support."""
    chosen = EXERCISES[programme]
    if not plus:
        return chosen
    return tuple(MORE_BALANCE if exercise.code == "balance" else exercise for exercise in chosen)
