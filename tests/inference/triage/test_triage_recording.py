"""Calls to the store end in time, and pause after failures."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from inference.triage.recording import CircuitBreaker, Deadline, Unavailable

Resolve = Callable[[int], None]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def answering(resolve: Resolve) -> None:
    resolve(7)


def failing(resolve: Resolve) -> None:
    raise ConnectionError("the store is down")


def deadline(seconds: float = 5.0, failures: int = 3, threads: int = 2) -> Deadline[int]:
    return Deadline(seconds, CircuitBreaker(failures, pause_s=60), threads)


def test_a_result_comes_back() -> None:
    assert deadline().run(answering) == 7


def test_a_failure_is_unavailable_whatever_its_kind() -> None:
    with pytest.raises(Unavailable):
        deadline().run(failing)


def test_a_call_that_ends_without_a_result_is_unavailable_at_once() -> None:
    started = time.monotonic()
    with pytest.raises(Unavailable):
        deadline(seconds=30).run(lambda resolve: None)
    assert time.monotonic() - started < 10


def test_a_hanging_call_is_given_up_and_may_still_finish() -> None:
    release, finished = threading.Event(), threading.Event()

    def hangs(resolve: Resolve) -> None:
        release.wait(30)
        resolve(1)
        finished.set()

    with pytest.raises(Unavailable):
        deadline(seconds=0.05).run(hangs)
    release.set()
    assert finished.wait(30)


def test_what_a_call_does_after_its_result_delays_nobody() -> None:
    release = threading.Event()

    def slow_afterwards(resolve: Resolve) -> None:
        resolve(7)
        release.wait(30)

    try:
        assert deadline(seconds=20).run(slow_afterwards) == 7
    finally:
        release.set()


def test_hanging_calls_never_take_more_than_their_threads() -> None:
    release = threading.Event()
    running: list[int] = []

    def hangs(resolve: Resolve) -> None:
        running.append(1)
        release.wait(30)
        resolve(1)

    bounded = deadline(seconds=0.05, failures=100, threads=2)
    for _ in range(5):
        with pytest.raises(Unavailable):
            bounded.run(hangs)
    assert len(running) == 2
    release.set()


def test_after_failures_in_a_row_the_store_is_left_alone_for_a_while() -> None:
    clock = Clock()
    breaker = CircuitBreaker(failures=3, pause_s=2, clock=clock)
    calls: Deadline[int] = Deadline(5.0, breaker)
    attempts: list[int] = []

    def counted(resolve: Resolve) -> None:
        attempts.append(1)
        raise ConnectionError

    for _ in range(10):
        with pytest.raises(Unavailable):
            calls.run(counted)
    assert len(attempts) == 3
    clock.now = 2.1
    for _ in range(10):
        with pytest.raises(Unavailable):
            calls.run(counted)
    assert len(attempts) == 4
    clock.now = 4.3
    assert calls.run(answering) == 7
    assert calls.run(answering) == 7


def test_a_success_between_failures_keeps_the_circuit_closed() -> None:
    calls = deadline(failures=2)
    for _ in range(5):
        with pytest.raises(Unavailable):
            calls.run(failing)
        assert calls.run(answering) == 7


def test_started_calls_are_not_waited_for() -> None:
    release = threading.Event()
    done: list[int] = []

    def later(resolve: Resolve) -> None:
        release.wait(30)
        done.append(1)
        resolve(1)

    calls = deadline()
    calls.start(later)
    assert done == []
    release.set()
