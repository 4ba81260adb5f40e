"""Equations of the formulas as MathML: the part of LaTeX that they are written in, and no more."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|[A-Za-z]|\s+|.", re.DOTALL)
_OPERATORS = {
    r"\cdot": "⋅", r"\ge": "≥", r"\le": "≤", r"\mid": "∣", r"\times": "×",
    r"\lfloor": "⌊", r"\rfloor": "⌋", "-": "−", "'": "′",
}  # fmt: skip
_LETTERS = {r"\varepsilon": "ε", r"\delta": "δ", r"\alpha": "α", r"\beta": "β", r"\eta": "η", r"\lambda": "λ"}
_FUNCTIONS = {r"\ln": "ln", r"\min": "min", r"\max": "max", r"\exp": "exp", r"\log": "log"}
_SUMS = {r"\sum": "∑", r"\prod": "∏"}
_SPACES = {r"\,": "0.17em", r"\ ": "0.33em", r"\;": "0.28em", r"\quad": "1em"}
_OVER = {r"\bar": "¯", r"\hat": "^"}
_NAMES = {r"\mathrm", r"\text", r"\operatorname"}


class NotInSubsetError(ValueError):
    """The equation uses a command that this converter does not know."""


@cache
def mathml(equation: str) -> str:
    """The equation as a MathML element. NotInSubsetError for a command outside the subset."""
    reader = _Reader(_TOKEN.findall(equation))
    body = reader.row(lambda: False)
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">{body}</math>'


@dataclass
class _Reader:
    tokens: list[str]
    at: int = 0

    def _peek(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def _next(self) -> str:
        if self.at >= len(self.tokens):
            raise NotInSubsetError("the equation ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def _skip_blanks(self) -> None:
        while (token := self._peek()) is not None and token.isspace():
            self.at += 1

    def row(self, ended: Callable[[], bool]) -> str:
        parts: list[str] = []
        while True:
            self._skip_blanks()
            if self._peek() is None or ended():
                return f"<mrow>{''.join(parts)}</mrow>"
            parts.append(self._scripted())

    def _scripted(self) -> str:
        first = self._peek()
        base = self._atom()
        below = above = None
        while True:
            self._skip_blanks()
            if self._peek() == "_":
                self._next()
                below = self._argument()
            elif self._peek() == "^":
                self._next()
                above = self._argument()
            else:
                break
        kinds = ("munder", "mover", "munderover") if first in _SUMS else ("msub", "msup", "msubsup")
        if below is not None and above is not None:
            return f"<{kinds[2]}>{base}{below}{above}</{kinds[2]}>"
        if below is not None:
            return f"<{kinds[0]}>{base}{below}</{kinds[0]}>"
        return base if above is None else f"<{kinds[1]}>{base}{above}</{kinds[1]}>"

    def _argument(self) -> str:
        self._skip_blanks()
        return self._atom()

    def _group(self) -> str:
        inner = self.row(lambda: self._peek() == "}")
        self._next()
        return inner

    def _words(self) -> str:
        """The characters between braces as they stand."""
        self._skip_blanks()
        if self._next() != "{":
            raise NotInSubsetError("a name stands in braces")
        taken = []
        while (token := self._next()) != "}":
            taken.append(token)
        return "".join(taken)

    def _atom(self) -> str:
        token = self._next()
        if token == "{":
            return self._group()
        if token == r"\frac":
            return f"<mfrac>{self._argument()}{self._argument()}</mfrac>"
        if token in _NAMES:
            return f'<mi mathvariant="normal">{escape(self._words().strip())}</mi>'
        if token in _OVER:
            return f'<mover accent="true">{self._argument()}<mo>{_OVER[token]}</mo></mover>'
        if token in _SUMS:
            return f'<mo largeop="true" movablelimits="false">{_SUMS[token]}</mo>'
        if token in _LETTERS or (len(token) == 1 and token.isalpha()):
            return f"<mi>{_LETTERS.get(token, token)}</mi>"
        if token in _FUNCTIONS:
            return f'<mi>{_FUNCTIONS[token]}</mi><mo>&#x2061;</mo>'
        if token in _SPACES:
            return f'<mspace width="{_SPACES[token]}"/>'
        if token == r"\left":
            return self._fenced()
        if token == r"\begin":
            return self._cases()
        if token[0].isdigit():
            return f"<mn>{token}</mn>"
        if token.startswith("\\") and token not in _OPERATORS:
            raise NotInSubsetError(f"{token} is outside the subset of LaTeX that equations are written in")
        stretch = ' stretchy="false"' if token in "()[]" else ""
        return f"<mo{stretch}>{escape(_OPERATORS.get(token, token))}</mo>"

    def _fenced(self) -> str:
        opening = self._next()
        inner = self.row(lambda: self._peek() == r"\right")
        self._next()
        closing = self._next()
        return f'<mrow><mo fence="true">{escape(opening)}</mo>{inner}<mo fence="true">{escape(closing)}</mo></mrow>'

    def _cases(self) -> str:
        if self._words() != "cases":
            raise NotInSubsetError("of the environments only cases is known")
        lines: list[list[str]] = [[]]
        while True:
            lines[-1].append(self.row(lambda: self._peek() in ("&", "\\\\", r"\end")))
            token = self._next()
            if token == "\\\\":
                lines.append([])
            elif token == r"\end":
                self._words()
                break
        rows = "".join(
            f"<mtr>{''.join(f'<mtd>{cell}</mtd>' for cell in line)}</mtr>" for line in lines
        )
        return f'<mrow><mo fence="true">{{</mo><mtable columnalign="left">{rows}</mtable></mrow>'
