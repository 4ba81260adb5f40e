"""HJ 212: the protocol by which monitors of pollution sources send what they measure, in its three editions.

HJ/T 212-2005, HJ 212-2017 and HJ 212-2025 (in force since 2026-01-01). A library without Django and without a
database: bytes in, frames and pieces out, and back. Strict by default; a :class:`Profile` forgives one device its
deviations. What is unknown is kept as it came.
"""

from hengneng.hj212.assembly import Assembly, Packet, part_of
from hengneng.hj212.building import (
    Message,
    data_acknowledgement,
    execution_result,
    factor_group,
    frame_of,
    heartbeat,
    message_of,
    new_message,
    notice_acknowledgement,
    request,
    request_answer,
    request_parameters,
    split,
)
from hengneng.hj212.checksum import crc
from hengneng.hj212.content import Content
from hengneng.hj212.frame import Frame, Reason, Verdict
from hengneng.hj212.framing import decrypted, opened, parse_frame
from hengneng.hj212.header import Flag, Header
from hengneng.hj212.profile import STANDARD, Profile
from hengneng.hj212.stream import FrameReader
from hengneng.hj212.times import read_time, written_qn, written_time

__all__ = [
    "STANDARD", "Assembly", "Content", "Flag", "Frame", "FrameReader", "Header", "Message", "Packet", "Profile",
    "Reason", "Verdict", "crc", "data_acknowledgement", "decrypted", "execution_result", "factor_group", "frame_of",
    "heartbeat", "message_of", "new_message", "notice_acknowledgement", "opened", "parse_frame", "part_of",
    "read_time", "request", "request_answer", "request_parameters", "split", "written_qn", "written_time",
]  # fmt: skip
