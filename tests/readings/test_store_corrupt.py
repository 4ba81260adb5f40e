"""Files that are not as they were written: named, set aside, rebuilt where that is possible; all other days go on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pyarrow.parquet as pq
import pytest
from support.stored import DAY, T0, current, history, points, rows_of

from hengneng.durable.files import CorruptFileError, check_file, partial_of
from hengneng.problems import Problem, RefusedError
from hengneng.readings import limits
from hengneng.readings.files import PointFile, ResultFile, read_points
from hengneng.readings.store import Store

JUNE_1 = date(2026, 6, 1)


def only(store: Store, day: date = JUNE_1) -> PointFile:
    (file,) = store.manifest().files[day]
    return file


def damage(file: PointFile) -> None:
    """Change one byte of the values, in the middle of a page."""
    column = pq.read_metadata(file.path).row_group(0).column(2)
    with file.path.open("r+b") as opened:
        opened.seek(column.data_page_offset + column.total_compressed_size - 3)
        byte = opened.read(1)[0]
        opened.seek(-1, 1)
        opened.write(bytes([byte ^ 0x10]))


def numbers(problems: list[Problem]) -> list[str]:
    return [problem.number for problem in problems]


def filled(store: Store) -> None:
    """Two days, the first of them merged from two files."""
    store.append(points(*((meter, T0 + step, meter * step) for meter in range(20) for step in range(20))), source="a")
    store.compact()
    store.append(points(*((meter, T0 + 100, meter) for meter in range(20))), source="b")
    store.append(points((1, T0 + DAY, 9)), source="c")
    store.compact(everything=True)


def test_a_changed_byte_is_found_by_whoever_reads(store: Store) -> None:
    filled(store)
    file = only(store)
    assert len(read_points(file)) == 420
    damage(file)
    with pytest.raises(CorruptFileError):
        read_points(file)
    with pytest.raises(CorruptFileError, match="SHA-256"):
        check_file(file.path, file.bytes, file.digest)


def test_a_corrupt_merged_file_is_set_aside_and_rebuilt(store: Store) -> None:
    filled(store)
    before, days = rows_of(store), store.days_of_points()
    file = only(store)
    damage(file)
    (found,) = store.verify()
    assert (found.number, found.where) == ("M009", file.name)
    assert "2026-06-01" in found.text("en")
    assert "20 meters" in found.text("en")
    (mended,) = store.verify(mend=True)
    assert mended.number == "M006"
    assert (store.folder / "aside" / file.path.name).exists()
    assert rows_of(store) == before
    assert store.days_of_points() == days
    assert store.verify() == []
    # Once more: now the rebuilt file is bad, and what it was made of is still there.
    damage(only(store))
    assert numbers(store.verify(mend=True)) == ["M006"]
    assert rows_of(store) == before


def test_a_missing_file_is_rebuilt_too(store: Store) -> None:
    filled(store)
    before = rows_of(store)
    only(store).path.unlink()
    assert numbers(store.verify()) == ["M009"]
    assert numbers(store.verify(mend=True)) == ["M006"]
    assert rows_of(store) == before


def test_what_cannot_be_rebuilt_is_reported_with_its_sources_and_comes_back_with_them(store: Store) -> None:
    one = points(*((meter, T0 + meter, meter) for meter in range(30)))
    two = points((1, T0 + DAY, 9))
    store.import_bulk([one, two], source="history.parquet", key="k")
    before = history(store)
    damage(only(store))
    (problem,) = store.verify(mend=True)
    assert problem.number == "M007"
    assert "history.parquet" in problem.text("zh")
    assert "30" in problem.text("en")
    # The other day goes on.
    assert current(store) == {(1, T0 + DAY): 9}
    assert store.verify() == []
    again = store.import_bulk([one, two], source="history.parquet", key="k")
    assert (again.known, again.days, again.doubles) == (False, (JUNE_1,), 1)
    assert history(store) == before
    assert store.import_bulk([one, two], source="history.parquet", key="k").known


def test_a_lost_batch_is_taken_again_under_its_key(store: Store) -> None:
    batch = points((1, T0, 5), (2, T0, 6))
    first = store.append(batch, key="k", source="gateway")
    store.compact()
    damage(only(store))
    assert numbers(store.verify(mend=True)) == ["M007"]
    assert rows_of(store) == {}
    second = store.append(batch, key="k", source="gateway")
    assert second > first
    assert store.append(batch, key="k", source="gateway") == second
    assert current(store) == {(1, T0): 5, (2, T0): 6}


def test_compaction_and_import_mend_what_they_meet(store: Store) -> None:
    filled(store)
    before = current(store)
    damage(only(store))
    store.append(points((5, T0 + 200, 1)))
    done = store.compact(everything=True)
    assert numbers(list(done.problems)) == ["M006"]
    assert current(store) == {**before, (5, T0 + 200): 1}
    damage(only(store))
    bulk = store.import_bulk([points((6, T0 + 200, 1))], source="f")
    assert numbers(list(bulk.problems)) == ["M006"]
    assert current(store) == {**before, (5, T0 + 200): 1, (6, T0 + 200): 1}
    assert store.verify() == []


def test_predecessors_end_with_the_time_of_grace(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(store)
    monkeypatch.setitem(limits.limit.values, "seconds_of_grace", -5)
    store.compact()
    damage(only(store))
    assert numbers(store.verify(mend=True)) == ["M007"]
    assert current(store) == {(1, T0 + DAY): 9}


def test_wrong_counts_in_the_manifest_are_found(store: Store) -> None:
    filled(store)
    with store._own() as journal:
        journal.execute("UPDATE point_file SET meters = 7, superseded = 3 WHERE day = ?", (20605,))
    found = store.verify()
    assert numbers(found) == ["M011", "M011"]
    assert {problem.values["what"] for problem in found} == {"meters", "superseded"}


def test_an_unreadable_batch_is_reported_and_the_others_go_on(store: Store) -> None:
    bad = store.append(points((1, T0, 5)))
    store.append(points((2, T0, 6)))
    with store._own() as journal:
        journal.execute("UPDATE inbox SET payload = ? WHERE id = ?", (b"rubbish", bad))
    assert current(store) == {(2, T0): 6}
    assert numbers(store.verify()) == ["M014"]
    done = store.compact()
    assert (numbers(list(done.problems)), done.batches) == (["M014"], 1)
    assert current(store) == {(2, T0): 6}


def test_a_journal_of_a_later_version_is_not_touched(store: Store, open_store: Callable[[], Store]) -> None:
    with store._own() as journal:
        journal.execute("UPDATE counter SET value = 99 WHERE name = 'schema'")
    with pytest.raises(RefusedError) as info:
        open_store()
    assert info.value.problems[0].number == "M012"


@pytest.mark.sqlite
def test_a_journal_that_is_no_database_is_said_clearly(store: Store, open_store: Callable[[], Store]) -> None:
    store.close()
    for name in ("journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"):
        (store.folder / name).unlink(missing_ok=True)
    (store.folder / "journal.sqlite").write_bytes(b"rubbish" * 1000)
    with pytest.raises(RefusedError) as info:
        open_store()
    assert info.value.problems[0].number == "M015"


def test_results_are_published_together_and_replaced(store: Store) -> None:
    def result(day: date, kind: str, content: bytes) -> str:
        name = store.new_result(day, kind, 7)
        partial_of(store.folder / name).write_bytes(content)
        files.append(store.finish_result(day, kind, name, rows=1, arrival=7, edition="e"))
        return name

    files: list[ResultFile] = []
    first = [result(JUNE_1, "hours", b"1"), result(JUNE_1, "days", b"2"), result(date(2026, 6, 2), "days", b"3")]
    store.publish_results(files)
    assert sorted(one.name for one in store.manifest().results.values()) == sorted(first)
    files.clear()
    new = result(JUNE_1, "days", b"4")
    store.publish_results(files, replaces=[JUNE_1])
    results = store.manifest().results
    assert {place: one.name for place, one in results.items()} == {
        (JUNE_1, "days"): new,
        (date(2026, 6, 2), "days"): first[2],
    }
    assert store.verify() == []
    # Replaced results stay for those who read them.
    assert (store.folder / first[0]).exists()
    (store.folder / new).write_bytes(b"5")
    assert numbers(store.verify()) == ["M009"]
