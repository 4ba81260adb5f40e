"""The instruction parameters of a frame (CP): fields, and factors with their attributes.

Source: HJ 212-2017, 6.3 and tables 3 and 8; what deviates there is what devices were seen to send.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

Factors = dict[str, dict[str, str]]
_LOG_MARK = "//"


@dataclass(frozen=True)
class Content:
    """What stands between ``CP=&&`` and ``&&``.

    ``items`` are all name-value pairs as they came, those that stand there twice too; ``malformed`` what has no equals
    sign. Nothing is left out, corrected or converted.
    """

    items: tuple[tuple[str, str], ...]
    malformed: tuple[str, ...]

    @cached_property
    def values(self) -> Mapping[str, tuple[str, ...]]:
        """Every name with all its values, in their order."""
        found: dict[str, list[str]] = {}
        for name, value in self.items:
            found.setdefault(name, []).append(value)
        return {name: tuple(values) for name, values in found.items()}

    @cached_property
    def duplicates(self) -> tuple[str, ...]:
        """Names that stand there more than once."""
        if len(dict(self.items)) == len(self.items):
            return ()
        return tuple(name for name, values in self.values.items() if len(values) > 1)

    @cached_property
    def _first(self) -> tuple[dict[str, str], Factors]:
        # Twice reversed: the first value of a name is the one that stays, and the names keep their order.
        items = self.items if not self.duplicates else tuple(dict(reversed(self.items)).items())[::-1]
        return parted(items)

    @property
    def fields(self) -> Mapping[str, str]:
        """Names without a factor, such as DataTime, with their first value."""
        return self._first[0]

    @property
    def factors(self) -> Mapping[str, Mapping[str, str]]:
        """Factors with their attributes (Rtd, Avg, Flag ...) and the first value of each.

        Of values that are sent twice the first is the measured one: devices append their totalisers. A name is parted
        at its last hyphen, since codes with hyphens occur. Whatever separates the attributes of a factor does not
        matter.
        """
        return self._first[1]


def parted(items: Iterable[tuple[str, str]]) -> tuple[dict[str, str], Factors]:
    """Names without a factor, and the others grouped by factor; a later value replaces an earlier one."""
    fields: dict[str, str] = {}
    factors: Factors = {}
    last = ""
    attributes: dict[str, str] = {}
    for name, value in items:
        factor, hyphen, attribute = name.rpartition("-")
        if not hyphen:
            fields[name] = value
            continue
        if factor != last or not attributes:
            last, attributes = factor, factors.setdefault(factor, {})
        attributes[attribute] = value
    return fields, factors


def read_content(text: str) -> Content:
    """Read the parameters. Items are parted by ``;`` or ``,`` whichever stands there; blanks around them do not count.

    What stands between a pair of ``//`` is a log (i11001-Info) and stays whole, whatever it quotes.
    """
    items: list[tuple[str, str]] = []
    malformed: list[str] = []
    # Blanks are rare and looking for them one by one is not cheap.
    blanks = len(text.split()) > 1 or text[:1].isspace() or text[-1:].isspace()
    for piece in _pieces(text) if _LOG_MARK in text else text.replace(",", ";").split(";"):
        name, equals, value = (piece.strip() if blanks else piece).partition("=")
        if equals:
            items.append((name.rstrip() if blanks else name, value))
        elif name:
            malformed.append(name)
    return Content(tuple(items), tuple(malformed))


def _pieces(text: str) -> list[str]:
    """Items of a text that has logs: a log begins with ``=//`` and ends with ``//`` before a separator or the end."""
    pieces: list[str] = []
    begin = 0
    while (opened := text.find("=" + _LOG_MARK, begin)) >= 0:
        closed = _end_of_log(text, opened + 3)
        if closed < 0:
            break
        *before, last = text[begin:opened].replace(",", ";").split(";")
        pieces += before
        pieces.append(last + text[opened:closed])
        begin = closed
    return [*pieces, *text[begin:].replace(",", ";").split(";")]


def _end_of_log(text: str, begin: int) -> int:
    """Where the log whose text begins there ends, behind its mark; -1 when it is not closed."""
    at = text.find(_LOG_MARK, begin)
    while at >= 0:
        end = at + len(_LOG_MARK)
        if end == len(text) or text[end] in ";,":
            return end
        at = text.find(_LOG_MARK, at + 1)
    return -1
