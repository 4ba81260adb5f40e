"""The door as a process: killed and ended in mid-stream, asked for requests, sent to, watched, measured."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.door_process import DoorProcess, Operator
from support.hj212_doors import HOST, Client, frame, qn, run
from support.homes import Home
from support.waiting import PATIENCE, wait_until

from hengneng.hj212 import Frame, execution_result, heartbeat, parse_frame, request_answer
from hengneng.hj212.escapes import escaped

DEVICES = [f"0100000000000000000000{number:02d}" for number in range(1, 21)]
QUIET, OLD, RESTARTED, SENDING, ENDED, STREAMS = DEVICES[0], DEVICES[1], DEVICES[2], DEVICES[3], DEVICES[4], DEVICES[5:]
LATE = "0100000000000000000000AA"

pytestmark = pytest.mark.xdist_group("door of HJ 212")


@pytest.fixture(scope="module")
def home(make_home: Callable[[], Home]) -> Home:
    """A home with tables to register."""
    made = make_home()
    units, meters = made.folder / "units.csv", made.folder / "meters.csv"
    units.write_text("identifier,name_zh,name_en,place\nplant,甲厂,Plant A,650100\n", "utf-8")
    meters.write_text("identifier,unit,carrier,unit_of_measure\nm1,plant,32,kWh\n", "utf-8")
    return made


@pytest.fixture(scope="module")
def operator(home: Home) -> Operator:
    """Somebody in that home, who has registered the devices."""
    made = Operator(home)
    done = made.run("meters", "import", home.folder / "meters.csv", "--units", home.folder / "units.csv")
    assert done.code in (0, 1), done
    register(home, made, *DEVICES)
    return made


def register(home: Home, operator: Operator, *devices: str) -> None:
    table = home.folder / "devices.csv"
    rows = "\n".join(f"hj212,{one},plant,60" for one in devices)
    table.write_text(f"protocol,identifier,unit,interval\n{rows}\n", "utf-8")
    done = operator.run("devices", "import", table)
    assert done.code == 0, done


@pytest.fixture(scope="module")
def door(home: Home, operator: Operator) -> Iterator[DoorProcess]:
    """One that looks often, and gives up soon."""
    made = DoorProcess(
        home, seconds_between_looks=0.5, seconds_between_requests=0.1, seconds_between_tries=BETWEEN_TRIES,
        messages_a_minute=100_000,
    )  # fmt: skip
    made.start()
    yield made
    if made.process is not None:
        made.end()


# Longer than a commit takes on a machine that has much to do: what is repeated sooner would come in between.
BETWEEN_TRIES = 2.0


async def connected(door: DoorProcess) -> Client:
    return Client(*await asyncio.open_connection(HOST, door.port))


def requests(operator: Operator) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = operator.run("hj212", "requests", "--json").json["requests"]
    return found


def wait_for_states(operator: Operator, device: str, *states: str) -> list[dict[str, Any]]:
    """Its requests, the oldest first, once they are in these states."""

    def found() -> list[dict[str, Any]]:
        return [one for one in reversed(requests(operator)) if one["device"] == f"hj212:{device}"]

    wait_until(lambda: [one["state"] for one in found()] == list(states), lambda: f"{states} instead of {found()}")
    return found()


async def request_of(client: Client) -> tuple[Frame, list[str]]:
    """The next request that a client receives, and which answers have come before it."""
    before: list[str] = []
    while True:
        come = parse_frame((await client.lines(1))[0])
        if (command := str(come.get("CN"))) not in ("9013", "9014"):
            return come, before
        before.append(command)


async def told(operator: Operator, *words: object) -> None:
    done = await asyncio.to_thread(operator.run, *words)
    assert done.code == 0, done


def test_requests_go_out_one_at_a_time_and_their_ends_are_shown(operator: Operator, door: DoorProcess) -> None:
    async def work() -> None:
        history = ("--parameter", "BeginTime=20260601000000", "--parameter", "EndTime=20260602000000")
        await told(operator, "hj212", "ask", f"hj212:{QUIET}", "--command", "2061", *history)
        await told(operator, "hj212", "ask", f"hj212:{QUIET}", "--command", "1011")
        client = await connected(door)
        # A heartbeat says nothing about what the device measures.
        data = frame("", "2025", mn=QUIET, st="32", pw="654321")
        client.send(data, heartbeat(qn=qn(), st="91", mn=QUIET, pw="654321").frame())
        first, before = await request_of(client)
        assert [first.get(name) for name in ("ST", "CN", "PW", "Flag")] == ["32", "2061", "654321", "9"]
        assert first.segment.endswith(b"CP=&&BeginTime=20260601000000;EndTime=20260602000000&&")
        client.send(request_answer(first).frame())
        # Data are acknowledged when they are on the disk, which may be slow; a request does not wait for that.
        await client.lines(2 - len(before))
        # Accepted: it is not sent again, nor is the next one before this one has ended.
        assert await client.quiet(1.5 * BETWEEN_TRIES)
        client.send(frame(mn=QUIET, cn="2061", ack=False), execution_result(first).frame())
        second = parse_frame((await client.lines(1))[0])
        assert second.get("CN") == "1011"
        client.send(request_answer(second, 2).frame())
        await asyncio.to_thread(wait_for_states, operator, QUIET, "done", "refused")

    run(work)
    done, refused = wait_for_states(operator, QUIET, "done", "refused")
    assert (done["answer"], done["tries"]) == ("ExeRtn=1", 1)
    assert refused["answer"] == "QnRtn=2"
    shown = operator.run("hj212", "requests").output
    assert "BeginTime=20260601000000;EndTime=20260602000000" in shown
    assert "done" in shown


def test_a_silent_device_is_asked_four_times_and_what_was_under_way_is_asked_again_after_a_restart(
    operator: Operator, door: DoorProcess
) -> None:
    async def work() -> None:
        silent, killed = await connected(door), await connected(door)
        silent.send(frame(qn(), "2005", mn=OLD))
        killed.send(frame(mn=RESTARTED))
        await silent.lines(1)
        await killed.lines(1)
        await told(operator, "hj212", "ask", f"hj212:{OLD}", "--command", "1012", "--parameter", "SystemTime=20260601")
        lines = await silent.lines(4)
        assert len(set(lines)) == 1
        assert parse_frame(lines[0]).get("Flag") == "1"
        await asyncio.to_thread(wait_for_states, operator, OLD, "unanswered")
        await told(operator, "hj212", "ask", f"hj212:{RESTARTED}", "--command", "1011")
        before = parse_frame((await killed.lines(1))[0])
        await asyncio.to_thread(door.end, signal.SIGKILL)
        await asyncio.to_thread(door.start)
        again = await connected(door)
        again.send(frame(mn=RESTARTED))
        asked, _ = await request_of(again)
        assert asked.get("CN") == "1011"
        assert asked.get("QN") != before.get("QN")
        again.send(execution_result(asked).frame())
        await asyncio.to_thread(wait_for_states, operator, RESTARTED, "done")

    run(work)


def test_kill_in_mid_stream_loses_nothing_that_was_acknowledged(door: DoorProcess) -> None:
    acknowledged: set[str] = set()
    sent = {one: [qn(number) for number in range(150)] for one in STREAMS}

    async def device(name: str) -> None:
        """Sends each frame until it is acknowledged, connecting again as often as need be; a few are under way."""
        client: Client | None = None
        waiting = list(sent[name])
        while waiting:
            try:
                client = client or await connected(door)
                client.send(*(frame(one, mn=name) for one in waiting[:5]))
                for line in await client.lines(len(waiting[:5])):
                    acknowledged.add(name + line[9:26].decode())
                    waiting.remove(line[9:26].decode())
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                if client is not None:
                    client.writer.close()
                client = None
                await asyncio.sleep(0.05)

    async def work() -> None:
        devices = [asyncio.create_task(device(name)) for name in STREAMS]
        while len(acknowledged) < 300:
            await asyncio.sleep(0.005)
        assert door.process
        door.process.send_signal(signal.SIGKILL)
        assert len(acknowledged) < 150 * len(STREAMS), "it was killed too late"
        await asyncio.to_thread(door.end, None)
        await asyncio.to_thread(door.start)
        await asyncio.gather(*devices)

    run(work)
    kept = {one.sender + one.content[9:26].decode() for one in door.kept()}
    assert len(acknowledged) == 150 * len(STREAMS)
    assert acknowledged <= kept


def test_at_the_end_what_was_received_is_kept_and_answered(door: DoorProcess) -> None:
    come: list[str] = []

    async def work() -> None:
        client = await connected(door)
        client.send(*(frame(qn(number), mn=ENDED) for number in range(2000)))
        come.append((await client.lines(1))[0][9:26].decode())
        assert door.process
        door.process.send_signal(signal.SIGTERM)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                come.append((await client.lines(1))[0][9:26].decode())

    run(work)
    # Told a second time while it puts away what it had, it would end at once.
    assert door.end(None) == 0
    assert come == [one.content[9:26].decode() for one in door.kept(ENDED)]
    assert any('"door.closed"' in line for line in door.said)
    door.start()


def test_a_stranger_is_let_in_within_seconds_of_being_registered(
    home: Home, operator: Operator, door: DoorProcess
) -> None:
    async def work() -> None:
        client = await connected(door)
        client.send(frame(mn=LATE))
        assert b"QnRtn=4" in (await client.lines(1))[0]

        def strangers() -> list[dict[str, Any]]:
            listed: list[dict[str, Any]] = operator.run("devices", "list", "--json").json["strangers"]
            return listed

        await asyncio.to_thread(wait_until, strangers, "the stranger to be listed")
        found = await asyncio.to_thread(strangers)
        assert [(one["device"], one["address"], one["knocks"]) for one in found] == [(f"hj212:{LATE}", HOST, 1)]
        client.send(frame(mn=ENDED))

        def shown() -> str:
            return operator.run("devices", "list").output

        await asyncio.to_thread(wait_until, lambda: "on line" in shown(), shown)
        assert "HJ 212" in await asyncio.to_thread(shown)
        await asyncio.to_thread(register, home, operator, LATE)
        client.send(frame(mn=LATE))
        # The whole of it is bounded by the patience of a test.
        while b"CN=9014" not in (await client.lines(1))[0]:
            await asyncio.sleep(0.1)
            client.send(frame(mn=LATE))

    run(work)


def test_frames_of_a_file_are_sent_watched_and_counted(operator: Operator, door: DoorProcess, tmp_path: Path) -> None:
    file = tmp_path / "frames.txt"
    frames = [frame(mn=SENDING), frame(mn=SENDING, ack=False), frame(mn=SENDING, value="7.5")]
    file.write_text("".join(f"{escaped(one)}\n" for one in frames), "utf-8")
    done = operator.run("hj212", "send", file, "--to", f"{HOST}:{door.port}", "--seconds", PATIENCE)
    assert done.code == 0, done
    lines = done.output.splitlines()
    assert "acknowledged (9014), tries: 1" in lines[0]
    assert "no answer wanted" in lines[1]
    watched = operator.run("hj212", "watch", "--json", "--mn", SENDING, "--last", 1000)
    found = [json.loads(line) for line in watched.output.splitlines()]
    assert [one["content"] for one in found] == [one.rstrip(b"\r\n").decode() for one in frames]
    assert {one["sender"] for one in found} == {SENDING}
    shown = operator.run("hj212", "watch", "--last", 1)
    assert shown.output.count("\n") == 1
    assert "a21026-Rtd=7.5" in shown.output
    # Nobody has registered that one.
    stranger = tmp_path / "stranger.txt"
    stranger.write_text(f"{escaped(frame(mn='0' * 24))}\n", "utf-8")
    done = operator.run("hj212", "send", stranger, "--to", f"{HOST}:{door.port}", "--seconds", PATIENCE)
    assert done.code == 1
    assert "refused (QnRtn=4)" in done.output
    figures = door.figures()
    for figure in ("hengneng_messages_total", "hengneng_connections", "hengneng_acknowledgement_seconds_count"):
        assert f'{figure}{{door="hj212"}}' in figures
    assert 'hengneng_refused_total{door="hj212",reason="stranger"} ' in figures


def test_a_port_that_is_taken_is_c010_and_says_which(operator: Operator, door: DoorProcess) -> None:
    for option, port in (("--port", door.port), ("--metrics-port", door.metrics_port)):
        done = operator.run("hj212", "serve", "--port", 0, option, port)
        assert done.code != 0
        assert "C010" in done.errors
        assert f"{option} " in done.errors


def test_a_parameter_without_a_value_is_g002(operator: Operator) -> None:
    done = operator.run("hj212", "ask", f"hj212:{QUIET}", "--command", "1012", "--parameter", "SystemTime")
    assert done.code == 1
    assert "G002" in done.errors
