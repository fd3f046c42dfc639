"""Two toy services over the real contracts, to test the kit with: an order's amendments steer what `decide` does.

`pricing` reads orders and answers each amendment with a PolicyDeclined; `tracking` reads orders and policies and
answers each of those with a TrackingCheckRequested. An amendment's reason is an instruction (see `obey`).

    python -m tests.support.toys pricing      runs one as a process, with the settings in the environment;
                                              it may kill or freeze itself at a named point (see points.py)
"""

import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from waybond_contracts.delays import TrackingCheckRequested
from waybond_contracts.event import Event
from waybond_contracts.orders import OrderAmended, OrderCancelled
from waybond_contracts.policies import DeclineReason, PolicyDeclined
from waybond_contracts.topics import DELAYS, OPERATOR_COMMANDS, ORDERS, POLICIES
from waybond_kit.aggregate import Outcome, Woken
from waybond_kit.definition import Connection
from waybond_kit.service import Definition, Input, InputKind, main

MIGRATIONS = Path(__file__).parent / "toy_migrations"


class Toy(msgspec.Struct, frozen=True):
    """What a toy remembers of an order."""

    revisions: tuple[int, ...] = ()
    """Revisions applied, in the order of application; none twice."""
    heard: tuple[str, ...] = ()
    """What tracking heard from pricing."""
    woken: tuple[datetime, ...] = ()
    """The `now` of each wake."""
    wake_at: datetime | None = None
    document: str = ""
    known: tuple[datetime, ...] = ()
    """The `now` of each fact."""


class ToyCodec:
    """JSON; the document apart."""

    shape = 1

    def encode(self, state: Toy) -> tuple[bytes, bytes | None]:
        if "unencodable" in state.document:
            raise ValueError("cannot be encoded")
        body = msgspec.json.encode(msgspec.structs.replace(state, document=""))
        return body, state.document.encode() or None

    def decode(self, shape: int, state: bytes, document: bytes | None) -> Toy:
        assert shape == self.shape
        toy = msgspec.json.decode(state, type=Toy)
        return msgspec.structs.replace(toy, document=(document or b"").decode())


class ToyRow(msgspec.Struct, frozen=True):
    """A row of the toy's own table, as a ledger has them."""

    order_key: str
    amount: int


class ToyStorage:
    """Writes the rows; the table refuses a negative amount, and text with NUL."""

    async def save(self, connection: Connection, shard: int, rows: Sequence[object]) -> None:
        pairs = [(row.order_key, row.amount) for row in rows if isinstance(row, ToyRow)]
        await connection.execute(
            "INSERT INTO toy_row (shard, order_key, amount) SELECT $1, * FROM unnest($2::text[], $3::bigint[])",
            shard,
            [pair[0] for pair in pairs],
            [pair[1] for pair in pairs],
        )


def decide_pricing(
    state: Toy | None, fact: Event | Woken, now: datetime, sent_at: datetime | None = None
) -> Outcome[Toy]:
    """Answer each new amendment."""
    state = state or Toy()
    match fact:
        case OrderAmended():
            return obey(state, fact, now)
        case OrderCancelled():
            return Outcome(None)
        case Woken(due):
            woken = msgspec.structs.replace(state, woken=(*state.woken, now), wake_at=None)
            if "raise-on-wake" in state.document:
                raise RuntimeError("woken, and failed")
            return Outcome(woken, (declined(state_key(fact, state), due, "woken"),) if state.document else ())
        case _:
            return Outcome(state, wake_at=state.wake_at)


def obey(state: Toy, fact: OrderAmended, now: datetime) -> Outcome[Toy]:
    """`raise`, `slow:SECONDS`, `status-nul`, `amount:N`, `events:N`, `wake:SECONDS`, `document:TEXT`; else answer."""
    if fact.revision in state.revisions:
        return Outcome(state, wake_at=state.wake_at)
    known = (*state.known, now)
    state = msgspec.structs.replace(state, revisions=(*state.revisions, fact.revision), known=known)
    word, _, value = fact.reason.partition(":")
    status, rows, count = "open", (ToyRow(fact.order_key, 1),), 1
    match word:
        case "raise":
            raise RuntimeError("told to")
        case "slow":
            time.sleep(float(value))
        case "status-nul":
            status = "o\x00pen"
        case "amount":
            rows = (ToyRow(fact.order_key, int(value)),)
        case "events":
            count = int(value)
        case "wake":
            state = msgspec.structs.replace(state, wake_at=fact.occurred_at + timedelta(seconds=float(value)))
        case "document":
            state = msgspec.structs.replace(state, document=value)
        case _:
            pass
    answers = tuple(declined(fact, fact.occurred_at, f"{fact.revision}/{part}") for part in range(count))
    return Outcome(state, answers, state.wake_at, rows, status)


def state_key(fact: Woken, state: Toy) -> tuple[str, str, str]:
    """The order, which the document carries for toys that speak when woken."""
    tenant, platform, order_id = state.document.split("/")[:3]
    return tenant, platform, order_id


def declined(of: Event | tuple[str, str, str], at: datetime, detail: str) -> PolicyDeclined:
    """pricing's answer."""
    tenant, platform, order_id = (of.tenant, of.platform, of.order_id) if isinstance(of, Event) else of
    return PolicyDeclined(
        tenant=tenant,
        platform=platform,
        order_id=order_id,
        occurred_at=at,
        reason=DeclineReason.NOT_OFFERED,
        detail=detail,
    )


def decide_tracking(
    state: Toy | None, fact: Event | Woken, now: datetime, sent_at: datetime | None = None
) -> Outcome[Toy]:
    """Answer each new policy event; wake up at what an amendment says."""
    state = state or Toy()
    match fact:
        case PolicyDeclined() if fact.detail not in state.heard:
            state = msgspec.structs.replace(state, heard=(*state.heard, fact.detail), known=(*state.known, now))
            return Outcome(state, (requested(fact, f"heard {fact.detail}"),), state.wake_at)
        case OrderAmended() if fact.revision not in state.revisions:
            state = msgspec.structs.replace(state, revisions=(*state.revisions, fact.revision))
            word, _, value = fact.reason.partition(":")
            if word == "wake":
                state = msgspec.structs.replace(state, wake_at=fact.occurred_at + timedelta(seconds=float(value)))
            return Outcome(state, (), state.wake_at)
        case Woken():
            return Outcome(msgspec.structs.replace(state, woken=(*state.woken, now), wake_at=None))
        case _:
            return Outcome(state, wake_at=state.wake_at)


def requested(fact: Event, watch: str) -> TrackingCheckRequested:
    """tracking's answer."""
    return TrackingCheckRequested(
        tenant=fact.tenant,
        platform=fact.platform,
        order_id=fact.order_id,
        occurred_at=fact.occurred_at,
        policy_id="p",
        watch_id=watch,
        package_id="1",
        due=fact.occurred_at,
        answer_by=fact.occurred_at,
    )


PRICING: Definition[Toy] = Definition(
    name="pricing",
    inputs=(Input(ORDERS, InputKind.OUTSIDE), Input(OPERATOR_COMMANDS, InputKind.ANSWERS)),
    progress_topics=(POLICIES,),
    decide=decide_pricing,
    codec=ToyCodec(),
    storage=ToyStorage(),
    migrations=MIGRATIONS,
)
TRACKING: Definition[Toy] = Definition(
    name="tracking",
    inputs=(
        Input(ORDERS, InputKind.OUTSIDE),
        Input(POLICIES, InputKind.OWN),
        Input(OPERATOR_COMMANDS, InputKind.ANSWERS),
    ),
    progress_topics=(DELAYS,),
    decide=decide_tracking,
    codec=ToyCodec(),
)


def run(name: str) -> None:
    """Run one, with what the environment says, until it is told to stop."""
    from tests.support import points

    if points.POINT in os.environ:
        points.install()
    main({"pricing": PRICING, "tracking": TRACKING}[name])


if __name__ == "__main__":
    run(sys.argv[1])
