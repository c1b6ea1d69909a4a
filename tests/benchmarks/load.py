"""A load generator that costs little of the cores it shares with what it measures: HTTP/1.1 by asyncio's own protocols.

Each caller keeps one connection and sends its next request when the answer to the last one has been read whole.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

FHIR_JSON = "application/fhir+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, Location and body."""

    status: int
    location: str
    body: bytes


class Caller:
    """One connection to ``base``, an http address, with the same ``headers`` in every request."""

    def __init__(self, base: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(base)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self._path = parts.path.rstrip("/")
        lines = {"Host": f"{self._host}:{self._port}", "Accept": FHIR_JSON, "Content-Type": FHIR_JSON, **headers}
        self._head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._connection: _Connection | None = None

    async def send(self, method: str, path: str, body: bytes = b"") -> Answer:
        """``path`` is relative to the base, with its query, encoded."""
        if self._connection is None or self._connection.is_closed:
            loop = asyncio.get_running_loop()
            _, self._connection = await loop.create_connection(_Connection, self._host, self._port)
        address = f"{self._path}/{path}" if path else self._path
        head = f"{method} {address} HTTP/1.1\r\n{self._head}Content-Length: {len(body)}\r\n\r\n"
        return await self._connection.ask(head.encode() + body, bodiless=method == "HEAD")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.is_closed = False
        self._bodiless = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self, request: bytes, *, bodiless: bool) -> Awaitable[Answer]:
        self._buffer, self._bodiless = bytearray(), bodiless
        self._end = -1
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._end < 0:
            head_end = self._buffer.find(b"\r\n\r\n")
            if head_end < 0:
                return
            self._head = bytes(self._buffer[:head_end]).lower()
            self._start = head_end + 4
            self._end = self._start + (0 if self._bodiless else int(self._header(b"content-length") or 0))
        if len(self._buffer) >= self._end and not self._answer.done():
            location = self._header(b"location").decode()
            body = bytes(self._buffer[self._start : self._end])
            self._answer.set_result(Answer(int(self._head[9:12]), location, body))

    def _header(self, name: bytes) -> bytes:
        _, found, rest = self._head.partition(b"\r\n" + name + b": ")
        return rest.partition(b"\r\n")[0] if found else b""

    def connection_lost(self, error: Exception | None) -> None:
        self.is_closed = True
        if hasattr(self, "_answer") and not self._answer.done():
            self._answer.set_exception(error or ConnectionError("the server closed the connection"))

    def close(self) -> None:
        self._transport.close()


Work = Callable[[Caller], Awaitable[bool]]
"""One request, or several that belong together; whether the answers were right."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a stretch of load saw: the calls, how many failed, how long each took and all of them (s)."""

    latencies: list[float]
    failed: int
    seconds: float


async def closed_loop(callers: list[Caller], work: Work, seconds: float) -> Load:
    """Every caller repeats ``work`` for ``seconds``."""
    latencies: list[float] = []
    failed = 0
    start = time.perf_counter()
    end = start + seconds

    async def repeat(caller: Caller) -> None:
        nonlocal failed
        while (began := time.perf_counter()) < end:
            failed += not await work(caller)
            latencies.append(time.perf_counter() - began)

    await asyncio.gather(*(repeat(caller) for caller in callers))
    return Load(latencies, failed, time.perf_counter() - start)
