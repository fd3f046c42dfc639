"""The invariants of the design, checked on a world that is healed and drained: what is wrong, in words."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from math import ceil
from operator import itemgetter
from typing import Any

from tests.simulation.database import Database
from tests.simulation.filed import FiledShadow, Ways
from tests.simulation.history import Rubbish
from tests.simulation.people import LEAD, STALE
from tests.simulation.products import APPEAL_DAYS, APPEALED, CLAIMED
from tests.simulation.shadow import NOTHING, Fact, Shadow, Worth
from tests.simulation.watch import is_progress, unpacked
from tests.simulation.world import DEFINITIONS, World
from waybond_claims.case.state import Case
from waybond_contracts import refunds
from waybond_contracts.claims import ClaimApproved, ClaimEvent, EvidenceRequested, OfferClosed
from waybond_contracts.commands import Appeal, DecideReferral
from waybond_contracts.event import Event
from waybond_contracts.registry import EVENT_TYPES, decode
from waybond_contracts.topics import TOPICS
from waybond_kit.changes import OutboxRow
from waybond_kit.door import Raw
from waybond_kit.keys import partition_of
from waybond_kit.ports import Place
from waybond_local.invariants.denials import Denials
from waybond_local.invariants.rows import Rows

OURS = ("policies", "delays", "claims", "refunds")
FACTS = ("orders", "shipments", "disputes")
TERMINAL = (refunds.RefundSucceeded, refunds.RefundFailed, refunds.RefundReversed, refunds.RefundCancelled)
Worths = list[tuple[datetime, Worth]]
MICROSECOND = timedelta(microseconds=1)
TICK = timedelta(milliseconds=1)
"""Of the broker's clock: what it had within one is told apart by microseconds."""
CLOCKS = timedelta(minutes=2)
"""How far the clocks of the payment system and of the broker may differ."""


def wrong(world: World) -> list[str]:
    """Everything that must never be and is."""
    found = [*world.watch.wrong, *world.watch.too_early(), *world.loop.errors, *world.payer.conflicts]
    for service, database in world.databases.items():
        found += _outbox(world, service, database)
        found += _applied(world, service, database)
        found += _quarantined(world, service, database)
        found += _wakes(service, database)
    found += _written(world)
    found += _ledger(world)
    found += _rows(world)
    found += _inbox(world)
    facts, money = _facts(world), _commands(world)
    cases = {case.order_key: (status, case) for status, case in world.people.cases()}
    for plan in world.plan.orders:
        watch = world.watch
        heard, amended = watch.heard.get(plan.key, ()), watch.amended.get(plan.key, ())
        known = facts.get(plan.key, ())
        if plan.product in CLAIMED:
            told = _ways(world, plan.key, [*money[plan.key]], cases.get(plan.key))
            more = timedelta(days=APPEAL_DAYS if plan.product == APPEALED else 0)
            shadow = FiledShadow(known, told, pays=plan.adjuster_pays, more=more)
            found += shadow.too_early()
        else:
            shadow = Shadow(plan.product, known, plan.adjuster_pays, heard, amended)
        worths = [(at, shadow.worth(at)) for at in shadow.instants() if at <= world.clock.now()]
        found += _order(world, plan.key, worths, cases.get(plan.key))
        issued = [event for _, event in money[plan.key] if isinstance(event, refunds.MoneyCommand)]
        found += _in_time(plan.key, worths, issued, cases.get(plan.key))
        found += _in_turn(world, plan.key, money[plan.key], issued)
    return found


# the kit: records, outbox, quarantine, wakes


def _outbox(world: World, service: str, database: Database) -> Iterator[str]:
    """I4: nothing waits, and everything that was committed is on its topic, in the outbox's order."""
    tables = database.tables
    for shard, rows in tables.outbox.items():
        # What came to its topic as its owner stopped is deleted by the next one.
        left = [row for row in rows.values() if _content(row) not in world.firsts]
        if left:
            yield f"I4 {service}/{shard}: {len(left)} outbox rows are left"
    last: dict[tuple[int, Place], int] = {}
    seen: set[Any] = set()
    for (shard, seq), row in sorted(tables.published.items()):
        place = Place(row.topic, row.partition)
        content = _content(row)
        at = world.firsts.get(content)
        if at is None:
            yield f"I4 {service}/{shard}: outbox row {seq} never came to {place.topic}/{place.shard}"
        elif row.partition == shard and content not in seen:  # how far a shard is, a new owner says again
            seen.add(content)
            if at < last.get((shard, place), -1):
                yield f"I4 {service}/{shard}: outbox row {seq} came to {place.topic} behind later ones"
            last[shard, place] = at


def _content(row: OutboxRow) -> tuple[Any, ...]:
    return Place(row.topic, row.partition), row.key, row.value, tuple(row.headers)


def _written(world: World) -> Iterator[str]:
    """Nothing is on our topics that was not committed."""
    writers = {topic.name: topic.writer for topic in TOPICS if topic.name in OURS}
    for topic, writer in writers.items():
        committed = {
            (row.partition, row.key, row.value, tuple(row.headers))
            for row in world.databases[writer].tables.published.values()
            if row.topic == topic
        }
        for place, log in world.broker.logs.items():
            if place.topic == topic:
                for record in log.records:
                    if record is not None and (place.shard, *record[3:]) not in committed:
                        yield f"{topic}/{place.shard} at {record.offset}: published, but never committed"


def _applied(world: World, service: str, database: Database) -> Iterator[str]:
    """I3: every record is applied once, in order."""
    spans: dict[Place, list[tuple[int, int]]] = defaultdict(list)
    epochs: dict[int, int] = {}
    for (shard, seq), row in sorted(database.tables.journal.items()):
        if row.epoch < epochs.get(shard, 0):
            yield f"I3 {service}/{shard}: batch {seq} has an older epoch than the one before it"
        epochs[shard] = row.epoch
        for topic, first, last in world.spans(row.spans):
            spans[Place(topic, shard)].append((first, last))
    for each in DEFINITIONS[service].inputs:
        for shard in range(world.plan.partitions):
            place = Place(each.topic, shard)
            yield from _read(world, service, place, spans[place], database.tables.inputs)


def _read(world: World, service: str, place: Place, spans: list[tuple[int, int]], inputs: Any) -> Iterator[str]:
    records = world.broker.logs[place].records
    state = inputs.get((place.shard, place.topic))
    reached = state.next_offset if state is not None else 0
    times = Counter(offset for first, last in spans for offset in range(first, last + 1))
    if any(before[1] >= after[0] for before, after in pairwise(spans)):
        yield f"I3 {service}: {place.topic}/{place.shard} was applied out of order: {spans}"
    for offset, record in enumerate(records):
        if record is None or is_progress(record):
            continue
        if offset >= reached:
            yield f"I3 {service}: {place.topic}/{place.shard} at {offset} was never applied (reached {reached})"
        elif times[offset] != 1:
            yield f"I3 {service}: {place.topic}/{place.shard} at {offset} was applied {times[offset]} times"


def _quarantined(world: World, service: str, database: Database) -> Iterator[str]:
    """I5: rubbish is quarantined once by each of its readers, with its bytes; nothing else stays behind."""
    rows = [row for row in database.tables.quarantine.values() if row.topic != "wake"]
    times = Counter((row.shard, row.topic, row.record_offset) for row in rows)
    for (shard, topic, offset), count in times.items():
        if count > 1:
            yield f"I5 {service}: {topic}/{shard} at {offset} was quarantined {count} times"
    for row in rows:
        record = world.broker.logs[Place(row.topic, row.shard)].records[row.record_offset]
        told = (row.key, row.value, unpacked(row.headers))
        if record is None or (record.key, record.value, tuple(record.headers)) != told:
            yield f"I5 {service}: {row.topic}/{row.shard} at {row.record_offset} is kept with other bytes"
    reads = {each.topic for each in DEFINITIONS[service].inputs}
    bad = [stop for stop in world.plan.stops if isinstance(stop, Rubbish) and stop.topic in reads]
    for stop in bad:
        kept = [row for row in rows if row.value == stop.value and row.key == stop.key and row.topic == stop.topic]
        if not kept:
            yield f"I5 {service}: {stop} is not in quarantine"
    for shard in database.tables.shards:
        for identity in database.tables.holding(shard):
            yield f"{service}: order {identity} is still held"


def _wakes(service: str, database: Database) -> Iterator[str]:
    """Every armed order has its wake, and no other has."""
    tables = database.tables
    for shard, wakes in tables.wakes.items():
        armed = {(row.armed_at, row.id) for row in tables.aggregates.values() if row.shard == shard and row.armed_at}
        if armed != wakes:
            yield f"{service}/{shard}: the wakes are {wakes}, the armed orders {armed}"


# money


def _ledger(world: World) -> Iterator[str]:
    """I2: the books sum to zero, and cash is what the payment system says."""
    sums: Counter[tuple[str, int, str]] = Counter()
    cash: Counter[str] = Counter()
    for row in world.databases["claims"].tables.postings:
        sums[row.order_key, row.ordinal, row.currency] += row.minor
        if row.account == "cash":
            cash[row.refund_id or ""] -= row.minor
    yield from (f"I2: entry {key} does not balance: {off}" for key, off in sums.items() if off)
    for refund_id, refund in world.payer.books.items():
        if cash[refund_id] != refund.moved:
            yield f"I2: {refund.order_key} refund {refund_id}: {refund.moved} moved, the books say {cash[refund_id]}"
    for refund_id in cash.keys() - world.payer.books.keys():
        yield f"I2: the books know a refund that the payment system does not: {refund_id}"


def _inbox(world: World) -> Iterator[str]:
    """Each open question of a file, and nothing else, is in the inbox, as its file says it is."""
    kept = {name: (row[0], row[6]) for name, row in world.databases["claims"].tables.inbox.items()}
    asked = {
        (case.order_key, each.referral_id): (each.reason, case.version)
        for _, case in world.people.cases()
        for each in case.referrals
        if each.is_open
    }
    for name in kept.keys() | asked.keys():
        if kept.get(name) != asked.get(name):
            yield f"inbox {name}: the file says {asked.get(name)}, the inbox {kept.get(name)}"


def _rows(world: World) -> Iterator[str]:
    """I11: what commands pay for is, unit by unit, what their decisions give. I12: no complaint is denied by its points
    alone."""
    denials = Denials()
    rows = Rows({refund.refund_id: refund.moved for refund in world.payer.books.values()})
    for topic in ("claims", "refunds"):
        for place, log in world.broker.logs.items():
            for record in log.records if place.topic == topic else ():
                event = _event(world, record) if record is not None and not is_progress(record) else None
                if isinstance(event, ClaimApproved):
                    rows.approved(event)
                elif isinstance(event, refunds.MoneyCommand):
                    rows.commanded(event)
                elif isinstance(event, ClaimEvent):
                    denials.published(event)
    yield from (f"I11 {each}" for each in rows.check.shown)
    yield from (f"I12 {each}" for each in denials.check.shown)


def _ways(world: World, key: str, said: Sequence[tuple[Raw, Event]], filed: tuple[str, Case] | None) -> Ways:
    """What claims told of a claim, and what buyers and leads said of it."""
    found: dict[str, datetime] = {}
    accepted: datetime | None = None
    for place, log in world.broker.logs.items():
        for record in log.records if place.topic == "claims" else ():
            event = _event(world, record) if record is not None and not is_progress(record) else None
            if isinstance(event, EvidenceRequested) and event.order_key == key:
                found = {kind: each.answer_by for each in event.needed for kind in each.any_of} | found
            elif isinstance(event, OfferClosed) and event.order_key == key and event.how == "accepted":
                accepted = event.occurred_at
    appealed = [record.appended for record, event in said if isinstance(event, Appeal) and event.documents]
    pays = [
        record.appended
        for record, event in said
        if isinstance(event, DecideReferral) and (event.by, event.choice) == (LEAD, "pay")
    ]
    counted = filed is not None and any((one.decided_by, one.choice) == (LEAD, "pay") for one in filed[1].referrals)
    return Ways(found, accepted, appealed, min(pays) if counted else None)


def _facts(world: World) -> dict[str, list[Fact]]:
    """What those outside said of each order, and when the broker first had it where the order's readers look."""
    found: dict[str, list[Fact]] = defaultdict(list)
    for place, log in world.broker.logs.items():
        if place.topic in FACTS:
            for record in log.records:
                if record is None or record.key is None:
                    continue
                event = _event(world, record)
                if event is not None and partition_of(record.key, world.plan.partitions) == place.shard:
                    found[record.key.decode()].append((record.appended, event))
    return {key: _apart(facts) for key, facts in found.items()}


def _apart(facts: list[Fact]) -> list[Fact]:
    """By when the broker had them, and no two at once: between any two of them something may be decided."""
    apart: list[Fact] = []
    for known, event in sorted(facts, key=itemgetter(0)):
        apart.append((max(known, apart[-1][0] + MICROSECOND) if apart else known, event))
    return apart


def _commands(world: World) -> dict[str, list[tuple[Raw, Event]]]:
    """Money commands, answers and decisions about each order, each once, by topic in the order of the log."""
    found: dict[str, list[tuple[Raw, Event]]] = defaultdict(list)
    seen: set[tuple[Any, ...]] = set()
    for place, log in world.broker.logs.items():
        if place.topic in ("refunds", "refund-results", "claim-commands"):
            for record in log.records:
                if record is not None and record.key is not None and not is_progress(record):
                    event = _event(world, record)
                    if event is not None and (place.topic, *record[3:]) not in seen:
                        seen.add((place.topic, *record[3:]))
                        found[record.key.decode()].append((record, event))
    return found


def _event(world: World, record: Raw) -> Event | None:
    """What a record says; of those outside it is known without reading it."""
    kind = next((value for name, value in record.headers if name == "ce_type"), None)
    if kind is None or kind.decode() not in EVENT_TYPES or not record.value or record.value == b"{":
        return None
    said = world.said.get((kind.decode(), record.value))
    return said if said is not None else decode(kind.decode(), record.value).event


def _order(world: World, key: str, worths: Worths, filed: tuple[str, Case] | None) -> Iterator[str]:
    """I1, I6: what the order got is what it is owed, never more than that on the way."""
    last = worths[-1][1] if worths else NOTHING
    most = max(last.owed, min(last.cap, _kept([worth for _, worth in worths], last)))
    moved = sum(minor for _, order, minor in world.payer.moves if order == key)
    case = filed[1] if filed is not None else None
    outside = recovered = waived = 0
    if case is not None:
        outside = sum(each.by_hand for each in case.commands if each.outside)
        recovered, waived = case.recovered, case.waived
        yield from _people(world, case)
    net = moved + outside - recovered
    if net < last.owed or net - waived > most:
        said = f"{moved} moved, {outside} by hand, {recovered} recovered, {waived} waived"
        yield f"I1 {key}: owed {last.owed} to {most}, but {said}; {last.units}, claims says {_say(case)}"
    if filed is not None and filed[0] in ("referred", "paying", "waiting"):
        yield f"{key}: at rest, but {filed[0]}"
    got = 0
    for at, order, minor in world.payer.moves:
        if order != key:
            continue
        got += minor
        bound = _bound([worth for since, worth in worths if since <= at + CLOCKS])
        if minor > 0 and got - (case.recovered if case else 0) > bound:
            yield f"I1 {key}: {got} was paid by {at}, of {bound} that could be owed by then"


def _in_time(
    key: str, worths: Worths, issued: list[refunds.MoneyCommand], filed: tuple[str, Case] | None
) -> Iterator[str]:
    """I8: nothing is commanded before a clock of the wording has run out, or a scan has met it.

    Beside it the buyer gets back what was recovered of a refund that the payment system reversed afterwards."""
    recovered = filed[1].recovered if filed is not None else 0
    for command in issued:
        bound = _bound([worth for since, worth in worths if since < command.requested_at + TICK]) + recovered
        if command.amount.minor > bound:
            when = command.requested_at
            yield f"I8 {key}: {command.amount.minor} was commanded at {when}, of {bound} that could be owed by then"


def _kept(worths: list[Worth], last: Worth) -> int:
    """The most that may stay with the buyer: of each unit the highest that ever fell due and is kept, or falls due
    still."""
    best = dict(last.units)
    for worth in worths:
        of_goods = _taken_over(worth.kept_goods, worth, last)
        for unit, minor in _taken_over(worth.kept, worth, last).items():
            goods = of_goods.get(unit, 0)
            goods = min(goods, last.left.get(unit, goods))
            best[unit] = max(best.get(unit, 0), minor, goods)
    return _in_all(best, worths)


def _bound(worths: list[Worth]) -> int:
    """The most that may be paid: of each unit the highest that ever fell due, kept or not, of the highest whole that
    ever was. Facts of different topics may overtake each other (S: an amendment a backlog of scans)."""
    best: dict[str | None, int] = {}
    whole = max((worth.whole for worth in worths), default=0)
    for worth in worths:
        for unit, minor in _taken_over(worth.most, worth, worths[-1]).items():
            best[unit] = max(best.get(unit, 0), -(-minor * whole // worth.whole) if worth.whole else 0)
    return _in_all(best, worths)


def _taken_over(minors: dict[str | None, int], then: Worth, now: Worth) -> dict[str | None, int]:
    """Amounts by unit, that of goods which no package held then by the units that have these goods now: what moved by
    the worth of the packages that were not there then, the rest with the goods that still no package holds."""
    minor = minors.get(None, 0)
    left = now.worth.get(None, 0)
    moved = max(0, then.worth.get(None, 0) - left)
    packages = {unit: worth for unit, worth in now.worth.items() if unit is not None}
    new = {unit: worth for unit, worth in packages.items() if unit not in then.worth} or packages
    if not minor or not moved or not new:
        return minors
    found = minors | {None: -(-minor * left // (left + moved))}
    for unit, worth in new.items():
        part = Fraction(minor * moved, left + moved)
        part *= Fraction(worth, sum(new.values())) if any(new.values()) else Fraction(1, len(new))
        found[unit] = max(found.get(unit, 0), ceil(part))
    return found


def _in_all(units: dict[str | None, int], worths: list[Worth]) -> int:
    return min(max((worth.cap for worth in worths), default=0), sum(units.values()))


def _people(world: World, case: Case) -> Iterator[str]:
    """Only what people decided on the present version of a case counts."""
    for referral in case.referrals:
        if referral.decided_by == STALE:
            yield f"{case.order_key}: a decision on an old version counted: {referral.reason} {referral.choice}"
    for command in case.commands:
        if command.outside and command.refund_id not in world.people.settled_outside:
            yield f"{case.order_key}: refund {command.refund_id} counts as paid by hand, and was not"


def _in_turn(
    world: World, key: str, messages: list[tuple[Raw, Event]], issued: list[refunds.MoneyCommand]
) -> Iterator[str]:
    """I1: one unresolved refund at a time: the next one only after an answer, or a person's word, about the last."""
    for before, after in pairwise(issued):
        answered = any(
            isinstance(event, TERMINAL)
            and event.refund_id == before.refund_id
            and record.appended <= after.requested_at
            for record, event in messages
        )
        by_hand = before.refund_id in world.people.settled_outside
        if not answered and not by_hand:
            yield f"I1 {key}: refund {after.refund_id} was commanded before {before.refund_id} was answered"
    attempts: Counter[int] = Counter()
    for command in issued:
        attempts[command.step] += 1
        if command.attempt != attempts[command.step] or command.step > len(attempts):
            yield f"I1 {key}: attempt {command.attempt} of step {command.step} is out of line"


def _say(case: Case | None) -> str:
    if case is None:
        return "nothing"
    made = [(each.step, each.attempt, each.minor, each.status) for each in case.commands]
    return f"owed {case.owed}, entitled {case.entitled}, {made}"
