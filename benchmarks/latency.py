"""From a parcel's delay to the refund command, at half of what the service can do; both instants are Kafka's own."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.broker import Appended, Record
from benchmarks.figures import percentile
from benchmarks.orders import Ids
from benchmarks.population import Population
from benchmarks.rounds import Running, Servers, Side, Window, running, window
from waybond_contracts.delays import ShipmentDelayed
from waybond_contracts.refunds import IssueRefund
from waybond_contracts.topics import DELAYS, REFUNDS

TICK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from the append of ShipmentDelayed to the append of its IssueRefund."""

    offered_per_second: float
    achieved_per_second: float
    commands: int
    p50_ms: float
    p99_ms: float
    longest_ms: float
    window: Window


@dataclass(frozen=True, slots=True)
class Plan:
    """How long facts are sent, and for how long at first they are not looked at."""

    rate_per_second: float
    warm_up: int
    settling_seconds: float
    measured_seconds: float

    @property
    def unmeasured(self) -> int:
        return self.warm_up + int(self.rate_per_second * self.settling_seconds)

    @property
    def orders(self) -> int:
        return self.unmeasured + int(self.rate_per_second * self.measured_seconds)


async def measure_latency(servers: Servers, population: Population, side: Side, plan: Plan) -> Latency:
    """Send facts at a steady rate, whatever the service does, and look when the commands came."""
    orders = population.mixed(range(plan.orders))
    async with running(side, servers, orders) as service:
        await service.warm_up(orders[: plan.warm_up])
        settling, measured = orders[plan.warm_up : plan.unmeasured], orders[plan.unmeasured :]
        records = [order.record() for order in (*settling, *measured)]
        service.room.expect(settling)
        published = service.room.expect(measured)
        await _send_steadily(service, records[: len(settling)], plan.rate_per_second)
        before = service.usage()
        await _send_steadily(service, records[len(settling) :], plan.rate_per_second)
        after, held = service.usage(), service.memory()
        await service.drained()
        await service.verify()
        seen = window(before, after, len(measured), published, held)
        broker, numbers = service.room.broker, range(plan.unmeasured, plan.orders)
        took = delays_ms(await broker.appended((DELAYS,)), await broker.appended((REFUNDS,)), numbers)
    return Latency(
        offered_per_second=plan.rate_per_second,
        achieved_per_second=len(measured) / (after.at - before.at),
        commands=len(took),
        p50_ms=percentile(took, 0.50),
        p99_ms=percentile(took, 0.99),
        longest_ms=max(took),
        window=seen,
    )


def delays_ms(triggers: Sequence[Appended], commands: Sequence[Appended], numbers: Iterable[int]) -> list[float]:
    """For each of these orders that was delayed: milliseconds until its refund command.

    Raises KeyError for a delay without a command.
    """
    keys = {Ids(number).order_key.encode() for number in numbers}
    commanded = {each.key: each.milliseconds for each in commands if each.event_type == IssueRefund.event_type.encode()}
    return [
        float(commanded[each.key] - each.milliseconds)
        for each in triggers
        if each.event_type == ShipmentDelayed.event_type.encode() and each.key in keys
    ]


async def _send_steadily(service: Running, records: Sequence[Record], rate_per_second: float) -> None:
    """Send each record at its time: one that is late does not make those behind it later."""
    began = time.monotonic()
    sent = 0
    sending: list[asyncio.Task[None]] = []
    while sent < len(records):
        due = min(len(records), int((time.monotonic() - began) * rate_per_second) + 1)
        if due > sent:
            sending.append(asyncio.create_task(service.room.broker.send(records[sent:due])))
            sent = due
        await asyncio.sleep(TICK_SECONDS)
    await asyncio.gather(*sending)
