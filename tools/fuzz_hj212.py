"""Throw damaged frames of HJ 212 at the codec: nothing may be raised, nothing may hang, memory stays flat.

    .venv/bin/python tools/fuzz_hj212.py --mutations 1000000 [--seed 1]
    .venv/bin/python tools/fuzz_hj212.py --atheris    (guided by coverage; atheris is not in the lock)

Begins with the published cases of tests/truth/hj212. Every input is read as a frame with every profile and as a stream
cut at random; both are asked for all they have. Besides crashes it reports how many damaged frames were taken although
their bytes had changed: those that the weak checksum of the standard lets through.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from hengneng.hj212 import FrameReader, Profile, crc, decrypted, message_of, parse_frame
from hengneng.hj212.checksum import crc_bytewise
from hengneng.hj212.escapes import unescaped
from hengneng.hj212.frame import Frame
from hengneng.hj212.shape import frame_shape

ROOT = Path(__file__).resolve().parents[1]
PROFILES = (
    Profile(),
    Profile(length_counts="crc"),
    Profile(length_counts="crc_and_crlf"),
    Profile(checksum="modbus"),
    Profile(checksum="modbus_swapped", unpadded_checksum=True),
)
KEY = b"0" * 16
TOKENS = (
    b"##", b"##0100", b"##9999", b"&&", b"CP=&&", b"\r\n", b";", b",", b"=", b"//", b"=//", b"-", b"{0x", b"}", b"QN=",
    b"MN=", b"Flag=", b"PNUM=", b"\xff", b"\0", b"\xe6", b"\xb4\xb0", b"0000",
)  # fmt: skip
LONGEST = 4000


def corpus() -> list[bytes]:
    """Published cases that are not longer than makes sense here."""
    cases = json.loads((ROOT / "tests" / "truth" / "hj212" / "frames.json").read_text("utf-8"))
    return [data for case in cases if 0 < len(data := unescaped(case["raw"])) < LONGEST]


def mutated(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    """The frame with a few damages."""
    made = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 8))):
        at = dice.randrange(len(made) + 1)
        kind = dice.randrange(7)
        if kind == 0 and at < len(made):
            made[at] = dice.randrange(256)
        elif kind == 1 and at < len(made):
            made[at] ^= 1 << dice.randrange(8)
        elif kind == 2:
            del made[at : at + dice.choice((1, 1, 4, 40))]
        elif kind == 3:
            made[at:at] = dice.choice(TOKENS)
        elif kind == 4:
            made[at:at] = made[at : at + dice.choice((1, 8, 60))] * dice.choice((1, 2, 5))
        elif kind == 5:
            made = made[:at] + dice.choice(others)
        else:
            made[at : at + 1] = dice.choice(TOKENS)
    return bytes(made[:LONGEST])


def resealed(data: bytes) -> bytes:
    """Whatever it is, with a length and a checksum that are right: the parameters are then read."""
    segment = data[6:-6]
    return b"##%04d%b%04X\r\n" % (len(segment), segment, crc(segment))


def ask(frame: Frame) -> None:
    """Everything that a frame can be asked."""
    json.dumps(frame_shape(frame), ensure_ascii=False)
    if frame.verdict == "encrypted":
        frame_shape(decrypted(frame, KEY))
    if frame.accepted:
        assert frame.crc_computed is not None
        if not frame.encrypted and not frame.forgiven:
            assert crc_bytewise(frame.segment) == int(frame.crc_declared, 16)
        if frame.text_encoding in ("ascii", "utf-8"):
            message_of(frame)


def one(data: bytes, dice: random.Random) -> Frame:
    """Read one input every way; the frame of the strict profile."""
    strict = parse_frame(data)
    ask(strict)
    ask(parse_frame(data, dice.choice(PROFILES[1:]), KEY if dice.random() < 0.1 else None))
    reader = FrameReader(dice.choice(PROFILES), rejected_in_a_row=None)
    whole = FrameReader(reader.profile, rejected_in_a_row=None)
    cut = dice.randrange(len(data) + 1)
    events = [*reader.feed(data[:cut]), *reader.feed(data[cut:]), *reader.close()]
    assert events == [*whole.feed(data), *whole.close()], "events depend on how the stream was cut"
    for event in events:
        ask(event)
    return strict


def inputs(count: int, dice: random.Random) -> Iterator[tuple[bytes, bytes, bool]]:
    """Original, mutation, and whether it was sealed again."""
    originals = corpus()
    for _ in range(count):
        original = dice.choice(originals)
        made = mutated(original, originals, dice)
        sealed = dice.random() < 0.3
        yield original, resealed(made) if sealed else made, sealed


def plain(count: int, seed: int) -> int:
    """So many mutations; 1 when one of them made the codec fail."""
    dice = random.Random(seed)
    verdicts: Counter[str] = Counter()
    slowest, escaped, failures = 0.0, 0, 0
    begun, settled = time.monotonic(), 0
    for number, (original, data, sealed) in enumerate(inputs(count, dice), start=1):
        before = time.process_time()
        try:
            frame = one(data, dice)
        except Exception as error:
            failures += 1
            print(f"{type(error).__name__}: {error}\n  {data!r}", file=sys.stderr)
            continue
        slowest = max(slowest, time.process_time() - before)
        verdicts[f"{frame.verdict} {frame.reason or ''}".strip()] += 1
        first = parse_frame(original)
        if not sealed and frame.accepted and frame.segment != first.segment and frame.segment not in data_of(original):
            escaped += 1
        if number == count // 10:
            settled = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{count} mutations, seed {seed}: {failures} failures, {time.monotonic() - begun:.0f} s")
    memory = f"peak memory {peak / 1024:.1f} MB, after a tenth {settled / 1024:.1f} MB"
    print(f"slowest input {1000 * slowest:.1f} ms; {memory}")
    print(f"taken with another segment than the one that was damaged: {escaped}")
    for verdict, found in verdicts.most_common():
        print(f"  {found:9d} {verdict}")
    return 1 if failures else 0


_SEGMENTS: list[bytes] = []


def data_of(original: bytes) -> bytes:
    """All bytes of the corpus: a mutation may have put another whole frame in place of the first."""
    if not _SEGMENTS:
        _SEGMENTS.append(b"\n".join(corpus()))
    return _SEGMENTS[0] + original


def guided() -> None:
    """Guided by coverage, until it is stopped."""
    import atheris  # type: ignore[import-not-found]

    def test(data: bytes) -> None:
        one(data, random.Random(len(data)))

    atheris.instrument_all()
    atheris.Setup([sys.argv[0]], test)
    atheris.Fuzz()


def main() -> int:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--atheris", action="store_true")
    options = parser.parse_args()
    if options.atheris:
        guided()
    return plain(options.mutations, options.seed)


if __name__ == "__main__":
    sys.exit(main())
