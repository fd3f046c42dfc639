"""The command `waybond`: puts together the commands that other modules define."""

from __future__ import annotations

import sys

import typer

from waybond_local import lifecycle
from waybond_local.errors import show_error

app = typer.Typer(
    name="waybond",
    help="Order protection for cross-border trade, on one machine.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    epilog="Example: [bold]waybond demo[/bold]",
)
lifecycle.register(app)


def main() -> None:
    """Run the command; an error that a user can do something about is shown without a traceback."""
    try:
        app()
    except Exception as error:
        if not show_error(error):
            raise
        sys.exit(1)


if __name__ == "__main__":
    main()
