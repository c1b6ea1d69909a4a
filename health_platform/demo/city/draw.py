"""Seeded draws: the same parts of a seed give the same values in every process."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """A stream of random values named by its seed, such as `Draw(1, "citizen", 7)`.

    Streams of different names are independent, so that citizen 7 is the same person however many citizens there are.
    """

    def __init__(self, *seed: object) -> None:
        self._random = random.Random("/".join(map(str, seed)))

    def normal(self, mean: float = 0.0, deviation: float = 1.0) -> float:
        """A normal value."""
        return self._random.gauss(mean, deviation)

    def uniform(self, low: float, high: float) -> float:
        """A value between low and high."""
        return low + (high - low) * self._random.random()

    def integer(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def chance(self, probability: float) -> bool:
        """True with the probability given."""
        return self._random.random() < probability

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, each as likely."""
        return choices[self.integer(0, len(choices) - 1)]

    def weighted(self, weights: Mapping[T, float]) -> T:
        """One of the keys, as likely as its weight."""
        point = self.uniform(0, sum(weights.values()))
        for choice, weight in weights.items():
            point -= weight
            if point < 0:
                return choice
        return next(reversed(list(weights)))

    def count(self, mean: float, most: int) -> int:
        """A small count with about this mean (binomial), at most `most`."""
        return sum(self.chance(min(mean / most, 1.0)) for _ in range(most))
