"""Files of readings as they come, streamed into columns of whole numbers: Parquet, CSV (gzip or not), XLSX, JSON lines.

Columns ``meter`` (or ``meter_id``), ``time`` (or ``ts``) and ``value``; others are not looked at. Books that people
keep may have a column for each meter instead (:mod:`hengneng.metering.hand_books`). What cannot be taken is given to
``Refused`` with its line; everything else goes on.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import gzip
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from hengneng.metering.cells import local_zone
from hengneng.metering.hand_books import (
    BookReading,
    BookRow,
    is_wide,
    long_readings,
    moment_of,
    plain_number,
    rows_of_text,
    unread,
    wide_readings,
    workbook,
)
from hengneng.metering.header_units import AMOUNTS, in_unit, measured, without_unit
from hengneng.metering.limits import limit
from hengneng.metering.refused import Refusing
from hengneng.problems import Problem, RefusedError
from hengneng.readings.limits import limit as readings_limit
from hengneng.readings.points import Points, micro_from_float, micro_from_text
from hengneng.rules.units import Unit

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
NAMES = {
    "meter": ("meter", "meter_id", "表计", "仪表"),
    "time": ("time", "ts", "时间", "抄表时间", "日期", "抄表日期"),
    "value": ("value", "读数", "表码"),
}
LARGEST = 2**62
_JSON = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
_GZIP = b"\x1f\x8b"
_PARTS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


@dataclass(frozen=True)
class KnownMeters:
    """The meters that may be taken: number by identifier. A bare number that is no identifier is a meter's number.

    ``measures``: by number, the units that a meter measures in or has measured in; ``amounts``: numbers of those whose
    readings are what was used since the one before.
    """

    numbers: Mapping[str, int]
    measures: Mapping[int, frozenset[str]] = field(default_factory=dict)
    amounts: frozenset[int] = frozenset()

    def find(self, written: object) -> int:
        """The number of a meter, 0 when there is none."""
        return self._by_word.get(str(written).strip(), 0)

    def of_whole_numbers(self, written: Ints) -> Ints:
        """The numbers of meters written as whole numbers; 0 where there is none."""
        names, numbers = self._by_whole_number
        if not len(names):
            return np.zeros(len(written), np.int64)
        at = np.searchsorted(names, written)
        at[at == len(names)] = 0
        return np.where(names[at] == written, numbers[at], 0)

    def without_zeros(self, written: str) -> str:
        """Identifiers that ``written`` would be, had a spreadsheet not taken the zeros at their left; empty: none."""
        return ", ".join(self._zeros_lost.get(str(written).strip(), ()))

    @cached_property
    def _by_word(self) -> Mapping[str, int]:
        by_number = {str(number): number for number in self.numbers.values()}
        for word, names in self._zeros_lost.items():
            # The number of one meter may be what is left of the identifier of another: that word means neither.
            if {self.numbers[name] for name in names} != {by_number.get(word)}:
                by_number.pop(word, None)
        return by_number | dict(self.numbers)

    @cached_property
    def _zeros_lost(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for name in sorted(self.numbers):
            if name.startswith("0") and name.isdecimal():
                short = name.lstrip("0") or "0"
                found[short] = (*found.get(short, ()), name)
        return found

    @cached_property
    def _by_whole_number(self) -> tuple[Ints, Ints]:
        pairs = sorted((int(name), number) for name, number in self._by_word.items() if name.isdecimal())
        pairs = [pair for pair in pairs if pair[0] < LARGEST]
        return np.array([name for name, _ in pairs], np.int64), np.array([number for _, number in pairs], np.int64)


@dataclass
class ReadingsFile:
    """A file of readings, or its bytes, read part by part. ``naive`` turns true when a time without a zone was met.

    ``utc``: such times are UTC; otherwise they are local. ``kind``: csv, parquet or json (one object a line); empty:
    the first bytes of the file say it, and JSON is not among them. ``unread``: cells of a book that say that a meter
    was not read. ``units``: heads of a book that name a unit, with the unit into which their values were converted.
    """

    source: Path | bytes
    meters: KnownMeters
    refused: Refusing
    utc: bool = False
    kind: str = ""
    naive: bool = False
    read: int = 0
    unread: int = 0
    units: dict[str, str] = field(default_factory=dict)
    _torn_lines: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return self.source.name if isinstance(self.source, Path) else "body"

    def _open(self) -> BinaryIO:
        return self.source.open("rb") if isinstance(self.source, Path) else io.BytesIO(self.source)

    def _streamed(self) -> pa.NativeFile:
        """The same for Arrow, which reads bytes in memory without asking Python for each part of them."""
        if isinstance(self.source, Path):
            return pa.PythonFile(self.source.open("rb"), "r")
        return pa.BufferReader(self.source)

    def batches(self) -> Iterator[Points]:
        """What can be taken, in parts. RefusedError E001, E204 when the file as a whole cannot be used."""
        try:
            for line, table in self._tables():
                self.read += len(table)
                yield self._points(line, table)
        except (pa.ArrowException, BadZipFile, OSError, EOFError, ValueError, KeyError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> RefusedError:
        found = str(error).strip().splitlines()
        return RefusedError(Problem("E204", self.name, {"found": found[0] if found else type(error).__name__}))

    def _tables(self) -> Iterator[tuple[int, pa.Table]]:
        """Parts with the columns meter, time, value, and the line of the first row."""
        with self._open() as file:
            start = file.read(4)
        if self.kind == "json":
            yield from self._of_json_lines()
        elif self.kind == "parquet" or (not self.kind and start == b"PAR1"):
            yield from self._of_parquet()
        elif not self.kind and start == b"PK\x03\x04":
            epoch, rows = workbook(self._open)
            yield from self._of_book(rows, epoch)
        elif not self.kind and not start.startswith(_GZIP) and self._is_book():
            with self._open() as file:
                content = file.read()
            yield from self._of_book(rows_of_text(content, self.name), None)
        else:
            yield from self._of_csv(compressed=not self.kind and start.startswith(_GZIP))

    def _chosen(self, columns: Sequence[str]) -> list[str]:
        """The columns that are needed, as the file calls them. RefusedError E001."""
        found: list[str] = []
        missing: list[str] = []
        for name, spellings in NAMES.items():
            there = [column for column in columns if column.strip() in spellings]
            (found if len(there) == 1 else missing).append(there[0] if len(there) == 1 else name)
        if missing:
            values = {"missing": ", ".join(missing), "unknown": "—", "expected": ", ".join(columns)}
            raise RefusedError(Problem("E001", f"{self.name}:1", values))
        return found

    def _of_parquet(self) -> Iterator[tuple[int, pa.Table]]:
        with self._streamed() as opened, pq.ParquetFile(opened) as file:
            chosen = self._chosen(file.schema_arrow.names)
            line = 1
            for batch in file.iter_batches(limit("readings_at_once"), columns=chosen, use_threads=False):
                table = pa.Table.from_batches([batch]).select(chosen).rename_columns(list(NAMES))
                yield line, table
                line += len(table)

    def _of_csv(self, compressed: bool) -> Iterator[tuple[int, pa.Table]]:
        chosen = self._chosen(self._header(compressed))
        # Numbers of meters and values come as text, so that one bad cell is the fault of its row alone.
        as_text = pcsv.ConvertOptions(column_types={name: pa.string() for name in chosen}, include_columns=chosen,
                                      strings_can_be_null=False)  # fmt: skip
        with self._streamed() as opened, (
            pa.CompressedInputStream(opened, "gzip") if compressed else nullcontext(opened)
        ) as stream:
            words = (
                stream,
                pcsv.ReadOptions(use_threads=False, block_size=limit("bytes_of_a_block")),
                pcsv.ParseOptions(invalid_row_handler=self._torn, ignore_empty_lines=False),
                as_text,
            )
            # Reading on while a block is looked at takes threads, which cost more than a small body.
            small = isinstance(self.source, bytes) and len(self.source) < limit("bytes_of_a_block")
            line = 2
            for batch in pcsv.read_csv(*words).to_batches() if small else pcsv.open_csv(*words):
                table = pa.Table.from_batches([batch]).rename_columns(list(NAMES))
                yield line, table
                line += len(table)

    def _header(self, compressed: bool) -> list[str]:
        with self._open() as opened, gzip.open(opened, "rb") if compressed else opened as file:
            first = file.readline(limit("bytes_of_a_block"))
        return next(csv.reader([first.decode("utf-8-sig", "replace").rstrip("\r\n")]), [])

    def _is_book(self) -> bool:
        """Whether a text is none that the quick way can read: another encoding than UTF-8, another first line."""
        with self._open() as file:
            start = file.read(limit("bytes_of_a_block"))
        try:
            codecs.getincrementaldecoder("utf-8-sig")().decode(start)
        except UnicodeDecodeError:
            return True
        head = [column.strip() for column in self._header(compressed=False)]
        return not all(any(column in names for column in head) for names in NAMES.values())

    def _torn(self, row: pcsv.InvalidRow) -> str:
        """A row with too many or too few cells. Empty lines are passed over, but counted."""
        self._torn_lines.append(row.number)
        if row.text.strip():
            self.refused.add(
                row.number, (row.text, "", ""), "E113", found=row.actual_columns, expected=row.expected_columns
            )
        return "skip"

    def _line(self, place: int) -> int:
        """The line of the row that would stand at ``place``, had no row before it been torn."""
        for torn in self._torn_lines:
            if torn > place:
                break
            place += 1
        return place

    def _of_json_lines(self) -> Iterator[tuple[int, pa.Table]]:
        """One object a line. Numbers stay as they are written, so that no digit is lost on the way."""
        part: list[list[str]] = []
        with self._open() as file:
            for number, line in enumerate(file, start=1):
                cells = self._of_json(number, line.strip())
                part.append(cells)
                if len(part) == limit("readings_at_once"):
                    yield number - len(part) + 1, _of_text(part)
                    part = []
        if part:
            yield number - len(part) + 1, _of_text(part)

    def _of_json(self, number: int, line: bytes) -> list[str]:
        """The cells of a line; without any for an empty line and for one that was refused here."""
        nothing = ["", "", ""]
        if not line:
            return nothing
        try:
            text = line.decode("utf-8")
            # Blanks are gone already: decode would look for them twice a line.
            found, end = _JSON.raw_decode(text)
            if end != len(text):
                raise ValueError
            cells = [found.get("meter"), found.get("time"), found.get("value")]
            if None in cells:
                cells = [next((found[one] for one in names if found.get(one) is not None), "")
                         for names in NAMES.values()]  # fmt: skip
            # Only texts can be joined; what cannot be shown is no name, time or number.
            if (joined := "".join(cells)) and joined.isprintable():
                return cells
        except (ValueError, RecursionError, AttributeError, TypeError):
            pass
        shown = line.decode("utf-8", "replace")[:80]
        self.refused.add(number, (shown, "", ""), "G110", found=shown)
        return nothing

    def _of_book(self, rows: Iterable[BookRow], epoch: dt.datetime | None) -> Iterator[tuple[int, pa.Table]]:
        """Parts of a book that people keep, row by row or a column for each meter; each reading names its cells."""
        part: list[BookReading] = []
        for one in self._of_book_rows(iter(rows), epoch):
            part.append(one)
            if len(part) == limit("readings_at_once"):
                yield 0, _of_readings(part)
                part = []
        if part:
            yield 0, _of_readings(part)

    def _of_book_rows(self, rows: Iterator[BookRow], epoch: dt.datetime | None) -> Iterator[BookReading]:
        above: list[BookRow] = []
        for head in rows:
            cells = tuple(cell.strip() for cell in head.cells)
            named = [self._named(cell) for cell in cells]
            names_alone = tuple(name for name, _ in named)
            if all(any(cell in names for cell in names_alone) for names in NAMES.values()):
                columns = [names_alone.index(name) for name in self._chosen(names_alone)]
                for one in long_readings(head, rows, columns, epoch):
                    yield from self._in_unit_of_meter(one, cells[columns[2]], named[columns[2]][1])
                return
            if is_wide(cells):
                units = {cell: found for cell, (_, found) in zip(cells, named, strict=True)}
                for one in wide_readings(BookRow(head.line, cells), rows, epoch):
                    if unread(one.cells[2]):
                        self.unread += 1
                    else:
                        yield from self._in_unit_of_meter(one, one.cells[0], units[one.cells[0]], wide=True)
                return
            above.append(head)
            if len(above) == limit("lines_above_the_head"):
                break
        self._chosen(next((row.cells for row in above if any(row.cells)), ()))

    def _named(self, head: str) -> tuple[str, Unit | None]:
        """What a head names, and in which unit. The identifier of a meter may look as if it ended with one."""
        if self.meters.find(head):
            return head, None
        name, found = without_unit(head)
        return ("value", found) if found is not None and name in AMOUNTS else (name, found)

    def _in_unit_of_meter(
        self, one: BookReading, head: str, given: Unit | None, *, wide: bool = False
    ) -> Iterator[BookReading]:
        """The reading in the unit of its meter; refused when the head names another kind of unit, or an amount for a
        meter whose register counts up (E209, E210).
        """
        if given is None:
            yield one
            return
        name = without_unit(head)[0]
        meter = name if wide else one.cells[0]
        number = self.meters.find(meter)
        measures = self.meters.measures.get(number, frozenset())
        target, value = measured(given, measures), in_unit(one.cells[2], given, measures)
        cells = (meter, one.cells[1], one.cells[2])
        if number and (target is None or value is None):
            expected = ", ".join(sorted(measures)) or "—"
            self.read += 1
            self.refused.add(one.line, cells, "E209", found=given.code, expected=expected, cell=one.places[2])
        elif number and name in AMOUNTS and number not in self.meters.amounts:
            self.read += 1
            self.refused.add(one.line, cells, "E210", found=head, cell=one.places[2])
        else:
            if target is not None:
                self.units[head] = target.code
            yield BookReading(one.line, (meter, one.cells[1], value or one.cells[2]), one.places)

    def _points(self, line: int, table: pa.Table) -> Points:
        numbers = self._numbers(table["meter"])
        at, bad_time = self._times(table["time"])
        value, bad_value = self._values(table["value"])
        good = (numbers > 0) & ~bad_time & ~bad_value
        if not good.all():
            for place in np.flatnonzero(~good).tolist():
                cells = tuple(_shown(table[name][place].as_py()) for name in NAMES)
                if not any(cells):
                    continue  # an empty line
                at_fault = 0 if numbers[place] <= 0 else 1 if bad_time[place] else 2
                self._refuse(line + place, table, place, cells, at_fault)
            numbers, at, value = numbers[good], at[good], value[good]
        return Points(numbers.astype(np.int32), at, value)

    def _refuse(self, line: int, table: pa.Table, place: int, cells: tuple[str, ...], at_fault: int) -> None:
        """Say what is wrong with the cell ``at_fault`` of a reading; a book names that cell."""
        number, values = ("E201", "E202", "E203")[at_fault], {"found": cells[at_fault]}
        if cells[at_fault].startswith("="):
            number = "E207"
        elif at_fault == 0 and (names := self.meters.without_zeros(cells[0])):
            number, values["expected"] = "E206", names
        if "line" in table.column_names:
            line, values["cell"] = table["line"][place].as_py(), table["places"][place].as_py()[at_fault]
        else:
            line = self._line(line)
        self.refused.add(line, cells, number, **values)

    def _numbers(self, column: pa.ChunkedArray) -> Ints:
        if pa.types.is_integer(column.type):
            whole = pc.fill_null(column, 0).to_numpy().astype(np.int64, copy=False)
            return self.meters.of_whole_numbers(whole)
        return _by_word(column, self.meters.find, 0)

    def _times(self, column: pa.ChunkedArray) -> tuple[Ints, Bools]:
        """Seconds since 1970, and which have none."""
        none = pc.is_null(column).to_numpy()
        if pa.types.is_timestamp(column.type):
            parts = _PARTS[column.type.unit]
            raw = pc.fill_null(column.cast(pa.int64()), 0).to_numpy()
            at = raw // parts
            bad = none | (raw % parts != 0)
            if column.type.tz is None:
                self.naive = True
                at = at - self._offset()
        else:
            at = _by_word(column, self._seconds, -LARGEST)
            bad = none | (at == -LARGEST)
        return at, bad | (at < _year("earliest_year", 0)) | (at >= _year("latest_year", 1))

    def _offset(self) -> int:
        return 0 if self.utc else readings_limit("local_day_offset_seconds")

    def _seconds(self, written: object) -> int:
        found = moment_of(str(written))
        if found is None:
            return -LARGEST
        if found.tzinfo is None:
            self.naive = True
            found = found.replace(tzinfo=dt.UTC if self.utc else local_zone())
        return int(found.timestamp())

    def _values(self, column: pa.ChunkedArray) -> tuple[Ints, Bools]:
        """Micro-units, and which have none."""
        none = pc.is_null(column).to_numpy()
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_decimal(column.type):
            try:
                found = pc.cast(column, pa.float64())
            except pa.ArrowInvalid:
                return _one_by_one(column)
            micro, wrong = micro_from_float(pc.fill_null(found, 0.0).to_numpy())
            if np.abs(micro).max(initial=0) >= 1 << 50:
                return _one_by_one(column)  # more digits than a float keeps
        else:
            micro, wrong = micro_from_float(pc.fill_null(column.cast(pa.float64()), 0.0).to_numpy())
        return micro, none | wrong | (np.abs(micro) >= LARGEST)


def _by_word(column: pa.ChunkedArray, meaning: Callable[[object], int], nothing: int) -> Ints:
    """What each word of a column means, asked once for each word."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    known = np.array([nothing if word is None else meaning(word) for word in encoded.dictionary.to_pylist()], np.int64)
    places = pc.fill_null(encoded.indices, len(known)).to_numpy(zero_copy_only=False)
    found: Ints = np.append(known, nothing)[places]
    return found


def _one_by_one(column: pa.ChunkedArray) -> tuple[Ints, Bools]:
    found = [micro_of(str(written)) for written in column.to_pylist()]
    bad = np.array([one is None for one in found], np.bool_)
    return np.array([one or 0 for one in found], np.int64), bad


def seconds_of(written: str) -> int | None:
    """Seconds since 1970 of a time as written, local where it has no zone; None when it is none that can be."""
    found = moment_of(written)
    if found is None:
        return None
    seconds = int((found if found.tzinfo else found.replace(tzinfo=local_zone())).timestamp())
    return seconds if _year("earliest_year", 0) <= seconds < _year("latest_year", 1) else None


def micro_of(written: str) -> int | None:
    """Micro-units of a number as written; None when it is none, too large, or has more than 6 decimals."""
    try:
        found = micro_from_text(plain_number(written))
    except ValueError:
        return None
    return found if abs(found) < LARGEST else None


@cache
def _year(name: str, more: int) -> int:
    return int(dt.datetime(readings_limit(name) + more, 1, 1, tzinfo=local_zone()).timestamp())


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def _of_text(rows: Sequence[Sequence[str]]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(NAMES, columns, strict=True)})


def _of_readings(readings: Sequence[BookReading]) -> pa.Table:
    columns = zip(*(one.cells for one in readings), strict=True)
    texts = {name: pa.array(column, pa.string()) for name, column in zip(NAMES, columns, strict=True)}
    return pa.table(
        {**texts, "line": [one.line for one in readings], "places": [list(one.places) for one in readings]}
    )
