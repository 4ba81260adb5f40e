"""What deviates from the standard in a frame that is taken all the same, in fixed words.

Source: HJ 212-2017, tables 3 and 4 (widths and forms of the fields); what deviates was seen in frames of real devices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hengneng.hj212.frame import TAIL, Frame, Reason
from hengneng.hj212.header import NAMES, Flag
from hengneng.hj212.limits import limit

_FORMS = {
    "QN": re.compile(r"[0-9]{17}"),
    "ST": re.compile(r"[0-9A-Za-z]{2}"),
    "CN": re.compile(r"[0-9]{4}"),
    "MN": re.compile(r"[0-9A-Fa-f]{24}|[0-9A-Za-z]{14}"),
    "PW": re.compile(r"[0-9A-Za-z]{6}"),
}
TIMES = ("DataTime", "BeginTime", "EndTime", "SystemTime", "RestartTime")
_TIME = re.compile(r"[0-9]{14}")
_LOWER = re.compile(r"[a-f]")
_STANDARD_NAMES = frozenset(NAMES)


def warnings_of(frame: Frame) -> tuple[str, ...]:
    """Every deviation of a frame, each once; none of a piece that is refused."""
    if frame.verdict == "reject":
        return ()
    found = (*_of_text(frame), *_of_header(frame), *_of_parameters(frame), *_of_envelope(frame), *frame.forgiven)
    return tuple(dict.fromkeys(found))


def _of_text(frame: Frame) -> Iterator[str]:
    if frame.text_encoding in ("gbk", "undecodable"):
        yield f"encoding_{frame.text_encoding}"


def _of_header(frame: Frame) -> Iterator[str]:
    begin = frame.segment.find(b"CP=")
    if begin < 1 or frame.segment[begin - 1 : begin] != b";":
        yield "no_semicolon_before_CP"
    header = frame.header
    if header.commas and frame.cp_present:
        yield "comma_in_header"
    if header.malformed:
        yield "header_malformed_item"
    if any(name not in _STANDARD_NAMES and name not in header.named for name in header.sent):
        yield "header_name_case"
    for name, form in _FORMS.items():
        value = header.named.get(name)
        if value is None:
            yield f"{name.lower()}_missing"
        elif not form.fullmatch(value):
            yield f"{name.lower()}_format"
    yield from _of_flag(frame.flag, header.named)


def _of_flag(flag: Flag | None, named: dict[str, str]) -> Iterator[str]:
    if "Flag" not in named:
        yield "flag_missing"
    elif flag is None:
        yield "flag_format"
    # Examples of the 2005 edition set the bit and have no PNUM.
    elif flag.split and flag.version != "2005" and "PNUM" not in named:
        yield "flag_split_without_pnum"


def _of_parameters(frame: Frame) -> Iterator[str]:
    if not frame.cp_present:
        yield "cp_missing"
    elif not frame.cp_closed:
        yield "cp_not_closed"
    content = frame.content
    if content is None:
        return
    if content.malformed:
        yield "cp_malformed_item"
    if content.duplicates:
        yield "cp_duplicate_keys"
    for name in TIMES:
        if name in content.fields and not _TIME.fullmatch(content.fields[name]):
            yield f"time_format:{name}"


def _of_envelope(frame: Frame) -> Iterator[str]:
    if _LOWER.search(frame.crc_declared):
        yield "crc_lower_case"
    if len(frame.segment) > limit("bytes_in_standard_segment"):
        yield "segment_over_1024"
    if frame.tail is not None and frame.tail != TAIL:
        yield "tail_not_crlf"
    if frame.reason is Reason.LEADING_GARBAGE:
        yield "leading_garbage"
