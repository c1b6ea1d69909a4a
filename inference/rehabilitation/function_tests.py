"""Points and classes of the tests of physical function. Pure.

SPPB: Guralnik 1994 (doi 10.1093/geronj/49.2.M85); chair stands and the 3-metre walk as in PMC3032402, table 3, which
prints the 3-metre limits under the heading "4-m walk": the limits belong to the length of the course, so the length
is always asked for. AWGS 2019: doi 10.1016/j.jamda.2019.12.012.
"""

from dataclasses import dataclass

AWGS_EDITION = "AWGS 2019"
WEAK_GRIP_MEN, WEAK_GRIP_WOMEN = 28.0, 18.0
SLOW_GAIT, SLOW_CHAIR_STANDS, LOW_SPPB = 1.0, 12.0, 9

# Seconds of the usual walk: below the first limit 4 points, up to the next 3, up to the last 2, above it 1.
WALK_LIMITS = {4.0: (4.82, 6.20, 8.70), 3.0: (3.62, 4.65, 6.52)}
CHAIR_FOUR, CHAIR_THREE, CHAIR_TWO, CHAIR_UNABLE = 11.19, 13.70, 16.70, 60.0
HELD, TANDEM_SOME = 10.0, 3.0


@dataclass(frozen=True, slots=True)
class Balance:
    """Seconds held in each stance; 0 where it was tried and failed, None where it was not tried."""

    side_by_side: float | None
    semi_tandem: float | None
    tandem: float | None


def walk_points(seconds: float | None, course: float, unable: bool = False) -> int | None:
    """SPPB points of the usual walk; None for a course of another length or a walk that was not timed.

    Seconds and metres. A person who cannot walk gets 0.
    """
    if unable:
        return 0
    limits = WALK_LIMITS.get(course)
    if limits is None or seconds is None:
        return None
    four, three, two = limits
    if seconds < four:
        return 4
    return 3 if seconds <= three else 2 if seconds <= two else 1


def chair_points(seconds: float | None, unable: bool = False) -> int | None:
    """SPPB points of five chair stands in seconds; 0 for more than a minute or unable; None where not tried."""
    if unable:
        return 0
    if seconds is None:
        return None
    if seconds > CHAIR_UNABLE:
        return 0
    if seconds <= CHAIR_FOUR:
        return 4
    return 3 if seconds < CHAIR_THREE else 2 if seconds < CHAIR_TWO else 1


def balance_points(held: Balance) -> int | None:
    """SPPB points of the three stances; a stance that was not held ends the test; None where one was not tried."""
    if held.side_by_side is None:
        return None
    if held.side_by_side < HELD:
        return 0
    if held.semi_tandem is None:
        return None
    if held.semi_tandem < HELD:
        return 1
    if held.tandem is None:
        return None
    return 2 if held.tandem < TANDEM_SOME else 3 if held.tandem < HELD else 4


def sppb(balance: int | None, walk: int | None, chair: int | None) -> int | None:
    """The sum of the three parts; None while one is not assessed."""
    if balance is None or walk is None or chair is None:
        return None
    return balance + walk + chair


def weak_grip(grip: float, female: bool) -> bool:
    """Grip in kg below the limit of AWGS 2019."""
    return grip < (WEAK_GRIP_WOMEN if female else WEAK_GRIP_MEN)
