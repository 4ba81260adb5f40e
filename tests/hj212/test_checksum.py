"""The folded checksum against the definition of the standard."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hengneng.hj212.checksum import LOW_BYTES, PERIOD, crc, crc_bytewise, crc_modbus, crc_modbus_swapped

S2017 = b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&"
S2025 = b"QN=20240601085857223;ST=32;CN=1011;PW=123456;MN=010000A8900016F000169DC0;Flag=9;CP=&&&&"


def bit_by_bit(data: bytes) -> int:
    """HJ 212-2017 annex A, as it is written there."""
    register = 0xFFFF
    for byte in data:
        register = (register >> 8) ^ byte
        for _ in range(8):
            fallen = register & 1
            register >>= 1
            if fallen:
                register ^= 0xA001
    return register


def modbus_bit_by_bit(data: bytes) -> int:
    """Modbus over serial line, 6.2.2."""
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0xA001 if register & 1 else 0)
    return register


@given(st.binary(max_size=600))
@example(b"")
@example(b"\0" * 17)
@settings(max_examples=500)
def test_folding_is_equal_to_the_definition(data: bytes) -> None:
    assert crc(data) == bit_by_bit(data) == crc_bytewise(data)
    assert crc_modbus(data) == modbus_bit_by_bit(data)
    assert crc(data) & 0xFF in LOW_BYTES or not data


@pytest.mark.parametrize("size", [*range(70), 1023, 1024, 1025, 9999, 65_536, 600_000])
def test_every_length_is_folded_rightly(size: int) -> None:
    data = bytes((7 * index + index // 251) % 256 for index in range(size))
    assert crc(data) == crc_bytewise(data)


@pytest.mark.parametrize(("data", "expected"), [(S2017, 0x1C80), (S2025, 0x2200), (b"", 0xFFFF)])
def test_official_values(data: bytes, expected: int) -> None:
    assert crc(data) == expected


def test_modbus_is_another_checksum() -> None:
    assert crc_modbus(S2017) == 0x0759
    assert crc_modbus_swapped(S2017) == 0x5907


def test_what_the_module_says_of_itself() -> None:
    assert PERIOD == 8
    assert {0x00, 0x01, 0x40, 0x41, 0x80, 0x81, 0xC0, 0xC1} == LOW_BYTES
    values = {crc(S2017 + bytes([one, two])) for one in range(256) for two in range(256)}
    assert len(values) == 256


@given(st.binary(min_size=1, max_size=200), st.data())
def test_a_single_damaged_byte_is_always_found(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) - 1))
    damage = draw.draw(st.integers(1, 255))
    damaged = data[:at] + bytes([data[at] ^ damage]) + data[at + 1 :]
    assert crc(damaged) != crc(data)


def test_two_damaged_bytes_a_multiple_of_eight_apart_are_not_found() -> None:
    # The weakness that the module states: it is why ranges and forms are checked all the same.
    damaged = bytearray(S2017)
    for at in (90, 98):
        damaged[at] ^= 0x01
    assert bytes(damaged) != S2017
    assert crc(bytes(damaged)) == crc(S2017)
