"""Facts as people read them: found by what they are about, page by page, through time, compared at two moments.

Everything starts from what the reader may see. Pages are cut by the last fact shown, never by counting, so that the
thousandth page costs what the first one costs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Case, Exists, OuterRef, Q, Subquery, Value, When

from hengneng.access import Actor, Verb, scope_of, seen_by
from hengneng.facts.limits import limit
from hengneng.facts.models import Fact, FactImport, FactQuerySet, FactSource
from hengneng.registry.models import Place, PlaceVersion

BATCH = 500
# Each order is served by an index; the key last, so that no two facts tie.
ORDERS = {
    "recorded": ("pk",),
    "place": ("place_id", "measure", "period", "pk"),
    "measure": ("measure", "place_id", "period", "series", "revision", "pk"),
    "period": ("period_end", "pk"),
}


@dataclass(frozen=True)
class Wanted:
    """Which facts are asked for; empty or None: not narrowed. ``revisions``: superseded ones too."""

    measure: str = ""
    place: str = ""
    period: str = ""
    source: str = ""
    state: str = ""
    confidence: str = ""
    example: bool = False
    corrected: bool = False
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True)
class Page:
    """Facts of one page, and the keys from which the pages beside it start (None: there is none)."""

    facts: tuple[Fact, ...]
    before: int | None
    after: int | None


@dataclass(frozen=True)
class Count:
    """How many; ``more``: at least so many, nobody has counted further."""

    number: int
    more: bool


def visible(actor: Actor) -> FactQuerySet:
    """Every revision of every fact that ``actor`` may see.

    Who sees few places is answered by the index of places, who sees most of them in the order of the list, place by
    place: sorting nearly everything for one page would cost the more, the more there is.
    """
    places = seen_by(actor, Place.objects.all(), Verb.SEE_UNPUBLISHED, place="pk")
    if not scope_of(actor, Verb.SEE_UNPUBLISHED).everything:
        most = Place.objects.count() * limit("percent_of_places_that_is_most") / 100
        if places.count() > most:
            return Fact.objects.filter(Exists(places.filter(pk=OuterRef("place"))))
    return seen_by(actor, Fact.objects.all(), Verb.SEE_UNPUBLISHED)


def places_named(written: str) -> Q:
    """Versions of places whose code begins so, or whose name in either language contains it."""
    return Q(code__startswith=written) | Q(name_zh__contains=written) | Q(name_en__icontains=written)


def find(actor: Actor, wanted: Wanted) -> FactQuerySet:
    """Current facts that ``actor`` may see and that are asked for."""
    facts = visible(actor).filter(revised_by=None)
    if wanted.measure:
        facts = facts.filter(measure=wanted.measure)
    if wanted.place:
        facts = facts.filter(place__in=PlaceVersion.objects.filter(places_named(wanted.place)).values("place"))
    if wanted.period:
        facts = facts.filter(period=wanted.period)
    if wanted.source:
        facts = facts.filter(source__in=FactSource.objects.filter(title__icontains=wanted.source).values("pk"))
    if wanted.state:
        facts = facts.filter(state=wanted.state)
    if wanted.confidence:
        facts = facts.filter(confidence=wanted.confidence)
    if wanted.example:
        facts = facts.filter(example=True)
    if wanted.corrected:
        facts = facts.filter(revision__gt=1)
    if wanted.since:
        facts = facts.filter(recorded_at__gte=wanted.since)
    if wanted.until:
        facts = facts.filter(recorded_at__lte=wanted.until)
    return facts


def count(facts: FactQuerySet) -> Count:
    """How many facts, counted no further than anybody reads."""
    most = limit("facts_counted")
    found = facts.order_by()[: most + 1].count()
    return Count(min(found, most), found > most)


def page(facts: FactQuerySet, order: str, after: int | None = None, before: int | None = None) -> Page:
    """One page of ``facts`` in an order (a name of ``ORDERS``, with ``-`` backwards).

    ``after`` and ``before`` are keys of facts among them; an unknown one gives the first page.
    """
    size = limit("facts_a_page")
    columns, backwards = ORDERS[order.lstrip("-")], order.startswith("-")
    asked = after or before
    marker = facts.filter(pk=asked).first() if asked else None
    towards_start = marker is not None and after is None
    down = backwards != towards_start
    if marker is not None:
        facts = facts.filter(_beyond(columns, marker, down))
    ordered = facts.order_by(*(f"-{column}" if down else column for column in columns))
    found = list(ordered.select_related("source")[: size + 1])
    more = len(found) > size
    shown = found[:size]
    if towards_start:
        shown.reverse()
    if not shown:
        return Page((), None, None)
    has_before = more if towards_start else marker is not None
    has_after = True if towards_start else more
    return Page(tuple(shown), shown[0].pk if has_before else None, shown[-1].pk if has_after else None)


def _beyond(columns: Sequence[str], marker: Fact, down: bool) -> Q:
    """The rows behind ``marker`` in the order of the columns."""
    comparison = "lt" if down else "gt"
    found = Q()
    for at, column in enumerate(columns):
        same = {name: getattr(marker, name) for name in columns[:at]}
        found |= Q(**same, **{f"{column}__{comparison}": getattr(marker, column)})
    # Said once more for the first column alone, so that the index is entered at the right place.
    return found & Q(**{f"{columns[0]}__{comparison}e": getattr(marker, columns[0])})


def batches(facts: FactQuerySet, order: str) -> Iterator[Fact]:
    """Every fact in an order, read in parts: for an export."""
    columns, down = ORDERS[order.lstrip("-")], order.startswith("-")
    ordered = facts.order_by(*(f"-{column}" if down else column for column in columns))
    yield from ordered.select_related("source").iterator(chunk_size=BATCH)


def revisions(actor: Actor, measure: str, place: str, period: str) -> list[Fact]:
    """Every revision of a fact, of each series, the newest first; empty where there is none or none may be seen."""
    found = visible(actor).filter(measure=measure, place_id=place, period=period)
    # What was reported comes before what others say of the same thing.
    reported_first = Case(When(series="reported", then=Value(0)), default=Value(1))
    return list(found.select_related("source", "revises").order_by(reported_first, "series", "-revision"))


def periods_of(actor: Actor, measure: str, place: str) -> list[Fact]:
    """The current facts of a measure at a place, through all periods."""
    found = visible(actor).filter(revised_by=None, measure=measure, place_id=place, series="reported")
    return list(found.order_by("period_start", "period_end"))


def previous_of(facts: Sequence[Fact], start: dt.date, end: dt.date) -> Fact | None:
    """Of the facts of a series the last one before a period, of the same length where there is one."""
    earlier = [fact for fact in facts if fact.period_end < start]
    length = (end - start).days
    alike = [fact for fact in earlier if abs((fact.period_end - fact.period_start).days - length) <= _LEAP]
    of_series = alike or earlier
    return of_series[-1] if of_series else None


_LEAP = 3  # months and quarters of one kind differ by up to three days


def places_with(actor: Actor, verb: Verb) -> list[Place]:
    """Places at which ``actor`` may do ``verb``, for selectors."""
    found = seen_by(actor, Place.objects.all(), verb, place="pk")
    return list(found.order_by("code").prefetch_related("versions"))


@dataclass(frozen=True)
class Changed:
    """A fact as known at the second moment, and what was known at the first (None: nothing)."""

    after: Fact
    before: Fact | None

    @property
    def difference(self) -> Decimal | None:
        """New less old [unit of the measure]; None where either is missing."""
        if self.before is None or self.before.value is None or self.after.value is None:
            return None
        return self.after.value - self.before.value

    @property
    def ratio(self) -> Decimal | None:
        """The difference as a fraction of the old value [1]."""
        if self.difference is None or self.before is None or not self.before.value:
            return None
        return self.difference / abs(self.before.value)

    @property
    def kind(self) -> str:
        """``new``, ``changed``, or ``revised`` where the revision left the value as it was."""
        if self.before is None:
            return "new"
        same = self.before.value == self.after.value and self.before.state == self.after.state
        return "revised" if same else "changed"


@dataclass(frozen=True)
class Comparison:
    """Facts as known at two moments. ``facts``: those of the second that the first did not know, with ``old_key``."""

    facts: FactQuerySet
    new: Count
    changed: Count
    known_before: int

    @property
    def unchanged(self) -> int:
        """How many were the same at both moments; meaningful only where all changed ones were counted."""
        return max(0, self.known_before - self.changed.number)


def compare(actor: Actor, wanted: Wanted, first: dt.datetime, second: dt.datetime, kind: str = "") -> Comparison:
    """What was known at ``second`` and not yet at ``first``. ``kind``: ``new`` or ``changed`` only (empty: both)."""
    narrowed = visible(actor)
    if wanted.measure:
        narrowed = narrowed.filter(measure=wanted.measure)
    if wanted.place:
        narrowed = narrowed.filter(place__in=PlaceVersion.objects.filter(places_named(wanted.place)).values("place"))
    series = {name: OuterRef(name) for name in ("measure", "place", "period", "series")}
    later = Fact.objects.filter(**series, revision__gt=OuterRef("revision"), recorded_at__lte=second)
    earlier = Fact.objects.filter(**series, recorded_at__lte=first).order_by("-revision")
    arrived = narrowed.filter(recorded_at__gt=first, recorded_at__lte=second)
    arrived = arrived.filter(~Exists(later)).annotate(old_key=Subquery(earlier.values("pk")[:1]))
    new, changed = arrived.filter(~Exists(earlier)), arrived.filter(Exists(earlier))
    # The first revision of a series was known as soon as any was.
    known = narrowed.filter(revision=1, recorded_at__lte=first).count()
    chosen = {"new": new, "changed": changed}.get(kind, arrived)
    return Comparison(chosen, count(new), count(changed), known)


def with_old(facts: Sequence[Fact]) -> list[Changed]:
    """Facts of a comparison with what each has replaced. KeyError for facts that no comparison has given."""
    keys: list[int | None] = [vars(fact)["old_key"] for fact in facts]
    old: dict[int | None, Fact] = {one.pk: one for one in Fact.objects.filter(pk__in={key for key in keys if key})}
    return [Changed(fact, old.get(key)) for fact, key in zip(facts, keys, strict=True)]


def last_recorded(actor: Actor) -> dt.datetime | None:
    """When the newest fact was recorded that ``actor`` may see."""
    return visible(actor).order_by("-pk").values_list("recorded_at", flat=True).first()


def imports_seen(actor: Actor) -> list[FactImport]:
    """The last files that somebody has uploaded; others' are in the log of acts."""
    found = FactImport.objects.filter(imported_by=actor.identifier).defer("returned", "problems")
    return list(found.order_by("-pk")[: limit("imports_shown")])
