"""Part three of the demo in tables: what a year of shipments came to."""

import asyncpg
from rich.console import Console
from rich.table import Table

from waybond_contracts.money import Money
from waybond_contracts.wording import Wording
from waybond_local.demo.figures import Figures, Lane, Spread, top_lanes
from waybond_local.replay.run import Replayed

TOP_LANES = 10
_LANES = """
SELECT lane,
  -coalesce(sum(minor) FILTER (WHERE account IN ('premium_written', 'premium_returned')), 0)::bigint AS premium,
  coalesce(sum(minor) FILTER (WHERE account = 'claims_incurred'), 0)::bigint AS incurred
FROM claims.posting JOIN claims.entry ON entry.shard = posting.shard AND entry.id = posting.entry_id
WHERE starts_with(order_key, $1) AND currency = $2 GROUP BY lane
"""


async def lanes(connection: asyncpg.Connection, orders_of: str, currency: str) -> list[Lane]:
    """Premium (without tax, less what was returned) and claims incurred by lane, from the ledger.

    `orders_of`: tenant/platform.
    """
    rows = await connection.fetch(_LANES, f"{orders_of}/", currency)
    return [Lane(row["lane"], row["premium"], row["incurred"]) for row in rows]


def show(figures: Figures, by_lane: list[Lane], wording: Wording, replayed: Replayed, console: Console) -> None:
    """Print all tables."""
    console.print(_business(figures, wording))
    console.print(_lanes(by_lane))
    console.print(
        "The rating file is fitted to orders promised before 2014: a synthetic price, no market rate.", style="dim"
    )
    console.print(_times(figures, replayed))


def _business(figures: Figures, wording: Wording) -> Table:
    table = Table("", "", title=f"Cover and claims ({wording.product} {wording.version})", title_justify="left")
    table.add_row("orders", f"{figures.orders:,}")
    table.add_row("policies", f"{figures.policies:,}")
    for reason, count in sorted(figures.declined.items()):
        table.add_row(f"declined: {reason.replace('_', ' ')}", f"{count:,}")
    for currency, minor in sorted(figures.premium.items()):
        table.add_row("premiums", str(Money.of(minor, currency)))
    for watch, count in figures.missed.items():
        table.add_row(f"packages {_tier(watch, wording)}", f"{count:,}")
    table.add_row("refunds commanded", f"{figures.commands:,}")
    for currency, minor in sorted(figures.commanded.items()):
        table.add_row("refunds commanded, amount", str(Money.of(minor, currency)))
    table.add_row("second and later attempts", f"{figures.retries:,}")
    for word, count in sorted((+figures.answers).items()):
        table.add_row(f"payment system's last word: {word}", f"{count:,}")
    table.add_row("payment system silent for good", f"{figures.unanswered:,}")
    for reason, count in sorted(figures.referred.items()):
        table.add_row(f"referred to a person: {reason.replace('_', ' ')}", f"{count:,}")
    return table


def _tier(watch: str, wording: Wording) -> str:
    """ "TG-1:0:1" as the wording's own figures."""
    clause_id, _, tier = watch.split(":")
    clause = next((clause for clause in wording.clause if clause.id == clause_id), None)
    if clause is None or not clause.tiers[int(tier)].after:
        return f"that met {watch}"
    after = clause.tiers[int(tier)].after
    days = after.days if after else 0
    return f"more than {days} days late ({clause_id}, {clause.tiers[int(tier)].share} of their value)"


def _lanes(by_lane: list[Lane]) -> Table:
    table = Table("lane", "premium", "claims", "loss ratio", title="Loss ratio by lane (USD)", title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for lane in (*top_lanes(by_lane, TOP_LANES), _all(by_lane)):
        ratio = "" if lane.ratio is None else f"{lane.ratio:.0%}"
        table.add_row(lane.lane, _usd(lane.premium), _usd(lane.incurred), ratio)
    return table


def _all(by_lane: list[Lane]) -> Lane:
    return Lane("all", sum(each.premium for each in by_lane), sum(each.incurred for each in by_lane))


def _usd(minor: int) -> str:
    return f"{Money.of(minor, 'USD').amount:,.2f}"


def _times(figures: Figures, replayed: Replayed) -> Table:
    title = "Wall time, by the broker's append times of the events on their topics"
    table = Table("from", "to", "refunds", "p50", "p99", title=title, title_justify="left")
    for start, end, spread in (
        ("tracking's event", "refund command", figures.trigger_to_command()),
        ("refund command", "payment system: succeeded", figures.command_to_answer()),
        ("payment system: succeeded", "booked (ClaimSettled)", figures.answer_to_booking()),
        ("tracking's event", "booked (ClaimSettled)", figures.trigger_to_booking()),
    ):
        table.add_row(start, end, *_spread(spread))
    rate = figures.events / replayed.seconds
    table.caption = (
        f"{figures.events:,} events on all topics in {replayed.seconds:.1f} s: {rate:,.0f} a second. "
        "The payment system answers when the replayed time has come, so the time it takes is that of the replay."
    )
    table.caption_justify = "left"
    return table


def _spread(spread: Spread | None) -> tuple[str, str, str]:
    if spread is None:
        return "0", "", ""
    return f"{spread.count:,}", f"{spread.p50:,} ms", f"{spread.p99:,} ms"
