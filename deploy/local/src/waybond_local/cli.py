"""The command `waybond`: puts together the commands that other modules define."""

from __future__ import annotations

import sys

import stamina.instrumentation
import typer

from waybond_local import lifecycle, migrate, orders_cli, quarantine_cli, referrals, restored, tenants, verify
from waybond_local.demo import command as demo
from waybond_local.errors import show_error
from waybond_local.journal import command as journal
from waybond_local.replay import command as replay

app = typer.Typer(
    name="waybond",
    help="Order protection for cross-border trade, on one machine.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    epilog="Example: [bold]waybond demo[/bold]",
)
lifecycle.register(app)
migrate.register(app)
restored.register(app)
app.add_typer(tenants.app)
app.add_typer(quarantine_cli.app)
app.add_typer(orders_cli.app)
app.add_typer(referrals.app)
app.add_typer(journal.app)
app.command("replay", epilog="Example: [bold]waybond replay history/ --format scms --year 2014[/bold]")(replay.command)
app.command("verify", epilog="Example: [bold]waybond verify[/bold]")(verify.command)
app.command("demo", epilog="Example: [bold]waybond demo[/bold]")(demo.command)


def main() -> None:
    """Run the command; an error that a user can do something about is shown without a traceback."""
    stamina.instrumentation.set_on_retry_hooks(())  # waiting for a server that starts is no news
    try:
        app()
    except Exception as error:
        if not show_error(error):
            raise
        sys.exit(1)


if __name__ == "__main__":
    main()
