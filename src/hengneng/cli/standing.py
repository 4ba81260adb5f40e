"""`hengneng standing PLAN`: who is where, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from hengneng.cli.output import (
    console,
    joined,
    json_option,
    marks_in_words,
    number,
    print_json,
    progress_bar,
    said,
    shown_time,
    words,
)
from hengneng.problems import Problem, RefusedError
from hengneng.rules.units import unit

if TYPE_CHECKING:
    from hengneng.standing.observing import Series
    from hengneng.standing.report import Row, Standing


YEARS_SHOWN = 8


@click.command(help=words("cli.standing.help"))
@click.argument("plan", metavar="PLAN")
@click.option("--period", "period_text", metavar="P", help=words("cli.standing.period"))
@click.option("--as-of", "as_of", metavar="DATE", help=words("cli.standing.as_of"))
@click.option("--place", "place_text", metavar="CODE", help=words("cli.standing.place"))
@click.option("--rebuild", is_flag=True, help=words("cli.standing.rebuild"))
@json_option
def standing(
    plan: str, period_text: str | None, as_of: str | None, place_text: str | None, rebuild: bool, as_json: bool
) -> None:
    """The standing of a plan."""
    from hengneng.cli.records import edition, ready

    ready()
    if rebuild:
        from hengneng.standing import rows

        click.echo(words("cli.standing.rebuilt", rows=rows.rebuild(edition(plan))), err=True)
    found = read_standing(plan, period_text, as_of, place_text)
    if as_json:
        print_json(found.to_json())
    else:
        show(found)


@click.command(help=words("cli.publish.help"))
@click.argument("plan", metavar="PLAN")
@click.option("--period", "period_text", metavar="P", help=words("cli.standing.period"))
@click.option("--note", default="", help=words("cli.publish.note"))
@json_option
def publish(plan: str, period_text: str | None, note: str, as_json: bool) -> None:
    """Publish the current standing of a plan."""
    from hengneng.cli.records import edition, period, ready

    ready()
    from hengneng.access import terminal_actor
    from hengneng.standing import publishing
    from hengneng.standing.report import period_shown

    chosen = edition(plan)
    with progress_bar(words("cli.standing.computing")) as advance:
        when = period(period_text) if period_text else period_shown(chosen, advance)
    made = publishing.publish(terminal_actor(), chosen, when, note)
    found = {"plan": chosen.identifier, "period": when.written, "rows": made.rows.count(), "act": made.act}
    if as_json:
        print_json({**found, "published_at": made.published_at.isoformat(), "note": note})
    else:
        click.echo(words("cli.publish.done", **{**found, "act": made.act[:8]}))


def read_standing(plan: str, period_text: str | None, as_of: str | None, place_text: str | None) -> Standing:
    """The standing for arguments as people write them. RefusedError C001, C003, C004, C005."""
    from hengneng.cli.records import edition, period, place_of
    from hengneng.standing.plans import plan_of
    from hengneng.standing.report import period_shown, read_moment, standing_of

    chosen = edition(plan)
    moment = None
    if as_of is not None:
        try:
            moment = read_moment(as_of)
        except ValueError:
            raise RefusedError(Problem("C003", "--as-of", {"found": as_of})) from None
    when = period(period_text) if period_text else period_shown(chosen)
    place = place_of(plan_of(chosen), place_text, when) if place_text else None
    with progress_bar(words("cli.standing.computing")) as advance:
        return standing_of(chosen, when, moment, place, advance)


def show(found: Standing) -> None:
    """Print a standing: a table for each indicator whose rows are known, one line for those that are not."""
    out = console()
    head = found.plan.head
    out.print()
    out.print(f"━━ {said(head.title.text())} · {said(found.period.label())} ━━", style="bold")
    if found.moment is not None:
        out.print(words("cli.standing.as_known", moment=shown_time(found.moment)))
    if found.superseded_by:
        out.print(words("cli.standing.superseded", plan=found.superseded_by))
    total = "  ".join(f"{words(f'verdict.{level}')} {count}" for level, count in sorted(found.counts.items()))
    out.print(words("cli.standing.total", rows=len(found.rows), counts=total))
    for rows in found.by_indicator().values():
        known = [row for row in rows if row.content["verdict"] != "unknown"]
        indicator = found.plan.indicator(rows[0].target.indicator)
        target = rows[0].target
        title = f"{said(indicator.label.text())} · {words(f'kind.{target.kind}')} [{said(unit(target.unit).label)}]"
        if known or any(_partly_known(row) or row.published for row in rows):
            out.print()
            out.print(title, style="bold")
            out.print(_table(sorted(rows, key=lambda row: (row.severity, -_gap(row)))))
        else:
            out.print(f"{title}: {words('cli.standing.all_unknown', rows=len(rows), reason=_reasons(rows))}")
    for series in found.observations:
        if series.figures or series.observation.value is not None:
            out.print()
            out.print(_series(series))
    marks = {mark for row in found.rows for mark in row.content["marks"]}
    if marks:
        out.print()
        out.print(words("cli.standing.marks", marks=marks_in_words(sorted(marks))))


def _series(series: Series) -> str:
    """An observation on a few lines: what it is, and its latest known years."""
    shown = series.figures[-YEARS_SHOWN:]
    points = "  ".join(f"{figure.period}: {number(figure.value, figure.unit)}" for figure in shown)
    return words(
        "cli.standing.observation",
        meaning=series.observation.meaning.text(),
        place=series.place_name,
        points=points or "—",
        stated=_stated(series),
        count=len(series.figures),
    )


def _stated(series: Series) -> str:
    """The value that the document itself states, where it does."""
    observation = series.observation
    if observation.value is None:
        return ""
    label = "%" if observation.unit == "%" else said(unit(observation.unit).label)
    return words("cli.standing.stated", value=f"{observation.value} {label}")


def _partly_known(row: Row) -> bool:
    return row.number("yearly", "actual") is not None


def _gap(row: Row) -> float:
    """How far the achieved value is from what is due; greater is worse, and what is unknown comes last."""
    achieved, due = row.number("cumulative", "yearly", "actual"), row.number("scheduled", "required_yearly")
    return -math.inf if achieved is None or due is None else due - achieved


def _reasons(rows: Sequence[Row]) -> str:
    """The reasons, each once; the first is enough where they differ by place only."""
    found = list(dict.fromkeys(said(row.reason) for row in rows if row.reason is not None))
    more = words("cli.standing.and_more", count=len(found) - 1) if len(found) > 1 else ""
    return f"{found[0]}{more}" if found else "—"


def _table(rows: Sequence[Row]) -> Table:
    columns = _columns(rows)
    table = Table(box=None, pad_edge=False)
    for name in columns:
        left = name in ("place", "warning", "verdict", "published", "notes")
        table.add_column(
            words(f"cli.standing.columns.{name}"),
            justify="left" if left else "right",
            no_wrap=name not in ("published", "notes"),
            overflow="fold",
        )
    for row in rows:
        cells = _cells(row)
        table.add_row(*(cells[name] for name in columns))
    return table


def _columns(rows: Sequence[Row]) -> list[str]:
    kind = rows[0].target.kind
    if kind == "reduction_against_base":
        columns = ["place", "target", "achieved", "scheduled", "progress", "yearly", "remaining", "warning"]
    elif kind == "yearly_reduction":
        columns = ["place", "target", "achieved", "completion", "warning"]
    else:
        columns = ["place", "target", "achieved"]
    columns.append("verdict")
    if any(row.published for row in rows):
        columns.append("published")
    return [*columns, "notes"]


def _cells(row: Row) -> dict[str, str]:
    content: Mapping[str, Any] = row.content
    warning = content["warning"]
    achieved = row.achieved
    notes = [marks_in_words(content["marks"])] if content["marks"] else []
    if row.reason is not None:
        notes.append(said(row.reason))
    return {
        "place": said(row.place_name),
        "target": "—" if row.target.value is None else _printed(row),
        "achieved": number(achieved["value"], achieved["unit"]) if achieved else "—",
        "scheduled": number(row.number("scheduled"), "1"),
        "progress": number(row.number("progress"), "1", 1),
        "yearly": number(row.number("yearly"), "1"),
        "completion": number(row.number("completion"), "1", 1),
        "remaining": number(row.number("remaining_yearly"), "1"),
        "warning": "—" if warning is None else f"{_SIGNS[warning['severity']]} {_label(warning)}",
        "verdict": words(f"verdict.{content['verdict']}"),
        "published": joined(f"{said(p.label)}: {p.verdict}{_AGREEMENT[p.agrees]}" for p in row.published) or "—",
        "notes": joined(notes),
    }


def _printed(row: Row) -> str:
    return f"{row.target.value} %" if row.target.unit == "%" else f"{row.target.value:,}"


# A sign for each severity, so that colour is never needed: 0 best, 3 worst.
_SIGNS = {0: "○", 1: "◔", 2: "◐", 3: "▲"}
_AGREEMENT = {True: " ✓", False: " ✗", None: ""}


def _label(warning: Mapping[str, Any]) -> str:
    from hengneng.cli.output import LANGUAGE

    label: str = warning["label"][LANGUAGE]
    return label
