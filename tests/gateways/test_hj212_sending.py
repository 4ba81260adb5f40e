"""The client: sends again what is not answered, connects again, tells an acknowledgement from a refusal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.hj212_doors import HOST, frame, known, opened, run
from support.ports import free_port

from hengneng.cli.hj212 import hj212
from hengneng.gateways.hj212.sending import Sent, send_frames
from hengneng.hj212 import FrameReader, data_acknowledgement, parse_frame
from hengneng.hj212.escapes import escaped
from hengneng.problems import RefusedError

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


# Seconds until a frame is sent again: longer than an answer takes on a machine that has much to do.
BETWEEN_TRIES = 1.0


async def sent(port: int, *frames: bytes, seconds: float = BETWEEN_TRIES, tries: int = 4) -> list[Sent]:
    every = [parse_frame(one) for one in frames]
    return [one async for one in send_frames(HOST, port, every, seconds=seconds, tries=tries)]


@asynccontextmanager
async def serving(
    behave: Callable[[int, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """A server that behaves as said, and its port; the first argument counts connections from 1. Ended at the end."""
    count = 0
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        writers.append(writer)
        await behave(count, reader, writer)

    server = await asyncio.start_server(serve, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.close()


def test_what_is_not_answered_is_sent_again_and_a_broken_connection_made_anew() -> None:
    come: list[int] = []

    async def behave(connection: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = FrameReader()
        while data := await reader.read(65536):
            for found in frames.feed(data):
                come.append(connection)
                if connection == 1:
                    writer.close()
                    return
                if connection == 3:
                    # An answer to something else, then the right one.
                    other = data_acknowledgement(parse_frame(frame("20200101000000000"))).frame()
                    writer.write(other + data_acknowledgement(found).frame())

    async def work() -> None:
        async with serving(behave) as port:
            (one,) = await sent(port, frame())
        assert (one.tries, one.acknowledged) == (3, True)
        assert one.answer is not None
        assert come == [1, 2, 3]

    run(work)


def test_who_is_never_answered_gives_up_after_the_tries() -> None:
    async def behave(connection: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def work() -> None:
        async with serving(behave) as port:
            one, two = await sent(port, frame(), frame(ack=False), seconds=0.05, tries=2)
        assert (one.tries, one.answer, one.acknowledged) == (2, None, False)
        assert (two.tries, two.wanted, two.answer) == (1, False, None)

    run(work)


def test_a_stranger_is_answered_and_not_acknowledged() -> None:
    async def work() -> None:
        async with opened(known("other")) as door:
            (one,) = await sent(door.port, frame())
            assert one.answer is not None
            assert (one.answer.get("CN"), one.acknowledged, one.tries) == ("9011", False, 1)

    run(work)


@pytest.mark.parametrize("destination", ["", "nowhere", f"{HOST}:port", "host.invalid:1", f"{HOST}:99999"])
def test_nobody_there_is_g003(tmp_path: Path, destination: str) -> None:
    # A free port is found here and not above: tests have the same names in every worker.
    destination = destination or f"{HOST}:{free_port()}"
    file = tmp_path / "frames.txt"
    file.write_text(escaped(frame()) + "\n", "utf-8")
    done = CliRunner().invoke(hj212, ["send", str(file), "--to", destination, "--seconds", "0.1"])
    assert isinstance(done.exception, RefusedError)
    assert [one.number for one in done.exception.problems] == ["G003"]


@pytest.mark.parametrize("content", [b"##0001\\x\n", b"\xff\xfe\n"])
def test_a_file_that_cannot_be_read_as_frames_is_h002(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "frames.txt"
    file.write_bytes(content)
    done = CliRunner().invoke(hj212, ["send", str(file), "--to", f"{HOST}:1"])
    assert isinstance(done.exception, RefusedError)
    assert [one.number for one in done.exception.problems] == ["H002"]
