"""Framing: whether bytes are a frame, and if not, why not. One frame here; a stream in :mod:`hengneng.hj212.stream`.

Source: HJ 212-2017, table 2 and annex A; HJ 212-2025, annex A.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from hengneng.hj212.checksum import CHECKSUMS, crc
from hengneng.hj212.encryption import BEGIN, OPENED, decrypt, looks_encrypted, transmitted_length
from hengneng.hj212.frame import CLOSED, Frame, Reason, Verdict
from hengneng.hj212.limits import limit
from hengneng.hj212.profile import STANDARD, Profile

HEAD = re.compile(rb"##([0-9]{4})")
HEAD_SIZE = 6
CRC_SIZE = 4
ENVELOPE = HEAD_SIZE + CRC_SIZE
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]{4}")
_UNPADDED = re.compile(rb"([0-9A-Fa-f]{1,3})[\r\n]")
_BLANK = b"\r\n\t "
# A name, its value, and nowhere a character that no text has.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*=[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*\Z")


def parse_frame(data: bytes, profile: Profile = STANDARD, key: bytes | None = None) -> Frame:
    """Read the one frame that ``data`` holds, its tail included. Nothing is raised: what is wrong is in the frame.

    ``profile`` says what this device is forgiven. ``key`` (16 bytes) decrypts frames of HJ 212-2025; ValueError when it
    has another length.
    """
    found = HEAD.search(data)
    if found is None:
        return Frame(data, data, Verdict.REJECT, _why_no_head(data))
    begin = found.start()
    rest = data[begin:] if begin else data
    frame = take(rest, int(found[1]), profile)
    if frame is None:
        return refused(rest, int(found[1]), data, profile)
    frame.tail = rest[len(frame.raw) :]
    if key is not None and frame.verdict is Verdict.ENCRYPTED:
        frame = decrypted(frame, key)
    frame.leading = data[:begin]
    if begin and frame.verdict is Verdict.OK:
        frame.verdict, frame.reason = Verdict.GARBAGE_THEN_OK, Reason.LEADING_GARBAGE
    return frame


def _why_no_head(data: bytes) -> Reason:
    begin = data.find(b"##")
    if begin < 0:
        return Reason.NO_HEADER
    digits = data[begin + 2 :]
    return Reason.TRUNCATED if len(digits) < 4 and (not digits or digits.isdigit()) else Reason.LENGTH_NOT_DECIMAL


def longest_segment(profile: Profile) -> int:
    """Bytes of the longest segment that is taken."""
    return limit("bytes_in_segment") if profile.longest_segment is None else profile.longest_segment


def take(data: bytes, declared: int, profile: Profile) -> Frame | None:
    """The frame at the begin of ``data``, or None when there is none that the profile takes."""
    if declared > longest_segment(profile):
        return None
    if profile.overcount and declared >= profile.overcount:
        frame = take_at(data, declared, declared - profile.overcount, profile)
        if frame is not None:
            return frame
    return take_at(data, declared, declared, profile) or take_encrypted(data, declared, profile)


def take_at(data: bytes, declared: int, length: int, profile: Profile) -> Frame | None:
    """The frame whose segment has ``length`` bytes, if its checksum is there and right."""
    end = HEAD_SIZE + length
    written = data[end : end + CRC_SIZE]
    forgiven: tuple[str, ...] = ()
    if not _HEXADECIMAL.fullmatch(written):
        found = _UNPADDED.match(data, end) if profile.unpadded_checksum else None
        if found is None:
            return None
        written, forgiven = found[1], ("crc_unpadded",)
    segment = data[HEAD_SIZE:end]
    if profile.checksum == "standard":
        computed = crc(segment)
    else:
        computed = CHECKSUMS[profile.checksum](segment)
        forgiven = (*forgiven, f"crc_{profile.checksum}")
    if computed != int(written, 16):
        return None
    if length != declared:
        forgiven = (*forgiven, f"length_counts_{profile.length_counts}")
    frame = Frame(
        data[: end + len(written)], segment, Verdict.OK, None, declared, written.decode("ascii"), computed, forgiven
    )
    if BEGIN in segment and looks_encrypted(segment):
        frame.verdict, frame.encrypted = Verdict.ENCRYPTED, True
    return frame


def encrypted_length(data: bytes, declared: int, begin: int = 0) -> int | None:
    """Bytes of the segment as sent when ``declared`` counts the plain one; None when nothing encrypted begins there.

    ``data`` must reach to the declared end; ``begin`` is where the frame begins in it.
    """
    opened = data.find(BEGIN, begin + HEAD_SIZE, begin + HEAD_SIZE + declared + len(BEGIN))
    if opened < 0:
        return None
    return transmitted_length(declared, opened + len(OPENED) - begin - HEAD_SIZE)


def take_encrypted(data: bytes, declared: int, profile: Profile) -> Frame | None:
    """The encrypted frame at the begin of ``data``, whichever of the two lengths it declares."""
    other = encrypted_length(data, declared)
    if other is None:
        return None
    for length in (declared, other):
        end = HEAD_SIZE + length
        written = data[end : end + CRC_SIZE]
        segment = data[HEAD_SIZE:end]
        if (
            length <= longest_segment(profile)
            and _HEXADECIMAL.fullmatch(written)
            and segment.endswith(CLOSED)
            and looks_encrypted(segment)
        ):
            text = written.decode("ascii")
            return Frame(data[: end + CRC_SIZE], segment, Verdict.ENCRYPTED, None, declared, text, encrypted=True)
    return None


def decrypted(frame: Frame, key: bytes) -> Frame:
    """An encrypted frame read with its key: accepted when the checksum is that of the plain segment, else refused.

    ValueError when the frame is not encrypted, or the key has not 16 bytes.
    """
    segment = decrypt(frame.segment, key)
    computed = crc(segment)
    good = frame.crc_declared != "" and computed == int(frame.crc_declared, 16)
    made = Frame(
        frame.raw, segment, Verdict.OK if good else Verdict.REJECT, None if good else Reason.BAD_CRC,
        frame.declared_length, frame.crc_declared, computed, frame.forgiven, encrypted=True,
    )  # fmt: skip
    made.leading, made.tail = frame.leading, frame.tail
    return made


def opened(frame: Frame, keys: Iterable[bytes]) -> Frame:
    """An encrypted frame read with the first of ``keys`` that opens it; refused as with the first when none does.

    The checksum has only 256 values (annex A of HJ 212-2017: eight bits of its state survive each byte), so that one
    wrong key in 256 seems to open a frame: what comes out must also be parameters in plain text. Without keys the frame
    stays encrypted. ValueError as for :func:`decrypted`.
    """
    first: Frame | None = None
    for key in keys:
        found = decrypted(frame, key)
        if found.accepted and not _PLAIN.match(found.text.partition(OPENED.decode("ascii"))[2]):
            found.verdict, found.reason = Verdict.REJECT, Reason.BAD_CRC
        if found.accepted:
            return found
        first = first or found
    return first or frame


def refused(
    rest: bytes, declared: int, piece: bytes, profile: Profile = STANDARD, reason: Reason | None = None
) -> Frame:
    """The piece with the reason why no frame begins it. ``rest`` begins with its head."""
    end = HEAD_SIZE + declared
    written = rest[end : end + CRC_SIZE]
    segment = rest[HEAD_SIZE:end]
    hexadecimal = bool(_HEXADECIMAL.fullmatch(written))
    return Frame(
        piece, segment, Verdict.REJECT, reason or _why(rest, declared, profile), declared,
        written.decode("ascii") if hexadecimal else "", crc(segment) if hexadecimal else None,
    )  # fmt: skip


def closed_length(data: bytes) -> int | None:
    """Bytes of the segment of a piece that ends with ``&&``, four hexadecimal digits and blanks; None when it does not.
    """
    end = len(data.rstrip(_BLANK)) - CRC_SIZE
    if end < HEAD_SIZE or data[end - len(CLOSED) : end] != CLOSED or not _HEXADECIMAL.match(data, end):
        return None
    return end - HEAD_SIZE


def _why(data: bytes, declared: int, profile: Profile) -> Reason:
    if declared > longest_segment(profile):
        return Reason.LENGTH_OVER_LIMIT
    end = HEAD_SIZE + declared
    hexadecimal = _HEXADECIMAL.match(data, end)
    if hexadecimal and data[end - len(CLOSED) : end] == CLOSED:
        return Reason.BAD_CRC
    if data[end - len(CLOSED) : end] == CLOSED and _UNPADDED.match(data, end):
        return Reason.CRC_NOT_HEX
    actual = closed_length(data)
    if actual is not None and actual != declared:
        miscounted = declared - actual <= limit("bytes_of_miscounted_envelope")
        return Reason.LENGTH_MISMATCH if miscounted else Reason.TRUNCATED
    if len(data) < end + CRC_SIZE:
        return Reason.TRUNCATED
    return Reason.BAD_CRC if hexadecimal else Reason.CRC_NOT_HEX
