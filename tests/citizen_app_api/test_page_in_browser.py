"""The page as a person uses it, in a headless Chromium of a phone's size, against the platform as it is served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from health_platform.demo.embedded import postgres
from tests.citizen_app_api.browser import Page, browser, executable
from tests.citizen_app_api.household import PASSWORD, USERNAME
from tests.live import LiveServer, serve

SCREENS = (
    "", "summary", "summary/conditions", "summary/medicines", "summary/allergies", "summary/vital_signs",
    "summary/laboratory", "risks", "risks/0", "risks/5", "plans", "records", "records/vitals", "records/labs",
    "records/documents", "questions", "ask", "clinics", "log", "log/all", "consents", "consents/research", "data",
    "sharing", "sharing/new", "carers", "carers/new", "carers/code",
)  # fmt: skip
BUILD = "import django; django.setup(); from tests.citizen_app_api.household import build; build()"
# Every target is at least 48 CSS pixels high and wide; a box inside a label is pressed by its label.
SMALL = """[...document.querySelectorAll('a, button, input, textarea, summary, label.check')].filter((one) => {
  const box = one.getBoundingClientRect();
  return one.offsetParent && !one.closest('label.check *') && !(one.matches('input') && one.closest('label.check'))
    && (box.height < 48 || box.width < 48);
}).map((one) => one.outerHTML.slice(0, 120))"""
# WCAG 2.2, 1.4.3: the contrast of every text with what lies behind it.
FAINT = """(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
    .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.body.querySelectorAll('*')].filter((one) => one.offsetParent
    && [...one.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim())).map((one) => {
    const [a, b] = [light(numbers(getComputedStyle(one).color)), light(behind(one))];
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), one.outerHTML.slice(0, 120)];
  }).filter(([ratio]) => ratio < 4.5);
})()"""
pytestmark = pytest.mark.skipif(executable() is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def server(cluster: postgres.Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    home = tmp_path_factory.mktemp("page")
    name = f"bitgoeul_page_{home.name}_{home.parent.name[-6:]}".replace("-", "_")
    with serve(cluster, template, name, home) as running:
        running.processes.run("household", "-c", BUILD)
        yield running


@pytest.fixture
def page(server: LiveServer, tmp_path: Path) -> Iterator[Page]:
    program = executable()
    assert program is not None
    with browser(program, tmp_path) as found:
        found.phone()
        found.open(f"{server.base}/app/")
        found.wait_title("내 기록 보기")
        yield found


@pytest.fixture
def inside(page: Page) -> Page:
    """The page after signing in and the first notice."""
    sign_in(page)
    page.wait_title("시작하기 전에")
    page.click("알겠습니다")
    page.wait_title("김영희 님, 안녕하세요")
    return page


def sign_in(page: Page) -> None:
    page.type("#username", USERNAME)
    page.type("#password", PASSWORD)
    page.press("Enter")


def show(page: Page, screen: str) -> None:
    page.run(f"location.hash = '#/{screen}'")
    page.wait("document.querySelector('h1') && !document.querySelector('.loading')")


def test_the_notice_about_artificial_intelligence_comes_before_anything_else(page: Page) -> None:
    sign_in(page)
    page.wait_title("시작하기 전에")
    text = page.text()
    assert "인공지능" in text and "허가받은 의료기기가 아닙니다" in text and "119" in text


def test_each_screen_opens_without_a_complaint_and_can_be_used_by_old_eyes_and_fingers(inside: Page) -> None:
    for screen in SCREENS:
        show(inside, screen)
        text = inside.text()
        assert "[object" not in text and "undefined" not in text and "NaN" not in text, screen
        assert inside.run("document.querySelectorAll('h1').length") == 1, screen
        assert inside.run("Boolean(document.querySelector('footer a[href^=\"tel:\"]'))"), screen
        assert inside.run(SMALL) == [], screen
        assert inside.run(FAINT) == [], screen
        assert inside.run("document.scrollingElement.scrollWidth <= window.innerWidth"), f"{screen} runs off the side"
    assert inside.complaints == []


def test_the_biggest_letters_fit_the_narrowest_phone(inside: Page) -> None:
    inside.click("더 크게")
    inside.phone(320, 640)
    for screen in SCREENS:
        show(inside, screen)
        assert inside.run("document.scrollingElement.scrollWidth <= window.innerWidth"), f"{screen} runs off the side"


def test_every_result_carries_the_notice_and_says_that_nobody_has_looked(inside: Page) -> None:
    inside.click("내 건강 위험")
    inside.wait_title("내 건강 위험")
    inside.wait_for("아직 의료진이 확인하지 않았습니다")
    inside.click("심장과 혈관")
    inside.wait_title("심장과 혈관")
    text = inside.text()
    for said in (
        "허가받은 의료기기가 아니며",
        "아직 의료진이 확인하지 않았습니다",
        "100명 가운데",
        "한국 사람에게 맞춘 계산이 아닙니다",
    ):
        assert said in text
    inside.click("이것을 사람에게 묻기")
    inside.wait_title("사람에게 묻기")
    inside.type("#text", "이 숫자가 무슨 뜻인가요?")
    inside.click("보내기")
    inside.wait_title("질문을 보냈습니다")
    show(inside, "questions")
    inside.wait_for("이 숫자가 무슨 뜻인가요?")


def test_an_exercise_is_written_down_and_chest_pain_leads_to_119(inside: Page) -> None:
    inside.click("내 운동")
    inside.click("넘어지지 않기 위한 운동")
    inside.click("이 운동을 했어요")
    inside.wait_title("한 발로 서기")
    inside.click("20분")
    inside.click("가슴이 아픔")
    inside.click("적어 두기")
    inside.wait_title("적어 두었습니다")
    text = inside.text()
    assert "119에 전화하세요" in text and "담당 병원에 알렸습니다" in text
    assert inside.run("Boolean(document.querySelector('main a[href=\"tel:119\"]'))")
    show(inside, "plans")
    inside.click("넘어지지 않기 위한 운동")
    inside.wait_for("마지막으로 한 날")


def test_a_consent_is_given_and_taken_back(inside: Page) -> None:
    inside.click("내 동의")
    inside.click("내 기록을 연구에 주기")
    inside.click("동의합니다")
    inside.wait_for("동의함")
    inside.click("동의 거두어들이기")
    inside.wait_title("이 동의를 거두어들이시겠습니까?")
    inside.click("동의 거두어들이기")
    inside.wait_for("거두어들임")


def test_a_wrong_password_is_told_in_words_where_it_was_typed(page: Page) -> None:
    page.type("#username", USERNAME)
    page.type("#password", "wrong")
    page.click("로그인")
    page.wait_for("아이디나 비밀번호가 맞지 않습니다")
    assert page.run("document.activeElement.id") == "password"


def test_the_page_speaks_english_when_asked(inside: Page) -> None:
    inside.click("English")
    inside.wait_title("Hello, 김영희")
    show(inside, "summary/vital_signs")
    inside.wait_for("Blood pressure")
    assert inside.run("document.documentElement.lang") == "en"


def test_dates_read_as_they_are_spoken(inside: Page) -> None:
    show(inside, "records/vitals")
    inside.wait_for("2026년 11월 11일")


def test_the_token_is_forgotten_when_the_page_is_closed_and_is_kept_nowhere(inside: Page) -> None:
    for screen in ("summary", "risks", "records/vitals"):
        show(inside, screen)
    stored = inside.run("JSON.stringify(Object.entries(localStorage).concat(Object.entries(sessionStorage)))")
    assert sorted(stored.split('"')[1::4]) == ["bitgoeul-language", "bitgoeul-notice"]
    assert inside.run("document.cookie") == ""
    assert inside.run("indexedDB.databases().then((found) => found.length)") == 0
    inside.run("location.reload()")
    inside.wait_title("내 기록 보기")


def test_the_phone_keeps_the_shell_alone_and_opens_it_without_a_network(inside: Page) -> None:
    inside.wait("navigator.serviceWorker.controller")
    for screen in SCREENS:
        show(inside, screen)
    kept = inside.run(
        "caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name).then((one) => one.keys()))))"
        ".then((found) => found.flat().map((request) => new URL(request.url).pathname))"
    )
    assert "/app/" in kept
    assert all(address.startswith(("/app/", "/static/citizen_app_api/")) for address in kept)
    inside.offline(True)
    inside.run("location.reload()")
    inside.wait_title("내 기록 보기")
    sign_in(inside)
    inside.wait_for("인터넷이 연결되지 않았습니다")


def test_nothing_ends_without_a_warning(inside: Page) -> None:
    inside.run("(() => { const now = Date.now.bind(Date); Date.now = () => now() + 28.5 * 60000; })()")
    inside.wait("document.querySelector('dialog[open]')")
    assert "2분 뒤에 로그아웃됩니다" in inside.text()
    inside.click("계속하기")
    inside.wait("!document.querySelector('dialog')")
    show(inside, "clinics")
    inside.wait_for("북구보건소")


def test_after_signing_out_nothing_of_the_person_is_on_the_screen(inside: Page) -> None:
    inside.click("로그아웃")
    inside.wait_title("내 기록 보기")
    assert "김영희" not in inside.text()
    inside.run("history.back()")
    inside.wait("document.querySelector('form')")
    assert "김영희" not in inside.text()


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    page.run("document.querySelector('#username').focus()")
    page.type("#username", USERNAME)
    page.press("Tab")
    assert page.run("document.activeElement.id") == "password"
    page.type("#password", PASSWORD)
    for _ in range(2):
        page.press("Tab")
    assert page.run("document.activeElement.innerText") == "로그인"
    page.press("Enter")
    page.wait_title("시작하기 전에")
    assert page.run("document.activeElement.tagName") == "H1", "a reader begins at the heading of the new screen"


def test_a_decision_is_made_in_small_steps_and_holds(inside: Page) -> None:
    show(inside, "sharing/new")
    inside.click("막기: 볼 수 없게 합니다")
    inside.click("계속하기")
    inside.wait_title("누구에게?")
    inside.click("한 기관")
    inside.click("계속하기")
    inside.wait_title("어느 기관입니까?")
    inside.click("계속하기")
    assert "하나를 고르세요" in inside.text(), "nobody was chosen yet"
    inside.type("#find", "무등")
    inside.click("찾기")
    inside.wait("document.querySelector('[data-needs] input[type=radio]')")
    inside.click("무등병원")
    for title in ("무엇을?", "언제까지?", "무엇을 위해서?", "이대로 할까요?"):
        inside.click("계속하기")
        inside.wait_title(title)
    assert "무등병원" in inside.text()
    inside.click("예, 지금부터")
    inside.wait_title("누가 내 기록을 볼 수 있나")
    assert "무등병원: 볼 수 없음 – 모든 것" in inside.text()


def test_whose_record_is_open_stands_on_every_screen_and_the_own_one_is_a_press_away(inside: Page) -> None:
    show(inside, "carers")
    assert "이순자" in inside.text() and "김하늘" in inside.text()
    inside.run("[...document.querySelectorAll('article')].find((one) => one.textContent.includes('김하늘'))"
               ".querySelector('button').click()")  # fmt: skip
    inside.wait_title("김하늘 님의 기록")
    for screen in ("summary", "records", "sharing"):
        show(inside, screen)
        assert "김하늘 님의 기록을 보고 있습니다" in inside.text()
    assert "14살이 되는" in inside.text()
    inside.click("내 기록으로 돌아가기")
    inside.wait_title("김영희 님, 안녕하세요")
    assert "보고 있습니다" not in inside.text()


def test_an_emergency_is_told_on_the_first_screen(inside: Page) -> None:
    assert "응급 상황에서 내 기록이 열렸습니다" in inside.text()
    assert "무등병원" in inside.text() and "의식이 없는 채로 실려 옴" in inside.text()
