"""The command `waybond`: puts together the commands that other modules define."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

import stamina.instrumentation
import typer
from typer.core import TyperGroup

MODULES = MappingProxyType(
    {
        "up": "lifecycle",
        "down": "standing",
        "status": "standing",
        "migrate": "migrate",
        "restored": "restored",
        "replay": "replay.command",
        "verify": "verify",
        "demo": "demo.command",
        "tenant": "tenants",
        "brake": "brake_cli",
        "person": "people",
        "quarantine": "quarantine_cli",
        "order": "orders_cli",
        "referral": "referral_handling",
        "journal": "journal.command",
        "wording": "wordings.command",
        "shadow": "shadow.command",
        "accuracy": "accuracy",
    }
)
"""Who defines each command, in the order of the help: by a `register` that adds it, or an `app` of its own."""

_SETTINGS: Mapping[str, Any] = MappingProxyType({"rich_markup_mode": "rich", "pretty_exceptions_show_locals": False})


class Commands(Mapping[str, Any]):
    """The commands by name. A module is imported when its command is asked for: all of them take seconds."""

    def __getitem__(self, name: str) -> Any:
        module = import_module(f"waybond_local.{MODULES[name]}")
        part = typer.Typer(**_SETTINGS)
        if hasattr(module, "app"):
            part.add_typer(module.app)
        else:
            module.register(part)
        return typer.main.get_group(part).commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


class Waybond(TyperGroup):
    """The group of all commands."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = Commands()  # pyright: ignore[reportAttributeAccessIssue] - nobody adds to it

    def list_commands(self, ctx: object) -> list[str]:
        return list(self.commands)


app = typer.Typer(
    name="waybond",
    cls=Waybond,
    help="Order protection for cross-border trade, on one machine.",
    no_args_is_help=True,
    add_completion=False,
    epilog="Example: [bold]waybond demo[/bold]",
    **_SETTINGS,
)


@app.callback()
def waybond() -> None:
    """What holds for every command: nothing."""


def main() -> None:
    """Run the command; an error that a user can do something about is shown without a traceback."""
    stamina.instrumentation.set_on_retry_hooks(())  # waiting for a server that starts is no news
    try:
        app()
    except Exception as error:
        if not import_module("waybond_local.errors").show_error(error):
            raise
        sys.exit(1)


if __name__ == "__main__":
    main()
