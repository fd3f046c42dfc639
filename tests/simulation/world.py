"""A whole world of one seed: services, broker, databases, payment system and people, and how its story is driven."""

import heapq
import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from random import Random
from typing import Any

from tests.simulation import filed, history, products
from tests.simulation.brake import Supervisors
from tests.simulation.broker import Broker
from tests.simulation.clocks import Calendar, HostClock
from tests.simulation.database import Database
from tests.simulation.faults import SERVICES, Armed, Fault
from tests.simulation.group import Group
from tests.simulation.history import Rubbish, Stop, Told
from tests.simulation.loop import SimulatedLoop
from tests.simulation.network import Network
from tests.simulation.payers import PaymentSystem
from tests.simulation.people import People
from tests.simulation.plan import Plan
from tests.simulation.process import Process, Site
from tests.simulation.watch import Watch, is_progress
from waybond_claims.app import DEFINITION as CLAIMS
from waybond_contracts.delays import TrackingCheckRequested
from waybond_contracts.envelope import Envelope
from waybond_contracts.event import Event
from waybond_contracts.refunds import RefundCommand
from waybond_contracts.registry import PROGRESS_TYPE, decode, encode
from waybond_kit.definition import Definition
from waybond_kit.door import Raw
from waybond_kit.keys import event_id, partition_of
from waybond_kit.ports import Place
from waybond_kit.shard import Shard
from waybond_pricing.app import DEFINITION as PRICING
from waybond_tracking.app import DEFINITION as TRACKING

DEFINITIONS: dict[str, Definition[Any]] = {"pricing": PRICING, "tracking": TRACKING, "claims": CLAIMS}
RESTART_SECONDS = 1.5
RETRY_SECONDS = 0.3
REDELIVERS = 0.03
"""How often the payment system gets a command again."""
OPERATES, ADJUSTS = 0.1, 0.3
"""How often somebody looks at held records and at referrals, by stop."""
RECOVERS_FIRST = 0.3
"""How often everything has recovered before the last clocks run out; else they find a backlog."""
REPLAYS = 0.1
REPLAYED = ("orders", "shipments", "disputes", "refund-results", "claim-commands", "operator-commands")
"""How often everything is said again at the end, and on which topics."""
THEIRS = ("refunds", "delays")
"""What the payment system and the carrier read."""
RESETS = 0.8
"""How often what hangs fails as the broker is mended; else it hangs until whoever waits gives up."""
SETTLING_SECONDS = 0.2
MAX_CATCHING_UP = 300
MAX_ROUNDS = 120
LAST_CLOCK = timedelta(days=62)
"""From the last thing that is heard of an order until nothing can fall due any more."""
CARRIER_IS_GIVEN = timedelta(days=4)
"""More than the wording gives a carrier for its answer."""
BEHIND = timedelta(minutes=3)
UNSENT_SECONDS = 0.1
"""Less than SETTLING_SECONDS, more than a send takes where nothing is wrong: a send that hangs since before shows."""
OPEN = frozenset({"referred", "paying", "waiting"})


class World:
    """A world while it runs. `note` gets a line for each thing that happens, if anybody wants to read them."""

    def __init__(self, plan: Plan, note: Callable[[str], None] | None = None) -> None:
        self.plan = plan
        self.note = note
        self.draw = Random(f"{plan.seed}/world")
        self.loop = SimulatedLoop(Random(f"{plan.seed}/loop"))
        self.calendar = Calendar(self.loop)
        self.armed = Armed()
        self.clock = HostClock(self.calendar, plan.skews["broker"])
        self.broker = Broker(self._network("broker"), self.clock, self.armed, plan.partitions)
        self.databases = {
            service: Database(self._network(service), self.armed, service, plan.partitions) for service in SERVICES
        }
        self.watch = Watch(self.broker, self.databases, DEFINITIONS)
        self.sites = {service: self._site(service) for service in SERVICES}
        self.processes: list[Process] = []
        self.away: dict[str, int] = {}
        """Services of which nothing runs, and the stop at which they come back."""
        self._numbers = count(1)
        self._later: list[tuple[datetime, int, Callable[[], None], str]] = []
        self._order = count()
        self.payer = PaymentSystem(str(plan.seed), self.at, self.publish, self.calendar.now)
        self.unpublished = 0
        """Records that those outside try to publish again."""
        self.taken: dict[Place, int] = {}
        self._theirs = [(place, log) for place, log in self.broker.logs.items() if place.topic in THEIRS]
        self.said: dict[tuple[str, bytes], Event] = {}
        """What those outside published, by type and bytes."""
        self.broker.listeners.append(self._heard)
        self.people = People(self)
        self.supervisors = Supervisors(self)
        self.healed = self.closing = False
        self.stopped = 0
        self.struck: Counter[str] = Counter()
        self._asked: set[str] = set()
        self._firsts: dict[Any, int] | None = None
        self.failing: dict[str, set[str]] = {service: set() for service in SERVICES}

    def _network(self, name: str) -> Network:
        return Network(self.loop, Random(f"{self.plan.seed}/{name}"))

    def _site(self, service: str) -> Site:
        definition = DEFINITIONS[service]
        group = Group(self.broker, [each.topic for each in definition.inputs])
        clock = HostClock(self.calendar, self.plan.skews[service])
        return Site(definition, self.loop, self.broker, self.databases[service], group, self.plan.limits, clock)

    # Processes -------------------------------------------------------------------------------------------------------

    def start(self, service: str) -> Process:
        """One more process of a service."""
        name = f"{service}-{next(self._numbers)}"
        clock = HostClock(self.calendar, self.plan.skews[service])
        process = Process(self.sites[service], name, clock, self.decide)
        process.read_settings()
        process.ended_now = self._ended
        self.processes.append(process)
        self.tell(f"{name} starts")
        return process

    def of(self, service: str) -> list[Process]:
        """The processes of a service that are not dead."""
        return [each for each in self.processes if each.site.definition.name == service]

    def _ended(self, process: Process) -> None:
        self.tell(f"{process} is gone")
        if process in self.processes:
            self.processes.remove(process)
        service = process.site.definition.name
        if service not in self.away:
            self.loop.later(self.draw.random() * RESTART_SECONDS, self._restart, service)

    def _restart(self, service: str) -> None:
        if service not in self.away and len(self.of(service)) < self.plan.processes[service]:
            self.start(service)

    def decide(self, process: Process, *given: Any) -> Any:
        """The real `decide`, watched, and failing where a fault says so."""
        return self.watch.decide(process, *given, failing=self.failing[process.site.definition.name])

    # What happens outside --------------------------------------------------------------------------------------------

    def at(self, instant: datetime, action: Callable[[], None], what: str) -> None:
        """Do this at an instant of the true time."""
        heapq.heappush(self._later, (instant, next(self._order), action, what))

    def tell(self, line: str) -> None:
        if self.note is not None:
            self.note(f"{self.calendar.now():%d %b %H:%M:%S} {self.loop.time():9.4f} {line}")

    def logged(self, event: str, fields: Mapping[str, Any]) -> None:
        """The kit logs something. No topic of this world is ever made anew or cut."""
        if fields.get("kind") == "LogError":
            self.watch.wrong.append(f"false alarm about a topic: {fields.get('error')}")
        if self.note is not None:
            self.tell(f"log: {event} " + " ".join(f"{name}={value}" for name, value in fields.items()))

    def publish(self, event: Event, *, misrouted: bool = False) -> None:
        """Publish as those outside do; a broker that is away is tried again."""
        key = event.order_key.encode()
        headers = Envelope(
            id=event_id("outside", event.event_type, f"{event.order_key}/{event.business_key}"),
            type=event.event_type,
            source="/outside",
            time=event.occurred_at,
        ).headers()
        partition = partition_of(key, self.plan.partitions)
        if misrouted:
            partition = (partition + 1) % self.plan.partitions
        value = encode(event)
        self.said[event.event_type, value] = event
        self._append(Place(event.topic, partition), key, value, headers)

    def _append(self, place: Place, key: bytes | None, value: bytes | None, headers: Any) -> None:
        if self.broker.away:
            self.unpublished += 1
            self.loop.later(RETRY_SECONDS, self._append_again, place, key, value, headers)
            return
        self.broker.append(place, key, value, headers)

    def _append_again(self, place: Place, key: bytes | None, value: bytes | None, headers: Any) -> None:
        self.unpublished -= 1
        self._append(place, key, value, headers)

    def _heard(self, place: Place) -> None:
        """The payment system and the carrier read what is for them, at least once, in order."""
        if place.topic in THEIRS and not self.closing:
            self.loop.later(self.broker.network.delay(), self._read, place)

    def _read(self, place: Place) -> None:
        if self.closing:
            return
        records = self.broker.logs[place].records
        since = self.taken.get(place, 0)
        self.taken[place] = len(records)
        if since and not self.healed and self.draw.random() < REDELIVERS:
            since -= 1
        for record in records[since:]:
            if record is not None:
                self._take(record)

    def _take(self, record: Raw) -> None:
        kind = dict(record.headers).get("ce_type")
        if kind is None or kind == PROGRESS_TYPE.encode() or record.value is None:
            return
        if record.topic == "delays" and not kind.endswith(b"TrackingCheckRequested"):
            return
        event = decode(kind.decode(), record.value).event
        if isinstance(event, RefundCommand):
            self.payer.take(event)
        elif isinstance(event, TrackingCheckRequested) and event.business_key not in self._asked:
            self._asked.add(event.business_key)
            self.people.asked(event)

    # Driving ---------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Tell the whole story, with its faults."""
        for service in SERVICES:
            for _ in range(self.plan.processes[service]):
                self.start(service)
        for stop in self.plan.stops:
            self.at(stop.at, partial(self._stop, stop), str(stop))
        faults = list(self.plan.faults)
        last = max((stop.at for stop in self.plan.stops), default=self.calendar.now())
        while self._later and self._later[0][0] <= last:
            self._next()
            while faults and faults[0].stop <= self.stopped:
                fault = faults.pop(0)
                self.loop.later(fault.after, self.strike, fault)
            self.stopped += 1
            for service in list(self.away):
                self._return(service, self.stopped)
            if self.draw.random() < OPERATES:
                self.people.operate()
            if self.draw.random() < ADJUSTS:
                self.people.adjust()
            self.pass_time()

    def pass_time(self, seconds: float | None = None) -> None:
        """Let the services work for a while."""
        for process in self.of("pricing"):
            process.read_settings()
        self.loop.run_for(self.plan.hurry * (0.5 + self.draw.random()) if seconds is None else seconds)

    def _next(self) -> None:
        instant, _, action, what = heapq.heappop(self._later)
        self.calendar.skip_to(instant)
        self.tell(what)
        action()

    def _stop(self, stop: Stop) -> None:
        match stop:
            case Told():
                if stop.marked:
                    place = Place(stop.event.topic, partition_of(stop.event.order_key.encode(), self.plan.partitions))
                    self.broker.mark(place)
                for _ in range(stop.copies):
                    self.publish(stop.event, misrouted=stop.misrouted)
            case Rubbish():
                key = stop.key or b""
                self._append(
                    Place(stop.topic, partition_of(key, self.plan.partitions)), stop.key, stop.value, stop.headers
                )

    def _return(self, service: str, stopped: int) -> None:
        """A service that was away comes back when its time has come."""
        if self.away[service] <= stopped:
            del self.away[service]
            self._staff(service)

    def _staff(self, service: str) -> None:
        while len(self.of(service)) < self.plan.processes[service]:
            self.start(service)

    # Harm ------------------------------------------------------------------------------------------------------------

    def strike(self, fault: Fault) -> None:
        """Do harm."""
        if self.healed:
            return
        self.tell(f"FAULT {fault}")
        self.struck[fault.kind] += 1
        match fault.kind:
            case "broker-away":
                self.broker.away = True
                self.loop.later(fault.seconds, setattr, self.broker, "away", False)
            case "database-away":
                self.databases[fault.service].go_away()
                self.loop.later(fault.seconds, setattr, self.databases[fault.service], "away", False)
            case "broker-slow" | "database-slow":
                server = self.databases[fault.service] if fault.service else self.broker
                server.network.slow = True
                self.loop.later(fault.seconds, setattr, server.network, "slow", False)
            case "decide-raises":
                self.failing[fault.service].add(history.key_of(fault.number))
            case "save-refused":
                self.databases["claims"].refused_orders.add(history.key_of(fault.number))
            case "outage":
                self.away[fault.service] = self.stopped + fault.number
                for process in self.of(fault.service):
                    process.kill()
            case "join":
                if fault.service not in self.away:
                    self.start(fault.service)
            case "payments-stopped" | "payout-ceiling":
                self.supervisors.set(fault)
            case "crash" | "crash-at-once" | "pause" | "stop":
                self._strike_process(fault)
            case _:
                self.armed.arm(fault)

    def _strike_process(self, fault: Fault) -> None:
        processes = self.of(fault.service)
        if not processes:
            return
        process = self.draw.choice(processes)
        match fault.kind:
            case "crash":
                process.owner.fuse = fault.number
            case "crash-at-once":
                process.kill()
            case "pause":
                process.pause(fault.seconds)
            case _:
                process.stop()

    def _heal(self) -> None:
        """No more harm: everything that was broken is mended."""
        self.tell("everything is mended")
        self.healed = self.payer.healed = True
        self.armed.disarm()
        self.supervisors.release()
        self.broker.away = self.broker.network.slow = False
        if self.draw.random() < RESETS:
            self.broker.reset()
        for service, database in self.databases.items():
            database.away = database.network.slow = False
            database.refused_orders.clear()
            self.failing[service].clear()
            self.away.pop(service, None)
        for process in self.processes:
            process.owner.fuse = 0
            process.wake_up()
        for service in SERVICES:
            self._staff(service)

    # Rest ------------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Heal, let every clock run out and people do their work, until nothing changes any more; then stop."""
        self._heal()
        if self.draw.random() < RECOVERS_FIRST:
            self._catch_up()
        end = self._end()
        while self._later and self._later[0][0] <= end:
            self._next()
            self.pass_time()
        self.calendar.skip_to(end)
        self._rest()
        # Of goods that no package holds nobody is asked, and the time for an answer passes all the same.
        if self._asked or any(products.asks_carrier(order.product) for order in self.plan.orders):
            self.calendar.skip_to(self.calendar.now() + CARRIER_IS_GIVEN)
            self._rest()
        for _ in range(max((filed.WAITS.get(order.product, 0) for order in self.plan.orders), default=0)):
            self.calendar.skip_to(self.calendar.now() + filed.WAIT)
            self._rest()
        if self.draw.random() < REPLAYS:
            self._replay()
        self._stop_all()

    def _rest(self) -> None:
        """Let people and services work until nobody has anything to do any more."""
        for _ in range(MAX_ROUNDS):
            busy = self.people.operate()
            self._catch_up()
            if not busy and not self._held():
                busy = self.people.adjust() or self._awaits()
                if not busy and not self._later:
                    break
                self._onward(busy)
        else:
            self.watch.wrong.append(f"no rest after {MAX_ROUNDS} rounds: {self._behind() or 'claims wait'}")

    def _replay(self) -> None:
        """I7: everything that was ever said outside is said again, and moves no money."""
        self.tell("everything is said again")
        before = list(self.payer.moves), sorted(self.payer.books)
        for place, log in self.broker.logs.items():
            if place.topic in REPLAYED:
                for record in [each for each in log.records if each is not None]:
                    if ("ce_id", b"rubbish") not in record.headers:
                        self.broker.append(place, record.key, record.value, record.headers)
        self._catch_up()
        self._rest()
        if (list(self.payer.moves), sorted(self.payer.books)) != before:
            self.watch.wrong.append("I7: what was said again moved money")

    def _awaits(self) -> bool:
        """Whether a claim waits for somebody, or a wake that is due by any host's clock for the watermark."""
        soon = self.calendar.now() + BEHIND
        if any(row.status in OPEN for row in self.databases["claims"].tables.aggregates.values()):
            return True
        rows = (row for database in self.databases.values() for row in database.tables.aggregates.values())
        return any(row.armed_at is not None and row.armed_at <= soon for row in rows)

    def _held(self) -> bool:
        """Whether some service holds an order."""
        return any(db.tables.holding(shard) for db in self.databases.values() for shard in db.tables.shards)

    def _stop_all(self) -> None:
        """Everything stops in order. What is said from now on nobody hears."""
        self.closing = True
        self.away = dict.fromkeys(SERVICES, self.stopped + MAX_ROUNDS)
        for _ in range(MAX_CATCHING_UP):
            for process in list(self.processes):
                process.stop()
            self.loop.run_for(SETTLING_SECONDS)
            if not self.processes:
                break

    def _catch_up(self) -> None:
        """Let the services work until they have come so far as they can, but not for ever."""
        for _ in range(MAX_CATCHING_UP):
            self.pass_time(SETTLING_SECONDS)
            if not self._behind():
                return
        self.tell(f"still behind: {self._behind()}")

    def _onward(self, busy: bool) -> None:
        """To what comes next: through what is on the calendar until tomorrow, or to tomorrow."""
        tomorrow = self.calendar.now() + history.DAY
        if self._later and self._later[0][0] <= tomorrow:
            self._next()
            while self._later and self._later[0][0] <= tomorrow:
                self.pass_time(SETTLING_SECONDS)
                self._next()
        elif busy or self._later:
            self.calendar.skip_to(tomorrow)

    def _end(self) -> datetime:
        """When every clock of every wording has run out."""
        return max((stop.at for stop in self.plan.stops), default=self.calendar.now()) + LAST_CLOCK

    def _behind(self) -> str:
        """What the services have not worked on yet, in a word; empty if nothing."""
        if self.broker.late or self.unpublished:
            return "a send is on its way"
        if any(self.taken.get(place, 0) < len(log.records) for place, log in self._theirs):
            return "the payment system or the carrier has not read everything"
        if any(process.engine is None or process.engine.failures() for process in self.processes):
            return "shards are closed"
        for process in self.processes:
            shards = process.engine.shards() if process.engine is not None else []
            if any(self._unsent(shard) for shard in shards):
                return f"{process} has not sent everything"
        for service, database in self.databases.items():
            tables = database.tables
            now = self.calendar.now() - BEHIND
            if any(state.watermark is None or state.watermark < now for state in tables.shards.values()):
                return f"{service} is behind"
            for (shard, topic), state in tables.inputs.items():
                for record in self.broker.logs[Place(topic, shard)].records[state.next_offset :]:
                    if record is not None and not is_progress(record):
                        return f"{service} has not read {topic}/{shard}"
        return ""

    def _unsent(self, shard: Shard) -> bool:
        """Whether a shard has to send what is news; or anything at all, if it has waited for its answer (S: a send that
        hangs; who stops now leaves it behind)."""
        news = any(row.key is not None for _, rows in shard.unsent.chunks for row in rows)
        return news or shard.unsent.age(self.loop.time()) > UNSENT_SECONDS

    @staticmethod
    def spans(text: str) -> list[tuple[str, int, int]]:
        """What a journal row says was applied."""
        return [(topic, first, last) for topic, first, last in json.loads(text)]

    @property
    def firsts(self) -> dict[tuple[Place, bytes | None, bytes | None, Any], int]:
        """Where each record first came to its partition."""
        if self._firsts is None:
            self._firsts = {}
            for place, log in self.broker.logs.items():
                for record in log.records:
                    if record is not None:
                        self._firsts.setdefault((place, record.key, record.value, record.headers), record.offset)
        return self._firsts
