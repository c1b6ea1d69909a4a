"""The geometry of a chart over time, for an SVG that the server writes (pure). Lengths in the SVG's own units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from clinics.console.record import Line, Point, Results, Series

WIDTH, HEIGHT = 360, 168
LEFT, RIGHT, TOP, BOTTOM = 44, 26, 10, 24


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A value in the chart: ``shape`` tells within (circle), above (up) and below (down) the reference range without
    colour; ``outline`` are the corners of the up and down shapes."""

    x: float
    y: float
    shape: str
    outline: str
    point: Point


@dataclass(frozen=True, slots=True)
class Trace:
    """One line: its name, its path and its marks. ``style`` numbers the dash patterns."""

    name: Any
    path: str
    marks: tuple[Mark, ...]
    style: int


@dataclass(frozen=True, slots=True)
class Band:
    """The reference range of the newest value, as far as it lies within the chart."""

    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with everything that a template needs, and nothing to calculate there."""

    series: Series
    traces: tuple[Trace, ...]
    band: Band | None
    rows: tuple[Tick, ...]
    columns: tuple[Tick, ...]
    undated: int

    width = WIDTH
    height = HEIGHT
    left = LEFT
    right = WIDTH - RIGHT
    span = WIDTH - RIGHT - LEFT
    bottom = HEIGHT - BOTTOM


def chart_of(series: Series) -> Chart:
    """The chart of a series. Values without a date are counted in ``undated`` and stand in the table alone; a series
    with one date has nothing to draw."""
    dated = [point for line in series.lines for point in line.points if point.when.day is not None]
    undated = sum(len(line.points) for line in series.lines) - len(dated)
    days = [point.when.day.toordinal() for point in dated if point.when.day is not None]
    if len(set(days)) < 2:
        return Chart(series, (), None, (), (), undated)
    first, last = min(days), max(days)
    steps = _steps(*_extent(dated))
    low, high = steps[0], steps[-1]

    def x(day: date) -> float:
        share = (day.toordinal() - first) / (last - first)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        return round(TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    return Chart(
        series=series,
        traces=tuple(_trace(line, style, x, y) for style, line in enumerate(series.lines)),
        band=_band(series, low, high, y),
        rows=tuple(Tick(y(step), _number(step)) for step in steps),
        columns=_columns(first, last, x),
        undated=undated,
    )


def _extent(points: list[Point]) -> tuple[float, float]:
    """The least and greatest value to show: the values, and a bound of the newest range that lies near them."""
    values = [float(point.value) for point in points]
    low, high = min(values), max(values)
    room = max(high - low, abs(high) * 0.1, 1e-9)
    newest = max(points, key=lambda point: point.when.text)
    for bound in (newest.low, newest.high):
        if bound is not None and low - 2 * room <= float(bound) <= high + 2 * room:
            low, high = min(low, float(bound)), max(high, float(bound))
    return low, high


def _steps(low: float, high: float) -> list[float]:
    """Round numbers around [low, high], 3 to 6 of them."""
    if high - low < 1e-9:
        low, high = low - max(abs(low) * 0.1, 0.5), high + max(abs(high) * 0.1, 0.5)
    raw = (high - low) / 3
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * magnitude for factor in (1, 2, 2.5, 5, 10) if factor * magnitude >= raw)
    start, end = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 10) for number in range(start, end + 1)]


def _number(value: float) -> str:
    return f"{value:.10g}"


def _trace(line: Line, style: int, x: Any, y: Any) -> Trace:
    marks = tuple(
        _mark(x(point.when.day), y(float(point.value)), point) for point in line.points if point.when.day is not None
    )
    path = " ".join(f"{'M' if number == 0 else 'L'}{mark.x} {mark.y}" for number, mark in enumerate(marks))
    return Trace(line.name, path, marks, style)


def _mark(x: float, y: float, point: Point) -> Mark:
    tip = {"high": -5.0, "low": 5.0}.get(point.beyond)
    if tip is None:
        return Mark(x, y, "circle", "", point)
    base = y - tip * 0.7
    corners = ((x, y + tip), (x - 4.5, base), (x + 4.5, base))
    outline = " ".join(f"{round(at, 1)},{round(height, 1)}" for at, height in corners)
    return Mark(x, y, "up" if point.beyond == "high" else "down", outline, point)


def _band(series: Series, low: float, high: float, y: Any) -> Band | None:
    """Only where the chart has one line: a panel's lines have ranges of their own."""
    if len(series.lines) != 1:
        return None
    newest = series.lines[0].latest
    if newest.low is None and newest.high is None:
        return None
    bottom = _within(newest.low, low, high, low)
    top = _within(newest.high, low, high, high)
    return Band(y(top), round(y(bottom) - y(top), 1)) if top > bottom else None


def _within(bound: Decimal | None, low: float, high: float, otherwise: float) -> float:
    return otherwise if bound is None else min(max(float(bound), low), high)


def _columns(first: int, last: int, x: Any) -> tuple[Tick, ...]:
    """At most five dates: years where the span is long, months or days where it is short."""
    start, end = date.fromordinal(first), date.fromordinal(last)
    if last - first > 730:
        every = math.ceil((end.year - start.year) / 5)
        years = range(start.year + 1, end.year + 1, every)
        return tuple(Tick(x(date(year, 1, 1)), str(year)) for year in years)
    days = dict.fromkeys((first, (first + last) // 2, last) if last - first > 30 else (first, last))
    return tuple(Tick(x(date.fromordinal(day)), date.fromordinal(day).strftime("%y-%m-%d")) for day in days)


def groups_of(results: Results) -> list[dict[str, Any]]:
    """The charts under their headings, numbered through."""
    headings = {
        "vital-signs": _("Vital signs"),
        "laboratory": _("Laboratory"),
        "exam": _("Function tests"),
    }
    groups: dict[str, list[tuple[int, Any]]] = {}
    for number, series in enumerate(results.series):
        heading = headings.get(series.category, _("Other"))
        groups.setdefault(heading, []).append((number, chart_of(series)))
    return [{"title": heading, "charts": charts} for heading, charts in groups.items()]
