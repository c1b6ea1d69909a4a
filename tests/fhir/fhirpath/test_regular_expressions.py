import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health_platform.fhir.fhirpath.errors import FhirPathExecutionError
from health_platform.fhir.fhirpath.regular_expressions import full_match, search, substitute


def free(_: int) -> None:
    """A budget without end."""


@pytest.mark.parametrize(
    ("pattern", "text", "whole"),
    [
        (r"[A-Z]([A-Za-z0-9_]){0,254}", "KrCore_1", True),
        (r"[A-Z]([A-Za-z0-9_]){0,254}", "krCore", False),
        (r"[A-Za-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*(\[x])?)*", "Observation.value[x].code", True),
        (r"^a|b$", "b", True),
        (r"a{2,3}", "aaaa", False),
        (r"\d+(\.\d+)?", "12.5", True),
        (r"[^\s,]+", "a,b", False),
        (r"\p{L}+", "진단", True),
        (r"(가|나)+", "가나가", True),
        (r"[\w-]+@[\w.]+", "a-b@c.kr", True),
        (r"x*", "", True),
        (r"(a*)*", "aaa", True),
        (r"[]a]+", "]a", True),
        (r"\u0041\x42", "AB", True),
    ],
)
def test_a_pattern_matches_the_whole_text_or_not(pattern: str, text: str, whole: bool) -> None:
    assert full_match(text, pattern, free) is whole


def test_groups_fill_the_substitution() -> None:
    assert substitute("2024-05-31", r"(\d+)-(\d+)-(\d+)", "$3.$2.$1", free) == "31.05.2024"
    assert substitute("aXbX", "X", "$", free) == "a$b$"
    assert substitute("abc", "x*", "-", free) == re.sub("x*", "-", "abc")


def test_an_anchor_and_a_word_boundary_hold_where_they_say() -> None:
    assert search("a cat sat", r"\bcat\b", free)
    assert not search("concat", r"\bcat", free)
    assert not search("xa", "^a", free)


@pytest.mark.parametrize(
    "pattern", ["(", ")", "[a", "a**", "*a", "(?=a)", r"\1", "a{2", "a{3,2}", r"\q", "[z-a", "^*", r"\p{}"]
)
def test_what_is_malformed_or_not_supported_is_refused(pattern: str) -> None:
    with pytest.raises(FhirPathExecutionError):
        full_match("a", pattern, free)


PARTS = st.sampled_from(
    ["a", "b", "(a|b)", "[ab]", ".", "a*", "b+", "(ab)?", "(?:a|bc)*", "[^a]", "c{1,2}", "^", "$", "a*?"]
)


@given(st.lists(PARTS, max_size=6).map("".join), st.text(alphabet="abc", max_size=8))
def test_the_outcome_is_that_of_pythons_engine(pattern: str, text: str) -> None:
    ours = search(text, pattern, free), full_match(text, pattern, free)
    anchored = pattern.replace("$", r"\Z")
    assert ours == (
        re.search(anchored, text, re.DOTALL) is not None,
        re.fullmatch(anchored, text, re.DOTALL) is not None,
    )


@given(st.lists(st.sampled_from(["a", "b", "(a|b)", "a+", "(b)", "c?a", "[bc]"]), min_size=1, max_size=4).map("".join))
def test_a_substitution_is_that_of_pythons_engine(pattern: str) -> None:
    text = "abcabbacacab"
    assert substitute(text, pattern, "-", free) == re.sub(pattern, "-", text)
