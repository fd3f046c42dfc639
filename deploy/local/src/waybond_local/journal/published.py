"""Reads what our services published: that it lies there, that the journal makes it, and what it says of payments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial

from waybond_contracts import envelope
from waybond_contracts.claims import ClaimApproved, ClaimEvent
from waybond_contracts.policies import PolicyAmended, PolicyIssued
from waybond_contracts.refunds import IssuePayout, IssueRefund
from waybond_contracts.registry import PROGRESS_TYPE, decode
from waybond_contracts.topics import CLAIMS, DELAYS, POLICIES, REFUNDS, SIGNALS
from waybond_kit.door import Raw
from waybond_local.invariants.check import Check
from waybond_local.invariants.clocks import Clocks
from waybond_local.invariants.denials import READ, Denials
from waybond_local.invariants.rows import Rows
from waybond_local.journal.audit import MONEY, Audit, read_command
from waybond_local.journal.replay import Place
from waybond_local.journal.topics import ShardTopics, shard_topics

OURS = (POLICIES, DELAYS, CLAIMS, REFUNDS, SIGNALS)
"""Decisions are read behind the policies that they are about, and commands behind the decisions."""
JUDGED_BY = (POLICIES, CLAIMS)
"""Where a payment's policy and decision lie."""
READ_RECORDS = 2_000
_READ = {each.event_type.encode() for each in (PolicyIssued, PolicyAmended, ClaimApproved, *READ)} | MONEY


async def ends(place: Place) -> dict[int, int]:
    """Where `refunds` ends now, by shard: what lies before it was committed already."""
    found = {}
    for shard in range(place.partitions):
        async with shard_topics(place.kafka, [REFUNDS], shard, place.prefix) as log:
            found[shard] = log.partitions[REFUNDS].bounds.end
    return found


@dataclass(slots=True)
class Published:
    """What lies on our topics. `audit` says what the journals make of it, `before` where `refunds` ended before that.

    What the journals make must lie there (`outboxes`, I4). A money command that lay there before must be one that the
    journal makes (`holds`, I10), and follow from a clock that had run out (`clocks`, I8). What it pays for adds up,
    unit by unit, to what its decision gives (`rows`, I11). No complaint is denied by its points or by signals
    alone (`denials`, I12).
    """

    place: Place
    audit: Audit
    before: Mapping[int, int]
    clocks: Clocks = field(default_factory=Clocks)
    rows: Rows = field(default_factory=Rows)
    denials: Denials = field(default_factory=Denials)
    outboxes: Check = field(default_factory=lambda: Check("I4", ""))
    holds: Check = field(init=False)

    def __post_init__(self) -> None:
        self.holds = deepcopy(self.audit.holds)

    async def look(self, shard: int) -> None:
        """Read one shard of our topics from the beginning."""
        async with shard_topics(self.place.kafka, OURS, shard, self.place.prefix) as log:
            begins = {topic: log.partitions[topic].bounds.start for topic in JUDGED_BY}
            self.clocks.cut = ", ".join(f"{topic}/{shard} begins at {at}" for topic, at in begins.items() if at)
            for topic in OURS:
                found: set[int] = set()
                await _each(log, topic, partial(self.see, shard, found))
                made = self.audit.made.get((topic, shard), set())
                self.outboxes.count("published", len(made & found))
                if log.partitions[topic].bounds.start:
                    self.outboxes.count("perhaps gone with their topic's beginning", len(made - found))
                elif made - found:
                    missing = f"{len(made - found)} events were committed and are not on the topic"
                    self.outboxes.violate(f"{topic}/{shard}: {missing}")

    def see(self, shard: int, found: set[int], raw: Raw) -> None:
        """One record of our topics; `found` collects the ids that lie there."""
        headers = dict(raw.headers)
        if headers.get("ce_type") == PROGRESS_TYPE.encode():
            return
        found.add(hash(headers.get("ce_id")))
        if headers.get("ce_type") not in _READ:
            return
        try:
            made, data = envelope.read(raw.headers, raw.value or b"")
            event = decode(made.type, data).event
        except (
            ValueError
        ) as error:  # a stranger's: what reads the topic keeps it, and an order's money it must not move
            if raw.topic == REFUNDS:
                self.holds.violate(f"{raw.topic}/{shard} at {raw.offset}: nothing of ours: {error}")
            return
        match event:
            case PolicyIssued() as issued:
                self.clocks.issued(issued)
            case PolicyAmended() as amended:
                self.clocks.amended(amended)
            case ClaimApproved() as approved:
                self.clocks.approved(approved)
                self.rows.approved(approved)
            case ClaimEvent() as said:
                self.denials.published(said)
            case IssueRefund() | IssuePayout() as command:
                self.clocks.commanded(command, made.knownat or command.requested_at)
                self.rows.commanded(command)
                if raw.offset < self.before[shard] and not self.holds.unchecked:
                    self._commanded(raw)
            case _:
                pass

    def _commanded(self, raw: Raw) -> None:
        """Whatever lies on the topic: the journal, which held orders while they were held, must have made it."""
        command = read_command(raw.value or b"")
        ours = self.audit.commands.get((command.refund_id, command.version))
        self.holds.expect(
            ours is not None and (ours.order_key, ours.amount) == (command.order_key, command.amount),
            f"{command.order_key}: the journal commands no {command.refund_id} over {command.amount}",
        )


async def _each(log: ShardTopics, topic: str, see: Callable[[Raw], None]) -> None:
    partition = log.partitions[topic]
    for begin in range(partition.next_offset, partition.bounds.end, READ_RECORDS):
        for raw in await log.until(topic, min(begin + READ_RECORDS, partition.bounds.end) - 1):
            see(raw)
