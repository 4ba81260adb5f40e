"""Frames out of streams: as the cases have them, however the bytes are cut, in bounded memory and linear time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hj212.cases import SHARED, own_frames, shared
from hypothesis import given, settings
from hypothesis import strategies as st

from hengneng.hj212 import Frame, FrameReader, Profile, crc, parse_frame
from hengneng.hj212.escapes import unescaped
from hengneng.hj212.limits import limit

CASES = [(case["verdict"], unescaped(case["raw"])) for case in own_frames()]
GOOD = [data for verdict, data in CASES if verdict == "ok" and len(data) < 1200 and data.endswith(b"\r\n")]
BAD = [data for verdict, data in CASES if verdict == "reject" and len(data) < 1200]
ENCRYPTED = [data for verdict, data in CASES if verdict == "encrypted"]
FRAME, OTHER = GOOD[0], GOOD[5]


def read(data: bytes, ends: list[int] | None = None, profile: Profile | None = None) -> list[Frame]:
    """Events of a stream that is cut at ``ends``, and closed."""
    reader = FrameReader(profile or Profile(), rejected_in_a_row=None)
    events: list[Frame] = []
    begin = 0
    for end in [*(ends or []), len(data)]:
        events += reader.feed(data[begin:end])
        begin = end
    return events + reader.close()


def said(events: list[Frame]) -> list[tuple[str, str | None]]:
    """Verdicts and reasons."""
    return [(str(event.verdict), event.reason and str(event.reason)) for event in events]


def test_every_shared_stream() -> None:
    cases = shared("streams.json")
    assert len(cases) == 24
    for case in cases:
        data = (SHARED / case["file"]).read_bytes()
        events = read(data, case["chunk_ends"])
        expected = [("ok" if one["ok"] else "reject", one.get("reason")) for one in case["expected"]]
        assert said(events) == expected, case["name"]
        for event, one in zip(events, case["expected"], strict=True):
            if "raw" in one:
                assert event.raw.rstrip(b"\r\n") == unescaped(one["raw"]).rstrip(b"\r\n"), case["name"]
        assert read(data) == events, case["name"]
        assert read(data, list(range(1, len(data)))) == events, case["name"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (FRAME + OTHER, ["ok", "ok"]),
        (FRAME.rstrip() + OTHER.rstrip() + FRAME, ["ok", "ok", "ok"]),
        (FRAME.rstrip() + b"\n\r\n  \r\r\n" + OTHER, ["ok", "ok"]),
        (b"\0\x7f+++noise##xx" + FRAME, ["ok"]),
        (b"GET / HTTP/1.0\r\n\r\n" + FRAME, ["ok"]),
        (b"##00" + FRAME, ["ok"]),
        (b"#" + FRAME, ["ok"]),
        (b"##9000" + FRAME[6:] + OTHER, ["length_mismatch", "ok"]),
        (b"##0010" + FRAME[6:] + OTHER, ["length_mismatch", "ok"]),
        (b"##81" + FRAME[6:] + OTHER, ["length_not_decimal", "ok"]),
        (FRAME[:60] + OTHER, ["truncated", "ok"]),
        (FRAME[:60], ["truncated"]),
        (FRAME.replace(b"CP=", b"CQ=") + OTHER, ["bad_crc", "ok"]),
        (FRAME.replace(b"CP=", b"CQ=").rstrip() + OTHER, ["bad_crc", "ok"]),
        (b"##9999" + FRAME[6:40] + OTHER + FRAME, ["truncated", "ok", "ok"]),
        (ENCRYPTED[0] + ENCRYPTED[1] + ENCRYPTED[2].rstrip() + FRAME, ["encrypted", "encrypted", "encrypted", "ok"]),
    ],
)
def test_what_comes_out(data: bytes, expected: list[str]) -> None:
    assert [str(event.reason or event.verdict) for event in read(data)] == expected
    assert said(read(data, list(range(1, len(data))))) == said(read(data))


def test_a_quoted_frame_is_never_taken_although_the_bytes_stop_behind_it() -> None:
    segment = b"ST=31;CN=3020;MN=88888880000001;CP=&&i11001-Info=//" + FRAME + b"//&&"
    outer = b"##%04d%b%04X\r\n" % (len(segment), segment, crc(segment))
    reader = FrameReader()
    cut = outer.index(FRAME) + len(FRAME)
    assert reader.feed(outer[:cut]) == []
    events = reader.feed(outer[cut:])
    assert [event.raw for event in events] == [outer.rstrip()]


def test_a_length_that_lies_does_not_hold_what_follows() -> None:
    reader = FrameReader()
    events = reader.feed(b"##9000" + FRAME[6:] + OTHER)
    assert [str(event.reason or "ok") for event in events] == ["length_mismatch", "ok"]


def test_a_half_frame_expires_and_the_next_one_is_read() -> None:
    reader = FrameReader()
    assert reader.feed(FRAME + OTHER[:50]) != []
    assert (reader.pending, reader.begun) == (50, len(FRAME))
    assert said(reader.expire()) == [("reject", "truncated")]
    assert reader.pending == 0
    assert said(reader.feed(FRAME)) == [("ok", None)]
    assert reader.expire() == []


def test_expiring_gives_up_the_first_frame_alone() -> None:
    reader = FrameReader()
    reader.feed(b"##9999" + FRAME[6:60] + OTHER[:50])
    assert said(reader.expire()) == [("reject", "truncated")]
    assert said(reader.feed(OTHER[50:])) == [("ok", None)]


def test_a_profile_takes_lengths_that_count_more_without_waiting() -> None:
    short = b"##%04d" % (int(FRAME[2:6]) + 6) + FRAME[6:]
    assert said(read(short + OTHER)) == [("reject", "length_mismatch"), ("ok", None)]
    reader = FrameReader(Profile(length_counts="crc_and_crlf"))
    events = reader.feed(short.rstrip())
    assert said(events) == [("ok", None)]
    assert events[0].forgiven == ("length_counts_crc_and_crlf",)
    assert said(reader.feed(b"\r\n" + OTHER)) == [("ok", None)]


def test_twenty_refused_in_a_row_end_the_reading_and_one_good_frame_forgives() -> None:
    bad = FRAME.replace(b"CP=", b"CQ=")
    most = limit("pieces_rejected_in_a_row")
    reader = FrameReader()
    reader.feed(bad * (most - 1) + FRAME + bad * (most - 1))
    assert not reader.hopeless
    assert len(reader.feed(bad)) == 1
    assert reader.hopeless
    assert reader.feed(FRAME) == []
    assert reader.pending == 0


def test_another_profile_judges_anew_what_is_pending() -> None:
    segment = b"QN=20260601000000000;ST=31;CN=2011;PW=1;MN=A;Flag=5;CP=&&&&"
    frame = b"##%04d%b%04X\r\n" % (len(segment) + 6, segment, crc(segment))
    reader = FrameReader()
    assert reader.feed(frame) == []
    reader.profile = Profile(length_counts="crc_and_crlf")
    assert [one.segment for one in reader.feed(b"")] == [segment]


def test_pieces_that_are_pardoned_do_not_end_the_reading() -> None:
    piece = b"##0010abcdefghij0000\r\n"
    reader = FrameReader()
    for _ in range(2 * limit("pieces_rejected_in_a_row")):
        assert len(reader.feed(piece)) == 1
        reader.pardon()
    assert not reader.hopeless
    for _ in range(limit("pieces_rejected_in_a_row")):
        reader.feed(piece)
    assert reader.hopeless


def test_a_flood_without_frames_ends_the_reading() -> None:
    reader = FrameReader()
    for _ in range(70):
        reader.feed(b"\0" * 1000)
        assert reader.pending <= 1
    assert reader.hopeless


def test_nothing_is_lost_uncounted() -> None:
    reader = FrameReader()
    reader.feed(b"noise" + FRAME + b"x\r\n" + OTHER)
    assert reader.skipped == 6


pieces = st.lists(
    st.one_of(
        st.sampled_from(GOOD),
        st.sampled_from(BAD),
        st.sampled_from(ENCRYPTED),
        st.sampled_from(GOOD).map(lambda data: data.rstrip()),
        st.sampled_from(GOOD).flatmap(lambda data: st.integers(0, len(data)).map(lambda cut: data[:cut])),
        st.binary(max_size=20),
        st.sampled_from([b"##", b"###", b"##9999", b"##0000", b"\r\n", b"##0010A", b"\r\n##", b"&&0000\r\n##"]),
    ),
    max_size=8,
).map(b"".join)


@given(pieces, st.data())
@settings(max_examples=300)
def test_events_do_not_depend_on_how_the_stream_is_cut(data: bytes, draw: st.DataObject) -> None:
    ends = sorted(draw.draw(st.sets(st.integers(0, len(data)), max_size=30)))
    whole, cut = read(data), read(data, ends)
    assert whole == cut
    assert said(whole) == said(cut)


@given(pieces)
@settings(max_examples=200)
def test_whatever_is_taken_is_a_frame_by_itself(data: bytes) -> None:
    for event in read(data):
        if event.verdict != "reject":
            assert parse_frame(event.raw).verdict == event.verdict
        assert event.raw in data
        event.warnings  # noqa: B018 -- content is read without raising


@pytest.mark.parametrize(
    "unit",
    [
        b"#", b"##", b"##9999", b"##9999A", b"\r\n##", b"##0000A", b"&&0000\r\n##9999A", b"##9999CP=&&{0x00,", b"\n",
    ],
)
def test_time_and_memory_stay_in_bounds_whatever_comes(unit: bytes) -> None:
    def seconds(size: int) -> float:
        reader = FrameReader(rejected_in_a_row=None)
        data = unit * (size // len(unit))
        begin = time.process_time()
        for at in range(0, len(data), 1000):
            reader.feed(data[at : at + 1000])
            assert reader.pending <= limit("bytes_in_rejected_piece") + 1000
        reader.close()
        return time.process_time() - begin

    seconds(20_000)
    short, long = min(seconds(40_000) for _ in range(3)), min(seconds(160_000) for _ in range(2))
    # Four times the bytes; eight times the time would be on the way to a square.
    assert long < 8 * short + 0.1


def test_byte_by_byte_is_linear() -> None:
    segment = b"ST=31;CN=3020;MN=88888880000001;CP=&&" + b"x" * 9900 + b"&&"
    outer = b"##%04d%b%04X\r\n" % (len(segment), segment, crc(segment))
    reader = FrameReader()
    begin = time.process_time()
    events = [event for at in range(len(outer)) for event in reader.feed(outer[at : at + 1])]
    assert said(events) == [("ok", None)]
    assert time.process_time() - begin < 1.0


def test_own_files_lie_where_they_are_looked_for() -> None:
    assert Path(SHARED).name == "hj212"
    kinds: dict[str, Any] = {verdict: 0 for verdict, _ in CASES}
    assert set(kinds) == {"ok", "reject", "encrypted", "garbage_then_ok"}
