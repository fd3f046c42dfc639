"""What may go wrong, as a list that the seed draws, and the faults that wait for the next operation of their kind."""

from collections import Counter
from dataclasses import dataclass
from random import Random

SERVICES = ("pricing", "tracking", "claims")


BRAKES = 0.15
"""In how many worlds each kind of brake is set."""


class AwayError(ConnectionError):
    """The broker or the database does not answer."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One harm, `after` seconds behind the `stop`-th stop of the story. `number` means what its kind says."""

    stop: int
    after: float
    kind: str
    service: str = ""
    seconds: float = 0.0
    number: int = 0

    def __str__(self) -> str:
        what = " ".join(filter(None, (self.kind, self.service)))
        more = f" for {self.seconds:.2f} s" if self.seconds else ""
        return f"stop {self.stop} +{self.after:.2f} s: {what}{more}" + (f" ({self.number})" if self.number else "")


PROCESS = ("crash", "crash", "crash-at-once", "pause", "pause", "stop", "join", "outage")
"""A process dies after so many callbacks (`number`) or at once, sleeps, stops in order, comes in addition; all of a
service are away for `number` stops."""
ONE_SHOT = (
    "send-refused",  # nothing landed, and the producer says so
    "send-unanswered",  # all landed, the answer is lost
    "send-hangs",  # nothing landed, and nobody says so
    "send-hangs-landed",  # all landed, and nobody says so
    "send-late",  # an error first; it lands `seconds` later
    "send-torn",  # some partitions landed
    "commit-unanswered",  # committed, the answer is lost
    "commit-lost",  # not committed, the connection is lost
    "serialisation",  # the save is refused
    "connection-lost",  # in the middle of a transaction
    "fetch-fails",  # what was fetched is gone
    "log-fails",  # a question about the topics is not answered
)
AWAY = ("broker-away", "database-away")
DECIDE = ("decide-raises", "save-refused")
"""The `number`-th order cannot be decided on, or what came of it not saved, until the fix is out at the end."""
LATE_OR_SLOW = ("broker-slow", "database-slow")
BRAKE = ("payments-stopped", "payout-ceiling")
"""A supervisor stops all payments, or bounds those under the `number`-th order's product, until all is mended."""


def drawn(draw: Random, stops: int, orders: int, many: float) -> list[Fault]:
    """The faults of one world; `many` is how many to expect."""
    kinds = (*PROCESS, *ONE_SHOT, *ONE_SHOT[:8], *AWAY, *DECIDE, *LATE_OR_SLOW)
    found = []
    for _ in range(min(int(draw.expovariate(1 / many)), 12)):
        kind = draw.choice(kinds)
        found.append(
            Fault(
                stop=draw.randrange(stops),
                after=draw.random() * draw.choice((0.02, 0.2, 1.0)),
                kind=kind,
                service=draw.choice(SERVICES) if kind not in ("broker-away", "broker-slow") else "",
                seconds=_seconds(draw, kind),
                number=_number(draw, kind, orders),
            )
        )
    return sorted(found, key=lambda fault: (fault.stop, fault.after))


def long_pause(draw: Random, stops: int) -> Fault:
    """A process sleeps for longer than its session lasts, from just behind a stop: while it works on what came then."""
    return Fault(
        stop=draw.randrange(stops),
        after=draw.random() * draw.choice((0.01, 0.03, 0.1)),
        kind="pause",
        service=draw.choice(SERVICES),
        seconds=draw.choice((3.2, 5.0, 8.0)) * (1.0 + 0.5 * draw.random()),
    )


def braked(draw: Random, stops: int, orders: int) -> list[Fault]:
    """What supervisors set in one world: nothing in most."""
    return [
        Fault(draw.randrange(stops), draw.random() * 0.2, kind, number=draw.randrange(orders))
        for kind in BRAKE
        if draw.random() < BRAKES
    ]


def _seconds(draw: Random, kind: str) -> float:
    match kind:
        case "pause":
            return draw.choice((0.3, 1.0, 2.5, 5.0, 8.0)) * (0.5 + draw.random())
        case "broker-away" | "database-away" | "broker-slow" | "database-slow":
            return draw.choice((0.1, 0.7, 3.0)) * (0.5 + draw.random())
        case "send-late":
            return draw.choice((0.05, 0.5, 4.0)) * (0.5 + draw.random())
        case _:
            return 0.0


def _number(draw: Random, kind: str, orders: int) -> int:
    match kind:
        case "crash":
            return draw.randrange(1, 60)
        case "outage":
            return draw.randrange(1, 6)
        case "decide-raises" | "save-refused":
            return draw.randrange(orders)
        case _:
            return 0


class Armed:
    """Faults that strike the next operation of their kind; `struck` counts those that did."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], list[Fault]] = {}
        self.struck: Counter[str] = Counter()

    def arm(self, fault: Fault) -> None:
        self._waiting.setdefault((fault.service, fault.kind), []).append(fault)

    def strikes(self, service: str, *kinds: str) -> Fault | None:
        """The first fault of these kinds that waits for this service, taken out."""
        if not self._waiting:
            return None
        for kind in kinds:
            waiting = self._waiting.get((service, kind))
            if waiting:
                fault = waiting.pop(0)
                if not waiting:
                    del self._waiting[service, kind]
                self.struck[kind] += 1
                return fault
        return None

    def disarm(self) -> None:
        """Nothing more strikes."""
        self._waiting.clear()
