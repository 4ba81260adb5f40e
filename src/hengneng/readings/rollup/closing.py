"""Closing states: the last current reading of every meter up to the end of a day, and what follows it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from hengneng.readings.columns import NONE
from hengneng.readings.points import BoolArray, Int32Array, Int64Array, Points, places_in

EMPTY_DIGEST = "0"
_DIGEST_BYTES = 12

SCHEMA = pa.schema(
    [
        pa.field("meter", pa.int32(), nullable=False),
        pa.field("at", pa.int64(), nullable=False),
        pa.field("value", pa.int64(), nullable=False),
        pa.field("next_at", pa.int64()),
        pa.field("next_value", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Following:
    """Next readings by meter: time (seconds UTC) and value (micro-units)."""

    meter: Int32Array
    at: Int64Array
    value: Int64Array


NO_FOLLOWING = Following(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.int64))


@dataclass(frozen=True)
class State:
    """By meter: its last reading (seconds UTC, micro-units), and the reading after it where the results know one.

    ``next_at`` is :data:`NONE` where nothing later is known, or where the last reading closes the day exactly: then no
    interval is open that the day's results would need the next reading for.
    """

    meter: Int32Array
    at: Int64Array
    value: Int64Array
    next_at: Int64Array
    next_value: Int64Array

    def __len__(self) -> int:
        return len(self.meter)

    @classmethod
    def empty(cls) -> State:
        """No meter has been read yet."""
        nothing = np.empty(0, np.int64)
        return cls(np.empty(0, np.int32), nothing, nothing, nothing, nothing)

    @classmethod
    def from_table(cls, table: pa.Table) -> State:
        """The state that :meth:`to_table` wrote."""
        meter, at, value = (table.column(name).to_numpy() for name in ("meter", "at", "value"))
        following = [table.column(name).fill_null(NONE).to_numpy() for name in ("next_at", "next_value")]
        return cls(meter, at, value, *following)

    def to_table(self) -> pa.Table:
        """As a table of :data:`SCHEMA`, sorted by meter."""
        unknown = self.next_at == NONE
        columns = [pa.array(self.meter), pa.array(self.at), pa.array(self.value)]
        columns += [pa.array(self.next_at, mask=unknown), pa.array(self.next_value, mask=unknown)]
        return pa.Table.from_arrays(columns, schema=SCHEMA)

    @property
    def digest(self) -> str:
        """Of meters and last readings: two days with equal digests leave the same to the day after them."""
        if not len(self):
            return EMPTY_DIGEST
        found = hashlib.blake2b(digest_size=_DIGEST_BYTES)
        for column in (self.meter, self.at, self.value):
            found.update(np.ascontiguousarray(column).data)
        return found.hexdigest()

    def places_of(self, meter: Int32Array) -> tuple[Int64Array, BoolArray]:
        """For each of ``meter``: its place in the state, and whether it is there at all (else the place is any)."""
        return places_in(self.meter, meter)

    def following(self, known: Following) -> State:
        """The state with these next readings, for meters that it has; for all others none is known."""
        next_at, next_value = np.full(len(self), NONE), np.full(len(self), NONE)
        places, there = self.places_of(known.meter)
        next_at[places[there]], next_value[places[there]] = known.at[there], known.value[there]
        return State(self.meter, self.at, self.value, next_at, next_value)


@dataclass(frozen=True)
class Ends:
    """First and last current reading of each meter in a day, sorted by meter. ``starts``: places of the first ones."""

    meter: Int32Array
    starts: Int64Array
    first_at: Int64Array
    first_value: Int64Array
    last_at: Int64Array
    last_value: Int64Array


def ends_of(readings: Points) -> Ends:
    """The ends of readings that are sorted by meter and time."""
    if not len(readings):
        nothing = np.empty(0, np.int64)
        return Ends(readings.meter, nothing, nothing, nothing, nothing, nothing)
    starts = readings.starts
    lasts = np.append(starts[1:], len(readings)) - 1
    return Ends(
        readings.meter[starts],
        starts,
        readings.at[starts],
        readings.value[starts],
        readings.at[lasts],
        readings.value[lasts],
    )


def advanced(state: State, ends: Ends) -> State:
    """The state after a day with these readings. Next readings that were known go: they are those of the day."""
    if not len(ends.meter):
        return state
    places, there = state.places_of(ends.meter)
    at, value = state.at.copy(), state.value.copy()
    next_at, next_value = state.next_at.copy(), state.next_value.copy()
    old = places[there]
    at[old], value[old] = ends.last_at[there], ends.last_value[there]
    next_at[old], next_value[old] = NONE, NONE
    fresh = ~there
    if not fresh.any():
        return State(state.meter, at, value, next_at, next_value)
    where = np.searchsorted(state.meter, ends.meter[fresh])
    return State(
        np.insert(state.meter, where, ends.meter[fresh]),
        np.insert(at, where, ends.last_at[fresh]),
        np.insert(value, where, ends.last_value[fresh]),
        np.insert(next_at, where, NONE),
        np.insert(next_value, where, NONE),
    )
