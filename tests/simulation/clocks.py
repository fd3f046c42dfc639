"""Time in a simulated world: virtual seconds that pass, days that are skipped, and hosts whose clocks differ."""

from datetime import UTC, datetime, timedelta

from tests.simulation.loop import SimulatedLoop

START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS_BEFORE = timedelta(days=30)


class Calendar:
    """The true time: what passed on the loop, and the days in which nothing happened."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self._skipped = timedelta(0)

    def now(self) -> datetime:
        return START + self._skipped + timedelta(seconds=self._loop.time())

    def skip_to(self, instant: datetime) -> None:
        """Let the days until then be over; a time that is past already changes nothing."""
        self._skipped += max(instant - self.now(), timedelta(0))


class HostClock:
    """The clock of one host: a Clock of the kit."""

    def __init__(self, calendar: Calendar, skew_seconds: float) -> None:
        self._calendar = calendar
        self._skew = timedelta(seconds=skew_seconds)

    def now(self) -> datetime:
        return self._calendar.now() + self._skew
