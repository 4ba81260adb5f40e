"""Killed, cut off from power, out of disk, two at once: nothing acknowledged is lost, nothing is doubled."""

from __future__ import annotations

import multiprocessing
import os
import random
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from support.missing import cannot
from support.stored import DAY, T0, all_rows, current, points
from support.waiting import PATIENCE

from hengneng.problems import RefusedError
from hengneng.readings.compactor import Sorting
from hengneng.readings.journal import OvertakenError
from hengneng.readings.journal_sqlite import SqliteJournal
from hengneng.readings.points import Points
from hengneng.readings.store import Store

ROUNDS = 20
METERS = 10
FORK = multiprocessing.get_context("fork")


def batch(number: int) -> Points:
    """A batch whose readings no other batch has; neighbours lie in different days."""
    at = T0 + number % 7 * DAY + number
    return points(*((meter, at, number * 1000 + meter) for meter in range(METERS)))


def write(folder: Path, url: str, first: int, pipe: int) -> None:
    """Submit batches for ever, several at once, and say each acknowledged number over the pipe."""
    with Store.open(folder, url) as store, store.writer() as writer:
        number = first
        while True:
            several = [(n, writer.submit(batch(n), key=str(n))) for n in range(number, number + 5)]
            for n, future in several:
                future.result()
                os.write(pipe, f"{n}\n".encode())
            number += 5


def compact(folder: Path, url: str) -> None:
    """Compact for ever; wait for the lock when another has it."""
    with Store.open(folder, url) as store:
        while True:
            with suppress(RefusedError):
                store.compact(everything=random.random() < 0.5, wait=1)


def started(target: Callable[..., None], *values: object) -> multiprocessing.process.BaseProcess:
    process = FORK.Process(target=target, args=values, daemon=True)
    process.start()
    return process


def kill(process: multiprocessing.process.BaseProcess) -> None:
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()


class Acknowledged:
    """Numbers that a writer says over a pipe, from the end that is read; closed when all has been read."""

    def __init__(self, reading: int) -> None:
        self._reading = reading
        self._come = b""

    def numbers(self) -> set[int]:
        """Those that have been read."""
        # A line may be cut off by the kill; then nobody has been told.
        return {int(line) for line in self._come.split(b"\n")[:-1]}

    def at_least(self, count: int) -> None:
        """Read until so many have come. AssertionError when the writer ends before, or none comes for long."""
        while len(self.numbers()) < count:
            assert select.select([self._reading], [], [], PATIENCE)[0], "the writer acknowledges nothing"
            come = os.read(self._reading, 65536)
            assert come, f"the writer has ended after {len(self.numbers())} of {count}"
            self._come += come

    def all(self) -> set[int]:
        """All, once nobody can say any more."""
        with os.fdopen(self._reading, "rb") as pipe:
            self._come += pipe.read()
        return self.numbers()


def numbers_of(store: Store) -> set[int]:
    """Numbers of the stored batches; fails when one is there in part, twice or changed."""
    days = all_rows(store)
    if not days:
        return set()
    meter = np.concatenate([rows.meter for _, rows in days])
    at = np.concatenate([rows.second + start for start, rows in days])
    value = np.concatenate([rows.value for _, rows in days])
    number = value // 1000
    assert (meter == value % 1000).all()
    assert (at == T0 + number % 7 * DAY + number).all()
    assert len(np.unique(value)) == len(value), "a reading is doubled"
    numbers, counts = np.unique(number, return_counts=True)
    assert (counts == METERS).all(), "a batch is there in part"
    return set(numbers.tolist())


def test_writer_and_compactor_killed_at_random_lose_and_double_nothing(tmp_path: Path, journal_url: str) -> None:
    folder = tmp_path / "readings"
    chance = random.Random(4)
    told: set[int] = set()
    Store.open(folder, journal_url).close()
    for one in range(ROUNDS):
        reading, writing = os.pipe()
        writer = started(write, folder, journal_url, one * 100_000, writing)
        os.close(writing)
        compactors = [started(compact, folder, journal_url) for _ in range(2)]
        said = Acknowledged(reading)
        said.at_least(chance.randint(5, 40))
        time.sleep(chance.uniform(0, 0.05))
        every = [writer, *compactors]
        chance.shuffle(every)
        for process in every:
            kill(process)
            time.sleep(chance.uniform(0, 0.02))
        told |= said.all()
        if one % 5 == 4:
            with Store.open(folder, journal_url) as store:
                assert told <= numbers_of(store)
    with Store.open(folder, journal_url) as store:
        found = numbers_of(store)
        assert told <= found
        assert len(told) > ROUNDS * 10, "the rounds were too short to say anything"
        store.compact(everything=True)
        assert numbers_of(store) == found
        assert store.verify() == []
        # Whoever got no answer sends again; what was there is not doubled.
        for number in list(found - told)[:3] + list(told)[:3]:
            store.append(batch(number), key=str(number))
        assert numbers_of(store) == found


def test_a_killed_bulk_import_leaves_nothing_and_may_be_done_again(tmp_path: Path, journal_url: str) -> None:
    folder = tmp_path / "readings"
    parts = [batch(number) for number in range(400)]

    def work(ready: int) -> None:
        with Store.open(folder, journal_url) as store:
            os.write(ready, b"\n")
            store.import_bulk(parts, source="f", key="k", progress=lambda *_: time.sleep(0.0005))

    chance = random.Random(5)
    for _ in range(4):
        reading, writing = os.pipe()
        process = started(work, writing)
        os.read(reading, 1)
        os.close(reading)
        os.close(writing)
        time.sleep(chance.uniform(0.05, 0.3))
        kill(process)
        with Store.open(folder, journal_url) as store:
            assert numbers_of(store) in (set(), set(range(400)))
    with Store.open(folder, journal_url) as store:
        store.import_bulk(parts, source="f", key="k")
        assert numbers_of(store) == set(range(400))
        store.compact()
        assert store.verify() == []


def compact_and_count(folder: Path, url: str, pipe: int) -> None:
    with Store.open(folder, url) as store:
        done = 0
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            with suppress(RefusedError):
                done += store.compact(everything=True, wait=0.2).batches
        os.write(pipe, f"{done}\n".encode())


def test_two_compactors_at_once_take_each_batch_once(tmp_path: Path, journal_url: str) -> None:
    folder = tmp_path / "readings"
    Store.open(folder, journal_url).close()
    reading, writing = os.pipe()
    both = [started(compact_and_count, folder, journal_url, writing) for _ in range(2)]
    os.close(writing)
    sent = 0
    with Store.open(folder, journal_url) as store:
        while any(process.is_alive() for process in both):
            store.append(batch(sent))
            sent += 1
            time.sleep(0.002)
        for process in both:
            process.join()
        with os.fdopen(reading) as pipe:
            taken = [int(line) for line in pipe]
        assert len(taken) == 2
        assert sum(taken) + len(store.manifest().inbox) == sent
        assert numbers_of(store) == set(range(sent))
        store.compact(everything=True)
        assert store.verify() == []


def test_another_compactor_is_refused_clearly(open_store: Callable[[], Store]) -> None:
    store = open_store()
    store.append(batch(1))
    with store.locked("compactor") as mine:
        assert mine
        with pytest.raises(RefusedError) as info:
            open_store().compact()
        assert info.value.problems[0].number == "M008"
        # Batches are taken in all the same.
        store.append(batch(2))
    assert store.compact().batches == 2


def test_who_has_lost_the_lock_changes_nothing(store: Store) -> None:
    """A connection that breaks may free the lock: two at work see it when they publish."""
    store.append(batch(1))
    with store._own() as first, store._own() as second:
        slow, quick = Sorting(first, store.folder), Sorting(second, store.folder)
        quick.empty_inbox()
        store.append(batch(2))
        with pytest.raises(OvertakenError):
            slow.empty_inbox()
    assert numbers_of(store) == {1, 2}
    store.compact()
    assert numbers_of(store) == {1, 2}
    assert store.verify() == []


def test_leftovers_are_not_read_and_go(store: Store) -> None:
    store.append(batch(1))
    store.compact()
    ((file,),) = store.manifest().files.values()
    leftover = file.path.with_name("2026-06-01.1-00000000.parquet")
    partial = file.path.with_name(".2026-06-01.1-00000001.parquet.partial")
    shutil.copy(file.path, leftover)
    partial.write_bytes(b"half")
    assert numbers_of(store) == {1}
    assert [problem.number for problem in store.verify()] == ["M010", "M010"]
    store.compact()
    assert not leftover.exists()
    assert not partial.exists()
    assert file.path.exists()
    assert store.verify() == []


@contextmanager
def small_disk(place: Path, *words: str) -> Iterator[Path]:
    """A real file system of a few megabytes."""
    place.mkdir()
    done = subprocess.run(["mount", *words, str(place)], capture_output=True, text=True, check=False)
    if done.returncode:
        cannot(f"a small disk cannot be mounted here (run as root, where mount is allowed): {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_refuses_and_goes_on_when_there_is_room(tmp_path: Path, journal_url: str) -> None:
    disk = tmp_path / "disk"
    mounted = small_disk(disk, "-t", "tmpfs", "-o", "size=3m", "tmpfs")
    with mounted, Store.open(disk / "readings", journal_url) as store:
        accepted = set()
        for number in range(20):
            store.append(batch(number))
            accepted.add(number)

        def begin() -> None:
            """A process that begins only now, without even the room to open the journal."""
            with Store.open(disk / "readings") as another:
                another.append(batch(60_000))

        ballast = disk / "ballast"
        with ballast.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        calls: list[Callable[[], object]] = [
            store.compact,
            lambda: store.import_bulk([batch(50_000)], source="f"),
        ]
        if not journal_url:
            # The write-ahead log has room left from before; it is soon used up.
            calls.insert(0, lambda: [accepted.add(n) for n in range(20, 5000) if store.append(batch(n))])
            calls.append(begin)
        for call in calls:
            with pytest.raises(RefusedError) as info:
                call()
            assert {problem.number for problem in info.value.problems} == {"M005"}, info.value
            assert numbers_of(store) == accepted
        with store.writer() as writer:
            futures = [writer.submit(batch(n), key=str(n)) for n in range(6000, 6010)]
            for number, future in enumerate(futures, 6000):
                with suppress(RefusedError):
                    future.result(PATIENCE)
                    accepted.add(number)
            ballast.unlink()
            assert writer.submit(batch(7000)).result(PATIENCE)
        assert numbers_of(store) == {*accepted, 7000}
        store.compact()
        store.import_bulk([batch(50_000)], source="f")
        assert numbers_of(store) == {*accepted, 7000, 50_000}
        assert store.verify() == []


@pytest.mark.sqlite
def test_a_full_journal_refuses_and_goes_on(store: Store) -> None:
    store.append(batch(0))
    with store._mine() as journal:
        assert isinstance(journal, SqliteJournal)
        pages = journal.execute("PRAGMA page_count")[0][0]
        journal.execute(f"PRAGMA max_page_count = {int(str(pages)) + 3}")
        taken = {0}

        def fill() -> None:
            for number in range(1, 100):
                store.append(batch(number))
                taken.add(number)

        with pytest.raises(RefusedError) as info:
            fill()
        assert info.value.problems[0].number == "M005"
        assert numbers_of(store) == taken
        journal.execute("PRAGMA max_page_count = 1000000")
    store.append(batch(100))
    assert numbers_of(store) == {*taken, 100}


@pytest.mark.sqlite
def test_a_power_cut_loses_nothing_that_was_acknowledged() -> None:
    """The image of a disk, copied from under its mounted file system: it has what was synced, not what waits."""
    chance = random.Random(6)
    with tempfile.TemporaryDirectory() as temporary:
        image = Path(temporary, "image")
        with image.open("wb") as file:
            file.truncate(48 << 20)
        made = shutil.which("mkfs.ext4") and subprocess.run(["mkfs.ext4", "-q", str(image)], check=False)
        if not made or made.returncode:
            cannot("no mkfs.ext4 here: apt-get install e2fsprogs")
        with small_disk(Path(temporary, "disk"), "-o", "loop,commit=300", str(image)) as disk:
            for one in range(4):
                folder = disk / f"readings{one}"
                reading, writing = os.pipe()
                processes = [started(write, folder, "", 0, writing), started(compact, folder, "")]
                os.close(writing)
                said = Acknowledged(reading)
                said.at_least(chance.randint(11, 60))
                for process in processes:
                    assert process.pid is not None
                    os.kill(process.pid, signal.SIGSTOP)
                copy = Path(temporary, f"copy{one}")
                shutil.copyfile(image, copy)
                for process in processes:
                    kill(process)
                told = said.all()
                after = Path(temporary, f"after{one}")
                with small_disk(after, "-o", "loop", str(copy)), Store.open(after / folder.name) as store:
                    assert told <= numbers_of(store)
                    store.compact(everything=True)
                    assert told <= numbers_of(store)
                    assert store.verify() == []


def test_a_reader_beside_writer_and_compactor_always_sees_whole_batches(tmp_path: Path, journal_url: str) -> None:
    folder = tmp_path / "readings"
    with Store.open(folder, journal_url) as store:
        reading, writing = os.pipe()
        processes = [started(write, folder, journal_url, 0, writing), started(compact, folder, journal_url)]
        os.close(writing)
        said, before = Acknowledged(reading), set[int]()
        # Between two looks it has always gone on.
        for looks in range(1, 31):
            said.at_least(10 * looks)
            found = numbers_of(store)
            assert before | said.numbers() <= found
            before = found
        for process in processes:
            kill(process)
        assert said.all() <= numbers_of(store)
        assert current(store)
        assert date(2026, 6, 1) in store.days_of_points()
