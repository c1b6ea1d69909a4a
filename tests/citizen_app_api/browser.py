"""A headless Chromium, driven over its own pipe (Chrome DevTools Protocol, `--remote-debugging-pipe`)."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE = 20.0


def executable() -> str | None:
    """Where Chromium is; None where there is none."""
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )


class BrowserError(AssertionError):
    """The page threw, or did not become what was waited for."""


class Page:
    """One tab. Methods wait until what they name is there."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive, self._buffer, self._number = send, receive, b"", 0
        self.complaints: list[str] = []
        """What the page wrote as errors: exceptions, violations of the content security policy, failed loads."""
        target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session: str | None = None
        self._session = self._call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def phone(self, width: int = 390, height: int = 844) -> None:
        """The size of a phone's screen in CSS pixels."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
        self._call("Emulation.setDeviceMetricsOverride", metrics)

    def offline(self, on: bool) -> None:
        conditions = {"offline": on, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self._call("Network.emulateNetworkConditions", conditions)

    def open(self, address: str) -> None:
        self._call("Page.navigate", {"url": address})

    def run(self, script: str) -> Any:
        """The value of an expression in the page; a promise is awaited."""
        answer = self._call("Runtime.evaluate", {"expression": script, "awaitPromise": True, "returnByValue": True})
        if "exceptionDetails" in answer:
            raise BrowserError(json.dumps(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")

    def wait(self, condition: str) -> None:
        """Until an expression is true."""
        deadline = time.monotonic() + PATIENCE
        while not self.run(f"Boolean({condition})"):
            if time.monotonic() > deadline:
                raise BrowserError(f"never true: {condition}; the page says: {self.text()[:1500]} {self.complaints}")
            time.sleep(0.05)

    def wait_for(self, text: str) -> None:
        self.wait(f"document.body.innerText.includes({json.dumps(text)})")

    def wait_title(self, title: str) -> None:
        """Until the screen's heading is ``title``."""
        self.wait(f"document.querySelector('h1')?.textContent.includes({json.dumps(title)})")

    def text(self) -> str:
        return str(self.run("document.body.innerText"))

    def click(self, text: str) -> None:
        """The link, button or label that shows ``text``, as a person presses it: in its middle, on the screen."""
        find = (
            "[...document.querySelectorAll('a, button, label')].find((one) => one.offsetParent"
            f" && one.innerText.includes({json.dumps(text)}))"
        )
        self.wait(find)
        self.run(f"{find}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        box = self.run(
            f"(() => {{ const b = {find}.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2] }})()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            event = {"type": kind, "x": box[0], "y": box[1], "button": "left", "clickCount": 1}
            self._call("Input.dispatchMouseEvent", event)

    def type(self, selector: str, text: str) -> None:
        self.wait(f"document.querySelector({json.dumps(selector)})")
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        self._call("Input.insertText", {"text": text})

    def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            code = {"Tab": 9, "Enter": 13}[key]
            event = {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, **text}
            self._call("Input.dispatchKeyEvent", event)

    def screenshot(self, file: Path, *, whole: bool = True) -> None:
        picture = self._call("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole})
        file.write_bytes(base64.b64decode(picture["data"]))

    def _call(self, method: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters or {}}
        if getattr(self, "_session", None):
            message["sessionId"] = self._session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self._notice(answer)

    def _notice(self, event: dict[str, Any]) -> None:
        parameters = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(parameters["exceptionDetails"], ensure_ascii=False)[:600])
        if event.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.complaints.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._receive], [], [], PATIENCE)
            piece = os.read(self._receive, 1 << 20) if ready else b""
            if not piece:
                raise BrowserError("the browser does not answer")
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        parsed: dict[str, Any] = json.loads(message)
        return parsed


@contextmanager
def browser(program: str, profile: Path) -> Iterator[Page]:
    """A browser with an empty profile; it is gone in the end."""
    to_browser, send = os.pipe()
    receive, from_browser = os.pipe()

    def descriptors() -> None:
        # The two might be 3 and 4 in the wrong order: move them out of the way first.
        source, target = os.dup(to_browser), os.dup(from_browser)
        os.dup2(source, 3)
        os.dup2(target, 4)

    process = subprocess.Popen(
        [program, *FLAGS, f"--user-data-dir={profile}"],
        preexec_fn=descriptors,  # noqa: PLW1509  (the pipes have to be descriptors 3 and 4)
        close_fds=False,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(from_browser)
    try:
        yield Page(send, receive)
    finally:
        os.close(send)
        os.close(receive)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
