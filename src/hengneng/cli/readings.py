"""`hengneng readings import | rollup | export | status | verify | facts`."""

from __future__ import annotations

import datetime as dt
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from hengneng.cli.output import LANGUAGE, json_option, print_json, print_problems, progress_bar, words
from hengneng.problems import Problem, RefusedError

if TYPE_CHECKING:
    from hengneng.readings.store import Store

STOPPED = 130  # as a shell says of a program that Ctrl-C has ended


@click.group(help=words("cli.readings.help"))
def readings() -> None:
    """What meters have sent."""


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Ctrl-C asks to stop at the next whole step; a second one ends at once, and nothing is lost either."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        click.echo(words("cli.readings.stopping"), err=True)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _store() -> Iterator[Store]:
    from hengneng.cli.records import ready

    ready()
    from hengneng.metering.rolling import spare_memory
    from hengneng.metering.storing import open_store

    spare_memory()
    with open_store() as store:
        yield store


def _day(written: str | None, option: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(written) if written else None
    except ValueError:
        raise RefusedError(Problem("E302", option, {"found": written})) from None


def _days(since: str | None, until: str | None) -> tuple[dt.date | None, dt.date | None]:
    first, last = _day(since, "--from"), _day(until, "--to")
    if first is not None and last is not None and last < first:
        raise RefusedError(Problem("E302", "--to", {"found": until}))
    return first, last


def _range_options(command: Callable[..., None]) -> Callable[..., None]:
    command = click.option("--to", "until", metavar="DAY", help=words("cli.readings.to"))(command)
    return click.option("--from", "since", metavar="DAY", help=words("cli.readings.from"))(command)


@readings.command("import", help=words("cli.readings.import"))
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--utc", is_flag=True, help=words("cli.readings.utc"))
@json_option
@click.pass_context
def import_file(context: click.Context, file: Path, utc: bool, as_json: bool) -> None:
    """Take a file of readings in."""
    with _store() as store, _interruptible() as stop:
        from hengneng.access import terminal_actor
        from hengneng.home import home_folder
        from hengneng.metering.importing import import_readings
        from hengneng.readings.store import StoppedError

        try:
            with progress_bar(words("cli.readings.importing", file=file.name)) as advance:
                result = import_readings(
                    store,
                    file,
                    terminal_actor(),
                    LANGUAGE,
                    utc=utc,
                    return_folder=home_folder() / "returned",
                    progress=lambda done, total: advance(done, total or None),
                    stop=stop,
                )
        except StoppedError:
            click.echo(words("cli.readings.import_stopped", file=file.name), err=True)
            context.exit(STOPPED)
    if as_json:
        print_json(result.to_json())
    elif result.known:
        click.echo(words("cli.readings.known", file=result.file))
    else:
        click.echo(
            words(
                "cli.readings.imported",
                file=result.file,
                points=f"{result.points:,}",
                doubles=f"{result.doubles:,}",
                revisions=f"{result.revisions:,}",
                refused=f"{result.refused:,}",
                days=result.days,
            )
        )
        if result.returned:
            click.echo(words("cli.facts.returned", file=result.returned))
    print_problems([*result.problems, *result.notes])
    context.exit(1 if result.refused else 0)


@readings.command("rollup", help=words("cli.readings.rollup"))
@_range_options
@click.option("--engine", metavar="ENGINE", help=words("cli.readings.engine"))
@click.option("--recompute", is_flag=True, help=words("cli.readings.recompute"))
@json_option
@click.pass_context
def rollup(
    context: click.Context, since: str | None, until: str | None, engine: str | None, recompute: bool, as_json: bool
) -> None:
    """Roll up what is due, and add the energy up."""
    first, last = _days(since, until)
    with _store() as store, _interruptible() as stop:
        from hengneng.metering.rolling import roll_up_readings

        with (
            progress_bar(words("cli.readings.rolling_up")) as on_rolled,
            progress_bar(words("cli.readings.adding_up")) as on_energy,
        ):
            done = roll_up_readings(
                store,
                since=first,
                until=last,
                recompute=recompute,
                engine=engine,
                on_rolled=on_rolled,
                on_energy=on_energy,
                stop=stop,
            )
    if as_json:
        print_json(
            {
                "days": [day.isoformat() for day in done.rolled_up.days],
                "readings": done.rolled_up.readings,
                "energy_days": [day.isoformat() for day in done.energy.days],
                "register_changed_from": done.since.isoformat() if done.since else None,
                "stopped": done.stopped,
            }
        )
    else:
        click.echo(
            words(
                "cli.readings.rolled_up",
                days=len(done.rolled_up.days),
                readings=f"{done.rolled_up.readings:,}",
                energy=len(done.energy.days),
            )
        )
        if done.since:
            click.echo(words("cli.readings.register_changed", day=done.since))
        if done.stopped:
            click.echo(words("cli.readings.stopped"), err=True)
    context.exit(STOPPED if done.stopped else 0)


@readings.command("export", help=words("cli.readings.export"))
@click.option("--hourly", metavar="FILE", type=click.Path(path_type=Path), help=words("cli.readings.hourly"))
@click.option("--daily", metavar="FILE", type=click.Path(path_type=Path), help=words("cli.readings.daily"))
@_range_options
@json_option
def export(hourly: Path | None, daily: Path | None, since: str | None, until: str | None, as_json: bool) -> None:
    """Write hours and days for others."""
    if hourly is None and daily is None:
        raise click.UsageError(words("cli.readings.export_what"))
    first, last = _days(since, until)
    written: dict[str, dict[str, object]] = {}
    with _store() as store:
        from hengneng.metering.exporting import export_daily, export_hourly

        if hourly is not None:
            with progress_bar(words("cli.readings.exporting", file=hourly.name)) as advance:
                done = export_hourly(store, hourly, first, last, advance)
            written["hourly"] = {"file": str(hourly), "rows": done.rows, "left_out": done.left_out}
        if daily is not None:
            done = export_daily(daily, first, last)
            written["daily"] = {"file": str(daily), "rows": done.rows, "left_out": done.left_out}
    if as_json:
        print_json(written)
        return
    for kind, one in written.items():
        click.echo(words(f"cli.readings.exported.{kind}", **one))


@readings.command("status", help=words("cli.readings.status"))
@json_option
def status(as_json: bool) -> None:
    """How much there is, and what is due."""
    with _store() as store:
        from hengneng.metering.reading import state_of_readings

        found = state_of_readings(store)
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        shown = "—" if value is None else f"{value:,}" if isinstance(value, int) else value
        click.echo(f"{words(f'cli.readings.state.{name}')}{'：' if LANGUAGE == 'zh' else ': '}{shown}")


@readings.command("verify", help=words("cli.readings.verify"))
@click.option("--mend", is_flag=True, help=words("cli.readings.mend"))
@json_option
@click.pass_context
def verify(context: click.Context, mend: bool, as_json: bool) -> None:
    """Compare manifest, files and inbox, byte for byte."""
    with _store() as store:
        from hengneng.metering.reading import days_without_readings

        with progress_bar(words("cli.readings.verifying")) as advance:
            problems = store.verify(mend=mend, progress=advance)
        gaps = days_without_readings(store)
    if as_json:
        print_json(
            {
                "good": not problems,
                "days_without_readings": [day.isoformat() for day in gaps],
                "problems": [problem.to_json() for problem in problems],
            }
        )
    else:
        click.echo(words("cli.readings.verified", problems=len(problems), gaps=len(gaps)))
    print_problems(problems)
    context.exit(1 if any(problem.refuses for problem in problems) else 0)


@readings.command("facts", help=words("cli.readings.facts"))
@click.option("--month", required=True, metavar="YYYY-MM", help=words("cli.readings.month"))
@json_option
def facts(month: str, as_json: bool) -> None:
    """Make facts from meters."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.access import terminal_actor
    from hengneng.metering.monthly import make_facts

    with progress_bar(words("cli.readings.making_facts", month=month)) as advance:
        made = make_facts(month, terminal_actor(), progress=advance)
    if as_json:
        print_json(made.to_json())
        return
    click.echo(
        words(
            "cli.readings.facts_made",
            month=made.month,
            recorded=len(made.recorded),
            revised=len(made.revised),
            unchanged=made.unchanged,
            missing=made.missing,
        )
    )
    if made.without_measure:
        click.echo(words("cli.readings.without_measure", carriers=", ".join(sorted(made.without_measure))))
