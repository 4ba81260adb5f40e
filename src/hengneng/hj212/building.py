"""Frames made: any frame, answers in the dialect of the sender, requests of the platform.

Source: HJ 212-2017, tables 2 to 5 and annex C; HJ/T 212-2005, annex C (its answers carry QN among the parameters, and
its data acknowledgement has neither password nor MN); HJ 212-2025 (Flag 8 to 11, SM4).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hengneng.hj212.checksum import crc
from hengneng.hj212.encryption import encrypt
from hengneng.hj212.frame import Frame
from hengneng.hj212.header import EDITIONS, Flag
from hengneng.hj212.limits import limit
from hengneng.hj212.times import following_qn, written_qn, written_time

Item = tuple[str, str]
INTERACTION = "91"
_ILLEGAL_IN_HEADER = (";", ",", "=", "CP=", "\r", "\n")


@dataclass(frozen=True)
class Message:
    """What a frame says: header fields in their order, and groups of parameters.

    Items of a group are parted by ``,``, groups by ``;`` (the attributes of one factor are a group). ``parameters``
    None makes a frame without ``CP``.
    """

    header: tuple[Item, ...]
    parameters: tuple[tuple[Item, ...], ...] | None = ()
    closed: bool = True

    def segment(self, encoding: str = "utf-8") -> bytes:
        """The data segment. UnicodeEncodeError when ``encoding`` lacks a character."""
        text = "".join(f"{name}={value};" for name, value in self.header)
        if self.parameters is None:
            return text.rstrip(";").encode(encoding)
        groups = (",".join(f"{name}={value}" for name, value in group) for group in self.parameters)
        return f"{text}CP=&&{';'.join(groups)}{'&&' if self.closed else ''}".encode(encoding)

    def frame(self, *, key: bytes | None = None, encoding: str = "utf-8", plain_length: bool = False) -> bytes:
        """The whole frame; see :func:`frame_of`."""
        return frame_of(self.segment(encoding), key=key, plain_length=plain_length)


def frame_of(segment: bytes, *, key: bytes | None = None, plain_length: bool = False) -> bytes:
    """``##``, length, segment, checksum, CR LF. ValueError when the length has more than four digits.

    With a ``key`` of 16 bytes the parameters are encrypted (HJ 212-2025, annex A.2); the checksum is that of the plain
    segment, the length that of what is sent, or with ``plain_length`` that of the plain segment, as the examples of the
    standard print it.
    """
    sent = segment if key is None else encrypt(segment, key)
    length = len(segment if plain_length else sent)
    if length > limit("bytes_in_segment"):
        raise ValueError(f"the segment has {length} bytes; four digits say {limit('bytes_in_segment')} at most")
    return b"##%04d%b%04X\r\n" % (length, sent, crc(segment))


def factor_group(factor: str, attributes: Mapping[str, str]) -> tuple[Item, ...]:
    """The attributes of one factor as a group of parameters."""
    return tuple((f"{factor}-{name}", value) for name, value in attributes.items())


def message(
    edition: str,
    *,
    qn: str | None,
    st: str,
    cn: str,
    mn: str,
    pw: str = "123456",
    ack: bool = False,
    parameters: Iterable[Sequence[Item]] = (),
    extra: Iterable[Item] = (),
) -> Message:
    """A message of an edition (2005, 2017, 2025), its header in the order of the standard.

    ``qn`` None leaves it out, as uploads of 2005 do; ``extra`` stands between Flag and CP (RF=1). ValueError for
    another edition, or a field with a separator in it.
    """
    first = [("QN", qn)] if qn is not None else []
    header = (
        *first, ("ST", st), ("CN", cn), ("PW", pw), ("MN", mn), ("Flag", str(Flag.of(edition, ack=ack).value)), *extra,
    )  # fmt: skip
    for name, value in header:
        if any(mark in value for mark in _ILLEGAL_IN_HEADER):
            raise ValueError(f"{name}={value!r}: a header field holds none of ; , = and no line end")
    return Message(header, tuple(tuple(group) for group in parameters))


def split(whole: Message, most: int | None = None) -> list[Message]:
    """The message in parts whose segments have ``most`` bytes at most; by default those of the standard.

    Each part has PNUM and PNO behind Flag, which says so, its own QN a millisecond after the one before, and the
    plain parameters (DataTime) again. One part means that nothing was split. ValueError when one group alone is too
    long. Source: HJ 212-2017, tables C.49 and C.50.
    """
    most = limit("bytes_in_standard_segment") if most is None else most
    if whole.parameters is None or len(whole.segment()) <= most:
        return [whole]
    repeated = tuple(group for group in whole.parameters if all("-" not in name for name, _ in group))
    groups = [group for group in whole.parameters if group not in repeated]
    parts: list[list[tuple[Item, ...]]] = [[]]
    for group in groups:
        if parts[-1] and len(_part(whole, 1, 1, (*repeated, *parts[-1], group)).segment()) > most:
            parts.append([])
        parts[-1].append(group)
    made = [
        _part(whole, len(parts), number, (*repeated, *part)) for number, part in enumerate(parts, start=1)
    ]
    for one in made:
        if len(one.segment()) > most:
            raise ValueError(f"a group of parameters alone has more than {most} bytes")
    return made


def _part(whole: Message, count: int, number: int, groups: tuple[tuple[Item, ...], ...]) -> Message:
    header: list[Item] = []
    for name, value in whole.header:
        if name == "QN":
            header.append((name, following_qn(value, number - 1)))
        elif name == "Flag":
            header += [(name, str(int(value) | 2)), ("PNUM", str(count)), ("PNO", str(number))]
        elif name not in ("PNUM", "PNO"):
            header.append((name, value))
    return replace(whole, header=tuple(header), parameters=groups)


def _answer(to: Frame, cn: str, parameters: Sequence[Item], *, ack: bool = False) -> Message:
    """An answer to a frame: its QN, password and MN, ST 91, its edition; QN among the parameters for 2005."""
    edition = to.edition if to.edition in EDITIONS else "2017"
    qn, pw, mn = to.get("QN"), to.get("PW"), to.get("MN")
    items = [("ST", INTERACTION), ("CN", cn)]
    if qn is not None and edition != "2005":
        items.insert(0, ("QN", qn))
    items += [(name, value) for name, value in (("PW", pw), ("MN", mn)) if value is not None]
    items.append(("Flag", str(Flag.of(edition, ack=ack).value)))
    if edition == "2005" and qn is not None:
        parameters = [("QN", qn), *parameters]
    return Message(tuple(items), tuple((item,) for item in parameters))


def data_acknowledgement(to: Frame) -> Message:
    """9014: the data have been stored. For 2005 without password and MN, with QN and CN of what is acknowledged.

    To be sent after the data are durable, and only where the flag asks for it.
    """
    if to.edition != "2005":
        return _answer(to, "9014", ())
    asked = [(name, value) for name in ("QN", "CN") if (value := to.get(name)) is not None]
    return Message((("ST", INTERACTION), ("CN", "9014")), tuple((item,) for item in asked))


def notice_acknowledgement(to: Frame) -> Message:
    """9013: a notice (2021 and others, heartbeat 9015) has arrived."""
    return _answer(to, "9013", ())


def request_answer(to: Frame, result: int = 1) -> Message:
    """9011: whether a request will be carried out; ``result`` is one of the table ``hj212_request_results``."""
    return _answer(to, "9011", (("QnRtn", str(result)),))


def execution_result(to: Frame, result: int = 1) -> Message:
    """9012: how a request ended; ``result`` is one of the table ``hj212_execution_results``."""
    return _answer(to, "9012", (("ExeRtn", str(result)),))


def heartbeat(*, qn: str, st: str, mn: str, pw: str = "123456") -> Message:
    """9015: the device is there (HJ 212-2025); answered by 9013."""
    return message(edition="2025", qn=qn, st=st, cn="9015", mn=mn, pw=pw, ack=True)


def request(
    edition: str, cn: str, *, now: dt.datetime, st: str, mn: str, pw: str = "123456", parameters: Sequence[Item] = ()
) -> Message:
    """A request of the platform; an answer 9011 and a result 9012 are wanted."""
    return message(
        edition, qn=written_qn(now), st=st, cn=cn, mn=mn, pw=pw, ack=True,
        parameters=[(item,) for item in parameters],
    )  # fmt: skip


def request_parameters(
    cn: str,
    edition: str = "2017",
    *,
    over_time: int | None = None,
    recount: int | None = None,
    system_time: dt.datetime | None = None,
    factor: str | None = None,
    interval: int | None = None,
    password: str | None = None,
    begin: dt.datetime | None = None,
    end: dt.datetime | None = None,
) -> tuple[Item, ...]:
    """Parameters of the common requests, under the names of the edition; what is None is left out.

    1000 over_time (s), recount; 1012 system_time, factor; 1061 none; 1062 interval (s); 1064 interval (min); 1072
    password; 2011 and 2012 none; 2031, 2041, 2051, 2061 begin, end. Source: HJ 212-2017, annex C.
    """
    interval_name = {"1062": "RtdInterval", "1064": "MinInterval"}.get(cn, "RtdInterval")
    named: list[tuple[str, object | None]] = [
        ("OverTime", over_time),
        ("ReCount", recount),
        ("PolId", factor),
        ("SystemTime", system_time and written_time(system_time)),
        (interval_name, interval),
        ("PW" if edition == "2005" else "NewPW", password),
        ("BeginTime", begin and written_time(begin)),
        ("EndTime", end and written_time(end)),
    ]
    return tuple((name, str(value)) for name, value in named if value is not None)


def message_of(frame: Frame) -> Message:
    """The message that a frame holds: ``message_of(frame).frame()`` says the same. Its factors are groups, whatever
    separated their attributes.
    """
    header = [(name, frame.header.sent[name]) for name in dict.fromkeys(frame.header.order)]
    if frame.content is None:
        return Message(tuple(header), None)
    groups: list[list[Item]] = []
    last = ""
    for name, value in frame.content.items:
        factor = name.rpartition("-")[0]
        if factor and factor == last:
            groups[-1].append((name, value))
        else:
            groups.append([(name, value)])
        last = factor
    return Message(tuple(header), tuple(tuple(group) for group in groups), frame.cp_closed)
