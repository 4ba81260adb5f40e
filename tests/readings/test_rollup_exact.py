"""Roll-ups against the rules written by hand, to the last integer; and what no order of work may change."""

from __future__ import annotations

import random
import sqlite3
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from readings.reference import DAY, Reference, Version, rolled_up
from readings.rollup_cases import (
    BEGIN,
    FIRST,
    MICRO,
    RULES,
    Reading,
    flags_of,
    load,
    meters_table,
    points_of,
    results_of,
    worse,
)
from readings.rollup_cases import same_as_reference as same

from hengneng.problems import RefusedError
from hengneng.readings.limits import limit
from hengneng.readings.points import Points, date_of
from hengneng.readings.rollup.engine import DayResult, roll_up
from hengneng.readings.store import Store
from hengneng.readings.validation.rules import rules_on


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "readings")


def reference(versions: list[Version], readings: list[Reading]) -> Reference:
    return rolled_up(readings, versions)


@pytest.mark.parametrize("engine", ["numpy", "duckdb"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_defects_at_once(store: Store, seed: int, engine: str) -> None:
    versions, readings = load(seed)
    store.append(points_of(readings))
    done = roll_up(store, meters_table(versions), RULES, flags=False, engine=engine)
    assert len(done.days) >= 4
    same(store, reference(versions, readings))


@pytest.mark.parametrize("seed", [1, 2])
def test_both_engines_and_any_size_of_piece_give_the_same(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hours, days, states and flags: template.sql and the columns in memory are written apart from each other."""
    versions, readings = load(seed, days=5)
    table, changed = worse(versions, readings, seed)
    found = []
    for engine, piece in (("duckdb", 1), ("numpy", 100_000), ("numpy", 70), ("numpy", 1)):
        monkeypatch.setitem(limit.values, "readings_in_piece", piece)
        store = Store.open(tmp_path / f"{engine}-{piece}")
        store.append(points_of(changed))
        roll_up(store, table, rules_on(date(2026, 6, 1)), engine=engine)
        found.append((results_of(store), flags_of(store)))
        store.close()
    assert all(one == found[0] for one in found[1:])
    flagged = {row["rule"] for rows in found[0][1].values() for row in rows}
    assert flagged >= {"V3", "V5", "V6", "V7", "V13", "V17", "V21", "V22"}


def test_numbers_that_hardly_fit(store: Store) -> None:
    """Twice what NumPy is trusted with, half of what fits: DuckDB has wider numbers."""
    versions = [Version(1, multiplier=1_500), Version(2)]
    readings = [(2, BEGIN + 900, 5), (2, BEGIN + 1800, 9), (1, BEGIN + 900, 0), (1, BEGIN + 9_000, 3 << 60)]
    store.append(points_of(readings))
    roll_up(store, meters_table(versions), RULES, flags=False)
    same(store, reference(versions, readings))


@pytest.mark.parametrize("seed", [4, 5])
def test_any_order_of_arrival_and_any_grouping_into_runs(store: Store, seed: int, tmp_path: Path) -> None:
    versions, readings = load(seed, days=3)
    # Revisions of one reading must keep their order among themselves: the later arrival is the current value.
    chance = random.Random(seed)
    places: dict[tuple[int, int], float] = {}
    arriving = sorted(readings, key=lambda one: places.setdefault(one[:2], chance.random()))
    table = meters_table(versions)
    while arriving:
        size = chance.randrange(1, 400)
        store.append(points_of(arriving[:size]))
        arriving = arriving[size:]
        if chance.random() < 0.4:
            roll_up(store, table, RULES, flags=False)
        if chance.random() < 0.1:
            store.compact()
    roll_up(store, table, RULES, flags=False)
    same(store, reference(versions, readings))
    once = Store.open(tmp_path / "once")
    once.append(points_of(readings))
    roll_up(once, table, RULES, flags=False)
    assert results_of(store) == results_of(once)


def test_hour_by_hour(store: Store) -> None:
    versions, readings = load(6, days=2)
    table = meters_table(versions)
    for hour in range(-1, 49):
        batch = [one for one in readings if BEGIN + hour * 3600 < one[1] <= BEGIN + (hour + 1) * 3600]
        if batch:
            store.append(points_of(batch))
            roll_up(store, table, RULES, flags=False)
    same(store, reference(versions, readings))


def test_recomputing_some_days_changes_nothing(store: Store) -> None:
    versions, readings = load(7)
    store.append(points_of(readings))
    table = meters_table(versions)
    roll_up(store, table, RULES, flags=False)
    for days in (range(FIRST, FIRST + 1), range(FIRST + 1, FIRST + 3), range(FIRST + 3, FIRST + 9)):
        done = roll_up(store, table, RULES, days=days, recompute=True, flags=False)
        assert done.days
    same(store, reference(versions, readings))


def test_only_some_days_then_the_others(store: Store) -> None:
    versions, readings = load(8)
    store.append(points_of(readings))
    table = meters_table(versions)
    roll_up(store, table, RULES, days=range(FIRST + 2, FIRST + 3), flags=False)
    roll_up(store, table, RULES, days=range(FIRST, FIRST + 1), flags=False)
    roll_up(store, table, RULES, flags=False)
    same(store, reference(versions, readings))
    assert not roll_up(store, table, RULES, flags=False).days


class Patience:
    """Asks to stop after so many questions."""

    def __init__(self, questions: int) -> None:
        self.left = questions

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_a_stopped_run_goes_on(store: Store) -> None:
    versions, readings = load(9, days=6)
    store.append(points_of(readings))
    table = meters_table(versions)
    seen = []
    runs = 0
    while True:
        done = roll_up(store, table, RULES, flags=False, on_day=lambda one: seen.append(one.day), stop=Patience(9))
        runs += 1
        if not done.stopped:
            break
        assert runs < 20
    assert runs > 1
    assert len(seen) == len(set(seen))
    same(store, reference(versions, readings))


def test_a_run_that_dies_leaves_whole_days(store: Store) -> None:
    versions, readings = load(10, days=30)
    store.append(points_of(readings))
    table = meters_table(versions)
    seen = []

    def die(result: DayResult) -> None:
        seen.append(result.day)
        if len(seen) == 25:
            raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        roll_up(store, table, RULES, flags=False, on_day=die)
    published = {day for day, _ in store.manifest().results}
    assert 0 < len(published) < 25
    done = roll_up(store, table, RULES, flags=False)
    assert not published & set(done.days)
    same(store, reference(versions, readings))


def test_a_day_that_lost_a_file_is_made_again(store: Store) -> None:
    versions, readings = load(11)
    store.append(points_of(readings))
    table = meters_table(versions)
    roll_up(store, table, RULES, flags=False)
    store.close()
    journal = sqlite3.connect(store.folder / "journal.sqlite")
    journal.execute("DELETE FROM result_file WHERE kind = 'state' AND day = ?", (FIRST + 1,))
    journal.commit()
    journal.close()
    store = Store.open(store.folder)
    assert date_of(FIRST + 1) in roll_up(store, table, RULES, flags=False).days
    assert not roll_up(store, table, RULES, flags=False).days
    same(store, reference(versions, readings))


def regular(days: int, step: int = 900, without: range = range(0)) -> list[Reading]:
    """One meter that counts one micro-unit a second."""
    return [(1, BEGIN + at, MICRO + at) for at in range(0, days * DAY + 1, step) if at not in without]


def test_a_late_reading_costs_its_own_day(store: Store) -> None:
    late = 5 * DAY + 7 * 3600
    versions, readings = [Version(1)], regular(10, without=range(late, late + 1))
    table = meters_table(versions)
    store.append(points_of(readings))
    assert len(roll_up(store, table, RULES, flags=False).days) == 11  # the first reading closes the day before
    store.append(points_of([(1, BEGIN + late, MICRO + late)]))
    done = roll_up(store, table, RULES, flags=False)
    assert [str(day) for day in done.days] == ["2026-06-06"]
    assert not roll_up(store, table, RULES, flags=False).days
    same(store, reference(versions, [*readings, (1, BEGIN + late, MICRO + late)]))


def test_a_late_reading_over_midnight_costs_two_days(store: Store) -> None:
    late = 5 * DAY
    versions, readings = [Version(1)], regular(10, without=range(late, late + 1))
    table = meters_table(versions)
    store.append(points_of(readings))
    roll_up(store, table, RULES, flags=False)
    store.append(points_of([(1, BEGIN + late, MICRO + late)]))
    # Its own day, and the next, which now begins with another reading.
    assert len(roll_up(store, table, RULES, flags=False).days) == 2
    same(store, reference(versions, [*readings, (1, BEGIN + late, MICRO + late)]))


def test_a_silent_month_is_filled_when_the_meter_comes_back(store: Store) -> None:
    versions = [Version(1), Version(2)]
    other = [(2, at, value) for _, at, value in regular(45)]
    silence = range(5 * DAY + 900, 36 * DAY)
    readings = regular(45, without=silence)
    table = meters_table(versions)
    before = [one for one in readings if one[1] <= BEGIN + silence.start]
    store.append(points_of(before + other))
    roll_up(store, table, RULES, flags=False)
    assert (FIRST + 20, 1) not in results_of(store)["days"]
    store.append(points_of(readings[len(before) :]))
    roll_up(store, table, RULES, flags=False)
    found = results_of(store)["days"]
    assert found[FIRST + 20, 1] == (DAY, DAY, DAY, DAY, 0, 96)
    same(store, reference(versions, [*before, *other, *readings[len(before) :]]))


def test_a_silence_of_all_meters_has_results(store: Store) -> None:
    readings = regular(9, without=range(2 * DAY + 1, 7 * DAY))
    store.append(points_of(readings))
    assert len(roll_up(store, meters_table([Version(1)]), RULES, flags=False).days) == 10
    same(store, reference([Version(1)], readings))


def test_a_clock_that_is_years_off_fills_no_years(store: Store) -> None:
    readings = [*regular(2), (1, BEGIN + 9_000 * DAY, 7 * MICRO)]
    store.append(points_of(readings))
    assert len(roll_up(store, meters_table([Version(1)]), RULES, flags=False).days) == 4
    found = results_of(store)["days"]
    assert found[FIRST + 8_999, 1] == (None, 0, None, 0, 1, 96)


def test_a_monthly_amount_reaches_back_before_the_first_day(store: Store) -> None:
    versions = [Version(1, kind="amount", interval=30 * DAY)]
    readings = [(1, BEGIN + 5 * DAY, 30_000_001)]
    store.append(points_of(readings))
    assert len(roll_up(store, meters_table(versions), RULES, flags=False).days) == 30
    same(store, reference(versions, readings))
    assert not roll_up(store, meters_table(versions), RULES, flags=False).days


def test_an_amount_that_was_never_reported_stays_missing(store: Store) -> None:
    """An amount is of its own day: the day between two of them has no quantity, rather than half of the next."""
    versions = [Version(1, kind="amount", interval=DAY)]
    readings = [(1, BEGIN + DAY, 400_000_000), (1, BEGIN + 3 * DAY, 380_000_000)]
    store.append(points_of(readings))
    roll_up(store, meters_table(versions), RULES, flags=False)
    days = {day: row for (day, _), row in results_of(store)["days"].items()}
    assert [row[0] for _, row in sorted(days.items()) if row[0] is not None] == [400_000_000, 380_000_000]
    assert max(days) - min(days) == 2
    same(store, reference(versions, readings))


def test_too_large_is_an_error_with_a_number(store: Store) -> None:
    store.append(points_of([(1, BEGIN + 900, 0), (1, BEGIN + 1800, 1 << 61)]))
    with pytest.raises(RefusedError) as refused:
        roll_up(store, meters_table([Version(1, multiplier=1_000_000)]), RULES, flags=False)
    assert [problem.number for problem in refused.value.problems] == ["M042"]
    assert not store.manifest().results


def test_meters_that_cannot_be(store: Store) -> None:
    overlapping = [Version(1, valid_to=100), Version(1, valid_from=99)]
    for versions in (overlapping, [Version(1, multiplier=0)], [Version(1, kind="other")], [Version(1, interval=0)]):
        with pytest.raises(RefusedError) as refused:
            roll_up(store, meters_table(versions), RULES, flags=False)
        assert {problem.number for problem in refused.value.problems} == {"M041"}
    with pytest.raises(RefusedError) as refused:
        roll_up(store, meters_table([Version(1)]).drop_columns(["capacity"]), RULES, flags=False)
    assert [problem.number for problem in refused.value.problems] == ["M040"]


def test_one_roll_up_at_a_time(store: Store) -> None:
    with store.locked("rollup"), pytest.raises(RefusedError) as refused:
        roll_up(store, meters_table([Version(1)]), RULES)
    assert [problem.number for problem in refused.value.problems] == ["M043"]


def test_no_readings(store: Store) -> None:
    assert not roll_up(store, meters_table([Version(1)]), RULES).days
    store.append(Points.of([9], [BEGIN + 5], [1]))
    assert len(roll_up(store, meters_table([]), RULES).days) == 1  # a meter that is in no register
    assert results_of(store)["days"] == {}


times = st.lists(st.integers(1, 3 * DAY), min_size=1, max_size=12, unique=True)


@settings(max_examples=25)
@given(
    times=times,
    values=st.lists(st.integers(-(10**6), 10**13), min_size=12, max_size=12),
    kind=st.sampled_from(["register", "amount"]),
    multiplier=st.integers(1, 10**6),
    modulus=st.one_of(st.none(), st.integers(1, 10**13)),
    capacity=st.one_of(st.none(), st.integers(1, 10**13)),
    interval=st.integers(1, DAY),
    cuts=st.sets(st.integers(1, 11), max_size=3),
    shuffle=st.randoms(use_true_random=False),
)
def test_parts_add_to_the_whole_whatever_the_order(
    tmp_path_factory: pytest.TempPathFactory,
    times: list[int],
    values: list[int],
    kind: str,
    multiplier: int,
    modulus: int | None,
    capacity: int | None,
    interval: int,
    cuts: set[int],
    shuffle: random.Random,
) -> None:
    versions = [Version(1, 0, 1 << 62, kind, modulus, multiplier, capacity, interval)]
    readings = [(1, BEGIN + at, value) for at, value in zip(times, values, strict=False)]
    shuffle.shuffle(readings)
    table = meters_table(versions)
    store = Store.open(tmp_path_factory.mktemp("parts") / "readings")
    bounds = [0, *sorted(cut for cut in cuts if cut < len(readings)), len(readings)]
    for begin, end in pairwise(bounds):
        store.append(points_of(readings[begin:end]))
        roll_up(store, table, RULES, flags=False)
    expected = reference(versions, readings)
    same(store, expected)
    found = results_of(store)
    for (day, meter), row in found["days"].items():
        hours = [cells for (one, other, _), cells in found["hours"].items() if (one, other) == (day, meter)]
        assert (row[0] or 0) == sum(cells[0] or 0 for cells in hours)
        assert row[1] == sum(cells[1] or 0 for cells in hours)
    ordered = sorted(readings, key=lambda one: one[1])
    if kind == "amount":
        whole = sum(value * multiplier // 1000 for _, _, value in ordered)
        assert whole == sum(row[0] or 0 for row in found["days"].values())
    store.close()


@settings(max_examples=15)
@given(lost=st.sets(st.integers(1, 95), max_size=40), last=st.integers(40, 96))
def test_less_covered_is_never_more(tmp_path_factory: pytest.TempPathFactory, lost: set[int], last: int) -> None:
    """A register that only grows: whatever readings are missing at the end, no hour's number becomes larger by it."""
    folder = tmp_path_factory.mktemp("less")
    readings = [(1, BEGIN + place * 900, place * place * 1000) for place in range(97) if place not in lost]
    table = meters_table([Version(1)])
    found = []
    for name, cut in (("all", 97), ("fewer", last)):
        store = Store.open(folder / name)
        store.append(points_of([one for one in readings if one[1] < BEGIN + cut * 900 + 1]))
        roll_up(store, table, RULES, flags=False)
        found.append(results_of(store)["hours"])
        store.close()
    for key, row in found[1].items():
        assert (row[1] or 0) <= (found[0][key][1] or 0)
        assert (row[0] or 0) <= (found[0][key][0] or 0)
