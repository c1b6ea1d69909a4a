"""Writing beside the answer: within a deadline, and not at all for a while after the store failed.

The answer never waits for a store that is down or slow. A write that misses its deadline goes on in its thread; if it
still succeeds, the device's repeat finds it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as DeadlineMissed
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

Result = TypeVar("Result")
Resolve = Callable[[Result], None]


class Unavailable(Exception):
    """The store did not answer in time, or was not asked because it failed a moment ago."""


class CircuitBreaker:
    """Closed: everything passes. Open after `failures` in a row: one call in `pause_s` seconds tries again."""

    def __init__(self, failures: int, pause_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._failures = failures
        self._pause_s = pause_s
        self._clock = clock
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._open_until = 0.0

    def admits(self) -> bool:
        """Whether a call may be made now. While open it takes the place of the one trial call."""
        with self._lock:
            if self._in_a_row < self._failures:
                return True
            if self._clock() < self._open_until:
                return False
            self._open_until = self._clock() + self._pause_s
            return True

    def succeeded(self) -> None:
        """Close."""
        with self._lock:
            self._in_a_row = 0

    def failed(self) -> None:
        """Count a failure, and open when there were enough of them in a row."""
        with self._lock:
            self._in_a_row += 1
            if self._in_a_row >= self._failures:
                self._open_until = self._clock() + self._pause_s


class Deadline(Generic[Result]):
    """Runs calls to a store in a few threads and waits for each no longer than `seconds`.

    A call gets a function with which it reports its result as soon as it is certain (after the commit), so that what it
    does afterwards delays nobody.
    """

    def __init__(self, seconds: float, breaker: CircuitBreaker, threads: int = 8) -> None:
        self._seconds = seconds
        self._breaker = breaker
        self._free = threading.BoundedSemaphore(threads)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="triage-store")

    def run(self, call: Callable[[Resolve[Result]], None]) -> Result:
        """The result of `call`. Raises Unavailable, never the exception of the call, which is logged."""
        give_up_at = time.monotonic() + self._seconds
        if not self._breaker.admits():
            raise Unavailable
        if not self._free.acquire(timeout=self._seconds):
            raise Unavailable
        promise: Future[Result] = Future()
        self._threads.submit(self._carry_out, call, promise)
        try:
            result = promise.result(max(0.0, give_up_at - time.monotonic()))
        except DeadlineMissed:
            self._breaker.failed()
            raise Unavailable from None
        except Exception as error:
            self._breaker.failed()
            raise Unavailable from error
        self._breaker.succeeded()
        return result

    def start(self, call: Callable[[Resolve[Result]], None]) -> None:
        """Run `call` without waiting for it; it is left out when the store failed or all threads are busy."""
        if self._breaker.admits() and self._free.acquire(blocking=False):
            self._threads.submit(self._carry_out, call, Future())

    def _carry_out(self, call: Callable[[Resolve[Result]], None], promise: Future[Result]) -> None:
        try:
            call(promise.set_result)
            if not promise.done():
                raise RuntimeError("the call ended without a result")
        except Exception as error:
            log.warning("a call to the store failed: %s", type(error).__name__)
            if not promise.done():
                promise.set_exception(error)
        finally:
            self._free.release()
