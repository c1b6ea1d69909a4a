"""The XHTML of narratives: a subset in which nothing runs."""

from __future__ import annotations

import time

import pytest

from health_platform.fhir.validation import narrative
from health_platform.fhir.validation.rules.datatypes import _LINK


def found(content: str) -> list[str]:
    text = f'<div xmlns="{narrative.XHTML}">{content}</div>'
    return [issue.details_code for issue in narrative.problems(text, "Patient.text.div")]


@pytest.mark.parametrize(
    "content",
    [
        "환자",
        "<p>혈압&nbsp;<b>131/72</b><br/></p>",
        '<a href="https://a.kr">x</a>',
        '<img src="#photo" alt="x"/>',
        '<table class="grid"><tr><td style="color:red">1 &lt; 2</td></tr></table>',
        "<!-- a remark -->x",
    ],
)
def test_what_is_allowed(content: str) -> None:
    assert found(content) == []


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("<script>x</script>", "narrative-element"),
        ("<iframe src='x'/>x", "narrative-element"),
        ("<form>x</form>", "narrative-element"),
        ("<p onclick='x()'>x</p>", "narrative-attribute"),
        ("<a href='javascript:x()'>x</a>", "narrative-link"),
        ("<a href=' JavaScript:x()'>x</a>", "narrative-link"),
        ("<a href='data:text/html,x'>x</a>", "narrative-link"),
        ("<p>x", "narrative-xml"),
        ("&nosuch;x", "narrative-xml"),
        ("<?php x ?>x", "narrative-element"),
        ("  ", "narrative-empty"),
    ],
)
def test_what_is_refused(content: str, key: str) -> None:
    assert found(content) == [key]


@pytest.mark.parametrize(
    "text", ["<div>x</div>", "<p xmlns='http://www.w3.org/1999/xhtml'>x</p>", "<div xmlns='urn:x'>x</div>"]
)
def test_the_root_is_a_div_of_xhtml(text: str) -> None:
    assert [issue.details_code for issue in narrative.problems(text, "x")] == ["narrative-root"]


def test_declared_entities_are_not_read() -> None:
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    text = f'<!DOCTYPE div [<!ENTITY l0 "lol">{lol}]><div xmlns="{narrative.XHTML}">&l9;</div>'
    assert [issue.args["element"] for issue in narrative.problems(text, "x")] == ["!DOCTYPE"]


def test_a_megabyte_of_open_links_is_searched_at_once() -> None:
    start = time.process_time()
    assert _LINK.findall("<a " * 350_000) == []
    assert time.process_time() - start < 2
