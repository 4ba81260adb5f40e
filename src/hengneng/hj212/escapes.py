r"""Bytes as one line of text and back: ``\r \n \t \\ \xNN``, everything printable as it is."""

from __future__ import annotations

import re

_NAMED = {0x0D: r"\r", 0x0A: r"\n", 0x09: r"\t", 0x5C: r"\\"}
_PRINTED = tuple(_NAMED.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}") for byte in range(256))
_BYTES = {r"\r": b"\r", r"\n": b"\n", r"\t": b"\t", "\\\\": b"\\"}
_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|[rnt\\]|)")


def escaped(data: bytes) -> str:
    """The bytes as one line."""
    return "".join(_PRINTED[byte] for byte in data)


def unescaped(line: str) -> bytes:
    """The bytes of a line. What is printed plainly stands as UTF-8. ValueError for a backslash that escapes nothing."""
    parts: list[bytes] = []
    begin = 0
    for found in _ESCAPE.finditer(line):
        written = found[0]
        if len(written) == 1:
            raise ValueError(f"column {found.start() + 1}: a backslash is written \\\\")
        parts.append(line[begin : found.start()].encode("utf-8"))
        parts.append(_BYTES[written] if written in _BYTES else bytes.fromhex(written[2:]))
        begin = found.end()
    return b"".join([*parts, line[begin:].encode("utf-8")])
