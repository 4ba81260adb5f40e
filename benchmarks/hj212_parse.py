"""CPU of reading one minute-frame of HJ 212 (CN 2051, 12 factors) against a bare loop in the same run.

The bare loop splits the text and computes the checksum one table step a byte, as everybody writes it; it checks
nothing else. Full: framing, checksum, header, parameters, factors. Also: the same with all warnings, up to the header
(what a server needs before it acknowledges), and the checksum alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from hengneng.hj212 import FrameReader, crc, factor_group, message, parse_frame
from hengneng.hj212.checksum import crc_bytewise

CODES = [
    "w01001", "w01018", "w21003", "w21011", "w21001", "w00000", "w01010", "w01014", "w01009", "w20122", "w20123",
    "w20117",
]  # fmt: skip
ROUNDS, FRAMES = 7, 2000


def minute_frame() -> bytes:
    """A minute of a waste-water station."""
    factors = [factor_group(code, {"Avg": f"{index}.5", "Flag": "N"}) for index, code in enumerate(CODES)]
    factors[1:4] = [factor_group(code, {"Min": "1.1", "Avg": "2.25", "Max": "3.7", "Flag": "N"}) for code in CODES[1:4]]
    return message(
        "2017", qn="20240301081000223", st="32", cn="2051", mn="010000A8900016F000169DC0", ack=True,
        parameters=[[("DataTime", "20240301081000")], *factors],
    ).frame()  # fmt: skip


def bare(data: bytes) -> dict[str, dict[str, str]]:
    """Split and checksum, nothing else."""
    length = int(data[2:6])
    segment = data[6 : 6 + length]
    assert crc_bytewise(segment) == int(data[6 + length : 10 + length], 16)
    head, _, parameters = segment.decode().partition("CP=&&")
    dict(item.split("=", 1) for item in head.rstrip(";").split(";"))
    factors: dict[str, dict[str, str]] = {}
    for group in parameters[:-2].split(";"):
        for item in group.split(","):
            name, value = item.split("=", 1)
            factor, _, attribute = name.rpartition("-")
            factors.setdefault(factor, {})[attribute] = value
    return factors


def microseconds(work: Callable[[], object]) -> float:
    """CPU of one call, the best of several rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.process_time()
        for _ in range(FRAMES):
            work()
        best = min(best, time.process_time() - begin)
    return best / FRAMES * 1e6


def main() -> None:
    """Print the ratios."""
    data = minute_frame()
    segment = data[6:-6]

    def full() -> None:
        content = parse_frame(data).content
        assert content is not None
        assert content.factors

    def warned() -> None:
        frame = parse_frame(data)
        assert frame.content is not None
        assert not frame.warnings

    reader = FrameReader()

    def served() -> None:
        for frame in reader.feed(data):
            frame.get("MN")

    floor = microseconds(lambda: bare(data))
    print(f"a frame of {len(data)} bytes, {len(CODES)} factors; bare loop {floor:.1f} us")
    for name, work in (("full", full), ("full with warnings", warned), ("served: stream to header", served)):
        found = microseconds(work)
        print(f"{name}: {found:.1f} us, {found / floor:.2f} times the bare loop")
    slow, fast = microseconds(lambda: crc_bytewise(segment)), microseconds(lambda: crc(segment))
    fastest = floor - slow + fast
    print(f"checksum: table a byte {slow:.1f} us, folded {fast:.1f} us, {slow / fast:.1f} times quicker")
    print(f"full against a bare loop with the folded checksum: {microseconds(full) / fastest:.2f} times")


if __name__ == "__main__":
    main()
