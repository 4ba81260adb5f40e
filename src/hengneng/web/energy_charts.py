"""The load curve of a unit or a meter as a drawing of bars: one a slot, beside the same time a year before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hengneng.web.axes import Tick, scale
from hengneng.web.speech import shown

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960, 260, 88, 16, 16, 32
# Part of a slot's width that its bar takes; the rest parts it from the next.
BAR = 0.8


@dataclass(frozen=True)
class Slot:
    """One hour, day or month. ``value`` is in the unit of the drawing; None is unknown, which is no bar of height 0.

    ``whole`` is false where only a part of the time or of the meters is covered. ``before`` is the value of the same
    slot a year before. ``tick`` is what stands under the axis, empty for most.
    """

    name: str
    tick: str
    value: Decimal | None
    whole: bool
    estimated: bool
    before: Decimal | None
    address: str


@dataclass(frozen=True)
class Bar:
    """A slot as it is drawn, in pixels."""

    slot: Slot
    x: float
    width: float
    y: float | None
    height: float
    middle: float
    text: str
    kind: str  # whole, part, estimated, unknown

    @property
    def state(self) -> str:
        """The state of the slot in a word of the catalogue."""
        return "missing" if self.kind == "unknown" else self.kind


@dataclass(frozen=True)
class CurveChart:
    """Everything that the drawing needs."""

    width: int
    height: int
    left: int
    right: int
    base: float
    bars: tuple[Bar, ...]
    before: tuple[str, ...]
    ticks: tuple[Tick, ...]


def curve_chart(slots: Sequence[Slot]) -> CurveChart | None:
    """Slots from left to right; None where nothing is known of any of them."""
    known = [float(value) for slot in slots for value in (slot.value, slot.before) if value is not None]
    if not known:
        return None
    low, high, step = scale(min(0.0, *known), max(0.0, *known))
    wide = (WIDTH - LEFT - RIGHT) / len(slots)

    def down(value: Decimal | float) -> float:
        return round(TOP + (high - float(value)) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    base = down(0)
    bars = []
    for at, slot in enumerate(slots):
        x = LEFT + wide * (at + (1 - BAR) / 2)
        top = None if slot.value is None else down(slot.value)
        bars.append(
            Bar(
                slot=slot,
                x=round(x, 1),
                width=round(wide * BAR, 1),
                y=None if top is None else min(top, base),
                height=0 if top is None else round(abs(base - top), 1),
                middle=round(LEFT + wide * (at + 0.5), 1),
                text=shown(slot.value, ""),
                kind=kind_of(slot),
            )
        )
    ticks = tuple(
        Tick(down(low + step * at), f"{Decimal(f'{low + step * at:.10f}').normalize():,f}")
        for at in range(round((high - low) / step) + 1)
    )
    return CurveChart(WIDTH, HEIGHT, LEFT, WIDTH - RIGHT, base, tuple(bars), _steps(slots, wide, down), ticks)


def kind_of(slot: Slot) -> str:
    """How a slot is drawn: unknown, part, estimated or whole."""
    if slot.value is None:
        return "unknown"
    if not slot.whole:
        return "part"
    return "estimated" if slot.estimated else "whole"


def _steps(slots: Sequence[Slot], wide: float, down: Callable[[Decimal], float]) -> tuple[str, ...]:
    """The year before as lines of steps; a gap stays a gap."""
    lines: list[list[str]] = [[]]
    for at, slot in enumerate(slots):
        if slot.before is None:
            lines.append([])
            continue
        y = down(slot.before)
        lines[-1] += [f"{LEFT + wide * at:.1f},{y}", f"{LEFT + wide * (at + 1):.1f},{y}"]
    return tuple(" ".join(line) for line in lines if line)
