"""Times of frames: QN, DataTime and the like, read leniently; what was sent is kept beside them.

Source: HJ 212-2017, tables 3 and 8 (QN: 17 digits to the millisecond; times: 14 digits, Beijing time).
"""

from __future__ import annotations

import datetime as dt
import re

BEIJING = dt.timezone(dt.timedelta(hours=8), "Asia/Shanghai")
_DIGITS = re.compile(r"[0-9]+")
_WRITTEN = re.compile(r"(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2})(?::(\d{2}))?")
_EPOCH_MILLISECONDS = 13


def read_time(written: str | None) -> dt.datetime | None:
    """The moment, with zone; None when it is no time: empty, a 30th of February, letters.

    Taken are 17, 14 and 12 digits (to the millisecond, second, minute; Beijing time), 13 digits (milliseconds since
    1970, as several simulators send), and ``2024-03-01 08:10:00``.
    """
    text = (written or "").strip()
    if not text.isascii():
        return None
    try:
        if _DIGITS.fullmatch(text):
            return _from_digits(text)
        found = _WRITTEN.fullmatch(text)
        return _from_digits("".join(part or "00" for part in found.groups())) if found else None
    except ValueError:
        return None


def _from_digits(text: str) -> dt.datetime | None:
    if len(text) == _EPOCH_MILLISECONDS:
        seconds, milliseconds = divmod(int(text), 1000)
        return dt.datetime.fromtimestamp(seconds, BEIJING).replace(microsecond=1000 * milliseconds)
    if len(text) not in (12, 14, 17):
        return None
    year, month, day, hour, minute = (int(text[a:b]) for a, b in ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12)))
    second, millisecond = int(text[12:14] or 0), int(text[14:] or 0)
    return dt.datetime(year, month, day, hour, minute, second, 1000 * millisecond, tzinfo=BEIJING)


def written_qn(moment: dt.datetime) -> str:
    """A request number: 17 digits, Beijing time. ValueError for a moment without a zone."""
    return f"{_at_beijing(moment):%Y%m%d%H%M%S}{moment.microsecond // 1000:03d}"


def written_time(moment: dt.datetime) -> str:
    """A time of the parameters: 14 digits, Beijing time. ValueError for a moment without a zone."""
    return f"{_at_beijing(moment):%Y%m%d%H%M%S}"


def _at_beijing(moment: dt.datetime) -> dt.datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(BEIJING)


def following_qn(qn: str, parts: int = 1) -> str:
    """The request number some milliseconds later, as the parts of a split packet carry it; as it is when it is no time.

    Source: HJ 212-2017, tables C.49 and C.50.
    """
    moment = read_time(qn)
    if moment is None or len(qn) != 17:
        return qn
    return written_qn(moment + dt.timedelta(milliseconds=parts))
