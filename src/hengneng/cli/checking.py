"""`hengneng check`: is this installation sound?"""

from __future__ import annotations

from collections.abc import Callable

import click

from hengneng.cli.output import json_option, print_json, words
from hengneng.problems import RefusedError


@click.command(help=words("cli.check.help"))
@json_option
@click.pass_context
def check(context: click.Context, as_json: bool) -> None:
    """Check the installation."""
    items: dict[str, Callable[[], str]] = {
        "home": _home,
        "database": _database,
        "rules": _rules,
        "formulas": _formulas,
        "plans": _plans,
        "stale": _stale,
        "permissions": _permissions,
        "log": _log,
        "frontend": _frontend,
    }
    found: dict[str, tuple[bool, str]] = {}
    for name, item in items.items():
        try:
            found[name] = (True, item())
        except Exception as error:  # every fault of an installation is to be listed, whatever it is
            text = (
                error.problems[0].text("en") if isinstance(error, RefusedError) else f"{type(error).__name__}: {error}"
            )
            found[name] = (False, text)
    good = all(ok for ok, _ in found.values())
    if as_json:
        print_json({"good": good, "items": {name: {"good": ok, "found": text} for name, (ok, text) in found.items()}})
    else:
        for name, (ok, text) in found.items():
            click.echo(
                f"{words('cli.check.ok' if ok else 'cli.check.bad')}  {words(f'cli.check.items.{name}')}: {text}"
            )
    context.exit(0 if good else 1)


def _home() -> str:
    from hengneng.home import home_folder

    folder = home_folder()
    probe = folder / ".writable"
    probe.write_text("", "ascii")
    probe.unlink()
    return str(folder)


def _database() -> str:
    from hengneng.cli.records import ready

    ready()
    from django.db import connection

    return str(connection.vendor)


def _rules() -> str:
    from hengneng.rules.checks import check_folder
    from hengneng.rules.loader import DATA_FOLDER, table_names

    problems = check_folder(DATA_FOLDER)
    if problems:
        raise RefusedError(*problems)
    return str(len(table_names(DATA_FOLDER)))


def _formulas() -> str:
    from hengneng.formulas import formulas

    return str(len(formulas()))


def _plans() -> str:
    from hengneng.registry.models import PlanEdition

    return ", ".join(sorted(set(PlanEdition.objects.values_list("identifier", flat=True)))) or "0"


def _stale() -> str:
    from hengneng.standing.models import StaleMark

    return str(StaleMark.objects.count())


def _frontend() -> str:
    from hengneng.web.frontend import VENDOR_FILES, vendor_folder

    missing = [name for name in VENDOR_FILES if not (vendor_folder() / name).is_file()]
    if missing:
        raise FileNotFoundError(f"{', '.join(missing)}: run `make setup`")
    return str(len(VENDOR_FILES))


def _permissions() -> str:
    from hengneng.access import permissions

    return str(len(permissions()))


def _log() -> str:
    """The number of acts; RefusedError with the breaks of the chain."""
    from hengneng.acts.verifying import verify

    found = verify()
    if found.problems:
        raise RefusedError(*found.problems)
    return str(found.acts)
