"""The encrypted region of frames of HJ 212-2025.

Annex A.2: SM4 (GB/T 32907), ECB without padding, on the text between ``CP=&&`` and the ``&&`` that closes it. Every
full 16 characters are encrypted and printed as ``{0xE4,0x3E,…}``; what is left, fewer than 16, stays plain. The
checksum is that of the plain segment. The examples of the standard print the length of the plain segment although far
more is sent, so both lengths occur.

ECB hides neither equal blocks nor their order, and the checksum proves nothing about the sender: this keeps values from
being read in passing, and is no proof of origin.
"""

from __future__ import annotations

import re
from functools import cache

from hengneng.hj212.limits import limit

OPENED = b"CP=&&"
_REGION = re.compile(rb"((?:\{0x[0-9A-Fa-f]{2}(?:,0x[0-9A-Fa-f]{2}){15,}\})+)(.{0,15})&&", re.DOTALL)
_BYTE = re.compile(rb"0x([0-9A-Fa-f]{2})")
BEGIN = OPENED + b"{0x"


def looks_encrypted(segment: bytes) -> bool:
    """Whether the parameters of a segment are an encrypted region from begin to end."""
    return _region(segment) is not None


def _region(segment: bytes) -> re.Match[bytes] | None:
    begin = segment.find(BEGIN)
    if begin < 0:
        return None
    found = _REGION.fullmatch(segment, begin + len(OPENED))
    block = limit("characters_in_encrypted_block")
    if found is None or len(_BYTE.findall(found[1])) % block:
        return None
    return found


def transmitted_length(plain_length: int, begin_of_region: int) -> int:
    """Bytes of the segment as sent, from the bytes of the plain segment and where its region begins."""
    block = limit("characters_in_encrypted_block")
    encrypted = max(plain_length - begin_of_region - 2, 0) // block * block
    # Each byte becomes 0xNN and a comma; braces stand around all of them, where the last comma would be.
    return plain_length + 4 * encrypted + 1 if encrypted else plain_length


def decrypt(segment: bytes, key: bytes) -> bytes:
    """The plain segment. ValueError when it has no encrypted region, or the key has not 16 bytes."""
    found = _region(segment)
    if found is None:
        raise ValueError("the segment has no encrypted region")
    hidden = bytes.fromhex(b"".join(_BYTE.findall(found[1])).decode("ascii"))
    return segment[: found.start(1)] + _cipher(key, hidden, encrypting=False) + segment[found.start(2) :]


def encrypt(segment: bytes, key: bytes) -> bytes:
    """The segment with its region encrypted; unchanged where the region has fewer than 16 bytes.

    ValueError when the segment has no parameters that are closed, or the key has not 16 bytes.
    """
    begin = segment.find(OPENED)
    if begin < 0 or not segment.endswith(b"&&") or len(segment) < begin + len(OPENED) + 2:
        raise ValueError("the segment has no parameters between CP=&& and &&")
    begin += len(OPENED)
    block = limit("characters_in_encrypted_block")
    size = (len(segment) - 2 - begin) // block * block
    if not size:
        _check(key)
        return segment
    hidden = _cipher(key, segment[begin : begin + size], encrypting=True)
    printed = ",".join(f"0x{byte:02X}" for byte in hidden).encode("ascii")
    return b"%b{%b}%b" % (segment[:begin], printed, segment[begin + size :])


def _check(key: bytes) -> None:
    if len(key) != limit("characters_in_encrypted_block"):
        raise ValueError(f"an SM4 key has 16 bytes; this one has {len(key)}")


@cache
def _library() -> tuple[type, type, type]:
    # Loaded when first needed: frames of the older editions need no cryptography.
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    return Cipher, algorithms.SM4, modes.ECB


def _cipher(key: bytes, data: bytes, *, encrypting: bool) -> bytes:
    _check(key)
    cipher_of, sm4, ecb = _library()
    cipher = cipher_of(sm4(key), ecb())
    work = cipher.encryptor() if encrypting else cipher.decryptor()
    return bytes(work.update(data) + work.finalize())
