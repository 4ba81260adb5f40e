"""Whose frames are kept: strangers, addresses, what a single device is forgiven, keys."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from support.hj212_doors import MN, OTHER, counting_more, frame, known, loops, modbus, opened, qn, run, said

from hengneng.hj212 import decrypted, frame_of, parse_frame
from hengneng.hj212 import opened as opens
from hengneng.hj212.encryption import encrypt

Loop = Callable[[], asyncio.AbstractEventLoop]
KEY = b"0" * 16
FORGIVEN = {"crc-modbus": modbus, "length-counts-crc-and-crlf": counting_more}


def test_a_stranger_is_counted_told_so_and_not_kept_until_somebody_registers_it() -> None:
    async def work() -> None:
        async with opened(known(OTHER)) as door:
            client = await door.client()
            number = qn()
            client.send(frame(ack=False), frame(number))
            (line,) = await client.lines(1)
            assert line[6:-4].decode() == f"QN={number};ST=91;CN=9011;PW=123456;MN={MN};Flag=4;CP=&&QnRtn=4&&"
            assert not door.kept.deliveries
            ((_, knock),) = door.book._knocks.items()
            assert (knock.identifier, knock.address, knock.sample[:2]) == (MN, "127.0.0.1", b"##")
            assert door.book._counts.total() == 2
            assert door.figure("hengneng_refused_total", reason="stranger") == 2
            # The next look of the book.
            door.book.devices = {MN: known()}
            client.send(frame())
            assert b"CN=9014" in (await client.lines(1))[0]
            assert len(door.kept.deliveries) == 1

    run(work)


def test_who_made_up_names_is_not_remembered_without_end(small: Callable[..., None]) -> None:
    small(strangers_between_looks=3)

    async def work() -> None:
        async with opened() as door:
            client = await door.client()
            client.send(*(frame(mn=f"{number:024d}") for number in range(10)))
            await client.lines(10)
            assert len(door.book._knocks) == len(door.book._counts) == 3

    run(work)


def test_from_an_address_that_is_not_allowed_nothing_is_kept() -> None:
    async def work() -> None:
        async with opened(known(networks="127.0.0.1 10.0.0.0/8")) as door:
            client = await door.client("127.0.0.2")
            client.send(frame(), frame())
            assert await client.closed()
            assert door.events() == [("refused_address", "127.0.0.2", "")]
            assert not door.kept.deliveries
            allowed = await door.client()
            allowed.send(frame())
            assert len(await allowed.lines(1)) == 1
            # Neither can somebody elsewhere make it look bad.
            elsewhere = await door.client("127.0.0.2")
            elsewhere.send(frame().replace(b"=1.0", b"=2.0"), frame(mn=OTHER))
            await elsewhere.lines(1)
            assert "bad_frames" not in [kind for kind, _, _ in door.events()]

    run(work)


def test_an_address_of_both_families_is_that_of_the_older_one() -> None:
    assert known(networks="10.0.0.0/8").may_come_from("::ffff:10.1.2.3")
    assert not known(networks="10.0.0.0/8").may_come_from("::ffff:11.1.2.3")


def test_the_same_name_from_two_addresses_is_noticed_once_and_kept() -> None:
    async def work() -> None:
        async with opened() as door:
            one, two = await door.client("127.0.0.1"), await door.client("127.0.0.2")
            for _ in range(2):
                one.send(frame())
                await one.lines(1)
                two.send(frame())
                await two.lines(1)
            assert len(door.kept.deliveries) == 4
            assert door.events("connected") == [
                ("second_address", "127.0.0.2", "127.0.0.1 → 127.0.0.2"),
                ("second_address", "127.0.0.1", "127.0.0.2 → 127.0.0.1"),
            ]

    run(work)


@pytest.mark.parametrize("name", FORGIVEN)
def test_what_deviates_is_refused_by_default(name: str) -> None:
    async def work() -> None:
        async with opened() as door:
            client = await door.client()
            client.send(FORGIVEN[name](said().segment()), frame())
            await client.lines(1)
            assert len(door.kept.deliveries) == 1
            assert [kind for kind, _, _ in door.events("connected")] == ["bad_frames"]

    run(work)


@pytest.mark.parametrize("name", FORGIVEN)
def test_a_device_is_forgiven_from_its_very_first_frame_on(name: str) -> None:
    async def work() -> None:
        async with opened(known(relaxations=frozenset({name}))) as door:
            client = await door.client()
            numbers = [qn(number) for number in range(60)]
            # More than twenty refused pieces in one read would be the end of anybody else.
            client.send(*(FORGIVEN[name](said(one).segment()) for one in numbers))
            assert [line[9:26].decode() for line in await client.lines(60)] == numbers
            assert len(door.kept.deliveries) == 60
            assert door.events("connected") == []

    run(work)


def test_a_first_frame_with_nothing_behind_it_is_taken_when_it_has_waited(small: Callable[..., None]) -> None:
    small(seconds_of_half_frame=1)

    async def work() -> None:
        async with opened(known(relaxations=frozenset({"length-counts-crc-and-crlf"}))) as door:
            client = await door.client()
            client.send(counting_more(said().segment()))
            assert len(await client.lines(1)) == 1
            client.send(counting_more(said().segment()))
            assert len(await client.lines(1)) == 1

    run(work)


def test_devices_on_one_connection_are_forgiven_each_for_itself() -> None:
    async def work() -> None:
        modbus_device = known(OTHER, 2, relaxations=frozenset({"crc-modbus"}))
        async with opened(known(), modbus_device) as door:
            client = await door.client()
            for _ in range(25):
                client.send(frame(), modbus(said(mn=OTHER).segment()))
            assert len(await client.lines(50)) == 50
            # What the one is forgiven, the other is not.
            client.send(modbus(said().segment()), frame())
            await client.lines(1)
            assert len(door.kept.deliveries) == 51
            assert [one.sender for one in door.kept.deliveries].count(OTHER) == 25
            assert door.door.line_of(MN) is not None
            assert door.door.line_of(OTHER) is not None
            client.writer.close()
            await door.until(lambda: door.door.line_of(MN) is None and door.door.line_of(OTHER) is None)

    run(work)


def test_what_is_forgiven_no_longer_is_refused_on_an_open_connection() -> None:
    async def work() -> None:
        async with opened(known(relaxations=frozenset({"crc-modbus"}))) as door:
            client = await door.client()
            client.send(modbus(said().segment()))
            await client.lines(1)
            door.book.devices = {MN: known()}
            client.send(modbus(said().segment()), frame())
            await client.lines(1)
            assert len(door.kept.deliveries) == 2
            assert [kind for kind, _, _ in door.events("connected")] == ["bad_frames"]

    run(work)


@pytest.mark.parametrize("plain_length", [False, True])
def test_encrypted_frames_are_kept_as_they_came_and_in_plain(plain_length: bool) -> None:
    async def work() -> None:
        async with opened(known(key=KEY)) as door:
            client = await door.client()
            number = qn()
            plain = said(number, "2025")
            sent = plain.frame(key=KEY, plain_length=plain_length)
            client.send(sent)
            (line,) = await client.lines(1)
            assert line[6:-4].decode() == f"QN={number};ST=91;CN=9014;PW=123456;MN={MN};Flag=8;CP=&&&&"
            assert door.kept.contents == [sent + frame_of(plain.segment())]

    run(work)


def test_encrypted_frames_without_a_key_and_with_a_wrong_one_are_kept_and_not_acknowledged() -> None:
    async def work() -> None:
        async with opened(known(), known(OTHER, 2, key=b"1" * 16)) as door:
            client = await door.client()
            closed = [said("", "2025").frame(key=KEY), said("", "2025", mn=OTHER).frame(key=KEY)]
            client.send(*closed, frame())
            assert len(await client.lines(1)) == 1
            assert [one.content for one in door.kept.deliveries[:2]] == [one.rstrip() for one in closed]
            assert [one.sender for one in door.kept.deliveries] == [MN, OTHER, MN]
            assert door.figure("hengneng_refused_total", reason="encrypted") == 1
            assert door.figure("hengneng_refused_total", reason="bad_crc") == 1
            assert [found for kind, _, found in door.events("connected")] == ["encrypted", "bad_crc"]

    run(work)
    assert encrypt(said().segment(), KEY) != said().segment()


@pytest.mark.parametrize("plain_length", [False, True])
def test_around_a_change_frames_under_either_key_are_taken_for_a_while(plain_length: bool) -> None:
    async def work() -> None:
        until = time.time() + 3600
        async with opened(known(key=KEY, former_key=b"1" * 16, former_until=until)) as door:
            client = await door.client()
            numbers = [qn(place) for place in range(6)]
            plain = [said(number, "2025") for number in numbers]
            sent = [
                one.frame(key=KEY if place % 2 else b"1" * 16, plain_length=plain_length)
                for place, one in enumerate(plain)
            ]
            client.send(*sent)
            assert [line[9:26].decode() for line in await client.lines(6)] == numbers
            assert door.kept.contents == [
                one + frame_of(same.segment()) for one, same in zip(sent, plain, strict=True)
            ]
            assert door.events("connected") == []
            # The time is over: what comes under the former key is kept, reported, and not acknowledged.
            door.book.devices = {MN: known(key=KEY, former_key=b"1" * 16, former_until=time.time() - 1)}
            client.send(sent[0], sent[1])
            assert (await client.lines(1))[0][9:26].decode() == numbers[1]
            assert door.kept.deliveries[6].content == sent[0].rstrip()
            assert [found for kind, _, found in door.events("connected")] == ["bad_crc"]

    run(work)


def test_a_checksum_that_is_right_by_chance_opens_nothing() -> None:
    former = b"1" * 16
    frames = [parse_frame(said(qn(), "2025", value=str(number)).frame(key=former)) for number in range(3000)]
    by_chance = [one for one in frames if decrypted(one, KEY).accepted]
    assert by_chance, "one wrong key in 256 passes the checksum"
    assert not any(opens(one, [KEY]).accepted for one in frames)
    assert all("a21026-Rtd=" in opens(one, [KEY, former]).text for one in by_chance)


@pytest.mark.parametrize("loop", loops(), ids=lambda one: one.__module__.split(".")[0])
def test_a_packet_whose_parts_do_not_all_come_is_said_after_the_patience(loop: Loop) -> None:
    async def work() -> None:
        async with opened() as door:
            client = await door.client()

            def part(number: int, minute: int) -> bytes:
                made = said(qn(number), extra=(("PNUM", "2"), ("PNO", str(number)))).segment().decode()
                made = made.replace("Flag=5", "Flag=7").replace("20260601000000", f"2026060100{minute:02d}00")
                return frame_of(made.encode())

            client.send(part(1, 0), part(1, 1), part(2, 1))
            await client.lines(3)
            # Whose acknowledgement was lost sends the last part again.
            client.send(part(2, 1))
            await client.lines(1)
            now = door.kept.deliveries[-1].at / 1e6
            door.door.look(now + 30)
            assert door.events("connected") == []
            door.door.look(now + 41)
            assert [one for one in door.events("connected") if one[0] == "incomplete"] == [
                ("incomplete", "", "CN 2011, DataTime 20260601000000: 2 / 2")
            ]
            assert len(door.kept.deliveries) == 4, "every part is kept for itself"

    run(work, loop)
