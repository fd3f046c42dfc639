"""Defects of the kit that the simulation found, each told again by hand on the simulated broker and database."""

from random import Random

from tests.simulation.broker import Broker, SimulatedLog, SimulatedSender
from tests.simulation.clocks import Calendar, HostClock
from tests.simulation.database import Database, SimulatedStore
from tests.simulation.faults import Armed, Fault
from tests.simulation.loop import Owner, SimulatedLoop
from tests.simulation.network import Network
from waybond_kit.changes import OutboxRow
from waybond_kit.ports import Place
from waybond_kit.relay import SEND_SECONDS
from waybond_kit.takeover import Takeover


class Site:
    """One shard of pricing: a broker, a database, and what a process needs to take the shard over."""

    def __init__(self) -> None:
        self.loop = SimulatedLoop(Random(1))
        self.armed = Armed()
        network = Network(self.loop, Random(1))
        clock = HostClock(Calendar(self.loop), 0.0)
        self.broker = Broker(network, clock, self.armed, partitions=1)
        self.database = Database(network, self.armed, "pricing", partitions=1)
        sender, store = SimulatedSender(self.broker, "pricing"), SimulatedStore(self.database)
        self.takeover = Takeover(("orders",), "pricing-1", store, SimulatedLog(self.broker, "pricing"), sender, clock)

    def leave(self, row: OutboxRow) -> None:
        """What the last owner had committed, and not sent."""
        self.database.tables.outbox[0][row.seq] = self.database.tables.published[0, row.seq] = row


def test_a_send_that_hangs_in_a_takeover_does_not_keep_the_shard_closed() -> None:
    site = Site()
    site.leave(OutboxRow(0, 1, "policies", 0, b"acme/shop/1", (), b"{}"))
    site.armed.arm(Fault(0, 0.0, "send-hangs", "pricing"))
    first = site.loop.spawn(Owner("pricing-1"), site.takeover.take(0))
    site.loop.run_for(SEND_SECONDS + 1)
    assert isinstance(first.exception(), TimeoutError)
    second = site.loop.spawn(Owner("pricing-1"), site.takeover.take(0))
    site.loop.run_for(1)
    assert second.result().epoch == 2
    assert [record and record.value for record in site.broker.logs[Place("policies", 0)].records] == [b"{}"]
    assert not site.database.tables.outbox[0]
