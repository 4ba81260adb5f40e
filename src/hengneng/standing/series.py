"""Past years of lines, as far as a sparkline shows them, and which way they go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from hengneng.periods import Period
from hengneng.registry.models import PlanEdition
from hengneng.standing.limits import limit
from hengneng.standing.models import Publication, StandingRow


@dataclass(frozen=True)
class Point:
    """A past year of a line."""

    period: str
    achieved: float | None
    gap: float | None
    progress: float | None


def series_of(
    edition: PlanEdition, publications: dict[str, Publication], shown: Iterable[StandingRow], period: Period
) -> dict[tuple[str, str], list[Point]]:
    """The years up to ``period`` of the lines that are shown, oldest first: one query.

    A line that is read as it is now has its years as they are now; a published one has them as published.
    """
    current = {(row.target, row.place_id): row.publication_id is None for row in shown}
    if not period.is_year or not current:
        return {}
    years = [str(period.year - back) for back in range(limit("years_in_a_sparkline"))]
    keys = [one.pk for written, one in publications.items() if written in years]
    source = Q(publication=None) if any(current.values()) else Q(pk__in=[])
    if not all(current.values()):
        source |= Q(publication__in=keys)
    # Not asked for by plan, which is sorted out below: the database then goes by place, a few rows each.
    rows = StandingRow.objects.filter(source, place__in={place for _, place in current}, period__in=years)
    fields = ("plan_id", "target", "place_id", "publication_id", "period", "achieved", "gap", "progress")
    found: dict[tuple[str, str], list[Point]] = {}
    for plan, target, place, publication, *point in rows.order_by("period").values_list(*fields):
        if plan == edition.pk and current.get((target, place)) is (publication is None):
            found.setdefault((target, place), []).append(Point(*point))
    return found


def trend_of(points: Sequence[Point], period: Period, *, rate: bool) -> str:
    """``improving``, ``worsening`` or ``steady``: the gap of ``period`` against that of the year before; else empty.

    What the printed decimals cannot show is steady; a ``rate`` is printed in per cent.
    """
    by_year = {point.period: point.gap for point in points}
    now, before = by_year.get(period.written), by_year.get(str(period.year - 1))
    if now is None or before is None:
        return ""
    digits = limit("decimals_of_a_trend") + (2 if rate else 0)
    change = round(now, digits) - round(before, digits)
    if change == 0:
        return "steady"
    return "improving" if change > 0 else "worsening"
