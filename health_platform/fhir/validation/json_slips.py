"""Slips in JSON that a reader can see through: comments, names or words without quotes, a comma too many.

None of it is JSON (RFC 8259), and nothing with a slip is stored. But who asks what is wrong is told of every slip with
its place, and of what is wrong in the content besides, instead of the first slip alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from health_platform.fhir.outcome import Issue
from health_platform.fhir.validation.messages import MAX_ISSUES, issue

# A string, a comment, punctuation, or anything else that stands together. One that never ends reaches to the end of the
# text, so that no text is read twice.
LEXEME = re.compile(
    r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|//[^\n]*|/\*.*?(?:\*/|\Z)|[\[\]{}:,]|(?:(?!//|/\*)[^\s\[\]{}:,"])+', re.DOTALL
)
COMMENT = ("//", "/*")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]*")
_LITERALS = frozenset({"true", "false", "null"})


@dataclass(slots=True)
class _Frame:
    """An object or a list that is being read: `step` is the name or the index of the part at hand."""

    is_list: bool
    step: str = ""
    index: int = 0
    expects_name: bool = False

    @property
    def shown(self) -> str:
        return f"[{self.index}]" if self.is_list else f".{self.step}" if self.step else ""


@dataclass(slots=True)
class _Reader:
    text: str
    root: str
    frames: list[_Frame] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    position: int = 0
    comma: tuple[int, int] | None = None

    def report(self, key: str, start: int, path: str, **args: object) -> None:
        line = self.text.count("\n", 0, start) + 1
        column = start - self.text.rfind("\n", 0, start)
        self.issues.append(replace(issue(key, path, **args), line=line, column=column))

    def path(self, frames: int | None = None) -> str:
        return self.root + "".join(frame.shown for frame in self.frames[:frames])

    def holder(self) -> str:
        """The object that is being read, or the item of the list that is."""
        is_item = bool(self.frames) and self.frames[-1].is_list
        return self.path() if is_item else self.path(max(len(self.frames) - 1, 0))

    def put(self, start: int, end: int, text: str) -> None:
        """Instead of the characters from `start` to `end`."""
        self.pieces += (self.text[self.position : start], text)
        self.position = end


def without_slips(text: str, root: str) -> tuple[str, list[Issue]]:
    """Plain JSON that says the same as far as it can be told, and the slips. `root` is the expression of the whole."""
    reader = _Reader(text, root)
    for lexeme in LEXEME.finditer(text):
        if len(reader.issues) >= MAX_ISSUES:
            break
        _take(reader, lexeme[0], lexeme.start(), lexeme.end())
    return "".join((*reader.pieces, text[reader.position :])), reader.issues


def _take(reader: _Reader, lexeme: str, start: int, end: int) -> None:
    if lexeme.startswith(COMMENT):
        reader.report("json-comment", start, reader.holder())
        reader.put(start, end, re.sub(r"[^\n]", " ", lexeme))
        return
    comma, reader.comma = reader.comma, None
    if lexeme in ("]", "}"):
        if comma is not None:
            reader.report("json-comma", comma[0], reader.holder())
            _blank_comma(reader, comma[0])
        if reader.frames:
            reader.frames.pop()
    elif lexeme in ("[", "{"):
        reader.frames.append(_Frame(lexeme == "[", expects_name=lexeme == "{"))
    elif lexeme == "," and reader.frames:
        _next(reader.frames[-1])
        reader.comma = (start, end)
    elif lexeme not in (",", ":"):
        _word(reader, lexeme, start, end)


def _next(frame: _Frame) -> None:
    frame.index += frame.is_list
    frame.expects_name = not frame.is_list
    frame.step = ""


def _blank_comma(reader: _Reader, at: int) -> None:
    """Takes a comma away that was passed already."""
    if at >= reader.position:
        reader.put(at, at + 1, " ")
        return
    passed = "".join(reader.pieces)
    place = passed.rindex(",")
    reader.pieces[:] = [passed[:place] + " " + passed[place + 1 :]]


def _word(reader: _Reader, lexeme: str, start: int, end: int) -> None:
    frame = reader.frames[-1] if reader.frames else None
    is_name = frame is not None and frame.expects_name
    is_bare = not lexeme.startswith('"') and bool(_WORD.fullmatch(lexeme))
    if is_bare and (is_name or lexeme not in _LITERALS):
        reader.report("json-bare-name" if is_name else "json-bare-word", start, reader.holder(), value=lexeme)
        reader.put(start, end, f'"{lexeme}"')
    if is_name and frame is not None:
        frame.step, frame.expects_name = lexeme.strip('"'), False
