"""The pages of administrators, auditors and of emergency access in Chromium, in both languages; a passkey with the
browser's own virtual authenticator; a key that signs in the browser."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.clinics.console.browser import CHROMIUM, Browser
from tests.clinics.console.live_staff import RUN
from tests.clinics.console.test_browser import CONTRAST, NAMELESS, SMALL
from tests.live import LiveServer
from tests.smart.conftest import key, key_set

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
PASSWORD = "a-long-password"


@pytest.fixture(scope="module")
def base(live: LiveServer) -> str:
    """The server under a name, for passkeys belong to one."""
    live.processes.run("console-staff", "-c", RUN)
    return live.base.replace("127.0.0.1", "localhost")


def sign_in(browser: Browser, base: str, username: str, path: str = "/console/sign-in") -> None:
    browser.open(f"{base}{path}")
    fill(browser, "username", username)
    fill(browser, "password", PASSWORD)
    browser.press("Enter")
    browser.settle()


def fill(browser: Browser, name: str, text: str) -> None:
    browser.value(f"document.querySelector('form:not([data-passkey]) [name={name}]').focus()")
    browser.type(text)


def looked_at(browser: Browser, name: str, language: str) -> None:
    """Readable, named, large enough, and not wider than a phone; a picture where BITGOEUL_PICTURES names a folder."""
    assert browser.value("document.documentElement.lang") == language[:2]
    for width in (1280, 390):
        browser.resize(width, 900)
        assert browser.value("document.documentElement.scrollWidth") <= width, (name, width)
    browser.resize(1280, 900)
    ratio, text = browser.value(CONTRAST)
    assert ratio >= 4.5, (name, text, ratio)
    assert browser.value(NAMELESS) == [], name
    assert browser.value(SMALL) == [], name
    if folder := os.environ.get("BITGOEUL_PICTURES"):
        browser.screenshot(Path(folder) / f"{name}-{language[:2]}.png")


@pytest.mark.parametrize("language", ["ko-KR", "en-US"])
def test_each_page_of_staff_reads_and_fits_in_both_languages(base: str, language: str) -> None:
    pages = {"runs": ("clients", "members"), "audits": ("audit", "audit/log", "audit/emergencies")}
    for username, paths in pages.items():
        with Browser(language) as browser:
            sign_in(browser, base, username)
            for path in (*paths, "../oauth/account", "../oauth/sessions"):
                browser.open(f"{base}/console/{path}")
                looked_at(browser, path.replace("/", "-").strip(".-"), language)
            assert browser.complaints() == []


@pytest.mark.parametrize("language", ["ko-KR", "en-US"])
def test_a_record_is_opened_in_an_emergency_and_the_time_runs(base: str, language: str) -> None:
    with Browser(language) as browser:
        sign_in(browser, base, "away")
        browser.open(f"{base}/console/emergency-access")
        looked_at(browser, "emergency-access", language)
        for name, text in (("name", "나급해"), ("birth_date", "19491231"), ("reason", "의식이 없는 채로 실려 옴")):
            fill(browser, name, text)
        browser.press("Enter")
        browser.settle()
        assert "페니실린" in browser.value("document.body.innerText")
        left = str(browser.value("document.querySelector('.countdown b').textContent"))
        assert left.startswith(("29:", "30:")), left
        looked_at(browser, "emergency-record", language)
        assert browser.complaints() == []


def test_what_was_opened_leaves_the_screen_when_its_time_is_over(base: str) -> None:
    with Browser("en-US") as browser:
        sign_in(browser, base, "away")
        browser.open(f"{base}/console/emergency-access")
        for name, text in (("name", "나급해"), ("birth_date", "19491231"), ("reason", "needs surgery now")):
            fill(browser, name, text)
        browser.press("Enter")
        browser.settle()
        browser.value("Date.now = () => new Date().getTime() + 31 * 60 * 1000")
        browser.settle()
        for _ in range(30):
            if "페니실린" not in browser.value("document.body.innerText"):
                break
            browser.settle()
        assert "페니실린" not in browser.value("document.body.innerText")


def test_a_passkey_is_made_and_signs_in_without_a_password(base: str) -> None:
    with Browser("en-US") as browser:
        browser.call("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True,
        }  # fmt: skip
        browser.call("WebAuthn.addVirtualAuthenticator", options=options)
        sign_in(browser, base, "runs", "/oauth/sign-in?next=/oauth/account")
        press(browser, "form[data-passkey=create] button")
        wait(browser, "document.title === 'Your recovery codes'")
        browser.open(f"{base}/oauth/account")
        press(browser, "form[action$='sign-out'] button")
        wait(browser, "document.title === 'Sign in'")
        press(browser, "form[data-passkey=get] button")
        wait(browser, "location.pathname === '/oauth/sessions'")
        assert browser.complaints() == []


def test_a_private_key_signs_in_the_browser_and_is_not_sent(base: str) -> None:
    signer = key()
    with Browser("en-US") as browser:
        sign_in(browser, base, "registers")
        browser.open(f"{base}/console/clients")
        fill(browser, "name", "EMR of the sky")
        browser.value("document.querySelector('[name=\"right-Observation\"]').value = 'cruds'")
        fill(browser, "jwks", json.dumps(key_set(signer)))
        press(browser, "button.primary")
        wait(browser, "location.pathname.endsWith('/test')")
        file = json.dumps(json.loads(signer.export_private()))
        browser.value(
            "{const input = document.getElementById('id_key'); const data = new DataTransfer();"
            f" data.items.add(new File([{json.dumps(file)}], 'key.json'));"
            " input.files = data.files; input.dispatchEvent(new Event('change'))}"
        )
        wait(browser, "document.getElementById('id_assertion').value.split('.').length === 3")
        assert json.loads(file)["d"] not in browser.value("document.getElementById('id_assertion').value")
        press(browser, "#try button")
        wait(browser, "document.querySelector('.notice.success[role=status]')?.innerText.includes('The key is right')")
        looked_at(browser, "client", "en-US")


def press(browser: Browser, selector: str) -> None:
    wait(browser, f"document.querySelector({json.dumps(selector)})?.checkVisibility()")
    browser.value(f"document.querySelector({json.dumps(selector)}).click()")
    browser.settle()


def wait(browser: Browser, condition: str) -> Any:
    for _ in range(60):
        try:
            if browser.value(f"Boolean({condition})"):
                return
        except RuntimeError:
            pass
        browser.settle()
    raise AssertionError(f"{condition}: {browser.value('document.body.innerText')[:400]}")
