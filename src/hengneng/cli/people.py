"""`hengneng people …`: who may sign in, from the terminal of the machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hengneng.cli.output import console, json_option, print_json, words

if TYPE_CHECKING:
    from hengneng.accounts.models import Person

DEFAULT_ADDRESS = "http://127.0.0.1:8000"


@click.group(help=words("cli.people.help"))
def people() -> None:
    """People and their offices."""


@people.command("add", help=words("cli.people.add.help"))
@click.argument("identifier")
@click.option("--name", required=True, help=words("cli.people.add.name"))
@click.option("--role", required=True, help=words("cli.people.add.role"))
@click.option("--organisation", required=True, help=words("cli.people.add.organisation"))
@click.option("--language", default="zh", help=words("cli.people.add.language"))
@click.option("--address", default=DEFAULT_ADDRESS, envvar="HENGNENG_ADDRESS", help=words("cli.people.address"))
def add(identifier: str, name: str, role: str, organisation: str, language: str, address: str) -> None:
    """Add somebody and print their one-time link."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.access import terminal_actor
    from hengneng.access.appointing import NewPerson, add_person

    person, secret = add_person(terminal_actor(), NewPerson(identifier, name, role, organisation, language))
    print_links([(person.name, person.identifier, secret)], address)


@people.command("load", help=words("cli.people.load.help"))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--address", default=DEFAULT_ADDRESS, envvar="HENGNENG_ADDRESS", help=words("cli.people.address"))
def load(file: Path, address: str) -> None:
    """Add everybody of a file who is not there yet."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.access import terminal_actor
    from hengneng.access.appointing import load_people

    added = load_people(terminal_actor(), file)
    print_links([(person.name, person.identifier, secret) for person, secret in added], address)


@people.command("link", help=words("cli.people.link.help"))
@click.argument("identifier")
@click.option("--address", default=DEFAULT_ADDRESS, envvar="HENGNENG_ADDRESS", help=words("cli.people.address"))
def link(identifier: str, address: str) -> None:
    """A new one-time link for somebody."""
    from hengneng.cli.records import person_of, ready

    ready()
    from hengneng.access import terminal_actor
    from hengneng.access.appointing import new_link

    person = person_of(identifier)
    print_links([(person.name, person.identifier, new_link(terminal_actor(), person))], address)


@people.command("list", help=words("cli.people.list.help"))
@json_option
def list_people(as_json: bool) -> None:
    """Everybody with their offices."""
    from hengneng.cli.records import ready

    ready()
    from rich.table import Table

    from hengneng.accounts.models import Person

    found = Person.objects.prefetch_related("appointments__organisation")
    if as_json:
        print_json([_json(person) for person in found])
        return
    table = Table(
        words("cli.people.list.identifier"), words("cli.people.list.name"), words("cli.people.list.offices"),
        words("cli.people.list.state"), box=None,
    )  # fmt: skip
    for person in found:
        offices = ", ".join(
            f"{one.role}@{one.organisation.identifier}" for one in person.appointments.all() if one.ended is None
        )
        state = "shut_out" if not person.is_active else "active" if person.has_usable_password() else "waiting"
        table.add_row(person.identifier, person.name, offices, words(f"cli.people.list.{state}"))
    console().print(table)


def _json(person: Person) -> dict[str, object]:
    return {
        "identifier": person.identifier,
        "name": person.name,
        "active": person.is_active,
        "has_signed_in": person.has_usable_password(),
        "second_factor": bool(person.totp_secret),
        "appointments": [
            {"role": one.role, "organisation": one.organisation.identifier}
            for one in person.appointments.all()
            if one.ended is None
        ],
    }


def print_links(links: list[tuple[str, str, str]], address: str) -> None:
    """One-time links as a table: who, sign-in name, link."""
    from hengneng.accounts.policy import policy

    if not links:
        click.echo(words("cli.people.nobody_new"))
        return
    click.echo(words("cli.people.links", hours=int(policy().link.total_seconds() // 3600)))
    for name, identifier, secret in links:
        click.echo(f"  {name} ({identifier})\n    {address.rstrip('/')}/first-sign-in/{secret}/")
