"""Tables for download: CSV that is sent while it is read, and Excel; no cell is ever taken for a formula."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

BYTE_ORDER_MARK = "\ufeff"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe(value: object) -> object:
    """A cell that no spreadsheet takes for a formula; missing is empty, never 0."""
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_STARTS_A_FORMULA):
        return f"'{value}"
    return value


def csv_answer(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponseBase:
    """A CSV file (UTF-8 with byte order mark) that is sent row by row."""
    return StreamingHttpResponse(
        _lines(head, rows), content_type="text/csv; charset=utf-8", headers=_attached(f"{name}.csv")
    )


def _lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    out = io.StringIO()
    writer = csv.writer(out)
    out.write(BYTE_ORDER_MARK)
    writer.writerow(head)
    for row in rows:
        writer.writerow([safe(_plain(cell)) for cell in row])
        if out.tell() > 1 << 16:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _plain(cell: object) -> object:
    return format(cell, "f") if isinstance(cell, Decimal) else cell


def excel_answer(name: str, title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """An Excel file: head in bold and frozen, numbers as numbers, days as days. It is made whole, so limit the rows."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    bold = []
    for text in head:
        cell = WriteOnlyCell(sheet, value=text)
        cell.font = Font(bold=True)
        bold.append(cell)
    sheet.append(bold)
    for row in rows:
        sheet.append([workbook_cell(value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return HttpResponse(out.getvalue(), content_type=EXCEL, headers=_attached(f"{name}.xlsx"))


def workbook_cell(value: object) -> object:
    """What a workbook takes: days without a zone, texts that are no formula and have no control characters."""
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)  # a workbook knows no time zones; the caller gives local time
    if isinstance(value, str):
        return safe("".join(sign for sign in value if sign >= " " or sign in "\n\t"))
    return value


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
