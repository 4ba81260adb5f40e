"""Encrypted fields: each value of an item as SM4 (GB/T 32907) in ECB with PKCS7, in lower-case hexadecimal.

Known from client programs in Shandong. ECB hides neither equal values nor where they came from; TLS does.
"""

from __future__ import annotations

from functools import cache
from typing import Any

_BITS = 128


@cache
def _library() -> tuple[Any, Any, Any, Any]:
    # Loaded when first needed: most provinces send plain fields.
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.padding import PKCS7

    return Cipher, algorithms.SM4, modes.ECB, PKCS7


def decrypt_field(written: str, key: bytes) -> str:
    """The plain text of a field. ValueError when it is not hexadecimal, not whole blocks, or of another key."""
    cipher, sm4, ecb, pkcs7 = _library()
    work = cipher(sm4(key), ecb()).decryptor()
    padded = work.update(bytes.fromhex(written)) + work.finalize()
    unpadding = pkcs7(_BITS).unpadder()
    plain: bytes = unpadding.update(padded) + unpadding.finalize()
    return plain.decode("utf-8")


def encrypt_field(plain: str, key: bytes) -> str:
    """A field as such a client sends it. ValueError when the key has not 16 bytes."""
    cipher, sm4, ecb, pkcs7 = _library()
    padding = pkcs7(_BITS).padder()
    padded = padding.update(plain.encode("utf-8")) + padding.finalize()
    work = cipher(sm4(key), ecb()).encryptor()
    hidden: bytes = work.update(padded) + work.finalize()
    return hidden.hex()
