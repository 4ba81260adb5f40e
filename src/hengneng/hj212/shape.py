"""Frames as data for other programs: plain dictionaries of texts and numbers."""

from __future__ import annotations

from typing import Any

from hengneng.hj212.content import parted
from hengneng.hj212.escapes import escaped
from hengneng.hj212.frame import TAIL, Frame


def expected_shape(frame: Frame) -> dict[str, Any]:
    """The content of a frame that is no piece, field by field.

    ``cp_fields`` and ``factors`` are plain dictionaries: of a name that is sent twice they hold the last value, and
    ``cp_repeated`` holds all of them in their order. The library itself goes by the first, see
    :class:`hengneng.hj212.content.Content`.
    """
    header, flag = frame.header, frame.flag
    shape: dict[str, Any] = {
        "declared_length": frame.declared_length,
        "actual_length": len(frame.segment),
        "crc_declared": frame.crc_declared,
        "crc_computed": None if frame.crc_computed is None else f"{frame.crc_computed:04X}",
        "text_encoding": frame.text_encoding,
        "header": header.sent,
        "header_norm": header.named,
        "header_order": list(header.order),
        "flag": flag and {"value": flag.value, "version": flag.version, "split": flag.split, "ack": flag.ack},
        "cp_present": frame.cp_present,
        "cp_closed": frame.cp_closed,
    }
    content = frame.content
    if content is not None:
        plain, factors = parted(content.items)
        fields: dict[str, Any] = {**plain}
        if content.malformed:
            fields["_malformed"] = list(content.malformed)
        shape["cp_fields"] = fields
        shape["factors"] = factors
        shape["cp_duplicates"] = list(content.duplicates)
        if content.duplicates:
            shape["cp_repeated"] = {name: list(content.values[name]) for name in content.duplicates}
    if frame.tail is not None and frame.tail != TAIL:
        shape["tail"] = escaped(frame.tail)
    return shape


def frame_shape(frame: Frame) -> dict[str, Any]:
    """Verdict, reason, warnings and what can be read of a frame or a piece."""
    shape: dict[str, Any] = {
        "verdict": str(frame.verdict),
        "reason": None if frame.reason is None else str(frame.reason),
        "raw": escaped(frame.leading + frame.raw + (frame.tail or b"")),
        "warnings": list(frame.warnings),
    }
    if frame.encrypted:
        shape["encrypted"] = True
    if frame.verdict != "reject":
        shape["expect"] = expected_shape(frame)
    return shape
