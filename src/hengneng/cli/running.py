"""`hengneng run`: the main job."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from hengneng.cli.output import LANGUAGE, print_problems, progress_bar, words
from hengneng.cli.serving import serve_site
from hengneng.trace import Mark

PLANS_FOLDER = Path(__file__).resolve().parents[3] / "plans"
PEOPLE_FILE = "people.example.csv"
METERS_FILE = "meters.example.csv"
FACT_FILES = {"facts.csv": False, "facts.example.csv": True}


@click.command(help=words("cli.run.help"))
@click.option("--port", type=click.IntRange(1, 65535), default=8000, envvar="PORT", help=words("cli.serve.port"))
@click.option("--host", default="127.0.0.1", help=words("cli.serve.host"))
@click.option("--plans", "folder", type=click.Path(path_type=Path), default=PLANS_FOLDER, help=words("cli.run.plans"))
@click.option("--no-serve", is_flag=True, help=words("cli.run.no_serve"))
@click.option("--no-worker", is_flag=True, help=words("cli.serve.no_worker"))
def run(port: int, host: str, folder: Path, no_serve: bool, no_worker: bool) -> None:
    """Prepare, load, print, serve."""
    from hengneng.cli.records import ready

    ready()
    plans = sorted(path.parent for path in folder.glob("*/plan.yaml"))
    for path in plans:
        _load(path)
    _stand()
    _meter(plans)
    _monitor(plans)
    _let_in(plans, f"http://{host}:{port}")
    if not no_serve:
        serve_site(host, port, with_worker=not no_worker)


def _advance(advance: Callable[[int, int | None], None], _: str, done: int, total: int) -> None:
    advance(done, total)


def _load(path: Path) -> None:
    """A plan and its facts; facts that were recorded before are left alone."""
    from hengneng.cli.records import user
    from hengneng.facts.intake.recording import Intake, import_file, was_imported
    from hengneng.rules.divisions import subject_code
    from hengneng.standing.arrival import facts_arrived
    from hengneng.standing.plans import load_plan_folder, plan_of

    edition = load_plan_folder(path).edition
    subjects = frozenset(subject_code(place.code) for place in plan_of(edition).places)
    for name, example in FACT_FILES.items():
        file = path / name
        if not file.exists() or was_imported(file):
            continue
        with progress_bar(words("cli.facts.importing", file=f"{path.name}/{name}")) as advance:
            result = import_file(
                file,
                Intake(
                    recorded_by=user(),
                    language=LANGUAGE,
                    plan=edition.identifier,
                    plan_subjects=subjects,
                    example=example,
                    on_arrival=facts_arrived,
                    progress=partial(_advance, advance),
                ),
            )
        click.echo(
            words(
                "cli.facts.imported",
                file=f"{path.name}/{result.file}",
                recorded=len(result.recorded),
                corrected=len(result.corrected),
                unchanged=result.unchanged,
                refused=result.refused,
            )
        )
        print_problems(result.problems)


def _meter(plans: list[Path]) -> None:
    """Example meters and their made-up readings, once; then whatever is due of the roll-up."""
    from hengneng.access import terminal_actor
    from hengneng.metering.example import load_example
    from hengneng.metering.register import import_meters
    from hengneng.metering.rolling import roll_up_readings
    from hengneng.metering.storing import open_store

    with open_store() as store:
        for path in plans:
            file = path / METERS_FILE
            if not file.exists():
                continue
            registered = import_meters(file, actor=terminal_actor(), example=True)
            print_problems(registered.problems)
            count = load_example(store, path)
            if count:
                click.echo(words("cli.run.example_readings", meters=len(registered.meters_new), count=f"{count:,}"))
        with progress_bar(words("cli.readings.rolling_up")) as advance:
            roll_up_readings(store, on_rolled=advance)


def _monitor(plans: list[Path]) -> None:
    """Example outlets and their made-up frames, once; then whatever has come since."""
    from hengneng.access import terminal_actor
    from hengneng.monitoring.example import load_example_monitoring
    from hengneng.monitoring.running import take_and_add_up

    for path in plans:
        count = load_example_monitoring(terminal_actor(), path)
        if count:
            click.echo(words("cli.run.example_frames", count=f"{count:,}"))
    with progress_bar(words("cli.monitoring.taking")) as advance:
        take_and_add_up(progress=advance)


def _stand() -> None:
    from hengneng.cli.standing import read_standing, show
    from hengneng.registry.models import PlanEdition
    from hengneng.standing.arrival import recompute_now
    from hengneng.standing.publishing import publish_what_never_was

    with progress_bar(words("cli.facts.recomputing")) as advance:
        recompute_now(advance)
    marks: set[str] = set()
    for identifier in sorted(set(PlanEdition.objects.values_list("identifier", flat=True))):
        found = read_standing(identifier, None, None, None)
        marks.update(mark for row in found.rows for mark in row.content["marks"])
        show(found)
    published = publish_what_never_was()
    if published:
        click.echo(words("cli.publish.at_start", count=len(published)))
    if Mark.EXAMPLE in marks:
        click.echo(words("cli.run.example_note"))


def _let_in(plans: list[Path], address: str) -> None:
    """Add the example people, and print a link for every one of them who has not signed in yet."""
    from hengneng.access import terminal_actor
    from hengneng.access.appointing import load_people, new_link
    from hengneng.accounts.models import Person
    from hengneng.cli.people import print_links

    actor = terminal_actor()
    added = [one for path in plans if (path / PEOPLE_FILE).exists()
             for one in load_people(actor, path / PEOPLE_FILE, example=True)]  # fmt: skip
    fresh = {person.pk for person, _ in added}
    waiting = [person for person in Person.objects.filter(example=True, is_active=True).exclude(pk__in=fresh)
               if not person.has_usable_password()]  # fmt: skip
    links = added + [(person, new_link(actor, person)) for person in waiting]
    if links:
        print_links([(person.name, person.identifier, secret) for person, secret in links], address)
