"""Facts as pages show them: lines of lists and histories, what depends on a fact, the series as a small chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count as Counted
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from hengneng.access import Actor, Verb, seen_by
from hengneng.facts.intake.rows import GoodRow
from hengneng.facts.limits import limit
from hengneng.facts.models import Fact
from hengneng.facts.reading import Changed
from hengneng.language import Text
from hengneng.periods import Period
from hengneng.rules.divisions import DivisionError, division, name_of
from hengneng.rules.measures import measures
from hengneng.rules.units import UnknownUnitError, unit
from hengneng.standing.models import Dependency, StaleMark, StandingRow
from hengneng.standing.plans import plan_of
from hengneng.web.axes import Tick, scale
from hengneng.web.speech import MINUS, NOTHING, RATE, Speech

DECIMALS_SHOWN = 6
PER_CENT = "%"
Key = tuple[str, str, str]


def said_in(fact: Fact | GoodRow) -> str:
    """The unit in which a fact is shown: that of its measure, or per cent for a rate that was reported so."""
    if fact.unit == RATE and _code(fact.reported_unit) in (PER_CENT, ""):
        return PER_CENT
    return fact.unit


def _code(written: str) -> str:
    try:
        return unit(written).code if written else ""
    except UnknownUnitError:
        return written


def unit_words(code: str, speech: Speech) -> str:
    """A unit in words, however it was written; nothing for a plain number."""
    code = _code(code)
    return "" if code == RATE else speech.unit(code)


def converted(fact: Fact) -> bool:
    """Whether the value is not simply what was reported."""
    return bool(fact.reported_value) and _code(fact.reported_unit) != said_in(fact)


def digits(value: Decimal | None, unit: str) -> str:
    """A value with the digits it has, at most six decimals, thousands parted; in per cent where ``unit`` is that."""
    if value is None:
        return NOTHING
    exact = (value * 100).normalize() if unit == PER_CENT else value
    if -int(exact.as_tuple().exponent) > DECIMALS_SHOWN:
        exact = round(exact, DECIMALS_SHOWN).normalize()
    return f"{exact:,f}".replace("-", MINUS)


def signed(value: Decimal | None, unit: str) -> str:
    """A difference with its sign; nothing where there is none. Of rates in percentage points."""
    if value is None:
        return ""
    return ("+" if value > 0 else "") + digits(value, unit)


def share(value: Decimal | None) -> str:
    """A relative change in per cent, one decimal, with its sign."""
    if value is None:
        return ""
    return f"{value * 100:+,.1f}%".replace("-", MINUS)


def place_label(code: str, period: Period | None = None) -> Text:
    """Name of a place in the period, else its newest; the code where it is none of the register."""
    try:
        if period is not None:
            return Text(zh=name_of(code, period.end, "zh"), en=name_of(code, period.end, "en"))
        return division(code).name
    except DivisionError:
        try:
            return division(code).name
        except DivisionError:
            return Text(zh=code or NOTHING, en=code or NOTHING)


def measure_label(code: str) -> Text:
    """Name of a measure; its code where the table no longer has it."""
    known = measures().get(code)
    return known.name if known else Text(zh=code, en=code)


@dataclass(frozen=True)
class FactLine:
    """A fact in a list. ``uses``: how many verdicts ask for it."""

    fact: Fact
    measure: str
    place: str
    period: str
    value: str
    unit: str
    reported: str
    marks: tuple[str, ...]
    address: str
    uses: int = 0


def fact_line(fact: Fact, speech: Speech, uses: int = 0) -> FactLine:
    """One fact in words."""
    period = Period.parse(fact.period)
    marks = ("example",) if fact.example else ("unverified",) if fact.confidence != "sourced" else ()
    return FactLine(
        fact=fact,
        measure=speech.said(measure_label(fact.measure)),
        place=speech.said(place_label(fact.place_id, period)),
        period=speech.said(period.label()),
        value=digits(fact.value, said_in(fact)),
        unit=unit_words(said_in(fact), speech),
        reported=reported_words(fact, speech) if converted(fact) else "",
        marks=marks,
        address=reverse("fact", args=[fact.measure, fact.place_id, fact.period]),
        uses=uses,
    )


def reported_words(fact: Fact, speech: Speech) -> str:
    """What was reported, with its unit in words; empty where nothing was."""
    return f"{fact.reported_value} {unit_words(fact.reported_unit, speech)}".strip() if fact.reported_value else ""


def fact_lines(actor: Actor, facts: Sequence[Fact], speech: Speech) -> list[FactLine]:
    """Facts of a list, with how many verdicts that ``actor`` may see depend on each."""
    uses = _use_counts(actor, facts)
    return [fact_line(fact, speech, uses.get((fact.measure, fact.place_id, fact.period), 0)) for fact in facts]


def _use_counts(actor: Actor, facts: Sequence[Fact]) -> dict[Key, int]:
    if not facts:
        return {}
    wanted = Dependency.objects.filter(
        measure__in={fact.measure for fact in facts},
        subject__in={fact.place_id for fact in facts},
        fact_period__in={fact.period for fact in facts},
    )
    counted = seen_by(actor, wanted, Verb.SEE_UNPUBLISHED).values_list("measure", "subject", "fact_period")
    return {(m, s, p): number for m, s, p, number in counted.annotate(number=Counted("pk"))}


@dataclass(frozen=True)
class Use:
    """A verdict that asks for a fact."""

    plan: Text
    target: Text
    place: Text
    period: Text
    level: str
    stale: bool
    address: str
    proof: str
    clause: str
    document: str


@dataclass(frozen=True)
class Uses:
    """The verdicts that ask for a fact, as many as a page shows; ``total`` counts them all."""

    shown: tuple[Use, ...]
    total: int


def uses_of(actor: Actor, measure: str, place: str, period: str) -> Uses:
    """What depends on a fact, as far as ``actor`` may see it: these verdicts become stale when it is revised."""
    asked = Dependency.objects.filter(measure=measure, subject=place, fact_period=period)
    asked = seen_by(actor, asked, Verb.SEE_UNPUBLISHED).order_by("plan", "period", "place", "target")
    total = asked.count()
    found = list(asked.select_related("plan")[: limit("facts_a_page")])
    if not found:
        return Uses((), 0)
    near = Q(plan__in={one.plan_id for one in found}, place__in={one.place_id for one in found})
    rows = StandingRow.objects.filter(near, publication=None, period__in={one.period for one in found})
    verdicts = {
        (row.plan_id, row.target, row.place_id, row.period): row
        for row in rows.select_related("verdict").only(
            "plan_id", "target", "place_id", "period", "level", "verdict__content"
        )
    }
    stale = set(StaleMark.objects.filter(near).values_list("plan", "target", "place", "period"))
    return Uses(tuple(_use(one, verdicts, stale) for one in found), total)


def _use(
    one: Dependency, verdicts: dict[tuple[int, str, str, str], StandingRow], stale: set[tuple[int, str, str, str]]
) -> Use:
    key = (one.plan_id, one.target, one.place_id, one.period)
    plan, row, period = plan_of(one.plan), verdicts.get(key), Period.parse(one.period)
    target = next((target for target in plan.targets if target.id == one.target), None)
    label = plan.indicator(target.indicator).label.text() if target else Text(zh=one.target, en=one.target)
    deciding = None
    if row is not None:
        content = row.verdict.content
        deciding = content["figures"].get(content["deciding"]) if content.get("deciding") else None
    query = f"?period={one.period}&place={one.place_id}"
    return Use(
        plan=plan.head.title.text(),
        target=label,
        place=place_label(one.place_id, period),
        period=period.label(),
        level="unknown" if row is None else row.level,
        stale=key in stale,
        address=reverse("plan", args=[plan.id]) + query,
        proof=reverse("figure", args=[deciding["figure"]]) if deciding else "",
        clause=target.clause if target else "",
        document=reverse("document", args=[plan.id]),
    )


@dataclass(frozen=True)
class RevisionLine:
    """A revision with what it changed: ``difference`` and ``ratio`` to the one before, both in words."""

    fact: Fact
    value: str
    unit: str
    reported: str
    difference: str
    ratio: str
    current: bool
    recorded: str
    changed: tuple[str, ...]


def revision_lines(revisions: Iterable[Fact], speech: Speech) -> list[RevisionLine]:
    """A history, newest first, as :func:`hengneng.facts.reading.revisions` gives it."""
    found = list(revisions)
    by_key = {fact.pk: fact for fact in found}
    superseded = {fact.revises_id for fact in found}
    lines = []
    for fact in found:
        before = None if fact.revises_id is None else by_key.get(fact.revises_id)
        change = Changed(fact, before)
        same_unit = before is not None and before.unit == fact.unit
        lines.append(
            RevisionLine(
                fact=fact,
                value=digits(fact.value, said_in(fact)),
                unit=unit_words(said_in(fact), speech),
                reported=reported_words(fact, speech),
                difference=signed(change.difference, said_in(fact)) if same_unit else "",
                ratio=share(change.ratio) if same_unit else "",
                current=fact.pk not in superseded,
                recorded=f"{timezone.localtime(fact.recorded_at):%Y-%m-%d %H:%M}",
                changed=_changed_words(fact, before, speech),
            )
        )
    return lines


def _changed_words(fact: Fact, before: Fact | None, speech: Speech) -> tuple[str, ...]:
    """Which parts besides the value a revision has changed."""
    if before is None:
        return ()
    parts = (
        ("state", before.state != fact.state),
        ("source", before.source_id != fact.source_id),
        ("confidence", before.confidence != fact.confidence or before.example != fact.example),
        ("note", before.note != fact.note),
    )
    return tuple(speech.words(f"web.facts.changed.{name}") for name, changed in parts if changed)


@dataclass(frozen=True)
class Point:
    """A period on the chart, in the coordinates of the drawing. ``y`` None: nothing is known."""

    x: float
    y: float | None
    period: str
    text: str
    address: str
    current: bool
    example: bool
    labelled: bool


@dataclass(frozen=True)
class SeriesChart:
    """A line through the periods of one kind. Gaps stay gaps."""

    width: int
    height: int
    left: float
    right: float
    points: tuple[Point, ...]
    lines: tuple[str, ...]
    ticks: tuple[Tick, ...]


WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 200, 88, 24, 24, 32
LABELS = 12


def series_chart(facts: Sequence[Fact], period: Period) -> SeriesChart | None:
    """The series over the periods of the same kind as ``period``; None where fewer than two values are known."""
    alike = [fact for fact in facts if _form(fact.period) == _form(period.written)]
    known = [(fact, float(fact.value)) for fact in alike if fact.value is not None]
    if len(known) < 2:
        return None
    shown_in = said_in(known[0][0])
    low, high, step = scale(min(value for _, value in known), max(value for _, value in known))
    first, last = alike[0].period_start.toordinal(), alike[-1].period_start.toordinal()
    every = -(-len(alike) // LABELS)

    def across(fact: Fact) -> float:
        return LEFT + (fact.period_start.toordinal() - first) / ((last - first) or 1) * (WIDTH - LEFT - RIGHT)

    def down(value: float) -> float:
        return TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)

    points = tuple(
        Point(
            x=round(across(fact), 1),
            y=None if fact.value is None else round(down(float(fact.value)), 1),
            period=fact.period,
            text=digits(fact.value, said_in(fact)),
            address=reverse("fact", args=[fact.measure, fact.place_id, fact.period]),
            current=fact.period == period.written,
            example=fact.example,
            labelled=(len(alike) - 1 - at) % every == 0 or fact.period == period.written,
        )
        for at, fact in enumerate(alike)
    )
    count = round((high - low) / step)
    ticks = tuple(
        Tick(round(down(low + step * at), 1), digits(Decimal(f"{low + step * at:.10f}").normalize(), shown_in))
        for at in range(count + 1)
    )
    return SeriesChart(WIDTH, HEIGHT, LEFT, WIDTH - RIGHT, points, _strokes(points), ticks)


def _form(written: str) -> str:
    """The kind of a period: its written form without the figures; cumulated months count by their last."""
    if "M" in written:
        return written[4:]
    return "".join("0" if sign.isdigit() else sign for sign in written)


def _strokes(points: Sequence[Point]) -> tuple[str, ...]:
    """The line between neighbouring known points, as the points of polylines."""
    strokes: list[list[str]] = [[]]
    for point in points:
        if point.y is None:
            strokes.append([])
        else:
            strokes[-1].append(f"{point.x},{point.y}")
    return tuple(" ".join(stroke) for stroke in strokes if len(stroke) > 1)


@dataclass(frozen=True)
class ChangedLine:
    """A fact of a comparison in words."""

    line: FactLine
    before: str
    kind: str
    difference: str
    ratio: str
    recorded: str


def changed_lines(changes: Iterable[Changed], speech: Speech) -> list[ChangedLine]:
    """Changes between two moments as a page lists them."""
    return [
        ChangedLine(
            line=fact_line(change.after, speech),
            before="" if change.before is None else digits(change.before.value, said_in(change.before)),
            kind=change.kind,
            difference=signed(change.difference, said_in(change.after)),
            ratio=share(change.ratio),
            recorded=f"{timezone.localtime(change.after.recorded_at):%Y-%m-%d %H:%M}",
        )
        for change in changes
    ]
