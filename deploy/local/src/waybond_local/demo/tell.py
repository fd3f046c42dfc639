"""Parts one and two of the demo: a story, told while it happens, and the books at its end."""

from collections.abc import Sequence
from datetime import timedelta

import asyncpg
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from waybond_contracts import claims, refunds
from waybond_contracts.event import Event
from waybond_contracts.money import Money
from waybond_contracts.topics import TOPICS
from waybond_local.demo.narrate import Line, Narrator
from waybond_local.demo.record import Reader, Record
from waybond_local.replay.driver import MOMENT, STRICT, Driver
from waybond_local.replay.timed import Timed, windows

TAIL = timedelta(days=10)
COLOURS = {
    "platform": "cyan",
    "carrier": "blue",
    "buyer": "yellow",
    "pricing": "magenta",
    "tracking": "magenta",
    "claims": "green",
    "payments": "bright_blue",
    "to the buyer": "bold yellow",
}
_ORDER = {topic.name: rank for rank, topic in enumerate(TOPICS)}


async def tell(
    driver: Driver,
    reader: Reader,
    facts: tuple[Timed, ...],
    order_key: str,
    console: Console,
    *,
    tail: timedelta = TAIL,
) -> list[Record]:
    """Let the story happen, and print each event of the order once its time has come. Returns all that was told.

    `tail`: how long the story goes on after its last fact.
    """
    narrator, untold, told = Narrator(), [], []
    for window in (*windows(facts, STRICT.grain), []):
        if window:
            await driver.pass_time(window[0].known_at - MOMENT, STRICT)
            await driver.publish(window)
        through = window[-1].known_at if window else facts[-1].known_at + tail
        await driver.pass_time(through, STRICT)
        untold += [record async for record in reader.read() if record.event.order_key == order_key]
        now = [record for record in untold if record.known_at <= through]
        untold = [record for record in untold if record.known_at > through]
        for record in in_order(now):
            line = narrator.line(record)
            if line is not None:
                show(line, console)
        told += now
    return told


def in_order(records: Sequence[Record]) -> list[Record]:
    """By the time at which they became known; at one instant causes come before what they caused."""
    by_id = {record.envelope.id: record for record in records}

    def depth(record: Record) -> int:
        steps, at = 0, record
        while (cause := by_id.get(at.envelope.causationid or "")) is not None and steps < len(by_id):
            steps, at = steps + 1, cause
        return steps

    return sorted(records, key=lambda each: (each.known_at, depth(each), _rank(each.event)))


def _rank(event: Event) -> int:
    if isinstance(event, claims.BuyerNotified):
        return len(_ORDER)  # what the buyer reads comes behind what was decided and commanded
    if isinstance(event, refunds.RefundResult):
        return -1
    return _ORDER[event.topic]


def show(line: Line, console: Console) -> None:
    """Print a line and what stands under it."""
    colour = COLOURS.get(line.who, "white")
    console.print(
        f"[dim]{line.at:%d %b %Y}[/dim]  [{colour}]{line.who:<12}[/{colour}]  {escape(line.what)}", soft_wrap=True
    )
    for more in line.more:
        console.print(f"{'':27}[dim]{escape(more)}[/dim]", soft_wrap=True)


async def books(connection: asyncpg.Connection, order_key: str, console: Console) -> None:
    """Print the ledger of one order and what the payment system has in its own books."""
    rows = await connection.fetch(
        "SELECT account, currency, sum(minor)::bigint AS minor FROM claims.posting "
        "JOIN claims.entry ON entry.shard = posting.shard AND entry.id = posting.entry_id "
        "WHERE order_key = $1 GROUP BY account, currency HAVING sum(minor) <> 0 ORDER BY account",
        order_key,
    )
    table = Table("account", "balance", title="The books at the end (debits are positive)", title_justify="left")
    for row in rows:
        table.add_row(row["account"].replace("_", " "), _money(row["minor"], row["currency"]))
    totals: dict[str, int] = {}
    for row in rows:
        totals[row["currency"]] = totals.get(row["currency"], 0) + row["minor"]
    for currency, minor in totals.items():
        table.add_row("[bold]sum[/bold]", _money(minor, currency))
    console.print(table)
    moved = await connection.fetchrow(
        "SELECT count(*) AS number, sum(amount_minor)::bigint AS minor, min(currency) AS currency "
        "FROM sandbox.movement WHERE order_key = $1",
        order_key,
    )
    if moved is not None and moved["number"]:
        amount = _money(moved["minor"], moved["currency"])
        console.print(f"The payment system's own books: {moved['number']} movements, {amount}.")


def _money(minor: int, currency: str) -> str:
    return str(Money.of(minor, currency))
