"""The hours of an outlet: means that are valid or not there, masses, limits, what the device itself said of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

import numpy as np

from hengneng.emissions.averaging import hour_means
from hengneng.emissions.exceedance import Exceedances, exceedances
from hengneng.emissions.masses import at_reference_oxygen, dry_standard_flows, dry_standard_hours, hourly_masses
from hengneng.emissions.parameters import (
    MarkRules,
    Parameter,
    ValidityRules,
    emission_limit,
    mark_rules,
    reference_oxygen,
    valid_flags,
    validity_rules,
)
from hengneng.emissions.series import HOUR, LONGEST_WORD, Means, Samples, Times, Truths, Values, Words
from hengneng.monitoring.limits import limit
from hengneng.monitoring.models import Outlet, Series
from hengneng.monitoring.records import FLOW, OutletRecords, records_of
from hengneng.monitoring.taking import FLAG, local_offset
from hengneng.readings.points import MICRO
from hengneng.readings.reader import readings_of
from hengneng.readings.store import Store
from hengneng.rules.tables import RuleNotFoundError, rule_table

# HJ 212-2017, annex B: the quantities that turn concentrations into masses.
GAS_FLOW, WATER_FLOW = "a00000", "w00000"
OXYGEN, TEMPERATURE, STATIC_PRESSURE, MOISTURE = "a19001", "a01012", "a01013", "a01014"
AIR_PRESSURE, ACIDITY = "a01006", "w01001"
_PER_CENT, _KILOPASCAL = 0.01, 1000.0
_GRAMS_TO_KILOGRAMS = 0.001
# Cubic metres an hour of one unit of flow.
_FLOW = {"m3/s": 3600.0, "m3/h": 1.0, "L/s": 3.6}


@dataclass(frozen=True)
class Column:
    """One attribute of one factor: times [s UTC], values."""

    times: np.ndarray[tuple[int], np.dtype[np.int64]]
    values: Values

    def at(self, times: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Values:
        """The values at ``times``; NaN where there is none."""
        found = np.full(len(times), np.nan)
        if len(self.times):
            place = np.minimum(np.searchsorted(self.times, times), len(self.times) - 1)
            hit = self.times[place] == times
            found[hit] = self.values[place[hit]]
        return found


def letters_of(codes: Values) -> Words:
    """Flags (n) as letters out of their code points; empty where there is none."""
    known, place = np.unique(np.where(np.isnan(codes), 0, codes).astype(np.int64), return_inverse=True)
    found: Words = np.array([chr(one) if one else "" for one in known.tolist()], LONGEST_WORD)[place]
    return found


EMPTY = Column(np.zeros(0, np.int64), np.zeros(0))
Columns = dict[tuple[str, str, str], Column]


@dataclass(frozen=True)
class PollutantHours:
    """One pollutant of an outlet, arrays of its hours.

    ``measured``: dry standard gas, or water, mg/m3 or mg/L; ``judged``: what limits speak of (at reference oxygen where
    there is one); ``mass`` [kg]; ``reported``: the hour means that the device sent. ``against`` is None where no limit
    of hours is known; then ``no_limit`` says why. ``limit_of_day``: the limit that day means are held against.
    """

    pollutant: str
    factor: str
    measured: Means
    judged: Means
    mass: Means
    reported: Values
    against: Exceedances | None
    no_limit: str = ""
    limit_of_day: Parameter | None = None


@dataclass(frozen=True)
class OutletHours:
    """The hours of an outlet from ``start`` to ``end`` [s UTC], by pollutant; ``columns``: what they were made of.

    ``state``: temperature [°C], pressures [Pa] and moisture [fraction] of gas that is sent as it flows, else None.
    ``marks`` is the mark of operation of each hour, ``still`` those marked as without emission from begin to end.
    """

    outlet: Outlet
    start: int
    end: int
    interval: int
    flow: Means | None
    oxygen: Means | None
    acidity: Means | None
    pollutants: dict[str, PollutantHours]
    columns: Columns = field(repr=False, default_factory=dict)
    state: dict[str, Values] | None = field(repr=False, default=None)
    marks: Words = field(repr=False, default_factory=lambda: np.zeros(0, LONGEST_WORD))
    still: Truths = field(repr=False, default_factory=lambda: np.zeros(0, np.bool_))
    records: OutletRecords = field(repr=False, default_factory=OutletRecords)


@cache
def pollutants_of(medium: str) -> dict[str, str]:
    """Pollutants by factor of HJ 212 (table emission_pollutants)."""
    rows = rule_table("emission_pollutants").entries
    return {
        row.attributes["hj212_code"]: row.key["pollutant"] for row in rows if row.attributes["medium"] == medium
    }


def columns_of(store: Store, outlet: Outlet, start: int, end: int) -> Columns:
    """Everything that the device of an outlet sent for times from ``start`` up to, not including, ``end``."""
    return columns_of_all(store, [outlet], start, end).get(outlet.pk, {})


def columns_of_all(
    store: Store, outlets: Iterable[Outlet], start: int, end: int, only: Collection[tuple[str, str]] | None = None
) -> dict[int, Columns]:
    """The same of several outlets by key, in one reading; ``only``: of these pairs of period and attribute."""
    of_device = {one.device_id: one.pk for one in outlets if one.device_id is not None}
    names = {
        one.number: one
        for one in Series.objects.filter(device__in=of_device)
        if only is None or (one.period, one.attribute) in only
    }
    if not names:
        return {}
    table = readings_of(store, sorted(names), start - 1, end - 1)
    meter, at, value = (table[name].to_numpy() for name in ("meter", "at", "value"))
    edges = np.flatnonzero(np.diff(meter)) + 1
    found: dict[int, Columns] = {}
    for begin, stop in zip([0, *edges], [*edges, len(meter)], strict=True):
        if stop > begin:
            one = names[int(meter[begin])]
            of_outlet = found.setdefault(of_device[one.device_id], {})
            of_outlet[one.period, one.factor, one.attribute] = Column(at[begin:stop], value[begin:stop] / MICRO)
    return found


def within(columns: Columns, start: int, end: int) -> Columns:
    """What of ``columns`` is of times from ``start`` up to, not including, ``end`` [s UTC]; columns without any go."""
    found: Columns = {}
    for name, one in columns.items():
        begin, stop = np.searchsorted(one.times, (start, end))
        if stop > begin:
            found[name] = Column(one.times[begin:stop], one.values[begin:stop])
    return found


def outlet_hours(
    store: Store,
    outlet: Outlet,
    start: int,
    end: int,
    columns: Columns | None = None,
    records: OutletRecords | None = None,
) -> OutletHours:
    """The hours of an outlet, computed from what its device sent for minutes. ``start`` and ``end``: whole hours.

    ``columns`` and ``records``: what was read already; by default everything is read.
    """
    if columns is None:
        columns = columns_of(store, outlet, start, end)
    if records is None:
        records = records_of(outlet)
    day = day_of(start)
    rules = validity_rules(outlet.medium, day)
    interval = _interval(columns, rules)
    means = _Hours(columns, start, end, interval, rules, day, records)
    gas = outlet.medium == Outlet.Medium.GAS
    flow = means.of(GAS_FLOW if gas else WATER_FLOW, FLOW)
    if flow is not None:
        otherwise = Outlet.FlowUnit.CUBIC_METRES_A_SECOND if gas else Outlet.FlowUnit.LITRES_A_SECOND
        flow = _scaled(flow, _FLOW[outlet.flow_unit or otherwise])
    oxygen = means.of(OXYGEN) if gas else None
    state = None
    if gas and outlet.state == Outlet.State.AS_FLOWING:
        state = _state(means, outlet)
        flow = None if flow is None else dry_standard_flows(flow, **state)
    found = {}
    for factor, pollutant in pollutants_of(outlet.medium).items():
        measured = means.of(factor, pollutant)
        # Of acidity there is no mass; it is watched for what it says of the others.
        if measured is None or factor == ACIDITY:
            continue
        if state is not None:
            measured = dry_standard_hours(measured, **state)
        found[pollutant] = _pollutant(outlet, pollutant, factor, measured, flow, oxygen, means)
    acidity = None if gas else means.of(ACIDITY, "pH")
    return OutletHours(
        outlet, start, end, interval, flow, oxygen, acidity, found, columns, state, means.marks, means.still, records
    )


@dataclass(frozen=True)
class _Hours:
    columns: Columns
    start: int
    end: int
    interval: int
    rules: ValidityRules
    day: dt.date
    records: OutletRecords

    @cached_property
    def at(self) -> Times:
        """The hours [s UTC]."""
        return np.arange(self.start, self.end, HOUR, dtype=np.int64)

    @cached_property
    def mark_rules(self) -> MarkRules:
        """What marks mean on the day."""
        return mark_rules(self.day)

    @cached_property
    def marks(self) -> Words:
        """The mark of each hour."""
        return self.records.marks_of_hours(self.at)

    @cached_property
    def still(self) -> Truths:
        """Hours that are marked from begin to end as without emission."""
        return self.records.still(self.at, self.mark_rules)

    def of(self, factor: str, quantity: str = "") -> Means | None:
        """Hour means of a factor; None when the device sends nothing of the kind.

        ``quantity``: what the analyser is checked for; while it is out of control there are none.
        """
        values = self.columns.get(("minutes", factor, "Avg"))
        if values is None:
            return None
        flags = self.columns.get(("minutes", factor, FLAG), EMPTY).at(values.times)
        letters = letters_of(flags)
        samples = Samples.of(values.times, values.values, letters, self.records.marks_at(values.times))
        means = hour_means(
            samples,
            self.start,
            self.end,
            flags=valid_flags(self.day),
            marks=self.mark_rules,
            rules=self.rules,
            interval=self.interval,
        )
        # A source that stands still need not send anything.
        stopped = self.still & ~means.valid
        reasons = np.where(stopped, "source-stopped", means.reasons).astype(LONGEST_WORD)
        unsure = means.unverified or (self.mark_rules.unverified and bool(stopped.any()))
        means = Means(means.times, means.values, means.counts, means.least, reasons, unsure)
        return self.records.controlled(quantity, means) if quantity else means


def _interval(columns: Columns, rules: ValidityRules) -> int:
    """How long each minute value stands for [s]: the usual distance between two. Water: ten minutes by HJ 212."""
    times = [one.times for (period, _, attribute), one in columns.items() if (period, attribute) == ("minutes", "Avg")]
    longest = max(times, key=len, default=np.zeros(0, np.int64))
    if len(longest) < limit("readings_that_say_an_interval"):
        return 60 if rules.counts_minutes else 600
    distance = int(np.median(np.diff(longest)))
    # HJ 212-2017, table 8: MinInterval divides the hour.
    return distance if 0 < distance <= HOUR // 2 and HOUR % distance == 0 and distance % 60 == 0 else 60


def _scaled(means: Means, factor: float) -> Means:
    return Means(means.times, means.values * factor, means.counts, means.least, means.reasons, means.unverified)


def _state(means: _Hours, outlet: Outlet) -> dict[str, Values]:
    """Temperature [°C], static and air pressure [Pa], moisture [fraction] of the hours.

    Few devices send the air pressure; where one does not, that of the place stands in.
    """
    size = (means.end - means.start) // HOUR
    unknown = np.full(size, np.nan)

    def values(factor: str, scale: float) -> Values:
        found = means.of(factor)
        return unknown if found is None else found.values * scale

    air = values(AIR_PRESSURE, _KILOPASCAL)
    place = np.nan if outlet.air_pressure is None else float(outlet.air_pressure) * _KILOPASCAL
    return {
        "temperature": values(TEMPERATURE, 1.0),
        "static_pressure": values(STATIC_PRESSURE, _KILOPASCAL),
        "atmospheric_pressure": np.where(np.isnan(air), place, air),
        "moisture": values(MOISTURE, _PER_CENT),
    }


def _pollutant(
    outlet: Outlet,
    pollutant: str,
    factor: str,
    measured: Means,
    flow: Means | None,
    oxygen: Means | None,
    of: _Hours,
) -> PollutantHours:
    rules, day, judged = of.rules, of.day, measured
    reference = reference_of(outlet, pollutant, day)
    if reference is not None and rules.highest_oxygen is not None:
        air = oxygen.values * _PER_CENT if oxygen is not None else np.full(len(measured.times), np.nan)
        judged = at_reference_oxygen(measured, air, reference, rules.highest_oxygen)
    mass = _mass(outlet, measured, flow, of)
    reported = of.columns.get(("hours", factor, "Avg"), EMPTY).at(measured.times)
    bound = limit_of(outlet, pollutant, "hour", day)
    against = None if bound is None else exceedances(judged, bound, marks=of.marks, rules=of.mark_rules)
    of_day = limit_of(outlet, pollutant, "day", day)
    why = "" if bound else "no-standard" if not outlet.standard else "limit-of-days" if of_day else "no-limit"
    return PollutantHours(pollutant, factor, measured, judged, mass, reported, against, why, of_day)


def sent_means(hours: OutletHours, factor: str) -> Values:
    """Means of the hours of everything that the device sent of ``factor``, whatever its flags and marks say; as sent.

    For signs that flags or marks are not what they say; NaN where nothing came.
    """
    sent = hours.columns.get(("minutes", factor, "Avg"), EMPTY)
    size = (hours.end - hours.start) // HOUR
    inside = (sent.times >= hours.start) & (sent.times < hours.end) & ~np.isnan(sent.values)
    slot = (sent.times[inside] - hours.start) // HOUR
    counts = np.bincount(slot, minlength=size)
    sums = np.bincount(slot, weights=sent.values[inside], minlength=size)
    means: Values = np.divide(sums, counts, out=np.full(size, np.nan), where=counts > 0)
    return means


def _mass(outlet: Outlet, measured: Means, flow: Means | None, of: _Hours) -> Means:
    if flow is None:
        size = len(measured.times)
        nothing = np.full(size, np.nan)
        reasons = np.full(size, "missing-flow", measured.reasons.dtype)
        flow = Means(measured.times, nothing, measured.counts, measured.least, reasons, measured.unverified)
    mass = hourly_masses(measured, flow, of.still)
    if of.mark_rules.unverified and bool(of.still.any()):
        mass = replace(mass, unverified=True)
    # mg/m3 times m3/h is mg/h; mg/L times m3/h is g/h: what the formula of gas calls a millionth is a thousandth here.
    return mass if outlet.medium == Outlet.Medium.GAS else _scaled(mass, _GRAMS_TO_KILOGRAMS / 1e-6)


def day_of(at: int) -> dt.date:
    """The local day of a moment [s UTC]: the one whose rules hold for what begins then."""
    return dt.datetime.fromtimestamp(at + local_offset(), dt.UTC).date()


def reference_of(outlet: Outlet, pollutant: str, day: dt.date) -> Parameter | None:
    """Reference oxygen [fraction] at which the limit of a pollutant is meant; None where there is none.

    A row of the limits names the kind of combustion (``oxygen_kind``) under which table reference_oxygen has it.
    """
    if outlet.medium != Outlet.Medium.GAS or not outlet.standard:
        return None
    bound = limit_of(outlet, pollutant, "hour", day)
    kind = bound.entry.attributes.get("oxygen_kind", "") if bound else outlet.source_kind
    try:
        return reference_oxygen(outlet.standard, kind, day) if kind else None
    except RuleNotFoundError:
        return None


def limit_of(outlet: Outlet, pollutant: str, period: str, day: dt.date) -> Parameter | None:
    """The limit of an outlet for a pollutant over a ``period`` (hour, day); None where none is known."""
    if not outlet.standard:
        return None
    try:
        return emission_limit(
            outlet.standard,
            outlet.source_kind,
            pollutant,
            period,
            day,
            region=outlet.region,
            condition=outlet.condition,
        )
    except RuleNotFoundError:
        return None
