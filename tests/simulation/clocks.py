"""Time in a simulated world: virtual seconds that pass, days that are skipped, and hosts whose clocks differ."""

from datetime import UTC, datetime, timedelta

from tests.simulation.loop import SimulatedLoop

START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS_BEFORE = timedelta(days=30)


class Calendar:
    """The true time: what passed on the loop, and the days in which nothing happened."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self._start = START
        """Where the loop's time began, after all that was skipped."""
        self._asked = -1.0
        self._now = START

    def now(self) -> datetime:
        time = self._loop.time()
        if time != self._asked:  # asked by all hosts again and again while no time passes
            self._asked = time
            self._now = self._start + timedelta(seconds=time)
        return self._now

    def skip_to(self, instant: datetime) -> None:
        """Let the days until then be over; a time that is past already changes nothing."""
        self._start += max(instant - self.now(), timedelta(0))
        self._asked = -1.0


class HostClock:
    """The clock of one host: a Clock of the kit."""

    def __init__(self, calendar: Calendar, skew_seconds: float) -> None:
        self._calendar = calendar
        self._skew = timedelta(seconds=skew_seconds)

    def now(self) -> datetime:
        return self._calendar.now() + self._skew
