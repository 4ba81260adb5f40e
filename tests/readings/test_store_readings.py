"""Readings taken in: idempotent, revised, late, in any order and grouping; compaction changes no value."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.stored import DAY, T0, current, history, points, rows_of
from support.waiting import PATIENCE

from hengneng.problems import RefusedError
from hengneng.readings import limits
from hengneng.readings.files import read_points
from hengneng.readings.points import Points, day_number, micro_from_float, micro_from_text, second_of_day, start_of
from hengneng.readings.reader import batch_of, readings_of
from hengneng.readings.store import StoppedError, Store


def refused(number: str, call: Callable[[], object]) -> RefusedError:
    with pytest.raises(RefusedError) as info:
        call()
    assert [problem.number for problem in info.value.problems] == [number]
    return info.value


def test_a_batch_that_comes_again_is_stored_once(store: Store) -> None:
    batch = points((1, T0, 5), (2, T0, 6))
    arrival = store.append(batch, key="k", source="gateway")
    assert store.append(batch, key="k", source="gateway") == arrival
    store.compact()
    assert store.append(batch, key="k", source="gateway") == arrival
    assert rows_of(store) == {(1, T0): [(arrival, 5)], (2, T0): [(arrival, 6)]}


def test_a_key_stands_for_its_content(store: Store) -> None:
    store.append(points((1, T0, 5)), key="k")
    refused("M004", lambda: store.append(points((1, T0, 6)), key="k"))
    refused("M004", lambda: store.import_bulk([points((1, T0, 6))], source="f", key="k"))
    with store.writer() as writer:
        wrong, right = writer.submit(points((1, T0, 7)), key="k"), writer.submit(points((1, T0, 8)), key="l")
        refused("M004", wrong.result)
        assert right.result() == 2
    assert current(store) == {(1, T0): 8}


@pytest.mark.parametrize(
    ("number", "batch"),
    [
        ("M001", Points.empty()),
        ("M003", points((1, 0, 5))),
        ("M003", points((1, T0 * 1000, 5))),
        ("M003", points((-1, T0, 5))),
    ],
)
def test_what_cannot_be_is_refused_whole(store: Store, number: str, batch: Points) -> None:
    both = Points.concat([points((7, T0, 1)), batch]) if len(batch) else batch
    refused(number, lambda: store.append(both))
    refused(number, lambda: store.import_bulk([both], source="f"))
    assert rows_of(store) == {}


def test_too_many_at_once_are_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.limit.values, "points_in_batch", 2)
    monkeypatch.setitem(limits.limit.values, "revisions_in_one_source", 2)
    refused("M002", lambda: store.append(points((1, T0, 5), (2, T0, 5), (3, T0, 5))))
    three = points((1, T0, 5), (1, T0, 6), (1, T0, 7))
    refused("M013", lambda: store.import_bulk([three], source="f"))
    monkeypatch.setitem(limits.limit.values, "points_in_batch", 3)
    refused("M013", lambda: store.append(three))
    assert rows_of(store) == {}


def test_another_value_is_a_revision_and_the_old_one_is_kept(store: Store) -> None:
    first = store.append(points((1, T0, 5)), source="a")
    second = store.append(points((1, T0, 6)), source="b")
    third = store.append(points((1, T0, 5)), source="c")
    for _ in range(2):
        assert rows_of(store) == {(1, T0): [(first, 5), (second, 6), (third, 5)]}
        table = readings_of(store, 1, T0 - 1, T0)
        assert table.to_pylist() == [{"meter": 1, "at": T0, "value": 5, "arrival": third}]
        every = readings_of(store, 1, T0 - 1, T0, all_revisions=True)
        assert every.column("value").to_pylist() == [5, 6, 5]
        sources = [batch_of(store, arrival) for arrival in every.column("arrival").to_pylist()]
        assert [batch.source for batch in sources if batch] == ["a", "b", "c"]
        store.compact(everything=True)


def test_a_batch_that_corrects_itself_keeps_both_values_and_the_last_one_holds(store: Store) -> None:
    batch = points((1, T0, 5), (2, T0, 1), (1, T0, 6), (1, T0, 6))
    arrival = store.append(batch, source="a")
    assert history(store) == {(1, T0): [5, 6], (2, T0): [1]}
    bulk = store.import_bulk([points((9, T0, 5)), points((9, T0, 4))], source="b")
    assert (bulk.points, bulk.doubles, bulk.revisions) == (2, 0, 1)
    assert history(store) == {(1, T0): [5, 6], (2, T0): [1], (9, T0): [5, 4]}
    for revisions in rows_of(store).values():
        for number, _ in revisions:
            found = batch_of(store, number)
            assert found is not None
            assert found.arrival in (arrival, bulk.arrival)


def test_midnight_closes_the_day_before(store: Store) -> None:
    midnight = start_of(date(2026, 6, 2))
    store.append(points((1, midnight, 5), (1, midnight + 1, 6)))
    assert sorted(store.days_of_points()) == [date(2026, 6, 1), date(2026, 6, 2)]
    at = np.array([midnight, midnight + 1], np.int64)
    assert second_of_day(at).tolist() == [DAY, 1]
    assert np.diff(day_number(at)).tolist() == [1]


def test_late_readings_go_to_the_files_of_their_day(store: Store) -> None:
    store.append(points(*((meter, T0, 5) for meter in range(50))))
    store.compact()
    before = store.manifest()
    late = store.append(points((1, T0 - 100 * DAY, 3)))
    store.compact()
    now = store.manifest()
    assert {day: files for day, files in now.files.items() if day in before.files} == dict(before.files)
    assert now.days_of_points() == {date(2026, 2, 21): late, date(2026, 6, 1): 1}


def test_moving_readings_into_files_makes_no_result_stale(store: Store) -> None:
    for one in range(5):
        store.append(points((1, T0 + one, one)))
        store.import_bulk([points((2, T0 + one, one))], source="f")
    before = store.days_of_points()
    store.compact(everything=True)
    assert store.days_of_points() == before
    assert max(before.values()) <= store.manifest().arrival


def test_a_bulk_import_is_newer_than_every_number_that_was_seen_before(store: Store) -> None:
    seen: list[int] = []

    def batches() -> Iterator[Points]:
        yield points((1, T0, 5))
        seen.append(store.append(points((1, T0, 6))))

    def progress(done: int, total: int) -> None:
        if total:
            # The import has its number already; this batch comes after it, and is seen before.
            seen.append(store.append(points((2, T0, 7))))
            seen.append(store.days_of_points()[date(2026, 6, 1)])

    bulk = store.import_bulk(batches(), source="f", progress=progress)
    assert bulk.arrival > seen[0]
    assert store.days_of_points()[date(2026, 6, 1)] > max(seen)
    assert current(store) == {(1, T0): 5, (2, T0): 7}


def test_a_bulk_import_again_stores_nothing(store: Store) -> None:
    parts = [points((1, T0, 5), (2, T0 + DAY, 6)), points((1, T0 - DAY, 4))]
    first = store.import_bulk(iter(parts), source="f", key="k")
    names = {file.name for files in store.manifest().files.values() for file in files}
    # Cut differently, it is the same source.
    again = store.import_bulk([Points.concat(parts)], source="f", key="k")
    assert (again.arrival, again.known, again.days) == (first.arrival, True, ())
    other = store.import_bulk(parts, source="f", key="another")
    assert (other.doubles, other.revisions, other.days) == (3, 0, ())
    assert {file.name for files in store.manifest().files.values() for file in files} == names


def test_a_stopped_bulk_import_leaves_nothing(store: Store) -> None:
    asked = iter([False, False, True, True])
    parts = [points((1, T0, 5)), points((1, T0 + DAY, 6))]
    with pytest.raises(StoppedError):
        store.import_bulk(parts, source="f", key="k", stop=lambda: next(asked))
    assert rows_of(store) == {}
    assert store.verify() == []
    assert store.import_bulk(parts, source="f", key="k").days == (date(2026, 6, 1), date(2026, 6, 2))


def test_a_bulk_import_with_little_memory_is_the_same(open_store: Callable[[], Store]) -> None:
    store = open_store()
    random = np.random.default_rng(1)
    many = Points(
        random.integers(1, 20, 5000, np.int32),
        T0 + random.integers(0, 9, 5000) * DAY // 2,
        random.integers(0, 3, 5000),
    )
    cut = [many.take(np.arange(start, start + 500)) for start in range(0, 5000, 500)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(limits.limit.values, "points_in_buffer", 700)
        bulk = store.import_bulk(cut, source="f")
    expected: dict[tuple[int, int], list[int]] = {}
    for meter, at, value in zip(many.meter.tolist(), many.at.tolist(), many.value.tolist(), strict=True):
        expected.setdefault((meter, at), []).append(value)
    changed = {
        place: [value for one, value in enumerate(values) if not one or values[one - 1] != value]
        for place, values in expected.items()
    }
    assert history(store) == changed
    assert bulk.points - bulk.doubles == sum(len(values) for values in changed.values())
    assert not (store.folder / "spool").exists() or not list((store.folder / "spool").iterdir())
    store.compact()
    assert store.verify() == []


READINGS = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 4).map(lambda step: T0 + step * DAY // 2), st.integers(0, 2)),
    min_size=1,
    max_size=6,
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), READINGS),
        st.tuples(st.just("bulk"), READINGS),
        st.tuples(st.sampled_from(["compact", "merge"]), st.just([])),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(steps=STEPS)
def test_compaction_equals_no_compaction(steps: list[tuple[str, list[tuple[int, int, int]]]]) -> None:
    """Whatever is done in between, each reading has had the values that were sent, in the order that they were sent."""
    expected: dict[tuple[int, int], list[int]] = {}
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "readings") as store:
        for step, readings in steps:
            for meter, at, value in readings:
                values = expected.setdefault((meter, at), [])
                if not values or values[-1] != value:
                    values.append(value)
            if step == "append":
                store.append(points(*readings))
            elif step == "bulk":
                store.import_bulk([points(reading) for reading in readings], source="f")
            else:
                store.compact(everything=step == "merge")
            assert history(store) == expected
        store.compact(everything=True)
        assert history(store) == expected
        assert sum(len(values) for values in rows_of(store).values()) == sum(map(len, expected.values()))
        assert store.verify() == []


@settings(max_examples=30)
@given(readings=READINGS, cuts=st.lists(st.integers(0, 6)), order=st.randoms())
def test_any_grouping_of_the_same_readings_gives_the_same(
    readings: list[tuple[int, int, int]], cuts: list[int], order: object
) -> None:
    edges = sorted({0, len(readings), *(cut for cut in cuts if cut < len(readings))})
    found = []
    for groups in (
        [readings],
        [readings[start:end] for start, end in pairwise(edges)],
        [[reading] for reading in readings],
    ):
        with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "readings") as store:
            for group in groups:
                store.append(points(*group))
            store.compact()
            found.append(history(store))
    assert found[0] == found[1] == found[2]


def test_many_days_with_little_room_are_emptied_in_rounds(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.limit.values, "points_in_compaction", 10)
    for one in range(12):
        store.append(points(*((meter, T0 + one, one) for meter in range(4))))
    before = current(store)
    said: list[tuple[int, int]] = []
    done = store.compact(progress=lambda *now: said.append(now))
    assert (done.batches, done.points, done.stopped) == (12, 48, False)
    assert said[-1] == (48, 48)
    assert current(store) == before
    asked = iter([False, True])
    for one in range(12):
        store.append(points(*((meter, T0 + DAY + one, one) for meter in range(4))))
    assert store.compact(stop=lambda: next(asked, True)).stopped
    assert 0 < len(store.manifest().inbox) < 12
    store.compact()
    assert len(current(store)) == 96


def test_a_snapshot_stays_readable_while_its_files_are_replaced(store: Store) -> None:
    store.append(points((1, T0, 5)))
    store.compact()
    old = store.manifest()
    store.append(points((1, T0 + 1, 6)))
    store.compact(everything=True)
    assert store.manifest().files != old.files
    (file,) = old.files[date(2026, 6, 1)]
    assert read_points(file).value.tolist() == [5]


def test_replaced_files_go_after_the_time_of_grace(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.append(points((1, T0, 5)))
    store.compact()
    (old,) = store.manifest().files[date(2026, 6, 1)]
    store.append(points((1, T0 + 1, 6)))
    store.compact(everything=True)
    assert old.path.exists()
    monkeypatch.setitem(limits.limit.values, "seconds_of_grace", -5)
    store.compact()
    assert not old.path.exists()
    assert store.verify() == []


def test_the_writer_takes_waiting_batches_together(store: Store) -> None:
    with store.writer() as writer:
        futures = [writer.submit(points((one, T0, one)), key=str(one)) for one in range(300)]
        arrivals = [future.result(PATIENCE) for future in futures]
        same = writer.submit(points((7, T0, 7)), key="7").result(PATIENCE)
    assert same == arrivals[7]
    assert sorted(arrivals) == list(range(1, 301))
    assert current(store) == {(one, T0): one for one in range(300)}
    with pytest.raises(RuntimeError, match="closed"):
        writer.submit(points((1, T0, 1)))


def test_many_threads_and_writers_get_numbers_of_their_own(open_store: Callable[[], Store]) -> None:
    arrivals: list[int] = []

    def work(part: int) -> None:
        store = open_store()
        arrivals.extend(store.append(points((part, T0 + one, one))) for one in range(20))

    threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(arrivals) == list(range(1, 81))


def test_the_clock_has_no_part_in_the_order(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for now, value in ((2_000_000_000, 5), (1_000_000_000, 6), (1_500_000_000, 7)):
        monkeypatch.setattr("time.time", lambda now=now: float(now))
        store.append(points((1, T0, value)), source=str(now))
        store.compact(everything=True)
        assert current(store) == {(1, T0): value}
    assert history(store) == {(1, T0): [5, 6, 7]}
    assert store.verify() == []


def test_floats_become_the_micro_units_that_they_are_written_with() -> None:
    values = [0.1, 123456.789, 1e-6, -0.000001, 9_007_199_254.740_993, 2.0, 1e12, 0.1234567, float("nan"), 1e300]
    micro, wrong = micro_from_float(np.array(values))
    assert wrong.tolist() == [False] * 7 + [True] * 3
    assert micro.tolist()[:4] == [100_000, 123_456_789_000, 1, -1]
    assert micro.tolist()[4:7] == [micro_from_text(repr(values[4])), 2_000_000, 10**18]
    assert micro.tolist()[7:] == [0, 0, 0]


@given(micro=st.integers(-(10**17), 10**17))
def test_every_decimal_number_comes_back_from_its_float(micro: int) -> None:
    text = f"{'-' if micro < 0 else ''}{abs(micro) // 10**6}.{abs(micro) % 10**6:06d}"
    assert micro_from_text(text) == micro
    if abs(micro) < 10**15:
        found, wrong = micro_from_float(np.array([float(text)]))
        assert not wrong[0]
        assert found[0] == micro


@pytest.mark.parametrize("text", ["", "abc", "1.2345678", "nan", "inf", "1e20", "1,200"])
def test_text_that_is_no_number_is_not_taken(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        micro_from_text(text)


def test_packed_readings_are_whole_or_refused() -> None:
    packed = points((1, T0, 5), (2, T0, -6)).pack()
    assert Points.unpack(packed).value.tolist() == [5, -6]
    for wrong in (packed[:-1], packed[:10], b"", b"X" + packed[1:], packed[:-1] + bytes([packed[-1] ^ 1])):
        with pytest.raises(ValueError, match=r".+"):
            Points.unpack(wrong)


def test_a_store_that_was_opened_before_a_fork_has_a_connection_of_its_own(store: Store) -> None:
    store.append(points((1, T0, 5)))
    child = os.fork()
    if not child:
        try:
            store.append(points((2, T0, 6)))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    store.append(points((3, T0, 7)))
    assert current(store) == {(1, T0): 5, (2, T0): 6, (3, T0): 7}


def test_the_memory_limit_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.memory_limit() == limits.limit("bytes_of_memory")
    for text, found in (("300MB", 300_000_000), ("2 GiB", 2 << 30)):
        monkeypatch.setenv(limits.MEMORY_VARIABLE, text)
        assert limits.memory_limit() == found
    monkeypatch.setenv(limits.MEMORY_VARIABLE, "much")
    with pytest.raises(ValueError, match="HENGNENG_READINGS_MEMORY"):
        limits.memory_limit()


@pytest.mark.postgresql
def test_a_broken_connection_is_said_and_made_anew(store: Store, journal_url: str) -> None:
    import psycopg

    def cut() -> None:
        with psycopg.connect(journal_url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND datname = current_database()")

    batch = points((1, T0, 5))
    with store.writer() as writer:
        arrival = writer.submit(batch, key="k").result()
        cut()
        refused("M015", lambda: store.append(points((2, T0, 6)), key="l"))
        refused("M015", writer.submit(points((3, T0, 7)), key="m").result)
        assert writer.submit(batch, key="k").result() == arrival
        writer.submit(points((3, T0, 7)), key="m").result()
    store.append(points((2, T0, 6)), key="l")
    assert current(store) == {(1, T0): 5, (2, T0): 6, (3, T0): 7}
