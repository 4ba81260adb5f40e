"""The tile grid of the places: one tile a place, roughly where it lies; a diagram, not a map."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hengneng.standing.models import StandingRow
from hengneng.standing.report import Row
from hengneng.web.speech import RATE, Speech, shown
from hengneng.web.tables import in_target_unit, place_address

_FILE = Path(__file__).parent / "tile_grid.csv"


@dataclass(frozen=True)
class Tile:
    """A place: its name, its value, its verdict, and the row and column of the grid (0: where there is room)."""

    place: str
    code: str
    address: str
    text: str
    unit: str
    level: str
    example: bool
    column: int
    row: int


@dataclass(frozen=True)
class Grid:
    """Tiles with the size of their layout; a plain grid has no columns of its own."""

    tiles: tuple[Tile, ...]
    columns: int

    @property
    def placed(self) -> bool:
        """Whether the tiles stand where the places lie."""
        return self.columns > 0


@cache
def _layouts() -> Mapping[str, Mapping[str, tuple[int, int]]]:
    found: dict[str, dict[str, tuple[int, int]]] = {}
    with _FILE.open(encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            found.setdefault(row["layout"], {})[row["place"]] = (int(row["column"]), int(row["row"]))
    return found


def grid_of(layout: str, rows: Sequence[Row], speech: Speech) -> Grid | None:
    """The grid of a plan's places (``layout``: stable code of the jurisdiction); None for a single place.

    The jurisdiction itself, where it is assessed beside its parts, has no tile among them.
    """
    parts = [row for row in rows if row.place != layout]
    if len(parts) < 2:
        return None
    positions = _layouts().get(layout, {})
    placed = all(row.place in positions for row in parts)
    tiles = [_tile(row, positions[row.place] if placed else (0, 0), speech) for row in parts]
    # In the order in which they are read, whatever the picture is.
    tiles.sort(key=lambda tile: (tile.row, tile.column))
    return Grid(tuple(tiles), max(tile.column for tile in tiles))


def _tile(row: Row, at: tuple[int, int], speech: Speech) -> Tile:
    achieved = row.achieved
    text, unit = "?", ""
    if achieved is not None and achieved["value"] is not None:
        value, code = in_target_unit(achieved["value"], achieved["unit"], row.target.unit)
        text, unit = shown(value, code), "%" if code == RATE else speech.unit(code)
    return Tile(
        place=speech.said(row.place_name),
        code=row.place,
        address=place_address(row.place),
        text=text,
        unit=unit,
        level=str(row.level),
        example="example" in row.content["marks"],
        column=at[0],
        row=at[1],
    )


def first_of_place(rows: Sequence[StandingRow]) -> list[StandingRow]:
    """One row a place, the worst, where an indicator has several targets at a place."""
    found: dict[str, StandingRow] = {}
    for row in sorted(rows, key=lambda row: (row.severity, row.rank, row.position)):
        found.setdefault(row.place_id, row)
    return list(found.values())
