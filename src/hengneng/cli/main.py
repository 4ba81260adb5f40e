"""`hengneng …`: the command line, which is also the contract for scripts.

Exit status: 0 good; 1 the input is at fault, with numbered problems on standard error; 2 wrong use.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import NoReturn

import click

from hengneng.problems import Problem, RefusedError

_COMMANDS = {
    "plan": ("plans", "plan"),
    "facts": ("facts", "facts"),
    "meters": ("meters", "meters"),
    "readings": ("readings", "readings"),
    "devices": ("devices", "devices"),
    "gateway": ("gateway", "gateway"),
    "monitoring": ("monitoring", "monitoring"),
    "hj212": ("hj212", "hj212"),
    "standing": ("standing", "standing"),
    "publish": ("standing", "publish"),
    "explain": ("explaining", "explain"),
    "rules": ("rules", "rules"),
    "formula": ("formulas", "formula"),
    "serve": ("serving", "serve"),
    "worker": ("serving", "worker"),
    "people": ("people", "people"),
    "log": ("log", "log"),
    "check": ("checking", "check"),
    "run": ("running", "run"),
}


class _Commands(click.Group):
    """Commands are imported when they are called: `hengneng formula` loads no database."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(f"hengneng.cli.{module}"), name)
        return command


def _choose_language(arguments: list[str]) -> None:
    """--lang must be known before any text is made."""
    for index, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            os.environ["HENGNENG_LANG"] = argument.removeprefix("--lang=")
        elif argument == "--lang" and index + 1 < len(arguments):
            os.environ["HENGNENG_LANG"] = arguments[index + 1]
        elif not argument.startswith("-"):
            return


def commands() -> click.Group:
    """The whole command line."""
    from hengneng import __version__
    from hengneng.cli.output import words

    @click.group(cls=_Commands, help=words("cli.help"), context_settings={"help_option_names": ["-h", "--help"]})
    @click.option("--lang", type=click.Choice(["zh", "en"]), help=words("cli.lang"))
    @click.version_option(__version__, prog_name="hengneng")
    def hengneng(lang: str | None) -> None:
        del lang  # taken before the texts were made

    return hengneng


def main() -> None:
    """Entry point of the program."""
    _choose_language(sys.argv[1:])
    try:
        commands()(prog_name="hengneng")
    except RefusedError as refused:
        _refuse(refused)
    except BrokenPipeError:
        # The reader of a pipe has gone; what is left has no one to read it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        # Only a command that uses the database has loaded Django; one that fails in mid-work is no fault of ours.
        errors = sys.modules.get("django.db.utils")
        if errors is None or not isinstance(error, errors.OperationalError):
            raise
        _refuse(
            RefusedError(
                Problem("C011", "HENGNENG_DATABASE_URL", {"found": str(error).strip().splitlines()[0].rstrip("?.")})
            )
        )


def _refuse(refused: RefusedError) -> NoReturn:
    from hengneng.cli.output import print_json, print_problems

    if "--json" in sys.argv:
        print_json({"problems": [problem.to_json() for problem in refused.problems]})
    print_problems(refused.problems)
    sys.exit(1)
