"""What is forgiven a device, and only that device: deviations of its frames from the standard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Checksum = Literal["standard", "modbus", "modbus_swapped"]
# What the length of a frame may count beside the data segment, and how many bytes that is.
LENGTH_COUNTS = {"segment": 0, "crc": 4, "crc_and_crlf": 6}
LengthCounts = Literal["segment", "crc", "crc_and_crlf"]


@dataclass(frozen=True)
class Profile:
    """How the frames of one device deviate. The default is the standard; whatever it forgives is named in a warning.

    - ``length_counts``: ``crc`` and ``crc_and_crlf`` for senders that count four or six bytes more than the segment
      (a local rule of Tianjin does). A length that is right is taken as well.
    - ``checksum``: ``modbus``, ``modbus_swapped`` for senders that compute another one. The right one is then refused.
    - ``unpadded_checksum``: a checksum without its leading zeros (``C0``), then closed by an end of line.
    - ``longest_segment``: bytes; a longer one is refused at once. None: the limit of the project.
    """

    length_counts: LengthCounts = "segment"
    checksum: Checksum = "standard"
    unpadded_checksum: bool = False
    longest_segment: int | None = None

    def __post_init__(self) -> None:
        if self.length_counts not in LENGTH_COUNTS:
            raise ValueError(f"length_counts is one of {', '.join(LENGTH_COUNTS)}; given {self.length_counts!r}")
        if self.checksum not in ("standard", "modbus", "modbus_swapped"):
            raise ValueError(f"checksum is standard, modbus or modbus_swapped; given {self.checksum!r}")

    @property
    def overcount(self) -> int:
        """Bytes that the length counts beside the data segment."""
        return LENGTH_COUNTS[self.length_counts]


STANDARD = Profile()
