"""Sums and chains whose digits do not depend on the order of the terms, and guards that formulas share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

from hengneng.formulas.errors import UndefinedError
from hengneng.language import Text
from hengneng.trace import number_to_text


def total(terms: Iterable[float]) -> float:
    """The sum of ``terms``, correctly rounded once, whatever their order."""
    return math.fsum(terms)


def chained(changes: Sequence[float]) -> Fraction:
    """Π(1 + change), exact: a Fraction, so that neither order nor length costs digits."""
    product = Fraction(1)
    for change in changes:
        product *= 1 + Fraction(change)
    return product


def named(label: Text) -> dict[str, str]:
    """``label`` as a value of a reason that differs by language."""
    return {"zh": label.zh, "en": label.en}


def needs_divisor(value: float, label: Text) -> None:
    """UndefinedError when ``value``, named ``label``, is zero."""
    if value == 0:
        raise UndefinedError("division-by-zero", what=named(label))


def needs_positive(value: float, label: Text) -> None:
    """UndefinedError unless ``value`` is above zero."""
    if value <= 0:
        raise UndefinedError("not-positive", what=named(label), found=number_to_text(value))


def needs_quantity(value: float, label: Text) -> None:
    """UndefinedError when ``value`` is below zero."""
    if value < 0:
        raise UndefinedError("negative-quantity", what=named(label), found=number_to_text(value))


def needs_some(values: Sequence[float], label: Text) -> None:
    """UndefinedError when there is no value at all: a sum of nothing is unknown, not zero."""
    if not values:
        raise UndefinedError("nothing-given", what=named(label))


def needs_decline(value: float, label: Text) -> None:
    """UndefinedError unless ``value`` is below 1: nothing can decline by its whole and still be measured."""
    if value >= 1:
        raise UndefinedError("decline-of-whole", what=named(label), found=number_to_text(value))


def needs_growth(value: float, label: Text) -> None:
    """UndefinedError unless ``value`` is above -1."""
    if value <= -1:
        raise UndefinedError("growth-to-nothing", what=named(label), found=number_to_text(value))
