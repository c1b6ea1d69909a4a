"""The console in Chromium: by keyboard alone, in both languages, without a complaint of the browser.

Skipped, and counted as such, where Chromium is not installed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.clinics.console.browser import CHROMIUM, Browser
from tests.clinics.console.live_data import RUN
from tests.live import LiveServer

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

# The contrast of every visible text with what lies behind it (WCAG 2.2, 1.4.3), the worst first.
CONTRAST = """
(() => {
  const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const parse = s => { const n = s.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c[3] > 0) return c;
    }
    return [255, 255, 255, 1];
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !e.checkVisibility() || e.closest('svg, .unseen, .skip')) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), walk.currentNode.data.trim().slice(0, 40)]);
  }
  return found.sort((x, y) => x[0] - y[0])[0];
})()
"""
# What can be operated and has no name for a screen reader.
NAMELESS = """
[...document.querySelectorAll('a[href], button, input:not([type=hidden]), textarea, select, summary')].filter(e =>
  e.checkVisibility() && !(e.innerText || '').trim() && !e.getAttribute('aria-label') && !(e.labels && e.labels.length)
).map(e => e.outerHTML.slice(0, 80))
"""
# What can be operated and is smaller than 24 by 24 CSS pixels (WCAG 2.2, 2.5.8), links inside sentences apart.
SMALL = """
[...document.querySelectorAll(
  'button, input:not([type=hidden]), textarea, select, summary, nav a, .button'
)].filter(e => {
  const r = e.getBoundingClientRect();
  return e.checkVisibility() && !e.closest('.skip') && (r.width < 24 && e.type !== 'checkbox' || r.height < 20);
}).map(e => e.outerHTML.slice(0, 80))
"""


@dataclass(frozen=True)
class Place:
    """A running console, and the patient who has results."""

    base: str
    patient: str

    @property
    def pages(self) -> tuple[str, ...]:
        paths = ("", "sign-in", "patients", f"patients/{self.patient}", "patients/nobody", "emergency")
        return tuple(f"{self.base}/console/{path}" for path in paths)


@pytest.fixture(scope="module")
def place(live: LiveServer) -> Place:
    live.processes.run("console-people", "-c", RUN)
    told = json.loads(live.processes.log("console-people").read_text().strip().splitlines()[-1])
    return Place(live.base, told["patient"])


@pytest.fixture
def browser() -> Iterator[Browser]:
    with Browser("en-US") as opened:
        yield opened


def sign_in(browser: Browser, place: Place) -> None:
    """By keyboard: over the skip link, the brand and the language to the form."""
    browser.open(f"{place.base}/console/sign-in")
    tab_to(browser, "id_username")
    browser.type("kim")
    browser.press("Tab")
    browser.type("a-long-password")
    browser.press("Enter")
    browser.settle()


def tab_to(browser: Browser, wanted: str, most: int = 60) -> int:
    """Press Tab until the focused element's id or text holds ``wanted``; every stop on the way shows its focus."""
    for count in range(1, most + 1):
        browser.press("Tab")
        focused = browser.focused()
        assert browser.value("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2, focused
        if wanted in focused:
            return count
    raise AssertionError(f"{wanted} is not reached by {most} tabs")


def test_a_patient_is_signed_in_to_found_reviewed_and_left_by_keyboard_alone(browser: Browser, place: Place) -> None:
    sign_in(browser, place)
    assert browser.value("document.title").startswith("Worklist")

    tab_to(browser, "이순례")
    browser.press("Enter")
    browser.settle()
    assert browser.value("location.pathname") == f"/console/patients/{place.patient}"
    browser.value("window.stays = true")
    waiting = browser.value("document.querySelectorAll('.risk.unreviewed').length")

    tab_to(browser, "button|decision|Accept")
    browser.press("Enter")
    browser.settle()

    assert browser.value("window.stays") is True, "htmx replaces the card, not the page"
    assert browser.value("document.querySelectorAll('.risk.unreviewed').length") == waiting - 1
    assert "Recorded: accepted." in browser.focused(), "the focus is on what happened"
    assert f"{waiting - 1} to review" in browser.value("document.getElementById('risks-summary').innerText")
    assert browser.complaints() == []


def test_another_judgement_is_given_by_keyboard_and_needs_words(browser: Browser, place: Place) -> None:
    sign_in(browser, place)
    browser.open(f"{place.base}/console/patients/{place.patient}")
    waiting = browser.value("document.querySelectorAll('.risk.unreviewed').length")
    tab_to(browser, "Judge otherwise")
    browser.press("Enter")
    tab_to(browser, "reason-", 2)
    browser.press("Tab")
    assert "Record my judgement" in browser.focused()
    browser.press("Enter")
    browser.settle()
    assert browser.value("document.querySelectorAll('.risk.unreviewed').length") == waiting, "nothing without words"

    browser.value("document.activeElement.closest('form').querySelector('textarea').focus()")
    browser.type("가족력이 있어 더 높게 봄")
    browser.press("Tab")
    browser.press("Enter")
    browser.settle()

    assert browser.value("document.querySelectorAll('.risk.overridden').length") == 1
    assert "가족력이 있어 더 높게 봄" in browser.value("document.querySelector('.risk.overridden .decision').innerText")
    assert browser.complaints() == []


def test_a_click_that_does_not_reach_the_record_is_told(browser: Browser, place: Place) -> None:
    sign_in(browser, place)
    browser.open(f"{place.base}/console/patients/{place.patient}")
    assert not browser.value("document.getElementById('trouble').checkVisibility()")
    browser.value(
        "{const form = document.querySelector('.deciding form'); form.setAttribute('hx-post', '/console/nowhere');"
        " htmx.process(form); form.querySelector('button').click()}"
    )
    browser.settle()

    assert browser.value("document.getElementById('trouble').checkVisibility()")
    assert "nothing was recorded" in browser.focused()


def test_the_first_tab_skips_to_the_content(browser: Browser, place: Place) -> None:
    browser.open(f"{place.base}/console/sign-in")
    browser.press("Tab")
    assert "Skip to the content" in browser.focused()
    browser.press("Enter")

    assert browser.value("document.activeElement.id") == "main"


def test_the_language_is_switched_by_keyboard(browser: Browser, place: Place) -> None:
    browser.open(f"{place.base}/console/sign-in")
    tab_to(browser, "한국어")
    browser.press("Enter")
    browser.settle()

    assert browser.value("document.documentElement.lang") == "ko"
    assert browser.value("document.querySelector('h1').innerText") == "로그인"


@pytest.mark.parametrize("language", ["ko-KR", "en-US"])
def test_every_page_fits_reads_and_is_named_in_both_languages(place: Place, language: str) -> None:
    with Browser(language) as browser:
        sign_in(browser, place)
        for address in place.pages:
            browser.open(address)
            assert browser.value("document.documentElement.lang") == language[:2]
            browser.value("document.querySelectorAll('details').forEach(one => one.open = true)")
            for width in (1280, 390):
                browser.resize(width, 900)
                assert browser.value("document.documentElement.scrollWidth") <= width, (address, width)
            browser.resize(1280, 900)
            ratio, text = browser.value(CONTRAST)
            assert ratio >= 4.5, (address, text, ratio)
            assert browser.value(NAMELESS) == [], address
            assert browser.value(SMALL) == [], address
        missing = "Failed to load resource: the server responded with a status of 404 (Not Found)"
        assert [one for one in browser.complaints() if missing not in one] == []
