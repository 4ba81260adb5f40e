"""`hengneng hj212 decode`, `hengneng hj212 encode`: frames read and made."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from hengneng.cli.gateway_hj212 import serve
from hengneng.cli.hj212_door import ask, requests, send, watch
from hengneng.cli.output import LANGUAGE, console, print_problems, words
from hengneng.hj212 import STANDARD, Frame, FrameReader, Message, Profile, Verdict, decrypted, parse_frame
from hengneng.hj212.building import Item
from hengneng.hj212.codes import command as command_entry
from hengneng.hj212.codes import factor_entry
from hengneng.hj212.escapes import escaped, unescaped
from hengneng.hj212.header import EDITIONS
from hengneng.hj212.relaxations import RELAXATIONS
from hengneng.hj212.shape import frame_shape
from hengneng.problems import Problem, RefusedError

_CHUNK = 1 << 16
_KEY_DIGITS = 32


@click.group(help=words("cli.frames.help"))
def hj212() -> None:
    """Frames of HJ 212."""


def _key(written: str | None) -> bytes | None:
    if written is None:
        return None
    try:
        if len(written) == _KEY_DIGITS:
            return bytes.fromhex(written)
    except ValueError:
        pass
    raise RefusedError(Problem("H003", "--key", {"found": len(written)}))


def _opened(file: str) -> Any:
    if file == "-":
        return sys.stdin.buffer
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise RefusedError(Problem("H001", file, {"found": error.strerror or error})) from None


_key_option: Callable[..., Any] = click.option("--key", metavar="HEX", help=words("cli.frames.key"))


@hj212.command(help=words("cli.frames.decode"))
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help=words("cli.frames.json_lines"))
@click.option("--raw", is_flag=True, help=words("cli.frames.raw"))
@click.option(
    "--profile", "profiles", multiple=True, type=click.Choice(list(RELAXATIONS)), help=words("cli.frames.profile")
)
@_key_option
def decode(file: str, as_json: bool, raw: bool, profiles: tuple[str, ...], key: str | None) -> None:
    """Read frames."""
    options: dict[str, Any] = {}
    for name in profiles:
        options |= RELAXATIONS[name]
    profile, secret = Profile(**options) if options else STANDARD, _key(key)
    problems: list[Problem] = []
    with _opened(file) as stream:
        frames = _of_stream(stream, profile, secret) if raw else _of_lines(stream, file, profile, secret, problems)
        if as_json:
            for frame in frames:
                click.echo(json.dumps(frame_shape(frame), ensure_ascii=False))
        else:
            _show(frames)
    if problems:
        print_problems(problems)
        sys.exit(1)


def _of_stream(stream: Any, profile: Profile, key: bytes | None) -> Iterator[Frame]:
    reader = FrameReader(profile, rejected_in_a_row=None)
    while data := stream.read(_CHUNK):
        yield from (_with_key(frame, key) for frame in reader.feed(data))
    yield from (_with_key(frame, key) for frame in reader.close())


def _with_key(frame: Frame, key: bytes | None) -> Frame:
    return decrypted(frame, key) if key is not None and frame.verdict is Verdict.ENCRYPTED else frame


def _of_lines(
    stream: Any, file: str, profile: Profile, key: bytes | None, problems: list[Problem]
) -> Iterator[Frame]:
    """One frame a line. A line with a wrong escape is reported and read as it stands, so that none is left out."""
    for number, line in enumerate(stream, start=1):
        written = line.rstrip(b"\r\n")
        try:
            data = unescaped(written.decode("utf-8"))
        except ValueError as error:
            problems.append(Problem("H002", f"{file}:{number}", {"found": error}))
            data = written
        yield parse_frame(data, profile, key)


def _show(frames: Iterator[Frame]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("number", "verdict", "edition", "mn", "command", "time", "content", "remarks"):
        table.add_column(words(f"cli.frames.columns.{column}"), overflow="fold")
    for number, frame in enumerate(frames, start=1):
        verdict = f"{frame.verdict} {frame.reason}" if frame.reason else str(frame.verdict)
        if frame.verdict == "reject":
            table.add_row(str(number), verdict, "", "", "", "", escaped(frame.raw[:80]), "")
            continue
        content = frame.content
        time = content.fields.get("DataTime", "") if content else ""
        table.add_row(
            str(number), verdict, frame.edition, frame.get("MN") or "", _command_name(frame), time, _content(frame),
            ", ".join(frame.warnings),
        )  # fmt: skip
    console().print(table)


def _command_name(frame: Frame) -> str:
    number = frame.get("CN") or ""
    entry = command_entry(number, frame.edition if frame.edition in EDITIONS else "2017")
    return f"{number} {entry.label().in_language(LANGUAGE)}" if entry else number


def _content(frame: Frame) -> str:
    if frame.content is None:
        return ""
    parts = [f"{name}={value}" for name, value in frame.content.fields.items() if name != "DataTime"]
    for code, attributes in frame.content.factors.items():
        entry = factor_entry(code)
        label = f"{code} {entry.label().in_language(LANGUAGE)}" if entry else code
        parts.append(f"{label} " + " ".join(f"{name}={value}" for name, value in attributes.items()))
    return "; ".join(parts)


@hj212.command(help=words("cli.frames.encode"))
@click.argument("file", required=False)
@click.option("--header", "header", multiple=True, metavar="NAME=VALUE", help=words("cli.frames.header"))
@click.option("--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help=words("cli.frames.parameter"))
@click.option("--plain-length", is_flag=True, help=words("cli.frames.plain_length"))
@click.option("--bytes", "as_bytes", is_flag=True, help=words("cli.frames.bytes"))
@click.option("--json", "as_json", is_flag=True, help=words("cli.frames.json_lines"))
@_key_option
def encode(
    file: str | None,
    header: tuple[str, ...],
    parameters: tuple[str, ...],
    plain_length: bool,
    as_bytes: bool,
    as_json: bool,
    key: str | None,
) -> None:
    """Make frames."""
    secret = _key(key)
    if file is None and not header:
        raise click.UsageError(words("cli.frames.nothing"))
    for where, message, encoding in _messages(file, header, parameters):
        try:
            made = message.frame(key=secret, encoding=encoding, plain_length=plain_length)
        except (ValueError, LookupError) as error:
            raise RefusedError(Problem("H004", where, {"found": error})) from None
        if as_bytes:
            click.echo(made, nl=False)
        elif as_json:
            click.echo(json.dumps({"raw": escaped(made)}, ensure_ascii=False))
        else:
            click.echo(escaped(made))


def _messages(
    file: str | None, header: tuple[str, ...], parameters: tuple[str, ...]
) -> Iterator[tuple[str, Message, str]]:
    if file is None:
        groups = tuple(tuple(_pair(item, "--parameter") for item in group.split(",")) for group in parameters)
        yield "--header", Message(tuple(_pair(item, "--header") for item in header), groups), "utf-8"
        return
    with _opened(file) as stream:
        for number, line in enumerate(stream, start=1):
            where = f"{file}:{number}"
            try:
                read = json.loads(line)
                yield where, *_from_json(read.get("expect", read))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise RefusedError(Problem("H004", where, {"found": f"{type(error).__name__}: {error}"})) from None


def _pair(written: str, option: str) -> Item:
    name, equals, value = written.partition("=")
    if not equals or not name:
        raise RefusedError(Problem("H004", option, {"found": written}))
    return name, value


def _from_json(data: dict[str, Any]) -> tuple[Message, str]:
    """The message of what `decode --json` prints: header, cp_fields, factors, text_encoding."""
    header = tuple((str(name), str(value)) for name, value in data["header"].items())
    encoding = {"undecodable": "latin-1"}.get(data.get("text_encoding", "utf-8"), data.get("text_encoding", "utf-8"))
    if data.get("cp_present") is False:
        return Message(header, None), encoding
    groups: list[tuple[Item, ...]] = [
        ((str(name), str(value)),) for name, value in data.get("cp_fields", {}).items() if name != "_malformed"
    ]
    groups += [
        tuple((f"{factor}-{name}", str(value)) for name, value in attributes.items())
        for factor, attributes in data.get("factors", {}).items()
    ]
    return Message(header, tuple(groups), data.get("cp_closed") is not False), encoding


for _one in (serve, send, watch, ask, requests):
    hj212.add_command(_one)
