"""Parts of split packets joined. Pure: time is given, nothing is waited for.

Source: HJ 212-2017, tables 1, C.49 and C.50: parts carry PNUM and PNO, consecutive QN, and DataTime each.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hengneng.hj212.frame import Frame
from hengneng.hj212.limits import limit
from hengneng.hj212.times import following_qn

Key = tuple[str, str, str, int]


@dataclass
class Packet:
    """The parts of one packet that have come. A part is worth storing by itself; the packet says what is missing."""

    key: Key
    count: int
    since: float
    parts: dict[int, Frame] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every part has come."""
        return len(self.parts) == self.count

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers of the parts that have not come."""
        return tuple(number for number in range(1, self.count + 1) if number not in self.parts)

    @property
    def factors(self) -> dict[str, dict[str, str]]:
        """Factors of all parts, in the order of the parts; the first value of an attribute stays."""
        joined: dict[str, dict[str, str]] = {}
        for _, part in sorted(self.parts.items()):
            for factor, attributes in (part.content.factors if part.content else {}).items():
                mine = joined.setdefault(factor, {})
                for name, value in attributes.items():
                    mine.setdefault(name, value)
        return joined


def part_of(frame: Frame) -> tuple[int, int] | None:
    """Number of the part and how many there are; None when the frame is whole, or the numbers make no sense."""
    number, count = frame.get("PNO"), frame.get("PNUM")
    if not (number and count and number.isascii() and count.isascii() and number.isdigit() and count.isdigit()):
        return None
    if len(number) > 4 or len(count) > 4 or not 1 <= int(number) <= int(count):
        return None
    return (int(number), int(count)) if int(count) > 1 else None


class Assembly:
    """Joins the parts that come over one connection: ``add`` each frame, ``expired`` from time to time.

    ``now`` is any clock in seconds that only goes forward. ``most``: so many packets may wait; by default the limit for
    one connection.
    """

    def __init__(self, patience: float | None = None, most: int | None = None) -> None:
        self.most = limit("packets_in_assembly") if most is None else most
        self.patience = (
            limit("seconds_between_tries") * (limit("tries_after_the_first") + 1) if patience is None else patience
        )
        self._open: dict[Key, Packet] = {}
        self._complete: dict[Key, float] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(self, frame: Frame, now: float) -> Packet | None:
        """The packet that this frame completes; None while parts are missing, and for whole frames.

        The same part again replaces nothing, and after its packet was complete it begins no other for as long as the
        patience: senders that have missed an acknowledgement repeat the last part. Parts belong together by MN, CN,
        DataTime and PNUM; without DataTime, by the QN of the first part.
        """
        found = part_of(frame)
        if found is None:
            return None
        number, count = found
        content = frame.content
        time = content.fields.get("DataTime") if content else None
        key = (frame.get("MN") or "", frame.get("CN") or "", time or _first_qn(frame, number), count)
        packet = self._open.get(key)
        if packet is None and now - self._complete.get(key, now - self.patience) < self.patience:
            return None
        if packet is None:
            packet = self._open[key] = Packet(key, count, now)
        packet.parts.setdefault(number, frame)
        if not packet.complete:
            return None
        self._complete[key] = now
        return self._open.pop(key)

    def expired(self, now: float) -> list[Packet]:
        """Packets whose missing parts will not come: the patience is over, or there are too many; no longer held."""
        for key in [key for key, since in self._complete.items() if now - since >= self.patience]:
            del self._complete[key]
        waiting = sorted(self._open.values(), key=lambda packet: packet.since)
        surplus = max(len(waiting) - self.most, 0)
        over = [p for index, p in enumerate(waiting) if index < surplus or now - p.since >= self.patience]
        for packet in over:
            del self._open[packet.key]
        return over


def _first_qn(frame: Frame, number: int) -> str:
    return following_qn(frame.get("QN") or "", 1 - number)
