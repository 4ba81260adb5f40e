"""Which answer a frame gets, and when. Source: HJ 212-2017, 6.2 and annex C: data 9014, notices 9013, requests 9011."""

from __future__ import annotations

from hengneng.gateways.limits import limit
from hengneng.hj212 import Frame, data_acknowledgement, frame_of, notice_acknowledgement, request_answer

ANSWERS = frozenset({"9011", "9012", "9013", "9014"})
# Commands of these groups carry data or notices of a device (2xxx data, 3xxx control and its results); the others that
# a device sends of its own accord (1001, 1013, 9015, 9021) are notices.
_DATA_GROUPS = ("2", "3")
MN_UNKNOWN = 4  # QnRtn of table hj212_request_results: wrong MN


def answer_when_kept(frame: Frame) -> bytes:
    """What is sent once the frame is on the disk; empty where the sender wants none."""
    flag, command = frame.flag, frame.get("CN") or ""
    if flag is None or not flag.ack or command in ANSWERS:
        return b""
    if command.startswith(_DATA_GROUPS):
        return _acknowledged(frame)
    return notice_acknowledgement(frame).frame()


def _acknowledged(frame: Frame) -> bytes:
    number, edition = frame.get("QN"), frame.edition
    if number is None or edition == "2005":
        return data_acknowledgement(frame).frame()
    # All acknowledgements of a device are alike but for the number: at thousands of frames a second that counts.
    key = (edition, frame.get("PW"), frame.get("MN"))
    behind = _behind_number.get(key)
    if behind is None:
        segment = data_acknowledgement(frame).segment()
        behind = segment[segment.index(b";") :]
        if len(_behind_number) < limit("devices_remembered"):
            _behind_number[key] = behind
    return frame_of(b"QN=%b%b" % (number.encode(), behind))


_behind_number: dict[tuple[str | None, ...], bytes] = {}


def answer_to_stranger(frame: Frame) -> bytes:
    """What a device gets whose MN nobody has registered; empty where it wants no answer."""
    flag = frame.flag
    return request_answer(frame, MN_UNKNOWN).frame() if flag is not None and flag.ack else b""
