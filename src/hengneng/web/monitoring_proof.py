"""The derivation of an hour: minutes that counted, mean, state and oxygen that the limit is meant at, limit, mass."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.urls import reverse

from hengneng.emissions.parameters import Parameter, mark_rules, valid_flags, validity_rules
from hengneng.formulas import flue_gas, formulas
from hengneng.formulas.registry import Formula
from hengneng.language import Text, message
from hengneng.monitoring.frames import Sent
from hengneng.monitoring.hours import EMPTY, OutletHours, PollutantHours, day_of, reference_of
from hengneng.monitoring.models import Outlet
from hengneng.monitoring.substituting import substitution_on
from hengneng.monitoring.taking import FLAG
from hengneng.readings.points import MICRO
from hengneng.web.mathematics import NotInSubsetError, mathml
from hengneng.web.monitoring_hours import known
from hengneng.web.monitoring_questions import (
    concentration_unit,
    flag_name,
    hour_written,
    reason_words,
    row_address,
)
from hengneng.web.monitoring_records import mark_names
from hengneng.web.speech import RATE, moment, shown

# Reasons that come from what people have said, whatever the minutes are.
_SAID = ("out-of-control", "source-stopped")
MEAN = r"\bar{C} = \frac{1}{n} \cdot \sum_{i=1}^{n} C_i"
MULTIPLE = r"m = \frac{C - L}{L}"
DECIMALS = 4


@dataclass(frozen=True)
class Minute:
    """A value that the device sent for some minutes: its flag, whether it counted, and the frames that brought it.

    ``why`` it did not count: its flag, that it has none, a mark of operation. ``frames``: number of the delivery,
    what it said, whether that is what counts today.
    """

    at: dt.datetime
    value: float | None
    flag: str
    flag_label: Text | None
    counted: bool
    why: str
    frames: list[tuple[int, str, bool]]

    @property
    def written(self) -> str:
        """The value with the digits that it has; a dash for none."""
        return shown(self.value, "", 3)


@dataclass(frozen=True)
class Given:
    """An input of a step: name, number, unit; ``address`` of the row it stands in, ``unverified`` when that is."""

    name: Text
    value: str
    unit: str = ""
    address: str = ""
    unverified: bool = False
    note: Text | None = None


@dataclass
class ProofStep:
    """A step: formula or equation, inputs, result or the reason why there is none."""

    title: Text
    value: str
    unit: str
    reason: Text | None = None
    equation: str = ""
    equation_words: str = ""
    formula: Formula | None = None
    version: int = 0
    givens: list[Given] = field(default_factory=list)
    note: Text | None = None


def minutes_of(hours: OutletHours, one: PollutantHours, sent: Iterable[Sent]) -> list[Minute]:
    """The values of the hour in their order, judged as the mean has judged them."""
    column = hours.columns.get(("minutes", one.factor, "Avg"), EMPTY)
    flags = hours.columns.get(("minutes", one.factor, FLAG), EMPTY).at(column.times)
    on = day_of(hours.start)
    counting, marks = valid_flags(on), hours.records.marks_at(column.times).tolist()
    running = mark_rules(on).counting
    frames: dict[int, list[tuple[int, str, bool]]] = {}
    for each in sent:
        if each.series.attribute == "Avg":
            frames.setdefault(each.at, []).append((each.delivery, f"{each.micro / MICRO:g}", each.current))
    found = []
    rows = zip(column.times.tolist(), column.values.tolist(), flags.tolist(), marks, strict=True)
    for at, value, code, mark in rows:
        if not hours.start <= at < hours.end:
            continue
        flag = "" if np.isnan(code) else chr(int(code))
        why = "" if flag in counting else "flag" if flag else "no-flag"
        if not why and mark not in running:
            why = "mark"
        found.append(
            Minute(
                at=moment(at),
                value=known(value),
                flag=flag,
                flag_label=flag_name(flag) if flag else None,
                counted=not why and not np.isnan(value),
                why=why,
                frames=frames.get(at, []),
            )
        )
    return found


def steps_of(
    outlet: Outlet, hours: OutletHours, one: PollutantHours, minutes: Sequence[Minute]
) -> list[ProofStep]:
    """From minutes to mean, to the state and oxygen of the limit, against it, and to the mass."""
    unit = concentration_unit(outlet)
    steps = [_mean(outlet, hours, one, minutes, unit)]
    if hours.state is not None:
        steps += _states(hours, one, unit)
    reference = reference_of(outlet, one.pollutant, day_of(hours.start))
    if reference is not None:
        steps.append(_oxygen(hours, one, reference, unit))
    steps += [_limit(one, unit), _mass(outlet, hours, one)]
    if (substitute := substitute_step(outlet, hours, one)) is not None:
        steps.append(substitute)
    return [*steps, _reported(one, unit)]


def _mean(
    outlet: Outlet, hours: OutletHours, one: PollutantHours, minutes: Sequence[Minute], unit: str
) -> ProofStep:
    counted = [each.value for each in minutes if each.counted and each.value is not None]
    rule = validity_rules(outlet.medium, day_of(hours.start))
    worth = hours.interval // 60 if rule.counts_minutes else 1
    count, least = len(counted) * worth, int(rule.least_of_hour.value)
    enough = count >= least and bool(counted)
    code = "" if enough else "too-few-valid-values" if minutes else "no-values"
    if (said := str(one.measured.reasons[0])) in _SAID:
        code, enough = said, False
    what = "minutes" if rule.counts_minutes else "values"
    return ProofStep(
        title=message("web.monitoring.step.mean"),
        value=shown(sum(counted) / len(counted), "", DECIMALS) if enough else "",
        unit=unit,
        reason=reason_words(code, count=count, least=least),
        equation=mathml(MEAN),
        givens=[
            Given(message("web.monitoring.step.counted"), str(len(counted)),
                  note=message("web.monitoring.step.of_values", count=len(minutes))),
            Given(message("web.monitoring.step.sum"), shown(sum(counted), "", DECIMALS) if counted else "—", unit),
            Given(message(f"web.monitoring.step.valid_{what}"), str(count)),
            _from_rule(message("web.monitoring.step.least"), rule.least_of_hour, str(least)),
        ],
        note=_mark_note(hours),
    )  # fmt: skip


def _mark_note(hours: OutletHours) -> Text | None:
    mark = str(hours.marks[0]) if len(hours.marks) else ""
    if not mark:
        return None
    entry = mark_names().get(mark)
    label = entry.label() if entry else Text(zh=mark, en=mark)
    return Text(
        zh=message("web.monitoring.step.marked", mark=label.zh).zh,
        en=message("web.monitoring.step.marked", mark=label.en).en,
    )


def substitute_step(outlet: Outlet, hours: OutletHours, one: PollutantHours) -> ProofStep | None:
    """What stands in for the missing mass of the hour, with the hours that it comes from; None where nothing could."""
    if one.mass.valid[0]:
        return None
    on = day_of(hours.start)
    found = substitution_on(outlet, one.pollutant, on)
    if found is None:
        return None
    standard, filled = found
    here = next((each for each in filled.substitutions if each.time == hours.start), None)
    title = message("web.monitoring.step.substitute", standard=standard)
    if here is None:
        return ProofStep(title, "", "kg", reason_words("no-substitute"))
    sources = [moment(at) for at in here.source_hours]
    values = filled.masses.values[np.searchsorted(filled.masses.times, np.array(here.source_hours, np.int64))]
    largest = int(here.source_hours[int(values.argmax())])
    return ProofStep(
        title=title,
        value=shown(here.value, "", DECIMALS),
        unit="kg",
        givens=[
            Given(message("web.monitoring.step.method"), standard, "", row_address(here.entry), here.unverified,
                  here.entry.label()),
            Given(message("web.monitoring.step.capture"), shown(here.capture_rate, RATE, 1), "%"),
            Given(message("web.monitoring.step.gap_hours"), str(here.gap_hours), "h"),
            Given(message("web.monitoring.step.source_hours"),
                  f"{len(sources)} / {here.window}" if here.window and here.window > 1 else str(len(sources)),
                  note=Text(*[f"{sources[0]:%Y-%m-%d %H:%M} – {sources[-1]:%Y-%m-%d %H:%M}"] * 2)),
            Given(message("web.monitoring.step.largest_source"), shown(float(values.max()), "", DECIMALS), "kg",
                  reverse("monitoring-value", args=[outlet.identifier, one.pollutant, hour_written(largest)])),
        ],
        note=message("web.monitoring.step.quarter_fails") if here.quarter_fails else None,
    )  # fmt: skip


def _states(hours: OutletHours, one: PollutantHours, unit: str) -> list[ProofStep]:
    """Gas that is sent as it flows: to the standard state (18), then to dry gas (19), HJ 212-2017 annex D.2."""
    assert hours.state is not None
    dry, moisture = known(one.measured.values[0]), known(hours.state["moisture"][0])
    reason = reason_words(str(one.measured.reasons[0]), count=one.measured.counts[0], least=one.measured.least[0])
    standard = None if dry is None or moisture is None else dry * (1 - moisture)
    names = (("temperature", "degC"), ("static_pressure", "Pa"), ("atmospheric_pressure", "Pa"))
    of_state = [
        Given(message(f"web.monitoring.step.{name}"), shown(known(hours.state[name][0]), "", DECIMALS), code)
        for name, code in names
    ]
    return [
        _with_formula(
            "standard_state_concentration",
            message("web.monitoring.step.standard_state"),
            standard,
            unit,
            reason,
            of_state,
        ),
        _with_formula(
            "dry_concentration",
            message("web.monitoring.step.state"),
            dry,
            unit,
            reason,
            [
                Given(message("web.monitoring.step.wet"), shown(standard, "", DECIMALS), unit),
                Given(message("web.monitoring.step.moisture"), shown(moisture, "", DECIMALS), "1"),
            ],
        ),
    ]


def _oxygen(hours: OutletHours, one: PollutantHours, reference: Parameter, unit: str) -> ProofStep:
    measured = known(one.measured.values[0])
    air = None if hours.oxygen is None else known(hours.oxygen.values[0])
    givens = [
        Given(message("web.monitoring.step.dry"), shown(measured, "", DECIMALS), unit),
        Given(message("web.monitoring.step.air"), shown(air, "", DECIMALS), "%"),
        _from_rule(message("web.monitoring.step.reference"), reference, f"{reference.value * 100:g}", "%"),
        Given(message("web.monitoring.step.of_air"), f"{flue_gas.OXYGEN_OF_AIR * 100:g}", "%"),
    ]
    highest = validity_rules("gas", day_of(hours.start)).highest_oxygen
    if highest is not None:
        givens.append(_from_rule(message("web.monitoring.step.highest"), highest, f"{highest.value * 100:g}", "%"))
    reason = reason_words(str(one.judged.reasons[0]), count=one.judged.counts[0], least=one.judged.least[0])
    return _with_formula(
        "concentration_at_reference_oxygen",
        message("web.monitoring.step.oxygen"),
        known(one.judged.values[0]),
        unit,
        reason,
        givens,
    )


def _limit(one: PollutantHours, unit: str) -> ProofStep:
    title = message("web.monitoring.step.limit")
    if one.against is None:
        return ProofStep(title, "", "", message(f"web.monitoring.no_limit.{one.no_limit}"))
    bound, multiple = one.against.limit, known(one.against.multiples[0])
    judged = known(one.judged.values[0])
    above = bool(one.against.exceeded[0])
    return ProofStep(
        title=title,
        value="" if multiple is None else shown(multiple, "", 3),
        unit="",
        reason=message("web.monitoring.step.not_judged") if multiple is None else None,
        equation=mathml(MULTIPLE),
        givens=[
            Given(message("web.monitoring.step.value"), shown(judged, "", DECIMALS), unit),
            _from_rule(message("web.monitoring.limit"), bound, f"{bound.value:g}", unit),
        ],
        note=None if multiple is None else message(f"web.monitoring.step.{'above' if above else 'within'}"),
    )


def _mass(outlet: Outlet, hours: OutletHours, one: PollutantHours) -> ProofStep:
    gas = outlet.medium == Outlet.Medium.GAS
    flow = None if hours.flow is None else known(hours.flow.values[0])
    name = "emission_rate" if gas else "water_pollutant_mass"
    reason = reason_words(str(one.mass.reasons[0]), count=one.mass.counts[0], least=one.mass.least[0])
    measured = known(one.measured.values[0])
    return _with_formula(
        name,
        message("web.monitoring.step.mass"),
        known(one.mass.values[0]),
        "kg",
        reason,
        [
            Given(message("web.monitoring.step.dry" if gas else "web.monitoring.step.value"),
                  shown(measured, "", DECIMALS), concentration_unit(outlet)),
            Given(message("web.monitoring.step.flow"), shown(flow, "", DECIMALS), "m3/h"),
        ],
        message("web.monitoring.step.not_converted") if gas else None,
    )  # fmt: skip


def _reported(one: PollutantHours, unit: str) -> ProofStep:
    reported, measured = known(one.reported[0]), known(one.measured.values[0])
    gap = None if reported is None or not measured else (reported - measured) / measured
    return ProofStep(
        title=message("web.monitoring.step.reported"),
        value="" if reported is None else shown(reported, "", DECIMALS),
        unit=unit,
        reason=message("web.monitoring.step.nothing_reported") if reported is None else None,
        note=None if gap is None else message("web.monitoring.step.gap", percent=shown(gap, "1", 3)),
    )


def _with_formula(
    name: str,
    title: Text,
    value: float | None,
    unit: str,
    reason: Text | None,
    givens: list[Given],
    note: Text | None = None,
) -> ProofStep:
    formula = formulas()[name]
    step = ProofStep(title, "" if value is None else shown(value, "", DECIMALS), unit, reason, givens=givens, note=note)
    step.formula, step.version = formula, formula.version
    try:
        step.equation = mathml(formula.equation)
    except NotInSubsetError:
        step.equation_words = formula.equation
    return step


def _from_rule(name: Text, rule: Parameter, value: str, unit: str = "") -> Given:
    return Given(name, value, unit, row_address(rule.entry), rule.unverified)
