"""Frames out of a stream of bytes, cut and stuck together as it may be.

The events depend on the bytes alone, never on how they were cut. Framing decides, not line ends: a frame begins with
``##`` and four digits and ends with its length; what follows up to the next ``##`` belongs to no frame. Where no frame
begins, the piece up to the end of the line or to the next ``##dddd`` with a letter is refused, and reading goes on
behind it. While the bytes of a frame are still due, nothing inside it is looked at as a frame of its own: logs
(CN=3020) quote whole frames. One exception: when a line ends inside it, a head follows, and the checksum is right up
to that line end, then the length was a lie.

Source: HJ 212-2017, 6.3 and table 1.
"""

from __future__ import annotations

import re

from hengneng.hj212.checksum import CHECKSUMS
from hengneng.hj212.frame import TAIL, Frame, Reason
from hengneng.hj212.framing import (
    CRC_SIZE,
    ENVELOPE,
    HEAD,
    HEAD_SIZE,
    closed_length,
    encrypted_length,
    longest_segment,
    parse_frame,
    refused,
    take_at,
    take_encrypted,
)
from hengneng.hj212.limits import limit
from hengneng.hj212.profile import STANDARD, Profile

_END = re.compile(rb"\n|##[0-9]{4}[A-Za-z]")
_MARK = b"##"
_LINE_THEN_HEAD = b"\r\n##"
_BLANK = b"\r\n\t "
_PARAMETERS = b"CP="
# What an attempt to read a frame says: no frame is here. Below zero: how many bytes it needs. Above: how many it took.
_NONE = 0


class FrameReader:
    """Reads the frames of one connection: ``for frame in reader.feed(data)``.

    Good and encrypted frames come as soon as their last byte is there, refused pieces when their end is. ``raw`` of a
    frame ends with its checksum; ``tail`` is None.

    - ``profile``: may be set to another one at any time, when the device is known.
    - ``rejected_in_a_row``: so many refused pieces, or 64 KiB without a frame, and the reader is ``hopeless``: it reads
      no more. None: never, for files.
    - ``skipped``: bytes so far that belonged to no piece.
    """

    def __init__(self, profile: Profile = STANDARD, *, rejected_in_a_row: int | None = -1) -> None:
        self._profile = profile
        self.skipped = 0
        self.hopeless = False
        self._most = limit("pieces_rejected_in_a_row") if rejected_in_a_row == -1 else rejected_in_a_row
        self._rejected = 0
        self._without = 0
        self._buffer = bytearray()
        self._need = 0
        self._bad = False
        self._searched = 0
        self._begun = 0
        self._longest = longest_segment(profile)

    @property
    def profile(self) -> Profile:
        """What is forgiven. Another one also judges what is pending anew: ``feed(b"")`` gives what it completes."""
        return self._profile

    @profile.setter
    def profile(self, profile: Profile) -> None:
        self._profile = profile
        self._need, self._bad, self._searched = 0, False, 0

    def pardon(self) -> None:
        """The last refused piece was a frame after all: it does not count towards ``hopeless``."""
        self._rejected = self._without = 0

    @property
    def pending(self) -> int:
        """Bytes of a frame or piece whose rest has not come."""
        return len(self._buffer)

    @property
    def begun(self) -> int:
        """Where the pending frame begins, in bytes since the begin of the connection.

        A frame is half when this has not changed for the limit ``seconds_of_half_frame`` and something is pending,
        however many bytes trickle in.
        """
        return self._begun

    def feed(self, data: bytes) -> list[Frame]:
        """The frames and refused pieces that ``data`` completes, in their order."""
        buffer = self._buffer
        if self.hopeless:
            return []
        buffer += data
        if len(buffer) < self._need:
            return []
        return self._read(final=False)

    def expire(self) -> list[Frame]:
        """Give up the frame or piece that is pending: its rest has not come in time. What follows it is read on."""
        return [] if self.hopeless or not self._buffer else self._read(final=True)

    def close(self) -> list[Frame]:
        """The connection or file has ended: give up everything that is pending."""
        events: list[Frame] = []
        while self._buffer and not self.hopeless:
            events += self.expire()
        return events

    def _read(self, *, final: bool) -> list[Frame]:
        buffer = self._buffer
        events: list[Frame] = []
        at = 0
        self._longest = longest_segment(self.profile)
        while not self.hopeless:
            begin = buffer.find(_MARK, at)
            if begin < 0:
                at = self._skip(at, len(buffer) - (buffer[-1:] == b"#" and not final))
                self._need = 0
                break
            if begin > at:
                # Two bytes are the CR LF of the frame before, nearly always.
                at = begin if buffer[at:begin] == TAIL else self._skip(at, begin)
            step = _NONE if self._bad else self._frame(at, final, events)
            if step == _NONE:
                step = self._piece(at, final, events)
            if step < 0:
                self._need = -step
                break
            at += step
            self._bad, self._searched, final = False, 0, False
        else:
            at = len(buffer)
        if at:
            self._begun += at
            del buffer[:at]
        return events

    def _skip(self, begin: int, end: int) -> int:
        """Pass over bytes that belong to no piece; blanks between frames are not counted."""
        foreign = len(self._buffer[begin:end].strip(_BLANK)) if end > begin else 0
        if foreign:
            self.skipped += foreign
            self._lost(foreign)
        return end

    def _lost(self, size: int) -> None:
        self._without += size
        if self._most is not None and self._without > limit("bytes_without_frame"):
            self.hopeless = True

    def _frame(self, at: int, final: bool, events: list[Frame]) -> int:
        """Read the frame that begins there: bytes to go on by; 0 when none does; below zero, how many it needs."""
        buffer = self._buffer
        there = len(buffer) - at
        digits = buffer[at + 2 : at + HEAD_SIZE]
        if there < HEAD_SIZE and not final and (not digits or digits.isdigit()):
            return -HEAD_SIZE
        if there < HEAD_SIZE or not digits.isdigit():
            return _NONE
        declared = int(digits)
        profile = self.profile
        if declared > self._longest:
            return _NONE
        if profile.overcount and declared >= profile.overcount:
            needed = ENVELOPE + declared - profile.overcount
            if there < needed:
                return _NONE if final else -needed
            found = take_at(bytes(buffer[at : at + needed]), declared, declared - profile.overcount, profile)
            if found is not None:
                return self._taken(found, events)
        return self._declared(at, declared, final, events)

    def _declared(self, at: int, declared: int, final: bool, events: list[Frame]) -> int:
        """The same for the length that the head declares."""
        buffer, profile = self._buffer, self.profile
        there, needed = len(buffer) - at, ENVELOPE + declared
        lie = self._lie(at, min(there, needed))
        if lie:
            raw = bytes(buffer[at : at + lie])
            return self._refused(refused(raw, declared, raw, profile, Reason.LENGTH_MISMATCH), events)
        if there < needed:
            return _NONE if final else -(there + 1)
        piece = bytes(buffer[at : at + needed])
        found = take_at(piece, declared, declared, profile) or take_encrypted(piece, declared, profile)
        if found is None:
            # Encrypted frames may declare the length of their plain segment and be several times as long.
            other = encrypted_length(piece, declared)
            if other is None or other > self._longest:
                return _NONE
            if there < ENVELOPE + other:
                return _NONE if final else -(ENVELOPE + other)
            found = take_encrypted(bytes(buffer[at : at + ENVELOPE + other]), declared, profile)
        return _NONE if found is None else self._taken(found, events)

    def _lie(self, at: int, there: int) -> int:
        """Bytes of a piece that a line end, a head behind it and a right checksum show to be shorter than it says."""
        found = self._buffer.find(_LINE_THEN_HEAD, at + max(self._searched, HEAD_SIZE), at + there)
        if found < 0:
            self._searched = max(self._searched, there - len(_LINE_THEN_HEAD) + 1)
            return 0
        self._searched = self._longest + ENVELOPE
        end = found + 2 - at
        return end if self._right(bytes(self._buffer[at : at + end])) else 0

    def _right(self, piece: bytes) -> bool:
        """Whether a piece is closed and its checksum is right, whatever length it declares."""
        length = closed_length(piece)
        if length is None:
            return False
        end = HEAD_SIZE + length
        return CHECKSUMS[self.profile.checksum](piece[HEAD_SIZE:end]) == int(piece[end : end + CRC_SIZE], 16)

    def _piece(self, at: int, final: bool, events: list[Frame]) -> int:
        """Refuse what begins there, up to its end: bytes to go on by; below zero, how many it needs."""
        buffer = self._buffer
        if not self._bad:
            self._bad, self._searched = True, 1
        there, most = len(buffer) - at, limit("bytes_in_rejected_piece")
        found = _END.search(buffer, at + self._searched, at + min(there, most))
        if found is not None:
            size = (found.end() if found.end() == found.start() + 1 else found.start()) - at
        elif there >= most:
            size = most
        elif final:
            size = there
        else:
            self._searched = max(self._searched, there - HEAD_SIZE)
            return -(there + 1)
        raw = bytes(buffer[at : at + size])
        head = HEAD.match(raw)
        if head is not None:
            reason = Reason.LENGTH_MISMATCH if self._right(raw) and closed_length(raw) != int(head[1]) else None
            return self._refused(refused(raw, int(head[1]), raw, self.profile, reason), events)
        whole = parse_frame(raw, self.profile)
        if _PARAMETERS in raw or (final and whole.reason is Reason.TRUNCATED):
            return self._refused(whole, events)
        self._skip(at, at + size)
        return size

    def _refused(self, frame: Frame, events: list[Frame]) -> int:
        events.append(frame)
        self._rejected += 1
        if self._most is not None and self._rejected >= self._most:
            self.hopeless = True
        self._lost(len(frame.raw))
        return len(frame.raw)

    def _taken(self, frame: Frame, events: list[Frame]) -> int:
        events.append(frame)
        self._rejected = self._without = 0
        return len(frame.raw)
