"""Decides orders again under both wordings, and counts the difference. Reads only; nothing is published."""

from collections.abc import Callable
from datetime import datetime

from waybond_claims.case.state import Case
from waybond_contracts.errors import ContractError
from waybond_contracts.orders import FxRate, OrderPlaced
from waybond_local.invariants.load import reading
from waybond_local.journal.replay import Place
from waybond_local.shadow.difference import Difference
from waybond_local.shadow.gather import Order, pages, reached, read
from waybond_local.shadow.retold import Before, retold
from waybond_local.shadow.successors import Wanted, bound
from waybond_local.shadow.telling import TellingError


async def compare(place: Place, wanted: Wanted, step: Callable[[], None] = lambda: None) -> Difference:
    """Compare all orders that are wanted. `step` is called once for each."""
    found = Difference()
    for shard in range(place.partitions):
        async with reading(place.dsn, snapshot=False) as connection:
            until = await reached(connection, shard)
            if until is None:
                continue
            async for orders in pages(connection, shard, wanted.takes):
                await read(place, shard, orders, until)
                for key, order in orders.items():
                    count(found, key, order, wanted, until)
                    step()
    return found


def count(found: Difference, key: str, order: Order, wanted: Wanted, until: datetime) -> None:
    """Add one order to the difference, or the reason for which it cannot be compared."""
    successor = wanted.successor(order.case)
    if successor is None:
        return
    if order.left_out:
        found.leave_out(order.left_out)
        return
    if not any(isinstance(fact.event, OrderPlaced) for fact in order.facts):
        found.leave_out("its order is not on its topic any more")
        return
    case = order.case
    before = _before(case)
    try:
        now = retold(order.facts, bound(case.wording), until, before)
        then = retold(order.facts, successor, until, before)
    except (TellingError, ContractError) as error:
        found.leave_out(f"it cannot be told again: {error}")
        return
    except Exception as error:  # whatever a service's decide raises would hold the order there
        found.leave_out(f"a service cannot decide it: {type(error).__name__}")
        return
    if not now.bound:
        found.leave_out(f"told again it is not covered ({now.declined})")
        return
    running = any(each.ends_at is not None and each.ends_at > until for each in (now, then))
    found.add(key, now, then, running=running, off_file=now.minor != _on_file(case))


def _on_file(case: Case) -> int:
    """What the file says was paid, or is on its way, less all that was ever asked back."""
    flight = case.in_flight
    asked_back = sum(recovery.minor for recovery in case.recoveries)
    return case.settled + (flight.minor if flight is not None else 0) - asked_back


def _before(case: Case) -> Before:
    ours = {each.refund_id for each in case.commands} | {each.provider_ref for each in case.commands}
    return Before(case.referrals, frozenset(ours - {""}), _rate(case))


def _rate(case: Case) -> FxRate | None:
    """The rate that cover was bound at: a quote's own may be another than the order's."""
    if case.policy is None or not case.policy.rates:
        return None
    pinned = case.policy.rates[0]
    at = case.policy.attached_at
    return FxRate(base=pinned.base, quote=pinned.quote, rate=pinned.rate, source="pinned", as_of=at)
