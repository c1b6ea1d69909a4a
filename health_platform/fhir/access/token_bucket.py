"""Token buckets: how much of a quota each caller has left. Pure: the clock is the caller's.

A bucket is one number, the time at which it will be full again (the generic cell rate algorithm, ITU-T I.371, annex A,
as a virtual schedule): a request moves it one interval further, and is refused where that is more than a window ahead.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from math import ceil
from threading import Lock


@dataclass(frozen=True, slots=True)
class Quota:
    """``requests`` may come at once; they come back evenly within ``seconds``."""

    requests: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What is left after a request: ``remaining`` requests at once; ``seconds`` until the bucket is full, or, where
    nothing remains, until one more request is allowed."""

    allowed: bool
    remaining: int
    seconds: int


class Buckets:
    """A bucket for each key, ``most`` of them: a further key takes the place of the one that was longest unused."""

    def __init__(self, quota: Quota, most: int = 10_000) -> None:
        self._interval, self._window, self._most = quota.seconds / quota.requests, float(quota.seconds), most
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, key: Hashable, now: float) -> Taken:
        """Take one from the bucket of ``key`` at ``now`` (seconds of any clock that never goes back)."""
        with self._lock:
            before = max(self._full_at.pop(key, now), now)
            after = before + self._interval
            allowed = after - now <= self._window + 1e-9
            # Put at the end: what was longest unused stands first.
            self._full_at[key] = after if allowed else before
            if len(self._full_at) > self._most:
                self._full_at.popitem(last=False)
        if not allowed:
            return Taken(False, 0, max(1, ceil(after - now - self._window)))
        remaining = int((self._window - (after - now)) / self._interval + 1e-6)
        until = after - now if remaining else after + self._interval - now - self._window
        return Taken(True, remaining, max(1, ceil(until)))
