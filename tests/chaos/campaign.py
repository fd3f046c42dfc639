"""A campaign: round after round of harm to one world, each followed by healing, measured, and by all invariants."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.chaos.harms.harm import Dose, Harm, UnableError
from tests.chaos.meter import WINDOW_SECONDS
from tests.chaos.world import World
from waybond_local.invariants.check import Check

RECOVERED_SHARE = 0.95
RECOVERED_WITHIN_SECONDS = 60.0
STEADY_SECONDS = 30.0
POLL_SECONDS = 0.25
MOST_NAMED = 8
AUDIT_SHARE = 0.25
LONGEST_HARM_SECONDS = 1_800.0
"""Many times what the longest harm takes. Harm that waits for answers which never come ends as a failure, by name."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Round:
    """What was done to a world, and what became of it. Rates are in orders bound a second."""

    harms: tuple[str, ...]
    done: Counter[str]
    ended: dict[str, int]
    """How processes ended meanwhile: by which signal, or with which exit code."""
    harm_seconds: float
    rate_before: float
    records: int
    """Records of platforms that the brokers took meanwhile."""
    recovered_seconds: float | None = None
    """From the end of the harm until orders are bound at RECOVERED_SHARE of the rate before; None if never."""
    answered_seconds: float | None = None
    """From the end of the harm until every order of before is bound, and paid where it must be; None if never."""
    checks: Sequence[Check] = ()
    audit_seconds: float | None = None
    """What following all journals took, for I7 to I12; None if that was left to a later round."""
    audit_peak_bytes: int = 0
    unable: str = ""
    """Why the harm cannot be done here."""
    wrong: list[str] = field(default_factory=list)
    """What does not hold."""

    def judge(self) -> None:
        """Note as wrong that the flow was not back in time."""
        if self.unable:
            return
        took = "never" if self.recovered_seconds is None else f"after {self.recovered_seconds:.0f} s"
        if self.recovered_seconds is None or self.recovered_seconds > RECOVERED_WITHIN_SECONDS:
            self.wrong.append(f"the flow was back at {RECOVERED_SHARE:.0%} of its rate {took}")


async def suffer(
    world: World,
    harms: Sequence[Harm],
    dose: Dose,
    patience_seconds: float,
    *,
    measured: bool = True,
    longest_seconds: float = LONGEST_HARM_SECONDS,
) -> Round:
    """Do harm, all of these at once, and wait until every order that it met is answered, and the flow is as before.

    How long the flow took is measured, not judged: `Round.judge` does that where the machine is known to be idle.
    Where it is not, nothing need be `measured`, which takes a while before and after.
    """
    before = await _steady(world) if measured else world.size.rate
    ended, sent = Counter(world.crew.ended), world.flow.sent.total()
    began = dose.began = time.monotonic()
    result = Round(tuple(harm.name for harm in harms), dose.tally, {}, 0.0, before, 0)
    try:
        async with asyncio.timeout(dose.seconds + longest_seconds):
            await asyncio.gather(*(harm.do(world, dose) for harm in harms))
    except UnableError as why:
        result.unable = str(why)
        return result
    except Exception as error:  # whatever stopped it, this round fails by name and the campaign goes on
        log.exception("the harm was not done to its end")
        due = f"; due longest: {world.meter.oldest(MOST_NAMED)}" if isinstance(error, TimeoutError) else ""
        result.wrong.append(f"{type(error).__name__}: {error}{due}")
    over = time.monotonic()
    result.harm_seconds = over - began
    await _heal(world, result, over, patience_seconds, measured=measured)
    result.ended = dict(Counter(world.crew.ended) - ended)
    result.records = world.flow.sent.total() - sent
    return result


async def check(world: World, result: Round, patience_seconds: float, *, whole: bool = True) -> None:
    """Check the invariants with the flow at rest: all of them, or, unless `whole`, I1 to I6."""
    try:
        found = await world.checked(patience_seconds, whole=whole)
    except (TimeoutError, MemoryError) as error:
        result.wrong.append(f"the invariants could not be checked: {type(error).__name__}: {error}")
        return
    result.checks = found.checks
    if whole:
        result.audit_seconds, result.audit_peak_bytes = found.seconds, found.peak_bytes
    for each in result.checks:
        if not each.holds:
            result.wrong.append(f"{each.name} fails {each.violations} times: {'; '.join(each.shown)}")
        elif each.unchecked:
            result.wrong.append(f"{each.name} could not be checked: {each.unchecked}")


class Audits:
    """Whether a round is followed by the whole audit, whose cost grows with the campaign.

    It may take AUDIT_SHARE of the time; what it would take next is what it took last.
    """

    def __init__(self) -> None:
        self._last_seconds = 0.0
        self._ended = time.monotonic()

    @property
    def due(self) -> bool:
        passed = time.monotonic() - self._ended
        return self._last_seconds <= AUDIT_SHARE * (passed + self._last_seconds)

    def took(self, seconds: float) -> None:
        """One has ended."""
        self._last_seconds, self._ended = seconds, time.monotonic()


async def _steady(world: World) -> float:
    """Wait until the flow has its rate again, and measure it."""
    deadline = time.monotonic() + STEADY_SECONDS
    while (rate := world.meter.rate()) < world.size.rate * RECOVERED_SHARE and time.monotonic() < deadline:
        await asyncio.sleep(POLL_SECONDS)
    return min(rate, world.size.rate)


async def _heal(world: World, result: Round, over: float, patience_seconds: float, *, measured: bool) -> None:
    while (passed := time.monotonic() - over) < patience_seconds:
        whole = passed >= WINDOW_SECONDS  # nothing of it lies before the harm's end
        if result.recovered_seconds is None and whole and world.meter.rate() >= result.rate_before * RECOVERED_SHARE:
            result.recovered_seconds = passed
        if result.answered_seconds is None and not world.meter.unanswered(over):
            result.answered_seconds = passed
        if result.answered_seconds is not None and (result.recovered_seconds is not None or not measured):
            return
        await asyncio.sleep(POLL_SECONDS)
    if result.answered_seconds is None:
        left = world.meter.unanswered(over)
        result.wrong.append(f"{left} answers are due after {patience_seconds:.0f} s: {world.meter.oldest(MOST_NAMED)}")


class Rounds:
    """Which harm comes next, and what it draws from: every kind once in some order, then again, from a seed.

    From the second time on, all of them come while processes are killed as well.
    """

    def __init__(self, seed: int, harms: Sequence[Harm], beside: Harm) -> None:
        self._draw = random.Random(seed)
        self._harms = harms
        self._beside = beside
        self._waiting: list[Harm] = []
        self._times = 0

    def next(self) -> tuple[Sequence[Harm], random.Random]:
        """The harms of the next round, done at once."""
        if not self._waiting:
            self._waiting = self._draw.sample(self._harms, len(self._harms))
            self._times += 1
        harm, own = self._waiting.pop(), random.Random(self._draw.getrandbits(64))
        if self._times > 1 and harm is not self._beside:
            return (harm, self._beside), own
        return (harm,), own
