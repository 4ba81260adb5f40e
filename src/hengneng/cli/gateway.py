"""`hengneng gateway …`: the doors, each a process of its own. A door is a module here with its command."""

from __future__ import annotations

import importlib

import click

from hengneng.cli.output import words

_DOORS: dict[str, tuple[str, str]] = {
    "hj212": ("gateway_hj212", "serve"),
    "http": ("gateway_http", "serve"),
    "mqtt": ("gateway_mqtt", "serve"),
    "folder": ("gateway_folder", "serve"),
}


class _Doors(click.Group):
    """Doors are imported when they are opened: each has libraries of its own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_DOORS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _DOORS:
            return None
        module, name = _DOORS[cmd_name]
        command: click.Command = getattr(importlib.import_module(f"hengneng.cli.{module}"), name)
        return command


@click.group(cls=_Doors, help=words("cli.gateway.help"))
def gateway() -> None:
    """The doors."""
