"""Every sentence with which the exchange refuses something is there in Korean too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation import gettext, override

from health_platform import fhir

HOME = Path(fhir.__file__).parent
ROOMS = tuple(
    """
    patch bundle interactions http repository.py subset.py record/care.py record/everything.py record/history.py
    record/labels.py record/placing.py record/reading.py record/work.py record/writing.py operations/everything.py
    operations/meta.py
    """.split()
)
REFUSALS = frozenset(
    """
    BadRequest Unauthorized Forbidden NotFound MethodNotAllowed NotAcceptable Conflict Gone PreconditionFailed TooLarge
    UnsupportedMediaType UnprocessableEntity PathError _Misfit
    """.split()
)


def files() -> list[Path]:
    found = [HOME / room for room in ROOMS]
    return [file for room in found for file in ([room] if room.suffix else sorted(room.rglob("*.py"))) if file.exists()]


def sentences(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    constants = dict(named(node) for node in ast.walk(tree) if isinstance(node, ast.Assign | ast.AnnAssign))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        place = 2 if node.func.id == "Issue" else 0 if node.func.id in REFUSALS else None
        if place is None or len(node.args) <= place:
            continue
        text = node.args[place]
        found = constants.get(text.id) if isinstance(text, ast.Name) else getattr(text, "value", None)
        if isinstance(found, str):
            yield found


def named(node: ast.Assign | ast.AnnAssign) -> tuple[str, object]:
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    return getattr(target, "id", ""), getattr(node.value, "value", None)


@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(HOME)))
def test_every_refusal_has_its_korean_words(file: Path) -> None:
    with override("ko"):
        assert [text for text in sentences(file) if gettext(text) == text] == []
