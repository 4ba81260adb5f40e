"""Axes of drawings: round bounds, and the lines of their grid."""

from __future__ import annotations

from dataclasses import dataclass

TICKS = 4


@dataclass(frozen=True)
class Tick:
    """A line of the grid."""

    y: float
    text: str


def scale(low: float, high: float) -> tuple[float, float, float]:
    """Round bounds of an axis and the step of its grid; from zero where the values reach near it."""
    if low == high:
        low, high = (0.0, high) if high > 0 else (low, 0.0) if low < 0 else (-1.0, 1.0)
    if 0 < low < (high - low):
        low = 0.0
    rough = (high - low) / TICKS
    power = 10.0 ** (len(f"{rough:.0f}") - 1 if rough >= 1 else -next(at for at in range(1, 20) if rough * 10**at >= 1))
    step = next(each * power for each in (1, 2, 2.5, 5, 10) if each * power >= rough)
    bottom = step * (low // step)
    top = step * -(-high // step)
    return bottom, top, step
