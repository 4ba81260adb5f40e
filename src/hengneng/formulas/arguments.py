"""Parameters of formulas, and the check and reading of single arguments."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from hengneng.formulas.errors import ArgumentError
from hengneng.language import Text
from hengneng.trace import Source

Kind = Literal["number", "numbers", "count", "truth", "word", "table"]

ANY_UNIT = "any"
"""Unit of parameters that may be in any unit, as long as all such parameters of one call are in the same."""


@dataclass(frozen=True)
class Parameter:
    """One argument of a formula.

    ``unit`` is a unit code, "1" for rates as fractions, ANY_UNIT, or a pattern such as "tce/{quantity}" with
    the
    unit of an earlier parameter. ``words`` are the values that a word may have.
    """

    name: str
    label: Text
    unit: str
    kind: Kind = "number"
    optional: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attached:
    """A word or a table with the source it was read from, so that the derivation can name it."""

    content: Any
    source: Source


_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_COUNT = re.compile(r"\+?\d+")
_PERCENT = ("%", "％")
_TRUTHS = {"yes": True, "1": True, "是": True, "no": False, "0": False, "否": False}


def check_argument(parameter: Parameter, found: object) -> object:
    """``found`` in the type that the formula computes with.

    ArgumentError when it is of another kind or not finite.
    """
    if found is None and parameter.optional:
        return None
    if parameter.kind == "numbers":
        if isinstance(found, str | bytes) or not isinstance(found, Sequence):
            raise _refused("not-a-list", parameter, found)
        return [_finite(parameter, each) for each in found]
    if parameter.kind == "number":
        return _finite(parameter, found)
    if parameter.kind == "count":
        number = _finite(parameter, found)
        if number < 0 or number != int(number):
            raise _refused("not-a-count", parameter, found)
        return int(number)
    if parameter.kind == "truth":
        if not isinstance(found, bool | int | float) or found not in (0, 1):
            raise _refused("not-a-truth", parameter, found)
        return bool(found)
    if parameter.kind == "word" and (not isinstance(found, str) or found not in (parameter.words or (found,))):
        raise _refused("not-a-word", parameter, found, words=", ".join(parameter.words))
    return found


def _finite(parameter: Parameter, found: object) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float | Decimal):
        raise _refused("not-a-number", parameter, found)
    number = float(found)
    if not math.isfinite(number):
        raise _refused("not-finite", parameter, found)
    return number


def _refused(code: str, parameter: Parameter, found: object, **more: object) -> ArgumentError:
    return ArgumentError(code, parameter=parameter.name, label=parameter.label, found=repr(found), **more)


def parse_text(parameter: Parameter, text: str) -> object:
    """Read what somebody typed for ``parameter``; see :func:`hengneng.formulas.registry.parse_argument`."""
    text = text.strip()
    if parameter.kind == "numbers":
        return [_number(parameter, part) for part in re.split(r"[,，、]", text)]
    if parameter.kind == "number":
        return _number(parameter, text)
    if parameter.kind == "count":
        if not _COUNT.fullmatch(text):
            raise _refused("not-a-count", parameter, text)
        return int(text)
    if parameter.kind == "truth":
        if text.lower() not in _TRUTHS:
            raise _refused("not-a-truth", parameter, text)
        return _TRUTHS[text.lower()]
    if parameter.kind == "word":
        return check_argument(parameter, text)
    raise _refused("table-typed", parameter, text)


def _number(parameter: Parameter, text: str) -> float:
    text = text.strip()
    percent = text.endswith(_PERCENT)
    digits = text[:-1].rstrip() if percent else text
    if not _NUMBER.fullmatch(digits):
        raise _refused("not-a-number", parameter, text)
    if percent and parameter.unit not in ("1", ANY_UNIT):
        raise _refused("percent-of-a-unit", parameter, text, unit=parameter.unit)
    # The shift by two places is done on decimal digits: 4.1 % becomes the float nearest to 0.041.
    number = float(Decimal(digits).scaleb(-2) if percent else Decimal(digits))
    if not math.isfinite(number):
        raise _refused("not-finite", parameter, text)
    return number
