"""One frame: what framing says of it, its header, and its content when somebody asks for it.

``##`` + four decimal digits (length of the data segment) + segment + four hexadecimal digits (checksum) + CR LF.
Source: HJ 212-2017, tables 2 and 3.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, cast

from hengneng.hj212.content import Content, read_content
from hengneng.hj212.header import Flag, Header, read_flag, read_header

CLOSED = b"&&"
OPENED = b"CP=&&"
TAIL = b"\r\n"


class Verdict(StrEnum):
    """What framing says of a piece."""

    OK = "ok"
    REJECT = "reject"
    GARBAGE_THEN_OK = "garbage_then_ok"  # a good frame behind bytes that belong to none
    ENCRYPTED = "encrypted"  # a frame whose checksum only the key can verify


class Reason(StrEnum):
    """Why a piece is not a frame, or not only a frame."""

    NO_HEADER = "no_header"
    LENGTH_NOT_DECIMAL = "length_not_decimal"
    LENGTH_OVER_LIMIT = "length_over_limit"
    LENGTH_MISMATCH = "length_mismatch"
    TRUNCATED = "truncated"
    CRC_NOT_HEX = "crc_not_hex"
    BAD_CRC = "bad_crc"
    LEADING_GARBAGE = "leading_garbage"


_UNSET: Final = object()


class Frame:
    """A frame, or a piece that is refused. Header and content are read when they are asked for, once.

    - ``raw``: the bytes from ``##`` to the checksum, or the refused piece; what is stored.
    - ``segment``: the data segment, decrypted where it could be; of a refused piece, what stands where it should be.
    - ``leading``, ``tail``: bytes before and behind; ``tail`` is None in a stream, whose next bytes may not
      have come.
    - ``declared_length``: the length as sent; ``crc_declared``: the checksum as written; ``crc_computed``: None
      where nothing could be computed.
    - ``forgiven``: what the profile of the device has forgiven, in words of the warnings.
    """

    __slots__ = (
        "_content", "_flag", "_header", "_text", "crc_computed", "crc_declared", "declared_length", "encrypted",
        "forgiven", "leading", "raw", "reason", "segment", "tail", "verdict",
    )  # fmt: skip

    def __init__(
        self,
        raw: bytes,
        segment: bytes,
        verdict: Verdict = Verdict.OK,
        reason: Reason | None = None,
        declared_length: int | None = None,
        crc_declared: str = "",
        crc_computed: int | None = None,
        forgiven: tuple[str, ...] = (),
        encrypted: bool = False,
    ) -> None:
        self.raw = raw
        self.segment = segment
        self.verdict = verdict
        self.reason = reason
        self.declared_length = declared_length
        self.crc_declared = crc_declared
        self.crc_computed = crc_computed
        self.forgiven = forgiven
        self.encrypted = encrypted
        self.leading = b""
        self.tail: bytes | None = None
        self._header: Header | None = None
        self._flag: object = _UNSET
        self._text: tuple[str, str] | None = None
        self._content: object = _UNSET

    def __repr__(self) -> str:
        return f"Frame({self.verdict}, {self.reason}, {self.raw!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Frame):
            return NotImplemented
        return (self.raw, self.segment, self.verdict, self.reason) == (
            other.raw, other.segment, other.verdict, other.reason,
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash(self.raw)

    @property
    def accepted(self) -> bool:
        """Whether this is a frame whose checksum was verified."""
        return self.verdict is Verdict.OK or self.verdict is Verdict.GARBAGE_THEN_OK

    @property
    def header(self) -> Header:
        """The fields before the parameters."""
        if self._header is None:
            cut = self.segment.find(OPENED)
            head = self.segment if cut < 0 else self.segment[:cut]
            self._header = read_header(head.decode("ascii") if head.isascii() else self._decoded(head))
        return self._header

    def _decoded(self, data: bytes) -> str:
        encoding = self.text_encoding
        return data.decode("latin-1" if encoding == "undecodable" else encoding, "replace")

    def get(self, name: str) -> str | None:
        """A field of the header under its standard name (QN, ST, CN, PW, MN, Flag, PNUM, PNO, RF); None without it.

        Never one of the parameters: those may be called PW, MN, CN, QN too.
        """
        # At thousands of frames a second it counts that what has been read is not asked for by another call.
        return (self._header or self.header).named.get(name)

    @property
    def flag(self) -> Flag | None:
        """The flag; None where there is none or it is no number."""
        if self._flag is _UNSET:
            self._flag = read_flag(self.get("Flag"))
        return cast("Flag | None", self._flag)

    @property
    def edition(self) -> str:
        """The edition in whose dialect the sender is answered: that of the flag; without a flag, 2005."""
        flag = self.flag
        return "2005" if flag is None else flag.version

    def _read_text(self) -> tuple[str, str]:
        if self._text is None:
            self._text = decoded(self.segment)
        return self._text

    @property
    def text(self) -> str:
        """The segment as text; bytes that are no text in any of the encodings stand as one character each."""
        return self._read_text()[0]

    @property
    def text_encoding(self) -> str:
        """``ascii``, ``utf-8``, ``gbk``, or ``undecodable``."""
        return self._read_text()[1]

    @property
    def cp_present(self) -> bool:
        """Whether there are parameters (``CP=&&``)."""
        return OPENED in self.segment

    @property
    def cp_closed(self) -> bool:
        """Whether the parameters are closed; also true where there are none."""
        begin = self.segment.find(OPENED)
        return begin < 0 or (
            self.segment.endswith(CLOSED) and len(self.segment) >= begin + len(OPENED) + len(CLOSED)
        )

    @property
    def content(self) -> Content | None:
        """The parameters; None where there are none, or where they are encrypted and no key was given."""
        if self._content is _UNSET:
            self._content = self._read_content()
        assert self._content is None or isinstance(self._content, Content)
        return self._content

    def _read_content(self) -> Content | None:
        if not self.cp_present or self.verdict is Verdict.ENCRYPTED:
            return None
        text = self.text.partition(OPENED.decode("ascii"))[2]
        return read_content(text[: -len(CLOSED)] if self.cp_closed else text)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What deviates from the standard although the frame is taken, in fixed words."""
        from hengneng.hj212.deviations import warnings_of

        return warnings_of(self)


def decoded(data: bytes) -> tuple[str, str]:
    """Bytes as text, with the encoding: ASCII, UTF-8 (HJ 212-2017), GBK as many devices send; else a character a byte.
    """
    if data.isascii():
        return data.decode("ascii"), "ascii"
    for encoding in ("utf-8", "gbk"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "undecodable"
