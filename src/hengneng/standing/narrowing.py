"""Which lines of a standing are asked for, in which order, which page: in the database, and for rows in hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet

from hengneng.standing.limits import limit
from hengneng.standing.models import StandingRow

# What a table may be sorted by: name in the address -> column.
SORTS = {
    "place": "place_zh", "target": "target_value", "achieved": "achieved", "due": "due", "gap": "gap",
    "progress": "progress", "yearly": "yearly", "remaining": "remaining", "warning": "warning", "verdict": "severity",
}  # fmt: skip
RANK = ("severity", "rank", "position")


@dataclass(frozen=True)
class Narrowing:
    """Which lines are asked for, in which order, which page of them."""

    indicator: str = ""
    place: str = ""
    level: str = ""
    search: str = ""
    sort: str = ""  # a name of SORTS, with a minus before it for descending; empty: by rank
    page: int = 1
    changed: bool = False  # only what has changed since the publication in force


def narrowed(rows: QuerySet[StandingRow], asked: Narrowing) -> QuerySet[StandingRow]:
    """The lines that are asked for, ordered; the unknown last."""
    if asked.indicator:
        rows = rows.filter(indicator_key=asked.indicator)
    if asked.place:
        rows = rows.filter(place=asked.place)
    if asked.level:
        rows = rows.filter(level=asked.level)
    if asked.search:
        text = asked.search
        rows = rows.filter(Q(place_zh__icontains=text) | Q(place_en__icontains=text) | Q(place__code__startswith=text))
    column = SORTS.get(asked.sort.removeprefix("-"))
    if column is None:
        return rows.order_by(*RANK)
    by = F(column).desc(nulls_last=True) if asked.sort.startswith("-") else F(column).asc(nulls_last=True)
    return rows.order_by(by, *RANK)


@dataclass(frozen=True)
class Page:
    """One page of lines."""

    rows: Sequence[StandingRow]
    number: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // limit("rows_a_page")))


def page_of(rows: QuerySet[StandingRow], number: int, total: int | None = None) -> Page:
    """A page of ordered rows with their verdicts; a number beyond the last gives the last."""
    size = limit("rows_a_page")
    count = rows.count() if total is None else total
    last = max(1, -(-count // size))
    chosen = min(max(1, number), last)
    start = (chosen - 1) * size
    # Keys first: whatever is sorted, the contents of the verdicts are read for one page only.
    keys = list(rows.values_list("pk", flat=True)[start : start + size])
    found = StandingRow.objects.select_related("verdict").in_bulk(keys)
    return Page([found[key] for key in keys], chosen, count)


def fits(row: StandingRow, asked: Narrowing) -> bool:
    """Whether a row is asked for; the same as :func:`narrowed` for rows that are not in the database."""
    text = asked.search.casefold()
    return (
        asked.indicator in ("", row.indicator_key)
        and asked.place in ("", row.place_id)
        and asked.level in ("", row.level)
        and (text in row.place_zh.casefold() or text in row.place_en.casefold() or row.place_id.startswith(text))
    )


def ordered(rows: Sequence[StandingRow], asked: Narrowing) -> list[StandingRow]:
    """Rows in the order that is asked for; the same as :func:`narrowed` for rows that are not in the database."""
    ranked = sorted(rows, key=lambda row: tuple(getattr(row, name) for name in RANK))
    column = SORTS.get(asked.sort.removeprefix("-"))
    if column is None:
        return ranked
    known = [row for row in ranked if getattr(row, column) is not None]
    known.sort(key=lambda row: getattr(row, column), reverse=asked.sort.startswith("-"))
    return [*known, *(row for row in ranked if getattr(row, column) is None)]
