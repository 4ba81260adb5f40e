"""Frames made and read again; answers in the dialect of who is answered; packets split and joined; SM4."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hj212.cases import own_frames
from hypothesis import given, settings
from hypothesis import strategies as st

from hengneng.hj212 import (
    Assembly,
    Frame,
    Message,
    data_acknowledgement,
    decrypted,
    execution_result,
    factor_group,
    frame_of,
    heartbeat,
    message_of,
    new_message,
    notice_acknowledgement,
    parse_frame,
    part_of,
    request,
    request_answer,
    request_parameters,
    split,
)
from hengneng.hj212.encryption import decrypt, encrypt
from hengneng.hj212.escapes import escaped, unescaped
from hengneng.hj212.times import BEIJING

KEY = b"0" * 16
NOW = dt.datetime(2026, 3, 1, 8, 10, 0, 223000, tzinfo=BEIJING)
MN = "010000A8900016F000169DC0"

values = st.text(
    st.characters(codec="utf-8", exclude_characters=";,=&/", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]),
    max_size=12,
)
names = st.from_regex(r"\A[A-Za-z][A-Za-z0-9_]{0,8}\Z")
groups = st.dictionaries(names, st.dictionaries(names, values, min_size=1, max_size=4), max_size=6)


def read(made: bytes) -> Frame:
    """The frame that was made; without any deviation but those of its edition."""
    frame = parse_frame(made)
    assert frame.accepted
    return frame


@given(st.sampled_from(["2005", "2017", "2025"]), groups, st.booleans(), st.dictionaries(names, values, max_size=3))
@settings(max_examples=300)
def test_what_is_made_is_read_again(
    edition: str, factors: dict[str, dict[str, str]], ack: bool, fields: dict[str, str]
) -> None:
    made = new_message(
        edition, qn="20260301081000223", st="32", cn="2051", mn=MN, ack=ack,
        parameters=[*([item] for item in fields.items()), *(factor_group(*one) for one in factors.items())],
    )  # fmt: skip
    frame = read(made.frame())
    assert frame.edition == edition
    assert frame.flag is not None
    assert frame.flag.ack is ack
    assert frame.content is not None
    assert frame.content.factors == factors
    assert frame.content.fields == fields
    assert message_of(frame).frame() == made.frame()


@given(st.sampled_from(["2005", "2017", "2025"]), groups, st.binary(min_size=16, max_size=16), st.booleans())
@settings(max_examples=200)
def test_what_is_encrypted_is_read_with_the_key_alone(
    edition: str, factors: dict[str, dict[str, str]], key: bytes, plain_length: bool
) -> None:
    parameters = [[("DataTime", "20260301080000")], *(factor_group(*one) for one in factors.items())]
    made = new_message(edition, qn="20260301081000223", st="32", cn="2061", mn=MN, parameters=parameters)
    hidden = parse_frame(made.frame(key=key, plain_length=plain_length))
    assert hidden.verdict == "encrypted"
    assert hidden.content is None
    assert hidden.get("MN") == MN
    frame = decrypted(hidden, key)
    assert frame.accepted
    assert frame.segment == made.segment()


def test_encrypted_frames_of_the_cases_are_made_again() -> None:
    made = 0
    for case in own_frames():
        if case["verdict"] == "encrypted":
            lenient = case["lenient"]
            plain, key = lenient["plaintext_segment"].encode(), bytes.fromhex(lenient["key_hex"])
            again = frame_of(plain, key=key, plain_length="length-plaintext" in case["tags"])
            assert again == unescaped(case["raw"])
            made += 1
    assert made == 4


def test_the_cipher_is_that_of_the_standards() -> None:
    # GB/T 32907-2016, annex A.1.
    key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    work = Cipher(algorithms.SM4(key), modes.ECB()).encryptor()
    assert work.update(key) + work.finalize() == bytes.fromhex("681EDF34D206965E86B3E94F536E4246")
    # HJ 212-2025, annex H, published example (with PKCS 7 there).
    plain = b"testuser:AezF0nZRs4kypuGO"
    padded = plain + bytes([32 - len(plain)]) * (32 - len(plain))
    work = Cipher(algorithms.SM4(b"msbE74gsiSHSEh5e"), modes.ECB()).encryptor()
    expected = "LG/m7lsFU/taig+vbQsDJXy4NGAaE2j2lplPwhZM7iM="
    assert base64.b64encode(work.update(padded) + work.finalize()).decode() == expected


def test_a_region_of_less_than_a_block_stays_plain() -> None:
    segment = b"ST=32;CP=&&A=1&&"
    assert encrypt(segment, KEY) == segment
    with pytest.raises(ValueError, match="no encrypted region"):
        decrypt(segment, KEY)
    with pytest.raises(ValueError, match="16 bytes"):
        encrypt(segment, b"short")
    with pytest.raises(ValueError, match="no parameters"):
        encrypt(b"ST=32", KEY)


def frame(edition: str, qn: str | None = "20040516010101001", cn: str = "2051") -> Frame:
    """A frame to be answered."""
    return read(new_message(edition, qn=qn, st="32", cn=cn, mn="88888880000001", ack=True).frame())


OLD, TO = "PW=123456;MN=88888880000001", "QN=20040516010101001;ST=91"
IN_2005 = "CP=&&QN=20040516010101001;"


@pytest.mark.parametrize(
    ("made", "segment"),
    [
        (data_acknowledgement(frame("2005")), f"ST=91;CN=9014;{IN_2005}CN=2051&&"),
        (data_acknowledgement(frame("2005", None)), "ST=91;CN=9014;CP=&&CN=2051&&"),
        (request_answer(frame("2005")), f"ST=91;CN=9011;{OLD};Flag=0;{IN_2005}QnRtn=1&&"),
        (execution_result(frame("2005"), 3), f"ST=91;CN=9012;{OLD};Flag=0;{IN_2005}ExeRtn=3&&"),
        (data_acknowledgement(frame("2017")), f"{TO};CN=9014;{OLD};Flag=4;CP=&&&&"),
        (notice_acknowledgement(frame("2017")), f"{TO};CN=9013;{OLD};Flag=4;CP=&&&&"),
        (request_answer(frame("2017"), 9), f"{TO};CN=9011;{OLD};Flag=4;CP=&&QnRtn=9&&"),
        (data_acknowledgement(frame("2025")), f"{TO};CN=9014;{OLD};Flag=8;CP=&&&&"),
        (
            heartbeat(qn="20260301081000223", st="32", mn=MN),
            f"QN=20260301081000223;ST=32;CN=9015;PW=123456;MN={MN};Flag=9;CP=&&&&",
        ),
    ],
)
def test_answers_speak_as_they_are_spoken_to(made: Message, segment: str) -> None:
    assert made.segment() == segment.encode()


def test_an_answer_is_in_the_standard_word_for_word() -> None:
    cases = {case["raw"]: case for case in own_frames()}
    asked = read(new_message("2017", qn="20160801085857223", st="32", cn="1000", mn=MN, ack=True).frame())
    assert escaped(request_answer(asked).frame()) in cases
    assert escaped(execution_result(asked).frame()) in cases


@pytest.mark.parametrize(
    ("cn", "given", "printed"),
    [
        ("1000", {"over_time": 5, "recount": 3}, "OverTime=5;ReCount=3"),
        ("1011", {"factor": "w01018"}, "PolId=w01018"),
        ("1012", {"factor": "w01018", "system_time": NOW}, "PolId=w01018;SystemTime=20260301081000"),
        ("1061", {}, ""),
        ("1062", {"interval": 30}, "RtdInterval=30"),
        ("1064", {"interval": 10}, "MinInterval=10"),
        ("1072", {"password": "654321"}, "NewPW=654321"),
        ("2061", {"begin": NOW, "end": NOW}, "BeginTime=20260301081000;EndTime=20260301081000"),
    ],
)
def test_requests(cn: str, given: dict[str, Any], printed: str) -> None:
    made = request("2017", cn, now=NOW, st="32", mn=MN, parameters=request_parameters(cn, **given))
    assert made.segment().decode() == f"QN=20260301081000223;ST=32;CN={cn};PW=123456;MN={MN};Flag=5;CP=&&{printed}&&"


def test_the_password_of_2005_has_its_own_name() -> None:
    assert request_parameters("1072", "2005", password="654321") == (("PW", "654321"),)


@pytest.mark.parametrize("wrong", ["a;b", "a,b", "a=b", "a\r\n"])
def test_no_header_field_smuggles_another(wrong: str) -> None:
    with pytest.raises(ValueError, match="header field"):
        new_message("2017", qn=None, st="32", cn="2011", mn=wrong)


def test_a_segment_of_more_than_four_digits_is_refused() -> None:
    assert parse_frame(frame_of(b"x" * 9999)).accepted
    with pytest.raises(ValueError, match="9999"):
        frame_of(b"x" * 10_000)


def whole(count: int) -> Message:
    """An hour of many factors."""
    factors = [factor_group(f"a{21000 + n}", {"Avg": f"{n}.5", "Flag": "N"}) for n in range(count)]
    return new_message("2017", qn="20240301081000999", st="31", cn="2061", mn=MN, ack=True,
                   parameters=[[("DataTime", "20240301080000")], *factors])  # fmt: skip


def test_a_long_message_is_split_and_joined_in_any_order() -> None:
    parts = [read(part.frame()) for part in split(whole(100))]
    assert len(parts) > 2
    assert [part.get("QN") for part in parts[:2]] == ["20240301081000999", "20240301081001000"]
    assert all(len(part.segment) <= 1024 for part in parts)
    assert all(part.flag and part.flag.split and part.content and "DataTime" in part.content.fields for part in parts)
    assembly = Assembly()
    packets = [assembly.add(part, 0.0) for part in [*parts[1:], parts[-1], parts[0]]]
    assert packets[:-1] == [None] * (len(packets) - 1)
    packet = packets[-1]
    assert packet is not None
    assert list(packet.factors) == [f"a{21000 + n}" for n in range(100)]
    assert len(assembly) == 0


def test_a_missing_part_is_named_when_the_time_is_over() -> None:
    parts = [read(part.frame()) for part in split(whole(100))]
    assembly = Assembly()
    for part in parts[:-1]:
        assert assembly.add(part, 100.0) is None
    assert assembly.expired(139.0) == []
    (packet,) = assembly.expired(140.0)
    assert packet.missing == (len(parts),)
    assert not packet.complete
    assert assembly.expired(1000.0) == []


def test_a_part_that_comes_again_behind_its_packet_begins_no_other_until_the_patience_is_over() -> None:
    parts = [read(part.frame()) for part in split(whole(100))]
    assembly = Assembly()
    assert [assembly.add(part, 100.0) is not None for part in parts] == [False] * (len(parts) - 1) + [True]
    assert assembly.add(parts[-1], 139.0) is None
    assert len(assembly) == 0
    assert assembly.expired(139.0) == []
    assert assembly.add(parts[-1], 140.0) is None
    assert len(assembly) == 1
    assert len(assembly.expired(180.0)) == 1


def test_parts_without_a_time_belong_together_by_consecutive_numbers() -> None:
    log = new_message("2017", qn="20240301081000223", st="31", cn="3020", mn=MN,
                  parameters=[factor_group(f"i1100{n}", {"Info": "x" * 400}) for n in range(4)])  # fmt: skip
    parts = [read(part.frame()) for part in split(log)]
    assert len(parts) == 2
    assembly = Assembly()
    assert assembly.add(parts[1], 0.0) is None
    assert assembly.add(parts[0], 0.0) is not None


def test_an_assembly_holds_no_more_than_its_limit() -> None:
    assembly = Assembly()
    for number in range(300):
        made = new_message("2017", qn=None, st="31", cn="2061", mn=f"{number:014}", extra=[("PNUM", "2"), ("PNO", "1")],
                       parameters=[[("DataTime", "20240301080000")]])  # fmt: skip
        assembly.add(read(made.frame()), float(number) / 1000)
    assert len(assembly.expired(1.0)) == 300 - 256
    assert len(assembly) == 256
    assert Assembly(most=3).most == 3


@pytest.mark.parametrize(
    ("number", "count", "expected"),
    [
        ("1", "2", (1, 2)), ("0002", "0002", (2, 2)), ("3", "2", None), ("0", "2", None), ("1", "1", None),
        ("x", "2", None),
    ],
)
def test_numbers_of_parts(number: str, count: str, expected: tuple[int, int] | None) -> None:
    made = new_message("2017", qn=None, st="31", cn="2061", mn=MN, extra=[("PNUM", count), ("PNO", number)])
    assert part_of(read(made.frame())) == expected


def test_a_group_that_alone_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="alone"):
        split(new_message("2017", qn=None, st="31", cn="2061", mn=MN,
                      parameters=[[("a-b", "x" * 600)], [("c-d", "x" * 1200)]]))  # fmt: skip
    assert len(split(whole(2))) == 1
