"""`hengneng hj212`: frames decoded and encoded, one JSON object a line, without a database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hengneng.cli import output
from hengneng.cli.hj212 import hj212
from hengneng.hj212.escapes import unescaped
from hengneng.problems import RefusedError

FRAMES = Path(__file__).parents[1] / "truth" / "hj212" / "frames.json"
KEY = "30" * 16


@pytest.fixture
def cases() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(FRAMES.read_text("utf-8"))
    return found


@pytest.fixture
def file(tmp_path: Path, cases: list[dict[str, Any]]) -> Path:
    path = tmp_path / "frames.txt"
    path.write_text("".join(f"{case['raw']}\n" for case in cases), "utf-8")
    return path


def run(*words: str) -> Result:
    return CliRunner().invoke(hj212, list(words))


def lines(done: Result) -> list[dict[str, Any]]:
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_decode_says_what_the_cases_say(file: Path, cases: list[dict[str, Any]]) -> None:
    for line, case in zip(lines(run("decode", str(file), "--json")), cases, strict=True):
        assert (line["verdict"], line["reason"]) == (case["verdict"], case.get("reason"))
        assert unescaped(line["raw"]) == unescaped(case["raw"])
        if "expect" in case:
            assert {name: line["expect"].get(name) for name in case["expect"]} == case["expect"]
            assert line["warnings"] == case["warnings"]


def test_decode_with_a_key_and_with_a_profile(file: Path, cases: list[dict[str, Any]]) -> None:
    found = lines(run("decode", str(file), "--json", "--key", KEY))
    assert not [line for line in found if line["verdict"] == "encrypted"]
    assert sum(line.get("encrypted", False) for line in found) == 4
    forgiven = lines(run("decode", str(file), "--json", "--profile", "length-counts-crc-and-crlf"))
    expected = {case["id"] for case in cases if (case.get("lenient") or {}).get("how") == "length_counts_crc_and_crlf"}
    taken = {
        case["id"] for line, case in zip(forgiven, cases, strict=True)
        if line["verdict"] == "ok" and case["verdict"] == "reject"
    }  # fmt: skip
    assert taken == expected != set()


def test_encode_is_the_inverse_of_decode(file: Path, tmp_path: Path) -> None:
    decoded = [
        line for line in lines(run("decode", str(file), "--json"))
        if line["verdict"] == "ok" and not line["warnings"] and "cp_repeated" not in line["expect"]
    ]  # fmt: skip
    assert len(decoded) > 100
    path = tmp_path / "decoded.json"
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in decoded), "utf-8")
    made = run("encode", str(path)).stdout.splitlines()
    again = tmp_path / "again.txt"
    again.write_text("\n".join(made), "utf-8")
    content = ("header", "flag", "cp_fields", "factors", "text_encoding", "cp_present", "cp_closed")
    for before, after in zip(decoded, lines(run("decode", str(again), "--json")), strict=True):
        assert after["verdict"] == "ok"
        assert [after["expect"].get(name) for name in content] == [before["expect"].get(name) for name in content]


def test_encode_from_options() -> None:
    done = run(
        "encode", "--header", "QN=20160801085857223", "--header", "ST=32", "--header", "CN=1062",
        "--header", "PW=100000", "--header", "MN=010000A8900016F000169DC0", "--header", "Flag=5",
        "--parameter", "RtdInterval=30",
    )  # fmt: skip
    assert done.stdout.endswith("CP=&&RtdInterval=30&&1C80\\r\\n\n")
    assert json.loads(run("encode", "--header", "ST=32", "--json").stdout)["raw"].startswith("##")
    raw = run("encode", "--header", "ST=32", "--bytes", "--parameter", "a=" + "x" * 20, "--key", KEY).stdout_bytes
    assert raw.endswith(b"\r\n")
    assert b"{0x" in raw


def test_a_stream_is_cut_into_frames(tmp_path: Path, cases: list[dict[str, Any]]) -> None:
    good = unescaped(cases[0]["raw"])
    path = tmp_path / "stream.bin"
    path.write_bytes(b"noise" + good + good[:40] + good)
    found = [(line["verdict"], line["reason"]) for line in lines(run("decode", str(path), "--raw", "--json"))]
    assert found == [("ok", None), ("reject", "truncated"), ("ok", None)]


def test_the_table_for_people_has_names(file: Path) -> None:
    done = run("decode", str(file))
    assert done.exit_code == 0
    assert ("设置实时数据间隔" if output.LANGUAGE == "zh" else "Set real-time interval") in done.stdout


def test_a_wrong_escape_is_reported_and_the_line_still_read(tmp_path: Path, cases: list[dict[str, Any]]) -> None:
    path = tmp_path / "frames.txt"
    path.write_text(cases[0]["raw"] + "\\q\n" + cases[0]["raw"] + "\n", "utf-8")
    done = run("decode", str(path), "--json")
    assert done.exit_code == 1
    assert "[H002]" in done.stderr
    assert [json.loads(line)["verdict"] for line in done.stdout.splitlines()] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("words", "number"),
    [
        (("decode", "no-such-file"), "H001"),
        (("decode", str(FRAMES), "--key", "12"), "H003"),
        (("decode", str(FRAMES), "--key", "zz" * 16), "H003"),
        (("encode", "--header", "ST"), "H004"),
        (("encode", "--header", "ST=32", "--parameter", "x=" + "y" * 10_000), "H004"),
        (("encode", str(FRAMES)), "H004"),
    ],
)
def test_refusals_have_numbers(words: tuple[str, ...], number: str) -> None:
    done = run(*words)
    assert isinstance(done.exception, RefusedError)
    assert done.exception.problems[0].number == number


def test_encode_of_nothing_is_wrong_use() -> None:
    assert run("encode").exit_code == 2
