"""Groups that import a command when it is called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click


class LazyGroup(click.Group):
    """A group that imports a command when it is called.

    So `tunetrace check` does not wait for what `tunetrace sample` imports. The pattern is from
    click's documentation, "Lazily Loading Subcommands".
    """

    def __init__(self, *args: Any, commands: Mapping[str, str], **options: Any) -> None:
        """commands: for each name the module and the object, as `tunetrace.commands.bar.bar`."""
        super().__init__(*args, **options)
        self._places = commands

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._places:
            return None
        module, _, name = self._places[cmd_name].rpartition(".")
        command = getattr(importlib.import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{self._places[cmd_name]} is not a click command")
        return command
