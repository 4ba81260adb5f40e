"""Flags of a day and of a batch: each rule finds what is planted and leaves sound readings alone."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from readings.made_day import END, HOUR, LOAD, MICRO, QUARTER, RULES, SLOTS, START, Meter, at, flags, made, with_slots

from hengneng.readings.validation.flags import FLAGS, clock_flags
from hengneng.rules.tables import rule_table

SOUND = Meter(1)


def test_sound_readings_have_no_flags() -> None:
    wavy = Meter(2, tuple(LOAD + 2 * MICRO * (slot % 7) for slot in range(SLOTS)), calibrated_until=END)
    below = Meter(3, tuple(quantity - MICRO // 2 for quantity in wavy.quantities), parent=2)
    assert flags([SOUND, wavy, below]) == []


def test_gap() -> None:
    found = flags([SOUND, Meter(2, lost=frozenset({40, 41}))])
    assert found == [(2, "V3", at(40), at(43), 3 * QUARTER, QUARTER * 3 // 2)]


def test_gap_belongs_to_the_day_in_which_it_ends() -> None:
    day = made([SOUND])
    day.intervals.until[-1], day.intervals.estimated[-1] = END + 9000, True
    assert day.flags() == []


def test_prolonged_estimation() -> None:
    found = flags([Meter(1, began=3 * 86_400), Meter(2, began=3 * 86_400 - QUARTER)])
    assert [(row[0], row[1], row[4]) for row in found] == [
        (1, "V16", 3 * 86_400 + QUARTER),
        (1, "V3", 3 * 86_400 + QUARTER),
        (2, "V3", 3 * 86_400),
    ]


def test_hand_read_meters_are_not_estimated_for_long() -> None:
    day = made([Meter(1, began=30 * 86_400)])
    day.intervals.estimated[:] = False
    assert day.flags() == []


def test_negative_amount() -> None:
    found = flags([SOUND, Meter(2, with_slots({20: -1})), Meter(3, with_slots({20: 0}))])
    assert found == [(2, "V4", at(20), at(21), -1, 0)]


@pytest.mark.parametrize(("how", "rule", "bound"), [(1, "V21", 10**12), (2, "V22", None)])
def test_rollover_and_reset(how: int, rule: str, bound: int | None) -> None:
    found = flags([SOUND, Meter(2, how=((20, how),))])
    assert found == [(2, rule, at(20), at(21), LOAD, bound)]


def test_over_capacity_to_the_last_unit() -> None:
    capacity = 36 * MICRO
    most = capacity * 11 // 40  # a quarter of an hour at capacity, and a tenth
    even = Meter(1, with_slots({20: most}, fill=most // 2), capacity=capacity)
    above = replace(even, number=2, quantities=with_slots({20: most + 1}, fill=most // 2))
    assert flags([even, above, replace(above, number=3, capacity=None)]) == [(2, "V6", at(20), at(21), most + 1, most)]


def test_over_capacity_with_numbers_that_hardly_fit() -> None:
    huge = 2**63 - 1
    found = flags([Meter(1, with_slots({20: huge}, fill=0), capacity=1000, register=0)])
    assert (1, "V6", at(20), at(21), huge, 275) in found


def test_spike_to_the_last_unit() -> None:
    # Hours count 40; the third highest is 40, so 112 is the limit and not above it.
    even = Meter(1, with_slots({20: 82 * MICRO}), capacity=None)
    above = Meter(2, with_slots({20: 82 * MICRO + 1}), capacity=None)
    assert flags([even, above]) == [(2, "V7", at(20), at(24), 112 * MICRO + 1, 112 * MICRO)]


def test_spike_wants_a_third_hour_with_load() -> None:
    two = dict.fromkeys(range(40, 48), LOAD)
    assert flags([Meter(1, with_slots(two, fill=0), capacity=None)]) == []


def test_spike_of_an_estimated_hour_is_none() -> None:
    found = flags([Meter(1, with_slots({20: 820 * MICRO}), capacity=None, lost=frozenset({20}))])
    assert [row[1] for row in found] == ["V3"]


def test_standstill_beside_load() -> None:
    four, three = dict.fromkeys(range(40, 56), 0), dict.fromkeys(range(40, 52), 0)
    main = Meter(1, (3 * LOAD,) * SLOTS)
    still, short, sibling = (
        Meter(2, with_slots(four, fill=LOAD), parent=1),
        Meter(3, with_slots(three, fill=LOAD), parent=1),
        Meter(4, parent=1),
    )
    found = [row for row in flags([main, still, short, sibling]) if row[1] == "V5"]
    assert found == [(2, "V5", at(40), at(56), 4 * HOUR, 4 * HOUR)]


def test_standstill_of_a_main_meter_whose_submeters_count() -> None:
    found = flags([Meter(1, with_slots(dict.fromkeys(range(40, 60), 0))), Meter(2, parent=1)])
    assert (1, "V5", at(40), at(60), 5 * HOUR, 4 * HOUR) in found


def test_standstill_while_everything_stands_still_is_sound() -> None:
    night = with_slots(dict.fromkeys(range(40), 0))
    assert flags([Meter(1, night), Meter(2, night, parent=1)]) == []


def test_standstill_alone() -> None:
    still = Meter(1, (0,) * SLOTS)
    new = replace(still, number=2, register=0)
    nearly = Meter(3, with_slots({95: 1}, fill=0))
    assert flags([still, new, nearly]) == [(1, "V5", START, END, 86_400, 86_400)]


@pytest.mark.parametrize(
    ("below", "flagged"),
    [(102 * LOAD // 100, None), (102 * LOAD // 100 + 1, -2), (90 * LOAD // 100, None), (90 * LOAD // 100 - 1, 10)],
)
def test_submeters_against_the_main_meter(below: int, flagged: int | None) -> None:
    half = below // 2
    meters = [Meter(1), Meter(2, (half,) * SLOTS, parent=1), Meter(3, (below - half,) * SLOTS, parent=1)]
    main = LOAD * SLOTS
    expected = [(1, "V13", START, END, main - below * SLOTS, main * (flagged or 0) // 100)] if flagged else []
    assert flags(meters) == expected


def test_submeters_are_not_judged_when_one_lacks_a_part() -> None:
    """The rest of the day is not zero."""
    partly = Meter(2, parent=1, lost=frozenset(range(48, SLOTS)))
    assert flags([Meter(1), partly]) == []


def test_meter_past_its_verification() -> None:
    found = flags(
        [
            Meter(1, calibrated_until=END),
            Meter(2, calibrated_until=START + HOUR),
            Meter(3, calibrated_until=START - 86_400),
        ]
    )
    assert found == [(2, "V17", START + HOUR, END, 23 * HOUR, 0), (3, "V17", START, END, 2 * 86_400, 0)]


def test_a_rule_that_is_not_in_force_finds_nothing() -> None:
    bad = Meter(1, with_slots({20: -1, 60: 900 * MICRO}), lost=frozenset({40}), how=((70, 2),), calibrated_until=0)
    assert {row[1] for row in flags([bad])} == {"V3", "V4", "V6", "V7", "V17", "V22"}
    for rule in ("V3", "V4", "V6", "V7", "V17", "V22"):
        fewer = replace(RULES, flags={n: v for n, v in RULES.flags.items() if not n.startswith(f"{rule}.")})
        assert rule not in {row[1] for row in flags([bad], fewer)}
    assert flags([bad], replace(RULES, flags={})) == []


def test_every_flag_is_a_rule_of_the_table() -> None:
    known = {
        entry.key["rule"] for entry in rule_table("reading_validation").entries if entry.attributes["applied"] == "flag"
    }
    made = {"V1", "V23"} | {"V3", "V4", "V5", "V6", "V7", "V13", "V16", "V17", "V21", "V22"}
    assert known == made


ODD = st.sampled_from(
    [
        Meter(9, lost=frozenset({10, 11})),
        Meter(9, with_slots({5: -7})),
        Meter(9, with_slots({50: 800 * MICRO})),
        Meter(9, (0,) * SLOTS),
        Meter(9, how=((30, 2),)),
        Meter(9, calibrated_until=0, began=4 * 86_400),
    ]
)


@settings(max_examples=30, deadline=None)
@given(st.lists(ODD, min_size=1, max_size=4), ODD)
def test_a_worse_meter_removes_no_flag_of_a_meter_that_is_not_its_kin(others: list[Meter], worse: Meter) -> None:
    numbered = [replace(meter, number=number) for number, meter in enumerate(others, 10)]
    before = flags([*numbered, Meter(9)])
    after = flags([*numbered, worse])
    assert [row for row in after if row[0] != 9] == before


def batch(*readings: tuple[int, int]) -> tuple[Any, Any]:
    return np.array([m for m, _ in readings], np.int32), np.array([t for _, t in readings], np.int64)


@pytest.mark.parametrize(
    ("behind", "flag"),
    [
        (0, None),
        (QUARTER, None),  # waited for its batch
        (-60, None),
        (-61, ("V1", 61, 60)),
        (-180, ("V1", 180, 60)),
        (-181, ("V1", 181, 180)),
        (QUARTER + 60, None),
        (QUARTER + 61, ("V1", -61, -60)),
        (QUARTER + 181, ("V1", -181, -180)),
        (2 * HOUR, ("V23", -2 * HOUR, -2 * HOUR)),
        (2 * HOUR + 180, ("V23", -2 * HOUR - 180, -2 * HOUR)),
        (2 * HOUR - 180, ("V23", -2 * HOUR + 180, -2 * HOUR)),
        (2 * HOUR + 181, None),  # late data say nothing about the clock
        (60 * 86_400, None),
        (-2 * HOUR, ("V1", 2 * HOUR, 180)),
    ],
)
def test_clocks(behind: int, flag: tuple[str, int, int] | None) -> None:
    now = START + 10 * HOUR
    meter, time = batch((7, now - behind - QUARTER), (7, now - behind), (8, now - 5))
    found = [tuple(row.values()) for row in clock_flags(meter, time, now, {7: QUARTER, 8: QUARTER}, RULES).to_pylist()]
    assert found == ([(7, flag[0], now - behind, now - behind, *flag[1:])] if flag else [])


def test_clocks_of_meters_without_interval_and_of_nothing() -> None:
    meter, time = batch((7, START + 9999))
    assert clock_flags(meter, time, START, {}, RULES).num_rows == 0
    assert clock_flags(*batch(), START, {7: QUARTER}, RULES).schema.equals(FLAGS)


def test_the_limits_are_those_of_the_table() -> None:
    assert RULES.flags["V7.share"] == Fraction(9, 5)
    assert RULES.flags["V5.alone"] == 86_400
    assert "V20.share" not in RULES.flags  # judged per month
