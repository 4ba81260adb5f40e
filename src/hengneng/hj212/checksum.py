"""Checksums of the data segment: that of the standard, and the Modbus one that some devices send instead.

HJ 212-2017 annex A (the same in HJ/T 212-2005 and in HJ 212-2025 annex A.1) shifts the register eight bits to the
right, combines it with the next byte, and then shifts eight times, combining with 0xA001 whenever a one falls out.
Not Modbus, which combines before it shifts.

**Why it can be folded.** The shift by eight leaves only the high byte ``h`` of the register, so that one step is
``h' = f(h ^ byte)``, where ``f`` is linear over GF(2): ``f(a ^ b) = f(a) ^ f(b)``. Therefore the last state is the
combination of ``f`` to the power of its distance from the end, of every byte. ``f`` to the power of 8 is the identity
(:data:`PERIOD`, found and checked when the module is loaded), so bytes that lie a multiple of eight apart have the same
weight: they may be combined first, all of them at once as long integers, and eight steps are left. The register begins
with 0xFFFF, which only means that the first byte comes inverted; zero bytes in front change nothing, since f(0) = 0.

**What it does not find.** With 8 bits of state there are 256 different checksums, and their low byte is one of eight
(:data:`LOW_BYTES`). A single damaged byte is always found, since ``f`` is invertible. Two damaged bytes escape in one
of 256 cases where they are a multiple of eight apart and damaged alike, and never are noticed there.
"""

from __future__ import annotations

from collections.abc import Callable

POLYNOMIAL = 0xA001
_BEGIN = 0xFFFF


def _shifted(register: int) -> int:
    for _ in range(8):
        register = (register >> 1) ^ POLYNOMIAL if register & 1 else register >> 1
    return register


_TABLE = tuple(_shifted(index) for index in range(256))
_STATE = bytes(entry >> 8 for entry in _TABLE)
LOW_BYTES = frozenset(entry & 0xFF for entry in _TABLE)


def _period() -> int:
    """How many steps without data bring every state back."""
    power, steps = _STATE, 1
    while power != bytes(range(256)):
        power, steps = bytes(_STATE[state] for state in power), steps + 1
    return steps


PERIOD = _period()
assert PERIOD == 8, PERIOD
_LEVELS = 17
# By the number of halvings: how far to shift, and what is kept, from the longest to the shortest.
_HALVINGS = tuple(
    tuple((8 * PERIOD << level, (1 << (8 * PERIOD << level)) - 1) for level in reversed(range(levels)))
    for levels in range(_LEVELS)
)


def crc(data: bytes) -> int:
    """The checksum of a data segment as the standard has it, 0 to 0xFFFF; 0xFFFF for no data.

    Source: HJ 212-2017 annex A; folded as the module says. 0 is a value like any other.
    """
    last = len(data) - 1
    if last < 0:
        return _BEGIN
    levels = (last // 8).bit_length()
    if levels >= _LEVELS:
        return crc_bytewise(data)
    word = int.from_bytes(data, "big") ^ 0xFF << 8 * last
    for shift, mask in _HALVINGS[levels]:
        word = word >> shift ^ word & mask
    # Written out: a loop over eight bytes takes as long as all the folding before it.
    one, two, three, four, five, six, seven, eight = word.to_bytes(8, "big")
    state = _STATE
    return _TABLE[
        state[state[state[state[state[state[state[one] ^ two] ^ three] ^ four] ^ five] ^ six] ^ seven] ^ eight
    ]


def crc_bytewise(data: bytes) -> int:
    """The same as :func:`crc`, one table step a byte: what others do, and what the tests compare with."""
    register = _BEGIN
    for byte in data:
        register = _TABLE[register >> 8 ^ byte]
    return register


def crc_modbus(data: bytes) -> int:
    """The Modbus checksum (CRC-16 with 0xA001, begins with 0xFFFF), which some devices send in place of :func:`crc`."""
    register = _BEGIN
    for byte in data:
        register = register >> 8 ^ _TABLE[(register ^ byte) & 0xFF]
    return register


def crc_modbus_swapped(data: bytes) -> int:
    """:func:`crc_modbus` with its two bytes exchanged, as Modbus itself sends them."""
    register = crc_modbus(data)
    return register >> 8 | (register & 0xFF) << 8


CHECKSUMS: dict[str, Callable[[bytes], int]] = {
    "standard": crc,
    "modbus": crc_modbus,
    "modbus_swapped": crc_modbus_swapped,
}
