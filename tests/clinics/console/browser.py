"""Chromium without a window, spoken to by the DevTools protocol through a pipe: no driver and no socket needed."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe"),
    *("--disable-dev-shm-usage", "--force-color-profile=srgb"),
)
_KEYS = {
    "Tab": ("Tab", 9, ""),
    "Enter": ("Enter", 13, "\r"),
    "Space": ("Space", 32, " "),
    "Escape": ("Escape", 27, ""),
}


class Browser:
    """One page in one browser. Use as a context manager."""

    def __init__(self, language: str = "ko-KR", width: int = 1280, height: int = 900) -> None:
        self._profile = tempfile.mkdtemp(prefix="console-browser-")
        self._language, self._size = language, (width, height)
        self._numbers = itertools.count(1)
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Browser:
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        options = " ".join((*_OPTIONS, f"--user-data-dir={self._profile}"))
        command = f"exec {CHROMIUM} {options} about:blank 3<&{to_browser} 4>&{from_browser}"
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", command], pass_fds=(to_browser, from_browser), stderr=subprocess.DEVNULL
        )
        os.close(to_browser)
        os.close(from_browser)
        self._buffer = b""
        self._session = ""
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": self._language})
        self.resize(*self._size)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(10)
        os.close(self._write)
        os.close(self._read)
        shutil.rmtree(self._profile, ignore_errors=True)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of a DevTools command; raises RuntimeError with the browser's words when it fails."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            received = os.read(self._read, 1 << 20)
            if not received:
                raise RuntimeError("the browser went away")
            self._buffer += received
        message, _, self._buffer = self._buffer.partition(b"\0")
        decoded: dict[str, Any] = json.loads(message)
        return decoded

    def resize(self, width: int, height: int) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def open(self, address: str) -> None:
        self.call("Page.navigate", url=address)
        self.settle()

    def settle(self, seconds: float = 10) -> None:
        """Wait until the page is loaded and htmx has nothing under way."""
        end = time.monotonic() + seconds
        time.sleep(0.15)
        quiet = "document.readyState === 'complete' && !document.querySelector('.htmx-request, .htmx-settling')"
        while time.monotonic() < end:
            try:
                if self.value(quiet):
                    return
            except RuntimeError:
                pass
            time.sleep(0.05)
        raise TimeoutError("the page does not come to rest")

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["text"])
        return result["result"].get("value")

    def press(self, key: str, *, shift: bool = False) -> None:
        code, number, text = _KEYS[key]
        common = {"key": " " if key == "Space" else key, "code": code, "windowsVirtualKeyCode": number}
        modifiers = 8 if shift else 0
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, modifiers=modifiers, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", modifiers=modifiers, **common)

    def type(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def focused(self) -> str:
        """The focused element: tag, id or name, and its text."""
        expression = (
            "(e => e.tagName.toLowerCase() + '|' + (e.id || e.name || '') + '|'"
            " + (e.innerText || '').trim().replace(/\\s+/g, ' ').slice(0, 60))(document.activeElement)"
        )
        return str(self.value(expression))

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 12000), "scale": 1}
            data = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
        else:
            data = self.call("Page.captureScreenshot")["data"]
        path.write_bytes(base64.b64decode(data))

    def complaints(self) -> list[str]:
        """What the browser logged: scripts that failed, blocked by the content security policy, missing files."""
        self.value("1")
        logged = [event["params"]["entry"] for event in self.events if event.get("method") == "Log.entryAdded"]
        thrown = [event["params"] for event in self.events if event.get("method") == "Runtime.exceptionThrown"]
        return [f"{entry['level']}: {entry['text']}" for entry in logged if entry["level"] in ("error", "warning")] + [
            str(one["exceptionDetails"]["text"]) for one in thrown
        ]
