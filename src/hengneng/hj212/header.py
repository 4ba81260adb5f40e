"""The header of a frame: what stands before its parameters, and the flag.

Source: HJ 212-2017, tables 3 and 4; HJ/T 212-2005; HJ 212-2025.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

NAMES = ("QN", "ST", "CN", "PW", "MN", "Flag", "PNUM", "PNO", "RF")
_BY_UPPER = {name.upper(): name for name in NAMES}
_NAMES = frozenset(NAMES)
EDITIONS = ("2005", "2017", "2025")
UNKNOWN_EDITION = "unknown"
_GREATEST_FLAG = 255


@dataclass(frozen=True)
class Flag:
    """The flag: which edition the sender follows, whether the packet is a part, whether an answer is wanted.

    Bits 7 to 2 say the edition, bit 1 (D) that PNUM and PNO are there, bit 0 (A) that an answer is wanted. Devices of
    surface-water stations of 2018 send 8 and 9 too, without following the edition of 2025.
    """

    value: int

    @property
    def version(self) -> str:
        """``2005``, ``2017``, ``2025``, or ``unknown`` for bits that no edition has."""
        number = self.value >> 2
        return EDITIONS[number] if number < len(EDITIONS) else UNKNOWN_EDITION

    @property
    def split(self) -> bool:
        """Whether PNUM and PNO should be there."""
        return bool(self.value & 2)

    @property
    def ack(self) -> bool:
        """Whether an answer is wanted."""
        return bool(self.value & 1)

    @classmethod
    def of(cls, edition: str, *, ack: bool, split: bool = False) -> Flag:
        """The flag of an edition. ValueError for an edition that has none."""
        return cls(EDITIONS.index(edition) << 2 | split << 1 | ack)


@lru_cache(maxsize=512)
def read_flag(written: str | None) -> Flag | None:
    """The flag as written; None where there is none, or no number from 0 to 255."""
    if not written or not written.isascii() or not written.isdigit() or len(written) > 3:
        return None
    value = int(written)
    return Flag(value) if value <= _GREATEST_FLAG else None


class Header(NamedTuple):
    """The fields before the parameters.

    ``sent`` has the names as they came, ``named`` as the standard spells them; where a name stands there twice the last
    one counts. ``order`` has every name in its order. ``malformed`` are pieces without an equals sign.
    """

    sent: dict[str, str]
    named: dict[str, str]
    order: tuple[str, ...]
    malformed: tuple[str, ...]
    commas: bool


def read_header(text: str) -> Header:
    """Read a header. Fields are parted by ``;``, or by ``,`` as two examples of HJ 212-2017 print it (C.22, C.48)."""
    commas = "," in text
    # Blanks are rare, and looking for them one by one is not cheap: neither is in the way of nearly every frame.
    blanks = text.split(None, 1) != [text]
    if not commas and not blanks:
        pairs = [piece.split("=", 1) for piece in text.split(";") if piece]
        try:
            sent = {name: value for name, value in pairs}  # noqa: C416 -- a list of lists is no mapping for the types
            return Header(sent, _named(sent), tuple([name for name, _ in pairs]), (), commas)
        except ValueError:
            pass  # a piece without an equals sign
    sent = {}
    order: list[str] = []
    malformed: list[str] = []
    for piece in (text.replace(",", ";") if commas else text).split(";"):
        name, equals, value = (piece.strip() if blanks else piece).partition("=")
        if equals:
            name = name.rstrip() if blanks else name
            sent[name] = value
            order.append(name)
        elif name:
            malformed.append(name)
    return Header(sent, _named(sent, order), tuple(order), tuple(malformed), commas)


def _named(sent: dict[str, str], order: list[str] | None = None) -> dict[str, str]:
    """The same fields under the names of the standard; the last one counts of names that differ in case alone."""
    if _NAMES.issuperset(sent):
        return sent
    return {_BY_UPPER.get(name.upper(), name): sent[name] for name in order or sent}
