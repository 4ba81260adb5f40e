"""The log of deliveries: numbers in order, nothing lost between inbox and files, damage named."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hengneng.deliveries import Arrived, DeliveryLog
from hengneng.deliveries.packing import pack, unpack
from hengneng.problems import RefusedError


def some(count: int, begin: int = 0) -> list[Arrived]:
    return [
        Arrived(1_000_000 * i, "hj212", "10.0.0.1:5000", f"MN{i % 3}", b"##%04d" % i)
        for i in range(begin, begin + count)
    ]


@pytest.fixture
def url(database: str, home: object) -> str:
    return getattr(home, "database_url", "") if database == "postgresql" else ""


@pytest.fixture
def log(tmp_path: Path, url: str) -> Iterator[DeliveryLog]:
    with DeliveryLog.open(tmp_path / "deliveries", url) as opened:
        yield opened


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"deliveries_in_segment": 10, "deliveries_in_group": 4, "deliveries_at_once": 1000, "compression_level": 1}
    for room in ("log", "packing"):
        monkeypatch.setattr(f"hengneng.deliveries.{room}.limit", sizes.__getitem__)


arrived = st.builds(
    Arrived,
    st.integers(0, 2**60),
    st.sampled_from(["hj212", "mqtt"]),
    st.text(max_size=9),
    st.text(max_size=9),
    st.binary(),
)


@given(st.lists(arrived, min_size=1))
def test_what_is_packed_comes_back(given_: list[Arrived]) -> None:
    assert [Arrived(*one[1:]) for one in unpack(pack(given_), 7)] == given_
    assert [one.number for one in unpack(pack(given_), 7)] == list(range(7, 7 + len(given_)))


def test_numbers_go_on_and_reading_begins_anywhere(log: DeliveryLog) -> None:
    assert log.last() == 0
    assert log.read(0) == []
    assert log.append(some(3)) == 3
    assert log.append(some(2, 3)) == 5
    assert [one.number for one in log.read(0)] == [1, 2, 3, 4, 5]
    assert [one.content for one in log.read(1, 3)] == [b"##0001", b"##0002", b"##0003"]
    with pytest.raises(ValueError, match="no deliveries"):
        log.append([])


def test_files_and_inbox_together_give_what_the_inbox_gave(log: DeliveryLog, small: None) -> None:
    for begin in range(0, 35, 7):
        log.append(some(7, begin))
    before = log.read(0)
    assert log.archive() == 28  # 14 and 14: whole batches only
    assert [(one.first, one.last) for one in log.segments()] == [(1, 14), (15, 28)]
    assert log.read(0) == before
    assert log.read(12, 5) == before[12:17]
    assert log.archive(everything=True) == 7
    assert log.read(0) == before
    assert log.append(some(1)) == 36
    assert log.verify() == []


def test_each_reader_has_its_own_place(log: DeliveryLog) -> None:
    log.append(some(5))
    assert log.position("emissions") == 0
    log.move("emissions", 4)
    log.move("watch", 2)
    log.move("emissions", 5)
    assert (log.position("emissions"), log.position("watch")) == (5, 2)


def test_a_damaged_file_is_named_and_the_rest_is_read(log: DeliveryLog, small: None) -> None:
    for begin in range(0, 30, 10):
        log.append(some(10, begin))
    log.archive()
    broken = log.folder / log.segments()[1].name
    content = bytearray(broken.read_bytes())
    content[len(content) // 3] ^= 0xFF
    broken.write_bytes(content)
    assert [problem.number for problem in log.verify()] == ["M045"]
    assert len(log.read(0, 10)) == 10
    assert [one.number for one in log.read(20)] == list(range(21, 31))
    broken.unlink()
    with pytest.raises(RefusedError, match="M045"):
        log.read(10, 1)


def test_a_damaged_batch_and_a_gap_are_named(log: DeliveryLog) -> None:
    log.append(some(2))
    log.append(some(2))
    log.append(some(2))
    log._tables.execute("UPDATE inbox SET payload = ? WHERE id = 4", (b"nothing",))
    log._tables.execute("DELETE FROM inbox WHERE id = 2")
    assert {problem.number for problem in log.verify()} == {"M046", "M047"}
    with pytest.raises(RefusedError, match="M046"):
        log.read(2, 1)


def test_a_file_that_nobody_names_is_removed(log: DeliveryLog, small: None) -> None:
    log.append(some(10))
    log.archive()
    stray = log.folder / "segments" / "000000000001-00000000.parquet"
    stray.write_bytes(b"left over")
    log.archive()
    assert not stray.exists()
    assert len(log.read(0)) == 10


KEEPER = """
import sys
from pathlib import Path
from hengneng.deliveries import Arrived, DeliveryLog, log as module, packing
sizes = {"deliveries_in_segment": 40, "deliveries_in_group": 8, "deliveries_at_once": 1000, "compression_level": 1}
module.limit = packing.limit = sizes.__getitem__
with DeliveryLog.open(Path(sys.argv[1]), sys.argv[2]) as log:
    number = int(sys.argv[3])
    while True:
        batch = [Arrived(0, "hj212", "", "", str(number + i).encode()) for i in range(7)]
        log.append(batch)
        print(number + 6, flush=True)
        number += 7
        log.archive()
"""


def test_what_was_acknowledged_survives_kills_at_any_moment(tmp_path: Path, url: str) -> None:
    folder, acknowledged = tmp_path / "deliveries", -1
    for round_ in range(8):
        words = [sys.executable, "-c", textwrap.dedent(KEEPER), str(folder), url, str(acknowledged + 1)]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ})
        assert process.stdout
        first = process.stdout.readline()
        time.sleep(0.05 + 0.03 * round_)
        process.send_signal(signal.SIGKILL)
        lines = [first, *process.stdout.read().splitlines()]
        process.wait()
        process.stdout.close()
        # The last line may have been cut off; what it would have acknowledged may be there or not.
        acknowledged = max(acknowledged, *(int(line) for line in lines[:-1] or lines[:1] if line.strip()))
        with DeliveryLog.open(folder, url) as log:
            found = [int(one.content) for one in log.read(0, 10**6)]
            assert set(range(acknowledged + 1)) <= set(found)
            assert log.verify() == []
            acknowledged = max(found)
            assert found == sorted(set(found)), "nothing is there twice"


@pytest.mark.sqlite
def test_two_archivers_do_not_disturb_each_other(tmp_path: Path, small: None) -> None:
    with DeliveryLog.open(tmp_path) as one, DeliveryLog.open(tmp_path) as other:
        one.append(some(20))
        with one._tables.locked("archive", 0):
            assert other.archive() == 0
        assert other.archive() == 20
        assert one.archive() == 0
        assert len(one.read(0)) == 20


def test_a_full_disk_is_said_with_a_number(log: DeliveryLog, monkeypatch: pytest.MonkeyPatch, small: None) -> None:
    log.append(some(10))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("hengneng.deliveries.log.write_file", full)
        with pytest.raises(RefusedError, match="M005"):
            log.archive()
    assert log.archive() == 10
    kept: Callable[[], int] = log.last
    assert kept() == 10
