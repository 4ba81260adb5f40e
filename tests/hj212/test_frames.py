"""Single frames: verdict, reason, content and warnings as the cases have them."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hj212.cases import own_frames, shared

from hengneng.hj212 import Profile, Verdict, crc, new_message, parse_frame
from hengneng.hj212.escapes import escaped, unescaped
from hengneng.hj212.shape import expected_shape, frame_shape

PROFILES = {
    "length_counts_crc": Profile(length_counts="crc"),
    "length_counts_crc_and_crlf": Profile(length_counts="crc_and_crlf"),
    "crc_modbus": Profile(checksum="modbus"),
    "crc_modbus_swapped": Profile(checksum="modbus_swapped"),
}
# What the cases leave out although we say it.
OURS = {"cp_repeated"}


def check(case: dict[str, Any], data: bytes) -> None:
    """One case."""
    frame = parse_frame(data)
    assert (str(frame.verdict), frame.reason) == (case["verdict"], case.get("reason"))
    if "expect" in case:
        shape = expected_shape(frame)
        assert {name: value for name, value in shape.items() if name not in OURS} == case["expect"]
        assert list(frame.warnings) == case["warnings"]
    elif frame.verdict is Verdict.REJECT:
        assert frame.raw == data, "a refused piece keeps its bytes"
        assert frame.warnings == ()
    check_forgiven(case, data)


def check_forgiven(case: dict[str, Any], data: bytes) -> None:
    """What a profile or a key recovers, and that no other profile does."""
    lenient = case.get("lenient") or {}
    how = lenient.get("how")
    for name, profile in PROFILES.items():
        frame = parse_frame(data, profile)
        if name != how:
            # Frames whose checksum is right are taken by the profiles about length; nothing else is.
            assert not frame.accepted or (case["verdict"] in ("ok", "garbage_then_ok") and "length" in name)
            continue
        assert frame.verdict is Verdict.OK
        assert name in frame.warnings
        same(lenient["expect"], expected_shape(frame))
    if how == "sm4_decrypt":
        frame = parse_frame(data, key=bytes.fromhex(lenient["key_hex"]))
        assert frame.verdict is Verdict.OK
        assert frame.segment.decode() == lenient["plaintext_segment"]
        same(lenient["expect"], expected_shape(frame))
        assert parse_frame(data, key=b"1" * 16).verdict is Verdict.REJECT


def same(expected: dict[str, Any], found: dict[str, Any]) -> None:
    """Content alone: lengths and checksums are those of a frame that was not sent."""
    for name in expected.keys() - {"declared_length", "crc_declared", "crc_computed", "actual_length"}:
        assert found[name] == expected[name], name


@pytest.mark.parametrize("case", own_frames(), ids=lambda case: f"{case['id']}-{case['tags'][0]}")
def test_published_frames(case: dict[str, Any]) -> None:
    check(case, unescaped(case["raw"]))


def test_every_shared_frame() -> None:
    cases = shared("frames.json")
    assert len(cases) == 282
    for case in cases:
        data = base64.b64decode(case["raw_b64"])
        try:
            check(case, data)
        except AssertionError as error:
            raise AssertionError(f"{case['id']} {case['source']}: {error}") from error
        assert unescaped(escaped(data)) == data


def test_of_values_sent_twice_the_first_counts_and_all_are_kept() -> None:
    case = next(case for case in own_frames() if "cp-duplicate-key" in case["tags"])
    content = parse_frame(unescaped(case["raw"])).content
    assert content is not None
    assert content.factors["x01"] == {"Rtd": "1"}
    assert content.values["x01-Rtd"] == ("1", "2")
    assert content.duplicates == ("x01-Rtd",)


def test_parameters_never_stand_for_the_header() -> None:
    case = next(case for case in own_frames() if "cp-PW-key" in case["tags"])
    frame = parse_frame(unescaped(case["raw"]))
    assert (frame.get("PW"), frame.get("CN")) == ("123456", "2011")


def test_a_log_that_quotes_a_frame_stays_whole() -> None:
    quoted = "//##0010QN=1;ST=31;CP=&&a21026-Rtd=1,a21026-Flag=N&&FD81 // more//"
    made = new_message("2017", qn="20240301081000223", st="31", cn="3020", mn="88888880000001",
                   parameters=[[("i11001-Info", quoted)], [("a34013-Rtd", "2")]])  # fmt: skip
    content = parse_frame(made.frame()).content
    assert content is not None
    assert content.factors == {"i11001": {"Info": quoted}, "a34013": {"Rtd": "2"}}


def test_the_shape_of_a_refused_piece_has_no_content() -> None:
    shape = frame_shape(parse_frame(b"GET / HTTP/1.1"))
    assert (shape["verdict"], shape["reason"], "expect" in shape) == ("reject", "no_header", False)


def test_a_longer_segment_than_the_profile_allows_is_refused_at_once() -> None:
    case = next(case for case in own_frames() if "segment-1025" in case["tags"])
    frame = parse_frame(unescaped(case["raw"]), Profile(longest_segment=1024))
    assert (frame.verdict, frame.reason) == ("reject", "length_over_limit")
    assert parse_frame(unescaped(case["raw"]), Profile(longest_segment=1025)).accepted


@pytest.mark.parametrize("wrong", [{"length_counts": "all"}, {"checksum": "ccitt"}])
def test_a_profile_refuses_words_it_does_not_know(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"is (one of|standard)"):
        Profile(**wrong)


def test_a_checksum_without_leading_zeros_is_forgiven_where_asked() -> None:
    segment = b"QN=20240301081000223;ST=31;CN=2011;PW=001118;MN=010000A8900016F000169DC0;Flag=5;CP=&&DataTime=%d&&"
    found = next(s for s in (segment % number for number in range(20240301081000, 20240301089999)) if crc(s) < 256)
    data = b"##%04d%b%X\r\n" % (len(found), found, crc(found))
    assert parse_frame(data).reason == "crc_not_hex"
    frame = parse_frame(data, Profile(unpadded_checksum=True))
    assert frame.accepted
    assert "crc_unpadded" in frame.warnings
