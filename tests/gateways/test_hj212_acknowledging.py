"""What is answered, in which dialect, in which order, and never before it is on the disk."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import pytest
from support.hj212_doors import MN, OTHER, QUIET, Kept, frame, known, loops, opened, qn, run
from support.waiting import PATIENCE

from hengneng.gateways.hj212.connection import Why
from hengneng.hj212 import heartbeat
from hengneng.problems import Problem, RefusedError

Loop = Callable[[], asyncio.AbstractEventLoop]
both_loops = pytest.mark.parametrize("loop", loops(), ids=lambda one: one.__module__.split(".")[0])


def body(line: bytes) -> str:
    """An answer without its head and checksum."""
    return line[6:-4].decode()


def number_of(line: bytes) -> str:
    return body(line)[3:20]


@both_loops
def test_each_dialect_gets_its_own_acknowledgement(loop: Loop) -> None:
    async def work() -> None:
        async with opened() as door:
            client = await door.client()
            one, two, three, four = (qn(number) for number in range(4))
            client.send(frame(one, "2005"), frame(None, "2005"), frame(two), frame(three, "2025"))
            client.send(heartbeat(qn=four, st="31", mn=MN).frame())
            assert [body(line) for line in await client.lines(5)] == [
                f"ST=91;CN=9014;CP=&&QN={one};CN=2011&&",
                "ST=91;CN=9014;CP=&&CN=2011&&",
                f"QN={two};ST=91;CN=9014;PW=123456;MN={MN};Flag=4;CP=&&&&",
                f"QN={three};ST=91;CN=9014;PW=123456;MN={MN};Flag=8;CP=&&&&",
                f"QN={four};ST=91;CN=9013;PW=123456;MN={MN};Flag=8;CP=&&&&",
            ]
            assert len(door.kept.deliveries) == 5

    run(work, loop)


def test_nobody_is_answered_who_does_not_ask_and_answers_are_not_answered() -> None:
    async def work() -> None:
        async with opened() as door:
            client = await door.client()
            client.send(frame(ack=False), frame(cn="9014"), frame(cn="9011"))
            await door.until(lambda: len(door.kept.deliveries) == 3)
            assert await client.quiet()

    run(work)


@both_loops
def test_nothing_is_answered_before_the_disk_has_it(loop: Loop) -> None:
    async def work() -> None:
        async with opened() as door:
            client = await door.client()
            door.kept.gate.clear()
            client.send(*(frame(qn(number)) for number in range(3)))
            await door.until(lambda: door.kept.tried)
            assert await client.quiet()
            assert not door.kept.deliveries
            door.kept.gate.set()
            assert len(await client.lines(3)) == 3

    run(work, loop)


@both_loops
def test_many_frames_in_one_read_are_answered_in_their_order(loop: Loop) -> None:
    async def work() -> None:
        async with opened() as door:
            client = await door.client()
            numbers = [qn(number) for number in range(400)]
            client.send(*(frame(one) for one in numbers))
            assert [number_of(line) for line in await client.lines(400)] == numbers
            assert [one[9:26].decode() for one in door.kept.contents] == numbers
            assert len(door.kept.batches) < 100, "one commit takes many frames"

    run(work, loop)


def test_frames_come_one_byte_at_a_time_with_noise_between() -> None:
    async def work() -> None:
        async with opened() as door:
            client = await door.client()
            first, second, third = (qn(number) for number in range(3))
            damaged = frame().replace(b"Rtd=1.0", b"Rtd=9.0")
            sent = b"\x00\xff#" + frame(first) + b"hello\r\n" + damaged + frame(second) + b"###" + frame(third)
            for begin in range(len(sent)):
                client.send(sent[begin : begin + 1])
                await client.writer.drain()
                await asyncio.sleep(0)
            assert [number_of(line) for line in await client.lines(3)] == [first, second, third]
            assert door.figure("hengneng_refused_total", reason="bad_crc") == 1
            assert door.events("connected") == [("bad_frames", "127.0.0.1", "bad_crc")]

    run(work)


def test_a_half_frame_expires_and_what_follows_is_read(small: Callable[..., None]) -> None:
    small(seconds_of_half_frame=3)

    async def work() -> None:
        async with opened() as door:
            client = await door.client()
            number = qn()
            # It swallows what follows, until it has expired.
            begun = asyncio.get_running_loop().time()
            client.send(b"##9999QN=20260601000000000;ST=31", frame(number))
            assert [number_of(line) for line in await client.lines(1)] == [number]
            assert asyncio.get_running_loop().time() - begun > 2, "the first look is no end of patience"

    run(work)


def test_a_half_frame_is_not_given_up_while_nobody_listens(small: Callable[..., None]) -> None:
    small(seconds_of_half_frame=10, messages_a_minute=1)

    async def work() -> None:
        async with opened() as door:
            client = await door.client()
            whole = frame(qn(7))
            client.send(frame(), frame(), whole[:50])
            await client.lines(2)
            now = door.door._minute
            for second in range(1, 59):
                door.door.look(now + second)
            client.send(whole[50:])
            door.door.look(now + 61)
            assert len(await client.lines(1)) == 1

    run(work)


def test_who_does_not_speak_hj_212_is_shown_out(small: Callable[..., None], capfd: pytest.CaptureFixture[str]) -> None:
    async def work() -> None:
        async with opened() as door:
            client = await door.client()
            client.send(b"GET / HTTP/1.1\r\n" * 5000)
            assert await client.closed()
            assert door.figure("hengneng_refused_total", reason="hopeless") == 1
            client = await door.client()
            client.send(frame(), *[b"##0010abcdefghij0000\r\n"] * 20)
            assert await client.closed()
            assert [kind for kind, _, _ in door.events()] == ["connected", "bad_frames"]

    run(work)
    assert '"connection.hopeless"' in capfd.readouterr().err


def test_a_full_disk_answers_nothing_and_the_door_goes_on(
    small: Callable[..., None], capfd: pytest.CaptureFixture[str]
) -> None:
    small(milliseconds_after_failure=20)

    async def work() -> None:
        async with opened() as door:
            client = await door.client()
            door.kept.error = RefusedError(Problem("M005", "x", {"found": "full"}))
            client.send(frame())
            await door.until(lambda: door.figure("hengneng_commit_failures_total") == 1)
            assert await client.quiet()
            door.kept.error = None
            client.send(frame())
            assert len(await client.lines(1)) == 1
            assert len(door.kept.deliveries) == 1

    run(work)
    assert '"frames.not_kept"' in capfd.readouterr().err


@both_loops
def test_when_too_much_waits_for_the_disk_nobody_is_read_until_half_of_it_is_kept(
    small: Callable[..., None], loop: Loop
) -> None:
    small(frames_waiting=20, frames_in_commit=5, messages_a_minute=100_000)

    async def work() -> None:
        async with opened(known(), known(OTHER, 2)) as door:
            one, two = await door.client(), await door.client()
            door.kept.gate.clear()
            one.send(frame())
            await door.until(lambda: door.kept.tried)
            one.send(*(frame(qn(number)) for number in range(40)))
            await door.until(lambda: door.door._full)
            late = await door.client()
            received = door.figure("hengneng_received_bytes_total")
            two.send(frame(mn=OTHER))
            late.send(frame(mn=OTHER))
            await asyncio.sleep(QUIET)
            assert door.figure("hengneng_received_bytes_total") == received, "also who comes later is not read"
            door.kept.gate.set()
            assert len(await one.lines(41)) == 41
            assert len(await two.lines(1)) == len(await late.lines(1)) == 1
            assert not door.door._full

    run(work, loop)


def test_a_device_that_sends_too_much_is_held_back_and_others_are_not(small: Callable[..., None]) -> None:
    small(messages_a_minute=10)

    async def work() -> None:
        async with opened(known(), known(OTHER, 2)) as door:
            quick, other = await door.client(), await door.client()
            quick.send(*(frame(qn(number)) for number in range(11)))
            assert len(await quick.lines(11)) == 11
            quick.send(frame())
            other.send(*(frame(mn=OTHER) for _ in range(9)))
            assert len(await other.lines(9)) == 9
            # Neither does a second connection help.
            again = await door.client()
            again.send(frame())
            assert len(await again.lines(1)) == 1
            again.send(frame())
            assert await quick.quiet()
            assert await again.quiet()
            assert door.figure("hengneng_refused_total", reason="too_many") == 1
            door.door.look(door.door._minute + 61)
            assert len(await quick.lines(1)) == len(await again.lines(1)) == 1

    run(work)


def test_strangers_do_not_use_up_what_a_device_may_send(small: Callable[..., None]) -> None:
    small(messages_a_minute=5)

    async def work() -> None:
        async with opened(known(networks="127.0.0.1")) as door:
            for _ in range(10):
                scanner = await door.client("127.0.0.2")
                scanner.send(frame())
                assert await scanner.closed()
            scanner = await door.client("127.0.0.2")
            scanner.send(*[frame().replace(b"=1.0", b"=2.0")] * 10)
            client = await door.client()
            for _ in range(5):
                client.send(frame())
                assert len(await client.lines(1)) == 1

    run(work)


@both_loops
def test_who_does_not_read_answers_is_not_read(loop: Loop) -> None:
    async def work() -> None:
        async with opened() as door:
            door.door.frames_a_minute = 1_000_000
            client = await door.client()
            client.send(frame())
            await client.lines(1)
            (connection,) = door.door._connections
            connection.pause_writing()
            client.send(frame())
            assert await client.quiet()
            connection.resume_writing()
            assert len(await client.lines(1)) == 1

    run(work, loop)


def test_a_silent_connection_is_closed(small: Callable[..., None]) -> None:
    small(seconds_until_closed=100)

    async def work() -> None:
        async with opened() as door:
            client = await door.client()
            client.send(frame())
            await client.lines(1)
            (connection,) = door.door._connections
            connection.look(connection._heard + 99)
            assert await client.quiet()
            connection.hold(Why.FULL, True)
            connection.look(heard := connection._heard + 1000)
            connection.hold(Why.FULL, False)
            # Who does not read its answers is not waited for.
            connection.pause_writing()
            connection.look(heard + 99)
            assert await client.quiet()
            connection.look(heard + 100)
            assert await client.closed()
            await door.until(lambda: not door.door._connections)
            assert door.door.line_of(MN) is None

    run(work)


@both_loops
def test_a_frame_that_nobody_has_thought_of_costs_neither_the_connection_nor_the_door(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from hengneng.gateways.hj212 import door as module

    answered = module.answer_when_kept

    def failing(one: object) -> bytes:
        if one.get("CN") == "2061":  # type: ignore[attr-defined]
            raise LookupError("unheard of")
        return answered(one)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "answer_when_kept", failing)

    async def work() -> None:
        async with opened() as door:
            client = await door.client()
            last = qn(5)
            client.send(frame(cn="2061"), frame(last))
            assert [number_of(line) for line in await client.lines(1)] == [last]
            assert door.figure("hengneng_refused_total", reason="error") == 1

    run(work, loop)
    assert "LookupError: unheard of" in capfd.readouterr().err


def test_a_door_that_cannot_commit_any_more_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    from hengneng.gateways.hj212.committing import Committer

    def broken(self: object, batch: object) -> None:
        raise MemoryError("no more")

    monkeypatch.setattr(Committer, "_answer", broken)

    async def work() -> None:
        async with opened() as door:
            client = await door.client()
            client.send(frame())
            assert await client.closed()
            await asyncio.wait({door.task}, timeout=PATIENCE)

    with pytest.raises(MemoryError):
        run(work)


@both_loops
def test_what_was_received_is_kept_and_answered_before_the_end(loop: Loop) -> None:
    async def work() -> None:
        kept = Kept()
        async with opened(kept=kept) as door:
            client = await door.client()
            kept.gate.clear()
            client.send(*(frame(qn(number)) for number in range(50)))
            await door.until(lambda: kept.tried and door.figure("hengneng_received_bytes_total") > 50 * 100)
            signal.raise_signal(signal.SIGTERM)
            await asyncio.sleep(0.05)
            assert not door.task.done()
            kept.gate.set()
            assert len(await client.lines(50)) == 50
            assert await client.closed()
            await asyncio.wait_for(door.task, PATIENCE)
            assert len(kept.deliveries) == 50

    run(work, loop)
